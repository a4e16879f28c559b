import { createHash } from 'node:crypto';
import { detailedCounts, type AnswerStyle } from './flavour.ts';
import type { WireRequest } from './request.ts';

export const words = (text: string): string[] => text.split(' ');

/** Fields that every server knows. */
export const basicFields = words(
  'model messages stream max_tokens temperature top_p stop tools tool_choice response_format presence_penalty frequency_penalty',
);

/** Fields of those that know all that OpenAI had for long. */
export const mostFields = [
  ...basicFields,
  ...words('max_completion_tokens stream_options seed n parallel_tool_calls logprobs top_logprobs logit_bias user reasoning_effort'),
];

/** Fields of a message that every server knows. */
export const basicMessageFields = words('role content name tool_calls tool_call_id');

/** Whether an effort is asked for. */
export const asksToThink = ({ reasoning_effort: effort }: WireRequest): boolean => typeof effort === 'string' && effort !== 'none';

/** How OpenAI answers. */
export const likeOpenAI = { usage: 'asked', usageOf: detailedCounts, calls: 'pieces' } satisfies AnswerStyle;

/** An id of so many hexadecimal digits in place of another. */
export const hexId = (id: string, length: number): string => createHash('sha256').update(id).digest('hex').slice(0, length);
