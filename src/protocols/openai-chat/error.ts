import type { ProviderFailure } from '../../llm/part.ts';
import type { WrittenEvent } from '../../framing/event.ts';
import { failureInside } from '../failure.ts';
import type { ClientError, StreamSoFar } from '../protocol.ts';
import { isObject, textOf, type WireObject } from '../untrusted.ts';
import { writeUsage } from './wire.ts';

/** The error of a chunk or an answer that came with status 200; undefined where it has none. */
export function failureIn(answer: WireObject): ProviderFailure | undefined {
  if (isObject(answer['error']) || textOf(answer['error']) !== '') return failureInside(answer, statuses);
  if (isBareError(answer)) return failureInside(answer, statuses);
  const groq = answer['x_groq']; // Groq puts it where no SDK looks
  return isObject(groq) && groq['error'] !== undefined && groq['error'] !== null ? failureInside(groq, statuses) : undefined;
}

/** Mistral and Cohere write the error itself, without an envelope: a sentence, and no choices. */
const isBareError = (answer: WireObject): boolean =>
  answer['choices'] === undefined && (answer['object'] === 'error' || textOf(answer['message']) !== '' || answer['detail'] !== undefined);

/** The status that an error inside a stream would have had as an answer of its own. */
const statuses = new Map([
  ['invalid_request_error', 400],
  ['context_length_exceeded', 400],
  ['content_filter', 400],
  ['authentication_error', 401],
  ['invalid_api_key', 401],
  ['permission_error', 403],
  ['model_not_found', 404],
  ['insufficient_quota', 429],
  ['rate_limit_exceeded', 429],
  ['rate_limit_error', 429],
  ['server_error', 500],
  ['api_error', 500],
  ['overloaded_error', 503],
]);

/** An error body for a client: OpenAI's `ErrorObject` in its envelope. */
export function encodeError({ status, code, message, field }: ClientError): string {
  return JSON.stringify({ error: { message, type: typeFor(status, code), param: field ?? null, code: code === '' ? null : code } });
}

/**
 * An error for a client whose stream has begun. OpenAI's SDK throws its APIError at the first event with an `error` field.
 * No `[DONE]` follows: that says that an answer is complete, and clients that overlook errors would believe it.
 */
export const encodeStreamError = (error: ClientError, soFar?: StreamSoFar): WrittenEvent[] => endedEarly('chat.completion.chunk', error, soFar);

/** The end of a stream of such objects that we end before its time: the chunk that has the usage, as at any end, then the error. */
export function endedEarly(object: string, error: ClientError, soFar: StreamSoFar | undefined): WrittenEvent[] {
  const failed = { data: encodeError(error) };
  if (soFar?.usage === undefined) return [failed];
  const { id, createdAt: created, model, usage } = soFar;
  return [{ data: JSON.stringify({ id, object, created, model, choices: [], usage: writeUsage(usage) }) }, failed];
}

/** OpenAI's word for the kind of an error. */
function typeFor(status: number, code: string): string {
  if (status === 429) return code === 'insufficient_quota' || code === 'budget-exceeded' ? 'insufficient_quota' : 'rate_limit_error';
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
