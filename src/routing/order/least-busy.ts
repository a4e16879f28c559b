import type { Target } from '../deployment.ts';
import { drawAll } from './draw.ts';
import type { OrderBy, OrderView } from './order-view.ts';

/** By the attempts under way for each unit of weight: twice the weight carries twice the load. Equals are drawn by weight. */
export const leastBusy: OrderBy = (targets, view) =>
  drawAll(targets, ({ weight }) => weight, view.random)
    .map((target) => ({ target, load: loadOf(target, view) }))
    .toSorted((a, b) => a.load - b.load)
    .map(({ target }) => target);

/** The load of its least busy account. */
const loadOf = ({ deployments, weight }: Target, { inFlight }: OrderView): number =>
  Math.min(...deployments.map((deployment) => inFlight(deployment))) / weight;
