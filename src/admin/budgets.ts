import { z } from 'zod';
import type { Snapshot } from '../config/snapshot.ts';
import type { EntryFilter } from '../stores/quota.ts';
import type { BudgetStanding, Store } from '../stores/store.ts';
import { dollarsOf, nanosOf } from '../usage/money.ts';
import { AdminError } from './admin-error.ts';
import { record } from './audit.ts';
import { parsed } from './key-input.ts';

/** How a budget stands in its period. Amounts are exact decimal text: dollars, or whole tokens. */
export interface BudgetView {
  id: string;
  unit: 'dollars' | 'tokens';
  /** As the last gateway said that used it, grace included. */
  limit: string;
  /** Added by an admin for this period. */
  extra: string;
  spent: string;
  /** Leased to gateways that live: held by requests under way, or ready for the next ones. */
  held: string;
  /** Leased to gateways that died: perhaps spent, and nobody's until it is released. */
  dead: string;
  /** What can still be leased. */
  left: string;
  /** Of what it is the budget. */
  counts: EntryFilter;
  /** ISO 8601, from (inclusive) to (exclusive); `to` is null for a budget that never begins afresh. */
  period: { from: string; to: string | null };
}

/** What admins see and do of budgets. Everything throws AdminError, or StoreError where the store is out of reach. */
export interface BudgetAdmin {
  /** Budgets in their period that a gateway has used; those of one tenant and its keys where it is named. */
  list(tenant?: string): Promise<BudgetView[]>;
  /** Adds to what may be spent in this period (or takes away, where negative). */
  topUp(input: unknown, by: string): Promise<BudgetView>;
  /** Frees what dead gateways hold; what they spent unbooked is then lost. */
  release(input: unknown, by: string): Promise<BudgetView>;
}

export interface BudgetAdminDeps {
  store: Pick<Store, 'budgets' | 'audit' | 'keys'>;
  snapshot: () => Pick<Snapshot, 'keys'>;
  now: () => number;
}

const reason = z.string().refine((text) => text.trim() !== '' && text.length <= 500, 'must say why, in 500 characters at most');
const topUpSchema = z.strictObject({ id: z.string(), amount: z.string(), reason });
const releaseSchema = z.strictObject({ id: z.string(), reason });

export function createBudgetAdmin({ store, snapshot, now }: BudgetAdminDeps): BudgetAdmin {
  async function found(id: string): Promise<BudgetStanding> {
    const standing = (await store.budgets.list(now())).find((each) => each.id === id);
    return standing ?? missing(id);
  }

  /** Ids of the keys that a tenant has. */
  async function keysOf(tenant: string): Promise<Set<string>> {
    const { keys } = await store.keys.all();
    return new Set([...snapshot().keys, ...keys].flatMap((key) => (key.tenant === tenant ? [key.id] : [])));
  }

  async function done(id: string, by: string, action: string, detail: Record<string, string>): Promise<BudgetView> {
    await record(store, { at: now(), by, action, subject: id, detail });
    return viewOf(await found(id));
  }

  return {
    async list(tenant) {
      const all = (await store.budgets.list(now())).toSorted((a, b) => a.id.localeCompare(b.id));
      if (tenant === undefined) return all.map(viewOf);
      const keys = await keysOf(tenant);
      return all.filter(({ counts }) => counts.tenant === tenant || (counts.key !== undefined && keys.has(counts.key))).map(viewOf);
    },
    async topUp(input, by) {
      const { id, amount, reason: why } = parsed(topUpSchema, input);
      const { unit } = await found(id);
      if (!(await store.budgets.topUp(id, amountOf(amount, unit)))) missing(id);
      return done(id, by, 'budget.top-up', { amount, unit: unitNames[unit], reason: why });
    },
    async release(input, by) {
      const { id, reason: why } = parsed(releaseSchema, input);
      const { dead, unit } = await found(id);
      if (!(await store.budgets.releaseDead(id))) missing(id);
      return done(id, by, 'budget.release', { released: amountText(dead, unit), unit: unitNames[unit], reason: why });
    },
  };
}

function missing(id: string): never {
  throw new AdminError('not-found', `There is no budget ${id.slice(0, 200)} in its period; list the budgets for their ids.`);
}

const unitNames = { nanos: 'dollars', tokens: 'tokens' } as const;

const amountText = (amount: bigint, unit: BudgetStanding['unit']): string => (unit === 'nanos' ? dollarsOf(amount) : amount.toString());

function amountOf(text: string, unit: BudgetStanding['unit']): bigint {
  const amount = unit === 'nanos' ? nanosOf(text) : /^-?\d{1,15}$/.test(text) ? BigInt(text) : undefined;
  if (amount !== undefined && amount !== 0n) return amount;
  const example = unit === 'nanos' ? 'dollars as text, such as "250.00"' : 'whole tokens as text, such as "1000000"';
  throw new AdminError('invalid-request', `"amount" must be ${example}; a negative amount takes away.`);
}

function viewOf({ id, unit, limit, extra, spent, leased, dead, left, counts, from, to }: BudgetStanding): BudgetView {
  const text = (amount: bigint): string => amountText(amount, unit);
  return {
    id,
    unit: unitNames[unit],
    limit: text(limit),
    extra: text(extra),
    spent: text(spent),
    held: text(leased - dead),
    dead: text(dead),
    left: text(left),
    counts,
    period: { from: new Date(from).toISOString(), to: to > lastInstant ? null : new Date(to).toISOString() },
  };
}

/** The last moment that a date can be (ECMA-262, section 21.4.1.1). */
const lastInstant = 8_640_000_000_000_000;
