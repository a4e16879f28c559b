import type { VirtualKey } from '../../identity/virtual-key.ts';
import type { Budget, Limit } from '../../policies/terms.ts';

/** A key as text: the same for keys that are equal, in whatever order their fields are. */
export const writeKey = (key: VirtualKey): string => JSON.stringify(key, inOrder);

/** Fields by name, and amounts, which are beyond what JSON counts, as text. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A key as JSON has it: what is undefined is absent, and amounts are text. */
interface WrittenKey extends Partial<Omit<VirtualKey, 'budgets'>> {
  budgets: (Omit<Budget, 'amount'> & { amount: string })[];
}

/** The key of a text that `writeKey` wrote. */
export function readKey(text: string): VirtualKey {
  const key = JSON.parse(text) as WrittenKey & VirtualKeyEssentials;
  return {
    id: key.id,
    name: key.name,
    tenant: key.tenant,
    user: key.user,
    hash: key.hash,
    previous: key.previous,
    createdAt: key.createdAt,
    expiresAt: key.expiresAt,
    disabledAt: key.disabledAt,
    removedAt: key.removedAt,
    models: key.models,
    networks: key.networks,
    limits: key.limits.map(readLimit),
    budgets: key.budgets.map((budget) => ({ ...budget, model: budget.model, provider: budget.provider, amount: BigInt(budget.amount) })),
  };
}

type VirtualKeyEssentials = Pick<VirtualKey, 'id' | 'name' | 'tenant' | 'hash' | 'createdAt' | 'limits'>;

const readLimit = ({ of, amount, per, model, provider }: Limit): Limit => ({ of, amount, per, model, provider });
