import type { WrittenEvent } from '../../framing/event.ts';
import type { ProviderFailure } from '../../llm/part.ts';
import { failureInside } from '../failure.ts';
import type { ClientError } from '../protocol.ts';

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

/** The error of an `error` event, or of an error body in place of an answer. Both come with status 200, so the type tells which one was meant. */
export const failureIn = (body: object): ProviderFailure => failureInside({ ...body }, statusOf);

/** An error body for a client: Anthropic's own type, with our stable code beside it. */
export const encodeError = ({ status, code, message, field }: ClientError): string =>
  JSON.stringify({ type: 'error', error: { type: errorType(status, code), message, code, field }, request_id: null });

/** The event that ends a client's stream with an error. */
export const encodeStreamError = (error: ClientError): WrittenEvent[] => [{ name: 'error', data: encodeError(error) }];

/** A code that is already a type of Anthropic's stays; otherwise the status decides. */
function errorType(status: number, code: string): string {
  if (statusOf.has(code)) return code;
  return typeOf.get(status) ?? (status >= 400 && status < 500 ? 'invalid_request_error' : 'api_error');
}
