import { type AuditRecord, type Store } from '../store.ts';
import { createBudgetStore } from './budget-store.ts';
import { createRedisConnection } from './connection.ts';
import { createKeyStore } from './key-store.ts';
import { createLedgerReader } from './ledger-reader.ts';
import { appendAuditScript, firstScript, listAuditScript } from './lua/keys.ts';
import { syncScript } from './lua/sync.ts';
import { toScript, valuesOf } from './script.ts';
import { readSyncReply, toSyncArguments } from './sync-request.ts';

export interface RedisStoreOptions {
  /** `redis://` or `rediss://`, with credentials and the number of the database where there are such. */
  url: string;
  /** What all names of keys begin with, in braces: gateways of one prefix are one. */
  prefix?: string;
  /** In milliseconds since 1970. */
  now: () => number;
  /** How long entries are kept, in milliseconds. */
  keepEntriesMs?: number;
  onEvent?: (event: RedisStoreEvent) => void;
  /** Whose clock tells who is dead, and fills rates: that of Redis, so that a gateway whose clock is wrong harms nobody, or the `now` of each sync, for tests. */
  clock?: 'redis' | 'caller';
}

/** `store-warning`: a sentence that says what is set up badly, and how to mend it. */
export interface RedisStoreEvent {
  type: 'store-warning';
  message: string;
}

const defaultKeepEntriesMs = 400 * 86_400_000;
const keptAuditRecords = 10_000;

const sync = toScript(syncScript);
const [appendAudit, listAudit, first] = [toScript(appendAuditScript), toScript(listAuditScript), toScript(firstScript)];

/**
 * A store in a Redis (6.2 or newer, no cluster), for gateways on several hosts. It begins to connect at once; a call that Redis does not answer is rejected within some 3 seconds.
 *
 * It is as durable as the Redis: with `appendonly yes` and `appendfsync everysec`, a crash loses up to a second. What a Redis loses (it restarts empty, or fails over to a replica
 * that lacks the last writes) is lost: budgets then begin with what the entries that are left add up to, virtual keys and audit go with it. Gateways are told (`wasForgotten`),
 * send what they had not booked yet, and say anew what they use; what they held of budgets may be leased to others once more, so a budget may be overspent by it.
 *
 * Memory: some 0.4 to 1 kB for each entry, for `keepEntriesMs`.
 */
export function createRedisStore(options: RedisStoreOptions): Store {
  const { url, prefix = 'remora', now, keepEntriesMs: keepMs = defaultKeepEntriesMs, onEvent, clock = 'redis' } = options;
  const root = `{${prefix}}:`;
  const connection = createRedisConnection({ url, root, onWarning: (message) => onEvent?.({ type: 'store-warning', message }) });
  const timeOf = (ms: number = now()): string => (clock === 'redis' ? '' : String(ms));
  const budgets = createBudgetStore(connection, timeOf);
  return {
    async sync(request) {
      const reply = await connection.run(sync, toSyncArguments(request, { time: timeOf(request.now), keepMs }), true);
      return readSyncReply(reply, request.moves);
    },
    keys: createKeyStore(connection),
    budgets,
    ledger: createLedgerReader({ connection, root, now, keepMs, budgets }),
    audit: {
      append: async (record) => void (await connection.run(appendAudit, [JSON.stringify(record), keptAuditRecords], false)),
      async list(limit) {
        const reply = await connection.run(listAudit, [limit], true);
        return valuesOf(reply).map((text) => JSON.parse(String(text)) as AuditRecord);
      },
    },
    first: async (name, untilMs) => (await connection.run(first, [name, Math.max(1, Math.ceil(untilMs - now()))], false)) === 1,
    close: () => connection.close(),
  };
}
