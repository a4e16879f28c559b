import type { Policy } from './policy.ts';

/** The order of policies on the way to the provider. Answers pass them in reverse, so originals are restored last; so do the ends of exchanges. Routing stands between those that see the request and those that see the chain. */
const order = [
  'metrics', // sees what clients see
  'limits', // refusals are cheap as long as nothing was read
  'redact', // nothing after this line sees personal data
  'budget', // reserves at the price of the dearest deployment of the chain, so it must know the chain
] as const;

/** Policies in the order above. Throws for one that has no place in it. */
export function inOrder(policies: readonly Policy[]): Policy[] {
  const place = ({ name }: Policy): number => {
    const index = order.findIndex((each) => each === name);
    if (index === -1) throw new Error(`policy "${name}" has no place in policies/order.ts`);
    return index;
  };
  const placed = policies.map((policy) => ({ policy, at: place(policy) }));
  return placed.toSorted((a, b) => a.at - b.at).map(({ policy }) => policy);
}
