import type { ChatRequest } from '../../llm/request.ts';

/** Numbers that OpenAI's request and ours both have, under their names there and here. */
export const sharedNumbers = [
  ['temperature', 'temperature'],
  ['top_p', 'topP'],
  ['frequency_penalty', 'frequencyPenalty'],
  ['presence_penalty', 'presencePenalty'],
] as const satisfies readonly (readonly [string, keyof ChatRequest])[];
