import type { Target } from '../deployment.ts';
import { drawAll } from './draw.ts';
import type { OrderBy, OrderView } from './order-view.ts';

/** By what this request is expected to cost. Equal costs are drawn by weight; those without a price come last. */
export const cheapest: OrderBy = (targets, view) =>
  drawAll(targets, ({ weight }) => weight, view.random)
    .map((target) => ({ target, nanos: costOf(target, view) }))
    .toSorted((a, b) => (a.nanos === b.nanos ? 0 : a.nanos - b.nanos))
    .map(({ target }) => target);

/** The cost at its cheapest account, in nano-dollars. */
const costOf = ({ deployments }: Target, { costNanos }: OrderView): number =>
  Math.min(...deployments.map((deployment) => costNanos(deployment) ?? Infinity));
