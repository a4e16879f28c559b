import type { Deployment } from '../routing/deployment.ts';
import { oncePer } from '../routing/once-per.ts';
import type { Charge } from '../stores/quota.ts';
import { filterOf, isUnfiltered, metersOf, type Meter } from './meters.ts';
import type { Opening } from './policy.ts';
import type { Terms } from './terms.ts';

/** Whose limits and budgets a request is held to, once it is known where it goes. */
export interface Payers {
  terms: readonly Terms[];
  shared: Opening['shared'];
}

/** What a request uses, as far as quotas count it. */
export interface Use {
  nanos: number;
  tokens: number;
  /** What is held for limits of tokens per time, which no answer is cut at: what is usual, rather than the most; absent for `tokens`. */
  likelyTokens?: number;
}

/** A meter that counts a request, and whether it is one that all tenants share. */
export interface Counted {
  meter: Meter;
  isShared: boolean;
}

/**
 * The meters that count a request which a model serves at one of some providers. A limit counts it for the first provider only; a budget for each that may be paid.
 * Unfiltered limits of requests are not among them: they are counted before a request is read. Where nothing depends on the model, it is the same list for the same terms.
 */
export function countedBy({ terms, shared }: Payers, served: string, providers: readonly string[]): readonly Counted[] {
  const own = ownMeters(terms);
  const [first = ''] = providers;
  const [ofModel, ofProvider] = [shared.models.get(served), shared.providers.get(first)];
  if (!own.hasFilters && ofModel === undefined && ofProvider === undefined) return own.counted;
  const isMeant = ({ meter }: Counted): boolean => {
    const { model, provider } = filterOf(meter);
    if (model !== undefined && model !== served) return false;
    return provider === undefined || (meter.budget === undefined ? provider === first : providers.includes(provider));
  };
  const counted = own.counted.filter(isMeant);
  for (const each of [ofModel, ofProvider]) if (each !== undefined) for (const meter of metersOf(each)) counted.push({ meter, isShared: true });
  return counted;
}

const nobody: readonly Counted[] = [];

/** The meters that count what one provider serves, and nothing else, whatever model serves it. */
export function countedAt({ terms, shared }: Payers, provider: string): readonly Counted[] {
  const own = ownMeters(terms);
  const ofProvider = shared.providers.get(provider);
  if (!own.hasFilters && ofProvider === undefined) return nobody;
  const counted = own.counted.filter(({ meter }) => filterOf(meter).provider === provider && filterOf(meter).model === undefined);
  if (ofProvider !== undefined) for (const meter of metersOf(ofProvider)) counted.push({ meter, isShared: true });
  return counted;
}

/** What somebody's own terms count once it is known where a request goes. */
interface OwnMeters {
  counted: readonly Counted[];
  /** Whether some count requests for one model or provider only. */
  hasFilters: boolean;
}

const ownMeters = oncePer((terms: readonly Terms[]): OwnMeters => {
  const counted = terms.flatMap(metersOf).flatMap((meter) => (isCountedBefore(meter) ? [] : [{ meter, isShared: false }]));
  return { counted, hasFilters: counted.some(({ meter }) => !isUnfiltered(meter)) };
});

const isCountedBefore = (meter: Meter): boolean => (meter.of === 'requests' || meter.of === 'concurrent') && isUnfiltered(meter);

/** What these meters are charged for a use. `isOver`: the request is, so its place is free. */
export const chargesOf = (counted: readonly Counted[], use: Use, now: number, isOver = false): Charge[] =>
  counted.map(({ meter }) => ({ quota: meter.quota(now), amount: amountOf(meter, use, isOver) }));

function amountOf({ of, budget }: Meter, { nanos, tokens, likelyTokens = tokens }: Use, isOver: boolean): number {
  switch (of) {
    case 'nanos':
      return nanos;
    case 'tokens':
      return budget === undefined ? likelyTokens : tokens;
    case 'requests':
      return 1;
    case 'concurrent':
      return isOver ? 0 : 1;
  }
}

/** Names of the providers of a chain, each once, in their order. */
export function providersOf(chain: readonly Deployment[]): string[] {
  const names: string[] = [];
  for (const { endpoint } of chain) if (!names.includes(endpoint.name)) names.push(endpoint.name);
  return names;
}
