import { ownReplyPrefix } from '../envoy/names.ts';
import { GatewayError, type ErrorCode } from '../errors.ts';
import { JsonFieldError, JsonSyntaxError } from '../framing/json.ts';
import type { ClientError, Protocol } from '../protocols/protocol.ts';
import type { Header, Immediate } from './message.ts';

/** Any throw while a request is handled, as the error its client gets. What is not ours to explain is a bug: its message stays in the log. */
export function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof JsonSyntaxError) return new GatewayError('invalid-json', `The body is not valid JSON: ${error.message}.`, { cause: error });
  if (error instanceof JsonFieldError) {
    return new GatewayError('invalid-request', `${error.message}.`, { ...(error.field !== '' && { field: error.field }), cause: error });
  }
  return bug(error);
}

/** A bug of ours, as its client sees it. */
export const bug = (cause: unknown): GatewayError => new GatewayError('internal', 'The gateway failed on this request; its log says why.', { cause });

export const asClientError = (error: GatewayError): ClientError => ({
  status: error.status,
  code: error.code,
  message: error.message,
  ...(error.field === undefined ? {} : { field: error.field }),
});

/** Headers of every error of ours. `x-should-retry` and `retry-after` are obeyed by the vendors' SDKs; some read the error's type from a header of their own. */
export const errorHeaders = (error: GatewayError, protocol: Protocol | undefined): Header[] => [
  ['content-type', 'application/json'],
  ['x-remora-error', error.code],
  ...(error.retryable ? [] : [['x-should-retry', 'false'] as const]),
  ...(error.retryAfterSeconds === undefined ? [] : [['retry-after', String(error.retryAfterSeconds)] as const]),
  ...(protocol?.errorHeaders?.(asClientError(error)) ?? []),
];

/** The reply that gives the client an error in its own protocol, where that is known, instead of an answer. */
export const refuse = (error: GatewayError, protocol: Protocol | undefined, headers: readonly Header[] = []): Immediate => ({
  type: 'immediate',
  status: error.status,
  headers: [...errorHeaders(error, protocol), ...headers],
  body: Buffer.from(protocol === undefined ? neutralBody(error) : protocol.encodeError(asClientError(error))),
  details: detailsOf(error.code),
});

/** A shape that the SDKs of OpenAI and of Anthropic can both read. */
const neutralBody = ({ code, message }: GatewayError): string => JSON.stringify({ type: 'error', error: { type: 'api_error', code, message } });

/** How an error of ours shows in Envoy's logs and attributes. */
export const detailsOf = (code: ErrorCode): string => `${ownReplyPrefix}_${code.replaceAll('-', '_')}`;
