import type { Deployment, Target } from '../deployment.ts';
import type { Latency } from '../health/latency.ts';
import type { OrderView } from './order-view.ts';

/** Numbers from 0 up to 1 that are the same in every run, by Mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const unmeasured: Latency = { firstTokenMs: undefined, tokensPerSecond: undefined, ageMs: undefined };

/** A view in which nothing is known of any deployment, but for what is given. */
export const view = (fields: Partial<OrderView> = {}): OrderView => ({
  random: seeded(1),
  expectedOutputTokens: 100,
  latencyOf: () => unmeasured,
  headroomOf: () => undefined,
  inFlight: () => 0,
  costNanos: () => undefined,
  ...fields,
});

/** Looks a deployment's number up by its model. */
export const byModel =
  <Value>(values: Record<string, Value>) =>
  ({ model }: Deployment): Value | undefined =>
    values[model];

/** The models of targets, in order. */
export const modelsOf = (targets: readonly Target[]): string[] => targets.map(({ deployments: [first] }) => first.model);

/**
 * How far counts are from what their shares lead one to expect: chi-square, divided by a value that it exceeds about once in a thousand times.
 * Below 1 where chance explains the difference.
 */
export function deviation(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const all = shares.reduce((sum, share) => sum + share, 0);
  const chiSquare = counts.reduce((sum, count, index) => {
    const expected = (total * (shares[index] ?? 0)) / all;
    return sum + (expected === 0 ? count * Infinity || 0 : (count - expected) ** 2 / expected);
  }, 0);
  const freedom = Math.max(shares.filter((share) => share > 0).length - 1, 1);
  return chiSquare / (freedom + 4 * Math.sqrt(2 * freedom) + 6);
}

/** How often each name comes, in the order of `names`. */
export const countsOf = (names: readonly string[], seen: readonly (string | undefined)[]): number[] =>
  names.map((name) => seen.filter((each) => each === name).length);
