import { deploymentId, type Deployment } from './deployment.ts';

/** Most attempts that a chain may have; Envoy makes them one after the other. */
export const maxChainLength = 8;

/** Most accounts of one provider that a request is tried at, the first one included. */
const maxAccounts = 3;

/** What one target gives to a chain: its accounts in order, and how often the first one is tried again before the next. */
export interface Link {
  accounts: readonly Deployment[];
  retries: number;
}

/**
 * Joins links to a chain that Envoy can make. No deployment is in two links.
 * Where there is not room for all, every target keeps its first account, and earlier ones their second and third.
 */
export function joined(links: readonly Link[]): Deployment[] {
  const seen = new Set<string>();
  const groups = links.flatMap(({ accounts, retries }) => {
    const fresh = accounts.filter((account) => !seen.has(deploymentId(account))).slice(0, maxAccounts);
    for (const account of fresh) seen.add(deploymentId(account));
    const [first] = fresh;
    return first === undefined ? [] : [[...Array.from({ length: retries }, () => first), ...fresh]];
  });
  const kept = groups.slice(0, maxChainLength);
  let room = maxChainLength - kept.length;
  return kept.flatMap((group) => {
    const taken = group.slice(0, 1 + room);
    room -= taken.length - 1;
    return taken;
  });
}
