import { clusterOf } from '../routing/deployment.ts';
import { chainKey, exchangeKeys, headerNames, metadataNamespaces } from '../envoy/names.ts';
import type { Attempt } from '../routing/prepare-attempt.ts';
import type { ExchangeState } from './state.ts';
import type { Header, Headers, Proceed } from './message.ts';
import type { Plan, PlannedRequest } from './plan.ts';

/** The reply to a request's body: the first attempt, written for the first deployment of the chain. */
export async function firstAttempt({ plan, open }: PlannedRequest, state: ExchangeState): Promise<Proceed> {
  return attemptReply(await open.prepare(1, undefined), plan, state);
}

/** What goes to a provider. Without a body it is the client's own that follows, with its length. */
type Outgoing = Pick<Attempt, 'path' | 'headers'> & { body?: Buffer };

/** The reply that sends an attempt to the first deployment of a chain, and the chain itself, which Envoy's `priority_group` cluster specifier reads from metadata: attempt k goes to group k. */
export function attemptReply(
  outgoing: Outgoing,
  { chain, headersTimeoutMs }: Pick<Plan, 'chain' | 'headersTimeoutMs'>,
  state: ExchangeState,
): Proceed {
  const { body } = outgoing;
  return {
    type: 'proceed',
    ...attemptHeaders(outgoing, state.opening.headers, [
      [headerNames.maxRetries, String(chain.length - 1)],
      [headerNames.perTryTimeoutMs, String(headersTimeoutMs)],
    ]),
    ...(body && { body }),
    clearRouteCache: true,
    metadata: {
      [metadataNamespaces.exchange]: {
        [exchangeKeys.exchangeId]: state.id,
        [exchangeKeys.requestId]: state.requestId,
        ...(body && { [exchangeKeys.contentLength]: body.length }),
      },
      // Each group names its cluster itself: one given by name alone would silently fall to a static group.
      [metadataNamespaces.chain]: {
        [chainKey]: chain.map(({ endpoint }, index) => ({
          name: String(index + 1),
          clusters: [{ cluster_name: clusterOf(endpoint), weight: 1 }],
        })),
      },
    },
  };
}

/** Header changes that leave the provider with the attempt's own headers and nothing of the client's, nor of an earlier attempt's. */
export function attemptHeaders(
  { path, headers, body }: Outgoing,
  present: Headers,
  forEnvoy: readonly Header[] = [],
): Pick<Proceed, 'setHeaders' | 'removeHeaders'> {
  return {
    setHeaders: [[':path', path], ...(body === undefined ? [] : [['content-length', String(body.length)] as const]), ...forEnvoy, ...headers],
    removeHeaders: [...present.keys()].filter((name) => !headers.has(name) && !isEnvoys(name)),
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
