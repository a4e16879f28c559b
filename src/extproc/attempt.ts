import { attributeNames, exchangeKeys, headerNames, metadataNamespaces } from '../envoy/names.ts';
import { GatewayError } from '../errors.ts';
import { clusterOf } from '../routing/deployment.ts';
import { asGatewayError, refuse } from './client-error.ts';
import { attemptHeaders } from './first-attempt.ts';
import type { Conversation, Proceed, RequestHeaders } from './message.ts';
import type { OpenExchange, Registry } from './registry.ts';

export interface AttemptDeps {
  registry: Registry;
  /** Hears every error that the client gets from us. */
  onError: (error: GatewayError) => void;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** The upstream filter's conversation, one for each attempt after the first: body, path, credentials and headers for the deployment whose turn it is. */
export async function* attempt(opening: RequestHeaders, deps: AttemptDeps): Conversation {
  const open = openExchange(opening, deps);
  try {
    yield await furtherAttempt(opening, requireAttempt(opening, open));
  } catch (thrown) {
    const error = asGatewayError(thrown);
    deps.onError(error);
    yield refuse(error, open?.protocol);
  }
}

/** The exchange that an attempt says it belongs to. */
export const openExchange = ({ metadata }: RequestHeaders, { registry }: Pick<AttemptDeps, 'registry'>): OpenExchange | undefined =>
  registry.get(metadata.get(exchangeKeys.exchangeId) ?? '');

/** An attempt that is what it should be. */
export interface KnownAttempt {
  open: OpenExchange;
  /** From 1. */
  number: number;
}

/** The chain says which deployment an attempt is for; Envoy's choice of cluster must agree, or a provider would get another one's credential. Throws `gateway-unavailable` else. */
export function requireAttempt({ headers, attributes }: RequestHeaders, open: OpenExchange | undefined): KnownAttempt {
  if (open === undefined) throw new GatewayError('gateway-unavailable', 'This attempt belongs to no exchange that is known here. Try again.');
  const number = Number(headers.get(headerNames.attemptCount));
  const deployment = open.chain[number - 1];
  const chosen = attributes.get(attributeNames.clusterName);
  if (deployment === undefined || clusterOf(deployment.endpoint) !== chosen) {
    throw new GatewayError('gateway-unavailable', 'Envoy chose another provider than the one whose turn it was. Try again.', {
      cause: new Error(`attempt ${number} at cluster ${String(chosen)}`),
    });
  }
  return { open, number };
}

/** The reply to an attempt's headers that writes it: the request for its deployment. */
export async function furtherAttempt({ headers }: RequestHeaders, { open, number }: KnownAttempt): Promise<Proceed> {
  const prepared = await open.prepare(number, headers.get('traceparent'));
  return {
    type: 'proceed',
    replacesRequest: true,
    ...attemptHeaders(prepared, headers),
    body: prepared.body,
    metadata: { [metadataNamespaces.exchange]: { [exchangeKeys.contentLength]: prepared.body.length } },
  };
}
