import type { ProviderFailure } from '../llm/part.ts';
import { classifyFailure } from '../protocols/error-class.ts';
import type { Found } from '../protocols/first-content.ts';
import type { Deployment } from '../routing/deployment.ts';
import { readWait } from '../routing/health/limit-headers.ts';
import { retryHeader } from '../envoy/names.ts';
import { chainMetadata } from './chain-metadata.ts';
import type { Headers, Proceed } from './message.ts';
import type { OpenExchange, WatchedExchange } from './registry.ts';

/** An exchange whose attempts are looked at before Envoy decides about them. */
export type Watched = Pick<OpenExchange, 'chain'> & { watch: WatchedExchange };

/** An attempt that is looked at. */
export interface WatchedAttempt {
  /** From 1. */
  number: number;
  exchange: Watched;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** What becomes of an attempt: its answer passes, or the next attempt is made, `why` in a word. Where `chain` is given, the rest of it has changed. */
export type Verdict = { type: 'pass' } | { type: 'next'; why: string; chain?: readonly Deployment[] };

/** An answer that is no good. */
interface BadAnswer {
  status: number;
  headers: Headers;
  /** What its body says; undefined where that was not read. */
  failure: ProviderFailure | undefined;
  /** Milliseconds since 1970. */
  now: number;
}

const pass: Verdict = { type: 'pass' };

/** Longest wait that a provider may ask for before the same deployment is tried again at once, in milliseconds: Envoy's own pause between attempts. */
const shortWaitMs = 50;

/** Decides about attempt `number`, from what its body says or else from its status. The last attempt of a chain always passes: its answer is the client's. */
export function judge(number: number, bad: BadAnswer, exchange: Watched): Verdict {
  const { watch } = exchange;
  const hasNext = (): boolean => number < exchange.chain.length;
  const { failure } = bad;
  if (failure !== undefined) {
    const found = isRefused(failure, number, watch) ? 'refused' : classifyFailure(failure);
    if (found === 'context-length' || found === 'content-filter') {
      const chain = watch.reroute(number, found);
      if (chain !== undefined && chain.length > number) return { type: 'next', why: found, chain };
    } else if (found !== undefined) {
      watch.told(number, found);
      if (hasNext()) return next(number, found, bad, exchange);
    }
  }
  return hasNext() && isFollowed(bad.status, watch.fallbackOn) ? next(number, String(bad.status), bad, exchange) : pass;
}

/** Decides about attempt `number`, whose status is good, from what its answer has to show; `status` is what Envoy's log is to say of it where it is not that. */
export function judgeFound(
  number: number,
  found: Found,
  { headers, now }: Pick<BadAnswer, 'headers' | 'now'>,
  exchange: Watched,
): { verdict: Verdict; status?: number } {
  if (found === 'empty') return { verdict: number < exchange.chain.length ? { type: 'next', why: 'empty' } : pass, status: 502 };
  if (found === 'filtered') {
    const chain = exchange.watch.reroute(number, 'content-filter');
    return { verdict: chain !== undefined && chain.length > number ? { type: 'next', why: 'content-filter', chain } : pass };
  }
  if (typeof found === 'string') return { verdict: pass };
  const { failure } = found;
  return { verdict: judge(number, { status: failure.status, headers, failure, now }, exchange), status: failure.status };
}

/** The reply to an answer's headers that makes a verdict known to Envoy. `status` is what Envoy's log is to say of the attempt, where that is not the answer's own. */
export function replyFor(verdict: Verdict, status?: number): Proceed {
  if (verdict.type === 'pass') return { type: 'proceed' };
  return {
    type: 'proceed',
    setHeaders: [[retryHeader, verdict.why], ...(status === undefined ? [] : [[':status', String(status)] as const])],
    ...(verdict.chain !== undefined && { metadata: chainMetadata(verdict.chain, verdict.chain.length + 1) }),
  };
}

/** Whether a provider refused our credential in words of its own, as the Gemini API does with a 400. */
function isRefused({ status, type }: ProviderFailure, number: number, watch: WatchedExchange): boolean {
  const credential = watch.apiOf(number)?.protocol.credentialFailure;
  return credential !== undefined && credential.status === status && credential.type === type;
}

const isFollowed = (status: number, fallbackOn: WatchedExchange['fallbackOn']): boolean =>
  fallbackOn.some((each) => (each === '5xx' ? status >= 500 && status <= 599 : each === status));

/** The next attempt; not at the same deployment if that asks for a pause or refuses our credential. */
function next(number: number, why: string, { headers, status, now }: BadAnswer, { watch }: Watched): Verdict {
  const isFinal = why === 'refused' || why === 'out-of-money' || status === 401 || status === 402 || status === 403;
  const chain = isFinal || (readWait(headers, now) ?? 0) > shortWaitMs ? watch.skipRetries?.(number) : undefined;
  if (chain === undefined) return { type: 'next', why };
  return chain.length > number ? { type: 'next', why, chain } : pass;
}
