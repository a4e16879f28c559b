import type { VirtualKey } from '../identity/virtual-key.ts';
import type { LedgerEntry } from './entry.ts';
import type { BudgetQuota, Quota, RateQuota, SlotsQuota } from './quota.ts';
import type { Move, QuotaState, Store, SyncReply, SyncRequest } from './store.ts';

/** When tests of stores take place, unless they say otherwise. */
export const storeAt = Date.UTC(2026, 10, 15, 12);

let entries = 0;

/** An entry for tests; each has an id of its own. */
export function entry(fields: Partial<LedgerEntry> = {}): LedgerEntry {
  entries += 1;
  const id = fields.id ?? `exchange-${entries}`;
  return {
    id,
    exchange: id,
    kind: 'exchange',
    tenants: ['acme', 'marketing'],
    user: '',
    key: 'key_website',
    protocol: 'openai-chat',
    model: 'fast',
    served: 'gpt-5-mini',
    route: '',
    provider: 'openai',
    deployment: 'openai/gpt-5-mini',
    providerModel: 'gpt-5-mini-2026-08-07',
    attempts: 1,
    usage: {
      inputTokens: 10,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      cacheWrite1hTokens: 0,
      inputAudioTokens: 0,
      outputTokens: 5,
      reasoningTokens: 0,
      outputAudioTokens: 0,
      serviceTier: '',
    },
    costNanos: 1,
    priceVersion: 'catalogue 0.1.8',
    estimated: false,
    unpriced: false,
    cache: 'none',
    end: 'complete',
    status: 200,
    reason: '',
    step: '',
    experiments: [],
    labels: {},
    startedAt: storeAt,
    endedAt: storeAt + 1000,
    ...fields,
  };
}

/** Marketing's money of November 2026, unless told otherwise. */
export const budget = (fields: Partial<BudgetQuota> = {}): BudgetQuota => ({
  kind: 'budget',
  id: 'budget:marketing:2026-11',
  limit: 1000n,
  unit: 'nanos',
  counts: { tenant: 'marketing' },
  from: Date.UTC(2026, 10, 1),
  to: Date.UTC(2026, 11, 1),
  ...fields,
});

/** A hundred requests in a hundred seconds, unless told otherwise. */
export const rate = (fields: Partial<RateQuota> = {}): RateQuota => ({
  kind: 'rate',
  id: 'rate:marketing',
  limit: 100n,
  refillMs: 100_000,
  ...fields,
});

/** Ten places, unless told otherwise. */
export const slots = (fields: Partial<SlotsQuota> = {}): SlotsQuota => ({ kind: 'slots', id: 'slots:marketing', limit: 10n, ...fields });

/** What is to become of a quota: nothing, but for what is told. */
export const move = (quota: Quota, fields: Partial<Omit<Move, 'quota'>> = {}): Move => ({
  quota,
  overdraft: 0,
  spent: 0,
  back: 0,
  need: 0,
  want: 0,
  idle: 0,
  ...fields,
});

/** A key for tests. */
export const virtualKey = (fields: Partial<VirtualKey> = {}): VirtualKey => ({
  id: 'key_website',
  name: 'Website',
  tenant: 'marketing',
  user: undefined,
  hash: 'a'.repeat(64),
  previous: undefined,
  createdAt: storeAt,
  expiresAt: undefined,
  disabledAt: undefined,
  removedAt: undefined,
  models: undefined,
  networks: undefined,
  limits: [],
  budgets: [],
  ...fields,
});

/** A gateway process as a store knows it. */
export interface Gateway {
  /** Syncs with the next number. */
  sync(request?: Partial<Omit<SyncRequest, 'holder' | 'number'>>): Promise<SyncReply>;
  /** Syncs one quota. */
  move(quota: Quota, fields?: Partial<Omit<Move, 'quota'>>, now?: number): Promise<QuotaState>;
  /** Syncs what it synced last once more. */
  repeat(changes?: Partial<SyncRequest>): Promise<SyncReply>;
}

/** One that has not synced yet. */
export function createGateway(store: Store, holder: string): Gateway {
  let last: SyncRequest = { holder, number: 0, now: storeAt, entries: [], moves: [] };
  const sync: Gateway['sync'] = (request = {}) => {
    last = { holder, now: storeAt, entries: [], moves: [], ...request, number: last.number + 1 };
    return store.sync(last);
  };
  return {
    sync,
    async move(quota, fields, now = storeAt) {
      const [state] = (await sync({ now, moves: [move(quota, fields)] })).states;
      if (state === undefined) throw new Error('the store did not say how the quota stands');
      return state;
    },
    repeat: (changes) => store.sync({ ...last, ...changes }),
  };
}

/** All entries of a span, read page by page. */
export async function readEntries(store: Store, span = { from: 0, to: Number.MAX_SAFE_INTEGER }, filter = {}): Promise<LedgerEntry[]> {
  return (await Array.fromAsync(store.ledger.entries(span, filter))).flat();
}
