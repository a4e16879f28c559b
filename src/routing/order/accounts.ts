import type { Deployment } from '../deployment.ts';
import { drawAll } from './draw.ts';
import { isLow } from './low-headroom.ts';
import type { OrderView } from './order-view.ts';

/**
 * Puts the accounts of one target in the order in which they are tried: drawn by weight and by what is left of the vendor's limits,
 * then those close to their limit, the one with most left first. An account of weight 0 is never tried.
 */
export function orderAccounts(deployments: readonly Deployment[], view: Pick<OrderView, 'random' | 'headroomOf'>): Deployment[] {
  const leftOf = (deployment: Deployment): number => view.headroomOf(deployment) ?? 1;
  const inUse = deployments.filter(({ endpoint }) => endpoint.credential.weight > 0);
  const drawn = drawAll(
    inUse.filter((deployment) => !isLow(deployment, view)),
    (deployment) => deployment.endpoint.credential.weight * leftOf(deployment),
    view.random,
  );
  const low = inUse.filter((deployment) => isLow(deployment, view)).toSorted((a, b) => leftOf(b) - leftOf(a));
  return [...drawn, ...low];
}
