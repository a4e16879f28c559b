import type { VirtualKey } from '../identity/virtual-key.ts';

/** The text that is kept of a virtual key: the same for the same key, whatever the order of its fields, so that texts can be compared. */
export const toKeyText = (key: VirtualKey): string => JSON.stringify(key, canonical);

/** The key of such a text. Throws SyntaxError where it is none. */
export function fromKeyText(text: string): VirtualKey {
  // Only `toKeyText` writes these; the version of the store says in which form.
  const key = JSON.parse(text, toBigInt) as VirtualKey;
  return {
    ...absentKey,
    ...key,
    limits: key.limits.map((limit) => ({ ...absentLimit, ...limit })),
    budgets: key.budgets.map((budget) => ({ ...absentBudget, ...budget })),
  };
}

/** Hashes that a key is known by. */
export const hashesOf = ({ hash, previous }: VirtualKey): string[] => (previous === undefined ? [hash] : [hash, previous.hash]);

function canonical(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { bigint: String(value) };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const toBigInt = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'bigint' in value && typeof value.bigint === 'string' ? BigInt(value.bigint) : value;

/** JSON leaves these out. */
const absentKey = {
  user: undefined,
  previous: undefined,
  expiresAt: undefined,
  disabledAt: undefined,
  removedAt: undefined,
  models: undefined,
  networks: undefined,
};
const absentLimit = { per: undefined, model: undefined, provider: undefined };
const absentBudget = { model: undefined, provider: undefined };
