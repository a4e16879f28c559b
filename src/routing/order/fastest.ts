import type { Target } from '../deployment.ts';
import type { Latency } from '../health/latency.ts';
import { drawAll } from './draw.ts';
import type { OrderBy, OrderView } from './order-view.ts';

/** Age in milliseconds from which on a measurement may no longer hold. */
export const staleAfterMs = 60_000;

/** Share of requests that are sent to a target only to learn how fast it is. */
export const explorationShare = 0.05;

/**
 * By the time that this answer is expected to take; those never measured come last, drawn by weight. A small share of the requests
 * goes first to one never measured, or not within `staleAfterMs`: so one that was slow and has recovered is found again.
 * One request at a time looks, and what it finds holds for `staleAfterMs`: no more wait for one that is still slow.
 */
export const fastest: OrderBy = (targets, view) => {
  const drawn = drawAll(targets, ({ weight }) => weight, view.random);
  const ordered = byExpectedTime(drawn, view);
  const unknown = view.random() < explorationShare ? drawn.find((target) => isUnknown(target, view)) : undefined;
  return unknown === undefined ? ordered : [unknown, ...ordered.filter((target) => target !== unknown)];
};

function byExpectedTime(targets: readonly Target[], view: OrderView): Target[] {
  const measured = targets.map((target) => ({ target, latencies: latenciesOf(target, view) }));
  const speeds = measured.flatMap(({ latencies }) => latencies.flatMap(({ tokensPerSecond }) => tokensPerSecond ?? []));
  const slowest = Math.min(...speeds); // nobody gains by a speed that is not known
  const expectedMs = ({ firstTokenMs = Infinity, tokensPerSecond = slowest }: Latency): number =>
    firstTokenMs + (view.expectedOutputTokens / Math.max(tokensPerSecond, Number.MIN_VALUE)) * 1000;
  return measured
    .map(({ target, latencies }) => ({ target, ms: Math.min(...latencies.map(expectedMs)) }))
    .toSorted((a, b) => (a.ms === b.ms ? 0 : a.ms - b.ms))
    .map(({ target }) => target);
}

/** Whether nobody knows how fast any of its accounts is, and nobody is about to learn it. */
const isUnknown = (target: Target, view: OrderView): boolean =>
  latenciesOf(target, view).every(({ ageMs = Infinity }) => ageMs >= staleAfterMs) &&
  target.deployments.every((deployment) => view.inFlight(deployment) === 0);

const latenciesOf = ({ deployments }: Target, { latencyOf }: OrderView): Latency[] => deployments.map((deployment) => latencyOf(deployment));
