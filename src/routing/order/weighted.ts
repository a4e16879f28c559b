import { drawAll } from './draw.ts';
import type { OrderBy } from './order-view.ts';

/** Shares requests by weight: the first is drawn, then the next of those that are left. */
export const weighted: OrderBy = (targets, { random }) => drawAll(targets, ({ weight }) => weight, random);
