import { attributeNames } from '../envoy/names.ts';
import { GatewayError } from '../errors.ts';
import { asClientError, errorHeaders, refuse } from './client-error.ts';
import type { Attributes, Conversation, ResponseHeaders } from './message.ts';
import { bodyHeaders } from './response-headers.ts';
import { fail, ownHeaders, type ExchangeState } from './state.ts';

/** Whether an answer is a reply of Envoy's own. */
export const isEnvoyReply = (attributes: Attributes): boolean => attributes.get(attributeNames.codeDetails) !== 'via_upstream';

/** A reply that Envoy made itself: its status and body become one of our errors in the client's protocol. */
export async function* envoyReply(message: ResponseHeaders, state: ExchangeState): Conversation {
  const details = String(message.attributes.get(attributeNames.codeDetails) ?? '');
  const status = Number(message.headers.get(':status'));
  if (message.headers.has('x-remora-error')) {
    // Refused by our own attempt conversation, in the client's protocol already.
    state.outcome.end = 'failed';
    state.outcome.status = status;
    yield { type: 'proceed', setHeaders: ownHeaders(state), responseBody: 'none' };
    return;
  }
  const error = envoyFailure(status, details);
  fail(state, error, state.outcome.attempts === 0 ? 'refused' : 'failed');
  state.outcome.status = error.status;
  if (message.endOfStream) {
    yield refuse(error, state.protocol, ownHeaders(state));
    return;
  }
  const headers = [...errorHeaders(error, state.protocol), ...ownHeaders(state), [':status', String(error.status)] as const];
  yield { type: 'proceed', setHeaders: headers, responseBody: 'buffered' };
  const body = Buffer.from(state.protocol.encodeError(asClientError(error)));
  yield { type: 'proceed', body, setHeaders: bodyHeaders(body) };
}

/**
 * The error behind a reply that Envoy made itself, from its response code details
 * (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details).
 */
function envoyFailure(status: number, details: string): GatewayError {
  const cause = new Error(`Envoy answered ${status}: ${details}`);
  if (status === 413 || details.includes('payload_too_large')) {
    return new GatewayError('body-too-large', 'The request body is larger than this gateway accepts. Send less, or fewer images at once.', { cause });
  }
  if (status === 408) {
    return new GatewayError('request-timeout', 'The request did not arrive in time. Send it again.', { cause });
  }
  if (details.includes('timeout') && !details.includes('connection_timeout')) {
    return new GatewayError('provider-timeout', 'No deployment of this model answered in time. Try again, or ask for a shorter answer.', { cause });
  }
  if (status >= 500) {
    return new GatewayError('provider-unreachable', 'No deployment of this model could be reached. Try again in a moment.', { cause });
  }
  return new GatewayError('invalid-request', `The request was refused before it was read (${details}).`, { cause });
}
