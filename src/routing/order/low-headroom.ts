import type { Deployment, Target } from '../deployment.ts';
import type { OrderView } from './order-view.ts';

/** Share of a vendor's limit below which traffic goes elsewhere, before the vendor refuses it. */
const lowHeadroom = 0.05;

type HeadroomView = Pick<OrderView, 'headroomOf'>;

/** Whether an account is close to its vendor's limit. One whose vendor says nothing is not. */
export const isLow = (deployment: Deployment, { headroomOf }: HeadroomView): boolean => (headroomOf(deployment) ?? 1) < lowHeadroom;

/** Whether an account has nothing left of its vendor's limit: the next request is refused. */
export const isSpent = (deployment: Deployment, { headroomOf }: HeadroomView): boolean => (headroomOf(deployment) ?? 1) <= 0;

/** The same targets in the same order, but those with every account close to its limit behind the others. */
export function lowLast(targets: readonly Target[], view: HeadroomView): Target[] {
  const areLow = ({ deployments }: Target): boolean => deployments.every((deployment) => isLow(deployment, view));
  return [...targets.filter((target) => !areLow(target)), ...targets.filter(areLow)];
}
