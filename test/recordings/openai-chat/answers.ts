import type { ChatCompletion } from 'openai/resources/chat/completions';
import type { CompletionUsage } from 'openai/resources/completions';

const usage = {
  prompt_tokens: 82,
  completion_tokens: 17,
  total_tokens: 99,
  prompt_tokens_details: { cached_tokens: 64, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 5, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
} satisfies CompletionUsage;

const envelope = { object: 'chat.completion', created: 1757894561, model: 'gpt-5-mini-2025-08-07', service_tier: 'default' } as const;

/** JSON answers in the shapes that OpenAI's own server sends. */
export const answers = {
  text: {
    ...envelope,
    id: 'chatcmpl-text',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Grüße, "Welt" 👋', refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage,
  },
  parallelTools: {
    ...envelope,
    id: 'chatcmpl-tools',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: null,
          refusal: null,
          tool_calls: [
            { id: 'call_a', type: 'function', function: { name: 'find_order', arguments: '{"order":9223372036854775807, "note":"\\u00e9"}' } },
            { id: 'call_b', type: 'function', function: { name: 'list_orders', arguments: '{}' } },
          ],
        },
        logprobs: null,
        finish_reason: 'tool_calls',
      },
    ],
    usage,
  },
  twoChoices: {
    ...envelope,
    id: 'chatcmpl-two',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'Heads', refusal: null }, logprobs: null, finish_reason: 'stop' },
      { index: 1, message: { role: 'assistant', content: 'Tails', refusal: null }, logprobs: null, finish_reason: 'length' },
    ],
    usage,
  },
  refusal: {
    ...envelope,
    id: 'chatcmpl-refusal',
    choices: [{ index: 0, message: { role: 'assistant', content: null, refusal: 'I cannot do that.' }, logprobs: null, finish_reason: 'stop' }],
    usage,
  },
  logprobs: {
    ...envelope,
    id: 'chatcmpl-logprobs',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hé', refusal: null },
        logprobs: {
          content: [
            {
              token: 'H',
              logprob: -0.25,
              bytes: [72],
              top_logprobs: [
                { token: 'H', logprob: -0.25, bytes: [72] },
                { token: 'h', logprob: -1.5, bytes: [104] },
              ],
            },
            { token: 'é', logprob: -0.5, bytes: [195, 169], top_logprobs: [] },
          ],
          refusal: null,
        },
        finish_reason: 'stop',
      },
    ],
    usage: {
      ...usage,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 40 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 6 },
    },
  },
  customTool: {
    ...envelope,
    id: 'chatcmpl-custom',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: null,
          refusal: null,
          tool_calls: [{ id: 'call_c', type: 'custom', custom: { name: 'run_sql', input: 'select 1' } }],
        },
        logprobs: null,
        finish_reason: 'tool_calls',
      },
    ],
    usage,
  },
} satisfies Record<string, ChatCompletion>;
