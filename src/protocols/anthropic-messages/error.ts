import type { WrittenEvent } from '../../framing/event.ts';
import type { ProviderFailure } from '../../llm/part.ts';
import { failureInside } from '../failure.ts';
import type { ClientError, StreamSoFar } from '../protocol.ts';
import { writeUsage } from './wire-usage.ts';

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

/** The event that ends a client's stream with an error. No `message_stop` stands before or behind it: that says that an answer is complete. */
export const encodeStreamError = (error: ClientError, soFar?: StreamSoFar): WrittenEvent[] => [
  ...closing(soFar),
  { name: 'error', data: encodeError(error) },
];

/** What closes a message that we end before its time. It has no reason to stop that the protocol knows. */
function closing(soFar: StreamSoFar | undefined): WrittenEvent[] {
  if (soFar === undefined || soFar.events === 0) return [];
  const { openBlocks, usage } = soFar;
  const delta = { stop_reason: null, stop_sequence: null, stop_details: null, container: null };
  return [
    ...openBlocks.map((index) => ({ type: 'content_block_stop', index })),
    ...(usage === undefined ? [] : [{ type: 'message_delta', delta, usage: writeUsage(usage) }]),
  ].map((event) => ({ name: event.type, data: JSON.stringify(event) }));
}

/** A code that is already a type of Anthropic's stays; otherwise the status decides. */
function errorType(status: number, code: string): string {
  if (statusOf.has(code)) return code;
  return typeOf.get(status) ?? (status >= 400 && status < 500 ? 'invalid_request_error' : 'api_error');
}
