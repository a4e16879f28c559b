import { exchangeKeys, metadataNamespaces } from '../envoy/names.ts';
import { GatewayError } from '../errors.ts';
import type { Attempt } from '../routing/prepare-attempt.ts';
import type { ExchangeState } from './state.ts';
import type { Header, Headers, Proceed } from './message.ts';
import { chainMetadata } from './chain-metadata.ts';
import type { Plan } from './plan.ts';
import type { OpenExchange } from './registry.ts';
import { retryHeaders } from './retry-headers.ts';

/** The reply to a request's body: the first attempt, written for the first deployment of the chain for which there is a credential. */
export async function firstAttempt(plan: Plan, open: OpenExchange, state: ExchangeState): Promise<Proceed> {
  for (;;) {
    try {
      return attemptReply(await open.prepare(1, undefined), plan, state);
    } catch (error) {
      const isOurs = error instanceof GatewayError && error.code === 'provider-credential';
      if (!isOurs || !open.skipFirst(error)) throw error;
    }
  }
}

/** What goes to a provider. Without a body it is the client's own that follows, with its length. */
type Outgoing = Pick<Attempt, 'path' | 'headers'> & { body?: Buffer };

/** The reply that sends an attempt to the first deployment of a chain, and the chain itself: attempt k goes to group k. */
export function attemptReply(outgoing: Outgoing, { chain, maxAttempts, form, waits, fallbackOn }: Way, state: ExchangeState): Proceed {
  const { body } = outgoing;
  const retries = retryHeaders({
    form,
    attempts: Math.max(maxAttempts, chain.length),
    fallbackOn,
    headersMs: waits.attemptMs,
    totalMs: waits.totalMs,
  });
  return {
    type: 'proceed',
    ...attemptHeaders(outgoing, state.opening.headers, retries),
    ...(body && { body }),
    clearRouteCache: true,
    metadata: {
      [metadataNamespaces.exchange]: {
        [exchangeKeys.exchangeId]: state.id,
        [exchangeKeys.session]: state.session,
        ...(form !== 'plain' && { [exchangeKeys.form]: form }),
        ...(body && { [exchangeKeys.contentLength]: body.length }),
      },
      ...chainMetadata(chain, maxAttempts),
    },
  };
}

/** Where an attempt goes, and what follows if it fails. */
type Way = Pick<Plan, 'chain' | 'maxAttempts' | 'form' | 'waits' | 'fallbackOn'>;

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
