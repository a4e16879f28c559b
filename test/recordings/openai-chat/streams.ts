import type { ChatCompletionChunk } from 'openai/resources/chat/completions';

type Choice = ChatCompletionChunk.Choice;

const chunk = (id: string, choices: Choice[]): ChatCompletionChunk => ({
  id,
  object: 'chat.completion.chunk',
  created: 1757894561,
  model: 'gpt-5-mini-2025-08-07',
  service_tier: 'default',
  choices,
  usage: null,
  obfuscation: 'xY3',
});

const delta = (change: Choice['delta'], finish: Choice['finish_reason'] = null, index = 0): Choice => ({
  index,
  delta: change,
  logprobs: null,
  finish_reason: finish,
});

const usageChunk = (id: string): ChatCompletionChunk => ({
  ...chunk(id, []),
  usage: {
    prompt_tokens: 82,
    completion_tokens: 17,
    total_tokens: 99,
    prompt_tokens_details: { cached_tokens: 64, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 5, audio_tokens: 0 },
  },
});

const streamOf = (id: string, ...choices: Choice[]): ChatCompletionChunk[] => [...choices.map((choice) => chunk(id, [choice])), usageChunk(id)];

const callDelta = (index: number, args: string, opening?: { id: string; name: string }): Choice['delta'] => ({
  tool_calls: [
    opening === undefined
      ? { index, function: { arguments: args } }
      : { index, id: opening.id, type: 'function', function: { name: opening.name, arguments: args } },
  ],
});

/** Streams in the chunks that OpenAI's own server sends, before `[DONE]`. */
export const streams = {
  text: streamOf(
    'chatcmpl-text',
    delta({ role: 'assistant', content: '', refusal: null }),
    delta({ content: 'Grüße, ' }),
    delta({ content: '"Welt" 👋' }),
    delta({}, 'stop'),
  ),
  parallelTools: streamOf(
    'chatcmpl-tools',
    delta({ role: 'assistant', content: null }),
    delta({ content: 'Looking.' }),
    delta(callDelta(0, '', { id: 'call_a', name: 'find_order' })),
    delta(callDelta(0, '{"order":92233')),
    delta(callDelta(0, '72036854775807}')),
    delta(callDelta(1, '', { id: 'call_b', name: 'list_orders' })),
    delta(callDelta(1, '{}')),
    delta({}, 'tool_calls'),
  ),
  twoChoices: streamOf(
    'chatcmpl-two',
    delta({ role: 'assistant', content: '' }, null, 0),
    delta({ role: 'assistant', content: '' }, null, 1),
    delta({ content: 'Hea' }, null, 0),
    delta({ content: 'Tai' }, null, 1),
    delta({ content: 'ds' }, null, 0),
    delta({ content: 'ls' }, null, 1),
    delta({}, 'length', 1),
    delta({}, 'stop', 0),
  ),
  refusal: streamOf(
    'chatcmpl-refusal',
    delta({ role: 'assistant', content: '', refusal: null }),
    delta({ refusal: 'I cannot ' }),
    delta({ refusal: 'do that.' }),
    delta({}, 'stop'),
  ),
  logprobs: streamOf(
    'chatcmpl-logprobs',
    delta({ role: 'assistant', content: '', refusal: null }),
    {
      ...delta({ content: 'H' }),
      logprobs: {
        content: [{ token: 'H', logprob: -0.25, bytes: [72], top_logprobs: [{ token: 'h', logprob: -1.5, bytes: [104] }] }],
        refusal: null,
      },
    },
    { ...delta({ content: 'é' }), logprobs: { content: [{ token: 'é', logprob: -0.5, bytes: [195, 169], top_logprobs: [] }], refusal: null } },
    delta({}, 'stop'),
  ),
  length: streamOf('chatcmpl-length', delta({ role: 'assistant', content: 'Once upon a' }), delta({ content: ' time' }, 'length')),
} satisfies Record<string, ChatCompletionChunk[]>;

/** The bytes of a stream. */
export const bytesOf = (chunks: readonly unknown[], ending = 'data: [DONE]\n\n'): Buffer =>
  Buffer.from(chunks.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('') + ending);
