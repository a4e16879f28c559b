import { accountId, deploymentName, type Deployment, type Target } from './deployment.ts';
import { isSpent } from './order/low-headroom.ts';
import type { OrderView } from './order/order-view.ts';
import { rendezvous } from './rendezvous.ts';

type HeadroomView = Pick<OrderView, 'headroomOf'>;

/**
 * Puts the target that a key belongs to first, and leaves the rest in its order. While that one is not among the eligible, another one takes
 * its keys; they return with it. A target stays so while it has anything left of its vendor's limits: to leave it costs its prompt cache.
 */
export function stickTarget(ordered: readonly Target[], key: number, view: HeadroomView): Target[] {
  const open = ordered.filter(({ deployments }) => deployments.some((deployment) => !isSpent(deployment, view)));
  return first(
    ordered,
    rendezvous(open, key, { nameOf: ({ deployments: [deployment] }) => deploymentName(deployment), weightOf: ({ weight }) => weight }),
  );
}

/** The same for the accounts of one target: a prompt cache belongs to an account. */
export function stickAccount(ordered: readonly Deployment[], key: number, view: HeadroomView): Deployment[] {
  const open = ordered.filter((deployment) => !isSpent(deployment, view));
  return first(
    ordered,
    rendezvous(open, key, { nameOf: ({ endpoint }) => accountId(endpoint), weightOf: ({ endpoint }) => endpoint.credential.weight }),
  );
}

const first = <Item>(items: readonly Item[], chosen: Item | undefined): Item[] =>
  chosen === undefined ? [...items] : [chosen, ...items.filter((item) => item !== chosen)];
