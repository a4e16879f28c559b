import type { ChatRequest, ReasoningEffort } from '../../llm/request.ts';

/** Numbers that OpenAI's request and ours both have, under their names there and here. */
export const sharedNumbers = [
  ['temperature', 'temperature'],
  ['top_p', 'topP'],
  ['frequency_penalty', 'frequencyPenalty'],
  ['presence_penalty', 'presencePenalty'],
] as const satisfies readonly (readonly [string, keyof ChatRequest])[];

/** OpenAI's words for how much a model shall think, which are ours. */
export const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const satisfies readonly ReasoningEffort[];

export const verbosities = ['low', 'medium', 'high'] as const satisfies readonly NonNullable<ChatRequest['verbosity']>[];

/** OpenAI's tiers of service (https://platform.openai.com/docs/api-reference/chat/create#chat-create-service_tier). */
export const serviceTiers: readonly string[] = ['default', 'flex', 'scale', 'priority', 'fast'];
