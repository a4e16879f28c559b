import { formatSse } from '../../framing/sse.ts';
import type { ProviderFailure } from '../../llm/part.ts';
import type { ClientError } from '../protocol.ts';
import type { WireFailure } from './wire.ts';

/** Anthropic's error types and their statuses (https://platform.claude.com/docs/en/api/errors). */
const statusOf = new Map([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['conflict_error', 409],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['api_error', 500],
  ['timeout_error', 504],
  ['overloaded_error', 529],
]);

const typeOf = new Map([...statusOf].map(([type, status]) => [status, type]));

/** What stays of a body that is no error object; a page of HTML says enough by then. */
const maxMessageChars = 1000;

/** A provider's error body, `{type: 'error', error: {type, message}}` or a looser shape of another vendor. Never throws. */
export function decodeFailure(status: number, body: Buffer): ProviderFailure {
  const text = body.toString('utf8').trim();
  const { type, message } = readFailure(parsed(text));
  const fallback = text === '' ? `The provider answered with status ${status}.` : text.slice(0, maxMessageChars);
  return { status, type: typeof type === 'string' ? type : '', message: typeof message === 'string' && message !== '' ? message : fallback };
}

/** The error of an `error` event. It comes inside a 200, so its type tells the status. */
export function eventFailure(error: WireFailure | null | undefined): ProviderFailure {
  const type = typeof error?.type === 'string' ? error.type : '';
  const message = typeof error?.message === 'string' ? error.message : 'The provider ended the stream with an error.';
  return { status: statusOf.get(type) ?? 500, type, message };
}

/** An error body for a client: Anthropic's own type, with our stable code beside it. */
export const encodeError = ({ status, code, message, field }: ClientError): string =>
  JSON.stringify({ type: 'error', error: { type: errorType(status, code), message, code, field }, request_id: null });

/** The event that ends a client's stream with an error. */
export const encodeStreamError = (error: ClientError): string => formatSse(encodeError(error), 'error');

/** A code that is already a type of Anthropic's stays; otherwise the status decides. */
function errorType(status: number, code: string): string {
  if (statusOf.has(code)) return code;
  return typeOf.get(status) ?? (status >= 400 && status < 500 ? 'invalid_request_error' : 'api_error');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Finds type and message in `{error: {type, message}}`, `{error: "…"}`, `{type, message}` or `{detail}`. */
function readFailure(body: unknown): WireFailure {
  if (typeof body !== 'object' || body === null) return {};
  const { error, type, message, detail } = body as { error?: unknown; type?: unknown; message?: unknown; detail?: unknown };
  if (typeof error === 'object' && error !== null) return error;
  return { type: type === 'error' ? undefined : type, message: [error, message, detail].find((text) => typeof text === 'string') };
}
