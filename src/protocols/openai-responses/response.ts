import { JsonFieldError } from '../../framing/json.ts';
import type { Part } from '../../llm/part.ts';
import { parsedAnswer } from '../parsed-answer.ts';
import type { EncoderOptions, LocatedPart } from '../protocol.ts';
import { isObject } from '../untrusted.ts';
import { failureIn } from './error.ts';
import { AnswerEvents } from './response-events.ts';
import { createAnswerState, readEnding } from './response-read.ts';

/** A provider's JSON answer as parts: one text part per text. Throws JsonFieldError, JsonSyntaxError where it is neither a response nor an error. */
export function decodeAnswer(body: Buffer): LocatedPart[] {
  const answer = parsedAnswer(body);
  if (Array.isArray(answer['output'])) return readEnding(createAnswerState(), answer, []);
  if (isObject(answer['error']) || typeof answer['error'] === 'string') return [{ type: 'error', failure: failureIn(answer) }];
  throw new JsonFieldError('output', 'must be an array');
}

/** A response for a client, from all its parts, no error among them: what the event that ends its stream would have held. */
export function encodeAnswer(parts: readonly Part[], options: EncoderOptions): string {
  const events = new AnswerEvents(options);
  for (const part of parts) events.push(part);
  return JSON.stringify(events.ended());
}
