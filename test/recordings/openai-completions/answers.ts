import type { Completion, CompletionUsage } from 'openai/resources/completions';

const usage = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 } satisfies CompletionUsage;
const envelope = { object: 'text_completion', created: 1757894561, model: 'gpt-3.5-turbo-instruct' } as const;

/** JSON answers in the shapes that OpenAI's own server and vLLM send. */
export const answers = {
  text: { ...envelope, id: 'cmpl-text', choices: [{ text: '\n\nGrüße, "Welt" 👋', index: 0, logprobs: null, finish_reason: 'stop' }], usage },
  twoChoices: {
    ...envelope,
    id: 'cmpl-two',
    choices: [
      { text: 'Heads', index: 0, logprobs: null, finish_reason: 'stop' },
      { text: 'Tails', index: 1, logprobs: null, finish_reason: 'length' },
    ],
    usage,
  },
  logprobs: {
    ...envelope,
    id: 'cmpl-logprobs',
    choices: [
      {
        text: 'Hello',
        index: 0,
        logprobs: {
          tokens: ['Hel', 'lo'],
          token_logprobs: [-0.25, -0.5],
          top_logprobs: [{ Hel: -0.25, Hi: -1.5 }, { lo: -0.5 }],
          text_offset: [0, 3],
        },
        finish_reason: 'content_filter',
      },
    ],
    usage,
  },
} satisfies Record<string, Completion>;
