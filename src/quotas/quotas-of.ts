import { createHash } from 'node:crypto';
import { windows, type Budget, type Limit, type Terms } from '../policies/terms.ts';
import type { BudgetQuota, EntryFilter, RateQuota, SlotsQuota } from '../stores/quota.ts';
import { periodOf } from './period.ts';

/** The quotas that somebody's requests are held to. */
export interface TermsQuotas {
  /** One for each of the limits, in their order. */
  readonly limits: readonly (RateQuota | SlotsQuota)[];
  /** One for each of the budgets, in their order, in the periods that hold an instant (milliseconds since 1970). */
  budgets(now: number): readonly BudgetQuota[];
}

/** Made once for each terms object: it goes when the terms go. */
const known = new WeakMap<Terms, TermsQuotas>();

/** The quotas of somebody's terms. Within a period the same objects are given again. */
export function quotasOf(terms: Terms): TermsQuotas {
  let found = known.get(terms);
  if (found === undefined) {
    found = new CachedQuotas(terms);
    known.set(terms, found);
  }
  return found;
}

class CachedQuotas implements TermsQuotas {
  readonly limits: readonly (RateQuota | SlotsQuota)[];
  readonly #terms: Terms;
  #budgets: readonly BudgetQuota[] = [];
  /** All budgets stay in their periods from then (inclusive) to then (exclusive). */
  #from = Number.POSITIVE_INFINITY;
  #to = Number.NEGATIVE_INFINITY;

  constructor(terms: Terms) {
    this.#terms = terms;
    this.limits = terms.limits.map((limit) => (limit.of === 'concurrent' ? slotsQuota(terms.owner, limit) : rateQuota(terms.owner, limit)));
  }

  budgets(now: number): readonly BudgetQuota[] {
    if (now >= this.#from && now < this.#to) return this.#budgets;
    const { owner, budgets } = this.#terms;
    this.#budgets = budgets.map((budget) => budgetQuota(owner, budget, now));
    this.#from = Math.max(Number.NEGATIVE_INFINITY, ...this.#budgets.map(({ from }) => from));
    this.#to = Math.min(Number.POSITIVE_INFINITY, ...this.#budgets.map(({ to }) => to));
    return this.#budgets;
  }
}

/** What a budget of an owner (see `Terms.owner`) is in the period that holds an instant (milliseconds since 1970). */
export function budgetQuota(owner: string, { amount, unit, per, timeZone, model, provider, grace }: Budget, now: number): BudgetQuota {
  const { name, from, to } = periodOf(now, per, timeZone);
  const zone = per === 'total' ? [] : [timeZone];
  return {
    kind: 'budget',
    id: idOf('budget', owner, [unit === 'nanos' ? 'usd' : unit, per, ...(per === 'total' ? [] : [name]), ...zone], { model, provider }),
    limit: amount + (amount * BigInt(Math.round(grace * shares))) / BigInt(shares),
    unit,
    counts: { ...(model !== undefined && { served: model }), ...(provider !== undefined && { provider }), ...entriesOf(owner) },
    from,
    to,
  };
}

/** What a limit of requests or tokens per time is. */
export function rateQuota(owner: string, { of, amount, per = 'minute', model, provider }: Limit): RateQuota {
  return { kind: 'rate', id: idOf('rate', owner, [of, per], { model, provider }), limit: BigInt(amount), refillMs: windows[per] };
}

/** What a limit of requests at once is. */
export function slotsQuota(owner: string, { amount, model, provider }: Limit): SlotsQuota {
  return { kind: 'slots', id: idOf('slots', owner, [], { model, provider }), limit: BigInt(amount) };
}

/** Shares are exact to a billionth. */
const shares = 1_000_000_000;

/** Longer names of owners are shortened by a hash: users' names can be of any length. */
const longestOwner = 200;

function idOf(kind: string, owner: string, fields: readonly string[], filter: { model: string | undefined; provider: string | undefined }): string {
  const filters = Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${escape(value)}`]));
  return [kind, escape(shorten(owner)), ...fields, ...filters].join('|');
}

const escape = (name: string): string => name.replaceAll('%', '%25').replaceAll('|', '%7C');

function shorten(owner: string): string {
  if (owner.length <= longestOwner) return owner;
  return `${owner.slice(0, longestOwner - 64)}#${createHash('sha256').update(owner).digest('hex')}`;
}

/** Which entries of the ledger are an owner's. */
function entriesOf(owner: string): EntryFilter {
  const [kind, name] = cut(owner, ':');
  switch (kind) {
    case 'tenant':
      return { tenant: name };
    case 'key':
      return { key: name };
    case 'user': {
      const [tenant, user] = cut(name, '/');
      return { tenant, user };
    }
    case 'model':
      return { served: name };
    case 'provider':
      return { provider: name };
    default:
      throw new Error(`${owner} owns no budgets.`);
  }
}

function cut(text: string, at: string): [before: string, after: string] {
  const index = text.indexOf(at);
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
