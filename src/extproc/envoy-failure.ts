import { GatewayError } from '../errors.ts';

/**
 * The error behind a reply that Envoy made itself, from its response code details
 * (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details).
 */
export function envoyFailure(status: number, details: string): GatewayError {
  const cause = new Error(`Envoy answered ${status}: ${details}`);
  if (status === 413 || details.includes('payload_too_large')) {
    return new GatewayError('body-too-large', 'The request body is larger than this gateway accepts. Send less, or fewer images at once.', { cause });
  }
  if (details.includes('timeout')) {
    return new GatewayError('provider-timeout', 'No deployment of this model answered in time. Try again, or ask for a shorter answer.', { cause });
  }
  if (status >= 500) {
    return new GatewayError('provider-unreachable', 'No deployment of this model could be reached. Try again in a moment.', { cause });
  }
  return new GatewayError('invalid-request', `The request was refused before it was read (${details}).`, { cause });
}
