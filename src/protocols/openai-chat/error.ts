import type { ProviderFailure } from '../../llm/part.ts';
import { formatSse } from '../../framing/sse.ts';
import type { ClientError } from '../protocol.ts';
import { isObject, itemsOf, textOf, type WireObject } from './wire.ts';

/** Longest error message taken over from a body that is not of this protocol, in characters. */
const maxForeignMessage = 2000;

/** A provider's error body. OpenAI's is `{error: {message, type, param, code}}`; compatible servers leave out the envelope, or send text. */
export function decodeFailure(status: number, body: Buffer): ProviderFailure {
  const text = body.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { status, type: '', message: orStatus(text.slice(0, maxForeignMessage).trim(), status) };
  }
  const first = Array.isArray(value) ? (value as unknown[])[0] : value; // Gemini's compatible endpoint wraps the error in an array
  const { type, message } = isObject(first) ? typeAndMessage(first) : { type: '', message: textOf(first) };
  return { status, type, message: orStatus(message === '' ? text.slice(0, maxForeignMessage) : message, status) };
}

const orStatus = (message: string, status: number): string => (message === '' ? `The provider answered ${status} without a message.` : message);

/** The error of a chunk or an answer that came with status 200; undefined where it has none. */
export function failureIn(answer: WireObject): ProviderFailure | undefined {
  const error = answer['error'];
  if (!isObject(error) && textOf(error) === '') return undefined;
  const { type, message } = typeAndMessage(answer);
  const code = isObject(error) ? Number(error['code']) : Number.NaN;
  const status = code >= 400 && code <= 599 ? code : (statuses.get(type) ?? 502);
  return { status, type, message: message === '' ? JSON.stringify(error) : message };
}

/** The most telling word and the sentence of an error, wherever a server puts them. */
function typeAndMessage(body: WireObject): { type: string; message: string } {
  const inner = body['error'];
  const error = isObject(inner) ? inner : body;
  // FastAPI servers put a sentence or a list of faults into `detail`.
  const detail = itemsOf(error['detail']).map((fault) => (isObject(fault) ? textOf(fault['msg']) : textOf(fault)));
  const message = textOf(error['message']) || textOf(inner) || textOf(error['detail']) || detail.filter((fault) => fault !== '').join('; ');
  const code = textOf(error['code']);
  return { type: code === '' || isNumeric(code) ? textOf(error['type']) : code, message };
}

const isNumeric = (text: string): boolean => /^\d+$/.test(text);

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
export const encodeStreamError = (error: ClientError): string => formatSse(encodeError(error));

/** OpenAI's word for the kind of an error. */
function typeFor(status: number, code: string): string {
  if (status === 429) return code === 'insufficient_quota' || code === 'budget-exceeded' ? 'insufficient_quota' : 'rate_limit_error';
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
