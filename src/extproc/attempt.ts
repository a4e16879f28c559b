import { attributeNames, exchangeKeys, headerNames, metadataNamespaces } from '../envoy/names.ts';
import { GatewayError } from '../errors.ts';
import { clusterOf } from '../routing/deployment.ts';
import { asGatewayError, detailsOf, errorHeaders } from './client-error.ts';
import { attemptHeaders } from './first-attempt.ts';
import type { Conversation, Immediate, RequestHeaders } from './message.ts';
import type { OpenExchange, Registry } from './registry.ts';

export interface AttemptDeps {
  registry: Registry;
  onFailure: (what: string, error: unknown) => void;
}

/** The upstream filter's conversation, one for each attempt after the first: body, path, credentials and headers for the deployment whose turn it is. */
export async function* attempt(opening: RequestHeaders, { registry, onFailure }: AttemptDeps): Conversation {
  const open = registry.get(opening.metadata.get(exchangeKeys.exchangeId) ?? '');
  try {
    if (open === undefined) throw new GatewayError('gateway-unavailable', 'This attempt belongs to no exchange that is known here. Try again.');
    const number = Number(opening.headers.get(headerNames.attemptCount));
    requireCluster(opening, open, number);
    const prepared = open.prepare(number, opening.headers.get('traceparent'));
    yield {
      type: 'proceed',
      replacesRequest: true,
      ...attemptHeaders(prepared, opening.headers),
      body: prepared.body,
      metadata: { [metadataNamespaces.exchange]: { [exchangeKeys.contentLength]: prepared.body.length } },
    };
  } catch (thrown) {
    const error = asGatewayError(thrown);
    if (error.code === 'internal') onFailure('attempt', error.cause);
    yield refuseAttempt(error, open);
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

function refuseAttempt(error: GatewayError, open: OpenExchange | undefined): Immediate {
  const { body, headers } = open?.render(error) ?? {
    body: Buffer.from(JSON.stringify({ error: { code: error.code, message: error.message } })),
    headers: errorHeaders(error),
  };
  return { type: 'immediate', status: error.status, headers, body, details: detailsOf(error) };
}
