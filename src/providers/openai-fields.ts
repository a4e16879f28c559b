import type { Quirks } from '../protocols/protocol.ts';

/** Fields at the top of OpenAI's request that not every server of its protocol knows (https://platform.openai.com/docs/api-reference/chat/create). */
const uncommon = [
  'audio',
  'function_call',
  'functions',
  'logit_bias',
  'logprobs',
  'metadata',
  'modalities',
  'moderation',
  'n',
  'parallel_tool_calls',
  'prediction',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning_effort',
  'safety_identifier',
  'seed',
  'service_tier',
  'stop',
  'store',
  'stream_options',
  'tool_choice',
  'tools',
  'top_logprobs',
  'user',
  'verbosity',
  'web_search_options',
];

/** Fields of an answer's message that clients send back with it. */
const echoed = ['annotations', 'audio', 'function_call', 'refusal'];

/** What a server refuses, or ignores, of OpenAI's request, by what it takes of it, and what it refuses of the common fields. A server's own fields are its clients' business. */
export const takesOnly = (taken: string, ...refused: string[]): Pick<Quirks, 'refusedFields'> => ({
  refusedFields: [...uncommon.filter((field) => !taken.split(' ').includes(field)), ...refused],
});

/** Which fields of a message a server refuses where it knows no others than the common ones. */
export const plainMessages = (...refused: string[]): Pick<Quirks, 'refusedMessageFields'> => ({ refusedMessageFields: [...echoed, ...refused] });
