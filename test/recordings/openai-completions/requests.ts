import type { CompletionCreateParamsStreaming } from 'openai/resources/completions';

/** A request with every field that OpenAI's SDK knows, each with a value that says something its absence does not. A new field of the SDK fails compilation here. */
export const everyField = {
  model: 'fast',
  prompt: ['Dear Bob'],
  stream: true,
  stream_options: { include_usage: true },
  best_of: 3,
  echo: true,
  suffix: 'Yours',
  frequency_penalty: 0.1,
  presence_penalty: 0.2,
  logit_bias: { '50256': -100 },
  logprobs: 2,
  max_tokens: 5,
  n: 2,
  seed: 7,
  stop: ['Bob:'],
  temperature: 0.5,
  top_p: 0.9,
  user: 'bob@b.de',
} satisfies Required<CompletionCreateParamsStreaming>;
