import { attributeNames, exchangeKeys, headerNames, metadataNamespaces } from '../envoy/names.ts';
import { GatewayError } from '../errors.ts';
import { clusterOf } from '../routing/deployment.ts';
import { asGatewayError, refuse } from './client-error.ts';
import { attemptHeaders } from './first-attempt.ts';
import type { Conversation, RequestHeaders } from './message.ts';
import type { OpenExchange, Registry } from './registry.ts';

export interface AttemptDeps {
  registry: Registry;
  /** Hears every error that the client gets from us. */
  onError: (error: GatewayError) => void;
}

/** The upstream filter's conversation, one for each attempt after the first: body, path, credentials and headers for the deployment whose turn it is. */
export async function* attempt(opening: RequestHeaders, { registry, onError }: AttemptDeps): Conversation {
  const open = registry.get(opening.metadata.get(exchangeKeys.exchangeId) ?? '');
  try {
    if (open === undefined) throw new GatewayError('gateway-unavailable', 'This attempt belongs to no exchange that is known here. Try again.');
    const number = Number(opening.headers.get(headerNames.attemptCount));
    requireCluster(opening, open, number);
    const prepared = await open.prepare(number, opening.headers.get('traceparent'));
    yield {
      type: 'proceed',
      replacesRequest: true,
      ...attemptHeaders(prepared, opening.headers),
      body: prepared.body,
      metadata: { [metadataNamespaces.exchange]: { [exchangeKeys.contentLength]: prepared.body.length } },
    };
  } catch (thrown) {
    const error = asGatewayError(thrown);
    onError(error);
    yield refuse(error, open?.protocol);
  }
}

/** The chain says which deployment this attempt is for; Envoy's choice of cluster must agree, or a provider would get another one's credential. */
function requireCluster({ attributes }: RequestHeaders, { chain }: OpenExchange, number: number): void {
  const deployment = chain[number - 1];
  const chosen = attributes.get(attributeNames.clusterName);
  if (deployment === undefined || clusterOf(deployment.endpoint) !== chosen) {
    throw new GatewayError('gateway-unavailable', 'Envoy chose another provider than the one whose turn it was. Try again.', {
      cause: new Error(`attempt ${number} at cluster ${String(chosen)}`),
    });
  }
}
