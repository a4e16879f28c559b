import type { VirtualKey } from '../identity/virtual-key.ts';
import type { Budget, Limit, Step } from '../policies/terms.ts';
import { dollarsOf } from '../usage/money.ts';

/** A virtual key as admins see it, with limits and budgets as they are written. It tells nothing that helps to guess the key. */
export interface KeyView {
  id: string;
  name: string;
  tenant: string;
  user: string | null;
  /** `config`: declared in the config file, and changed there. `store`: made here. */
  source: 'config' | 'store';
  /** `no-tenant`: the config has no such tenant (any more), so the key is refused. */
  state: 'active' | 'disabled' | 'expired' | 'no-tenant';
  /** All times are ISO 8601, in UTC. */
  createdAt: string | null;
  expiresAt: string | null;
  disabledAt: string | null;
  /** Until when the key is valid that was there before it was rotated. */
  previousUntil: string | null;
  /** Null for all that the tenant may. */
  models: readonly string[] | null;
  /** Null for all. */
  networks: readonly string[] | null;
  limits: readonly Record<string, unknown>[];
  budgets: readonly Record<string, unknown>[];
}

export interface ViewOptions {
  source: KeyView['source'];
  now: number;
  hasTenant: boolean;
}

export function viewOf(key: VirtualKey, { source, now, hasTenant }: ViewOptions): KeyView {
  const { previous } = key;
  return {
    id: key.id,
    name: key.name,
    tenant: key.tenant,
    user: key.user ?? null,
    source,
    state: stateOf(key, now, hasTenant),
    createdAt: source === 'config' ? null : iso(key.createdAt),
    expiresAt: iso(key.expiresAt),
    disabledAt: source === 'config' ? null : iso(key.disabledAt),
    previousUntil: previous !== undefined && previous.until > now ? iso(previous.until) : null,
    models: key.models ?? null,
    networks: key.networks ?? null,
    limits: key.limits.map(writtenLimit),
    budgets: key.budgets.map(writtenBudget),
  };
}

function stateOf({ disabledAt, expiresAt }: VirtualKey, now: number, hasTenant: boolean): KeyView['state'] {
  if (disabledAt !== undefined) return 'disabled';
  if (expiresAt !== undefined && expiresAt <= now) return 'expired';
  return hasTenant ? 'active' : 'no-tenant';
}

const iso = (instant: number | undefined): string | null => (instant === undefined ? null : new Date(instant).toISOString());

const filterOf = ({ model, provider }: Pick<Limit, 'model' | 'provider'>): Record<string, string> => ({
  ...(model !== undefined && { model }),
  ...(provider !== undefined && { provider }),
});

/** A limit as the config and the API take it. */
const writtenLimit = (limit: Limit): Record<string, unknown> => ({
  [limit.of]: limit.amount,
  ...(limit.per !== undefined && { per: limit.per }),
  ...filterOf(limit),
});

/** A budget as the config and the API take it. */
const writtenBudget = (budget: Budget): Record<string, unknown> => ({
  ...(budget.unit === 'nanos' ? { amount: Number(dollarsOf(budget.amount)) } : { tokens: Number(budget.amount) }),
  per: budget.per,
  ...filterOf(budget),
  ...(budget.grace > 0 && { grace: percent(budget.grace) }),
  ...(budget.ladder.length > 0 && { ladder: budget.ladder.map(writtenStep) }),
});

const percent = (share: number): string => `${Number((share * 100).toFixed(4))}%`;

function writtenStep({ at, does }: Step): Record<string, unknown> {
  const begins = { at: percent(at) };
  switch (does.type) {
    case 'warn':
      return { ...begins, warn: true };
    case 'effort':
      return { ...begins, effort: does.effort };
    case 'max-tokens':
      return { ...begins, maxTokens: does.maxTokens };
    case 'use':
      return { ...begins, use: does.model };
    case 'queue':
      return { ...begins, queue: `${does.waitMs}ms` };
    case 'deny':
      return { ...begins, deny: true };
  }
}
