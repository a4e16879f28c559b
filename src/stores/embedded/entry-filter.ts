import type { LedgerEntry } from '../entry.ts';
import type { EntryFilter } from '../quota.ts';

/** The condition of SQL that entries of a filter meet, and the values it is given. */
export interface Condition {
  sql: string;
  values: string[];
}

/** Tells entries by their columns. */
export function conditionOf({ tenant, key, user, served, provider }: EntryFilter): Condition {
  const terms: string[] = [];
  const values: string[] = [];
  const add = (term: string, ...with_: string[]): void => {
    terms.push(term);
    values.push(...with_);
  };
  // A user that is not empty is found by the index of those.
  if (user !== undefined) add(user === '' ? 'user = ?' : `user <> '' AND user = ?`, user);
  if (key !== undefined) add('key = ?', key);
  if (served !== undefined) add('served = ?', served);
  if (provider !== undefined) add('provider = ?', provider);
  // What the first one lets through by mistake, such as the name `,`, the second does not.
  if (tenant !== undefined) add('instr(tenants, ?) AND EXISTS (SELECT 1 FROM json_each(tenants) WHERE value = ?)', JSON.stringify(tenant), tenant);
  return { sql: terms.length === 0 ? 'TRUE' : terms.join(' AND '), values };
}

/** Whether an entry has all that is named. */
export const isMeant = (entry: LedgerEntry, { tenant, key, user, served, provider }: EntryFilter): boolean =>
  (tenant === undefined || entry.tenants.includes(tenant)) &&
  (key === undefined || entry.key === key) &&
  (user === undefined || entry.user === user) &&
  (served === undefined || entry.served === served) &&
  (provider === undefined || entry.provider === provider);

/** What an entry adds to a quota of a unit. */
export const amountOf = ({ costNanos, usage }: LedgerEntry, unit: 'nanos' | 'tokens'): number =>
  unit === 'nanos' ? costNanos : usage.inputTokens + usage.outputTokens;
