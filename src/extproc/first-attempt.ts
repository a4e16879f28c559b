import { clusterOf } from '../routing/deployment.ts';
import { chainKey, exchangeKeys, headerNames, metadataNamespaces } from '../envoy/names.ts';
import type { Attempt } from '../routing/prepare-attempt.ts';
import type { ExchangeState } from './state.ts';
import type { Header, Headers, Proceed } from './message.ts';
import type { PlannedRequest } from './plan.ts';

/**
 * The reply to a request's body: the first attempt, written for the first deployment of the chain, and the chain itself,
 * which Envoy's `priority_group` cluster specifier reads from metadata. Attempt k goes to group k.
 */
export async function firstAttempt({ plan, open }: PlannedRequest, state: ExchangeState): Promise<Proceed> {
  const attempt = await open.prepare(1, undefined);
  return {
    type: 'proceed',
    ...attemptHeaders(attempt, state.opening.headers, [
      [headerNames.maxRetries, String(plan.chain.length - 1)],
      [headerNames.perTryTimeoutMs, String(plan.headersTimeoutMs)],
    ]),
    body: attempt.body,
    clearRouteCache: true,
    metadata: {
      [metadataNamespaces.exchange]: {
        [exchangeKeys.exchangeId]: state.id,
        [exchangeKeys.requestId]: state.requestId,
        [exchangeKeys.contentLength]: attempt.body.length,
      },
      // Each group names its cluster itself: one given by name alone would silently fall to a static group.
      [metadataNamespaces.chain]: {
        [chainKey]: plan.chain.map(({ endpoint }, index) => ({
          name: String(index + 1),
          clusters: [{ cluster_name: clusterOf(endpoint), weight: 1 }],
        })),
      },
    },
  };
}

/** Header changes that leave the provider with the attempt's own headers and nothing of the client's, nor of an earlier attempt's. */
export function attemptHeaders(
  attempt: Pick<Attempt, 'path' | 'headers' | 'body'>,
  present: Headers,
  forEnvoy: readonly Header[] = [],
): Pick<Proceed, 'setHeaders' | 'removeHeaders'> {
  return {
    setHeaders: [[':path', attempt.path], ['content-length', String(attempt.body.length)], ...forEnvoy, ...attempt.headers],
    removeHeaders: [...present.keys()].filter((name) => !attempt.headers.has(name) && !isEnvoys(name)),
  };
}

/** Headers that Envoy works with, and takes off itself before the provider sees them. */
const isEnvoys = (name: string): boolean =>
  name.startsWith(':') ||
  name.startsWith('x-envoy-') ||
  name === 'host' ||
  name === 'content-length' ||
  name === 'x-request-id' ||
  name === 'x-forwarded-proto';
