import { StoreError, type Hold, type Ledger, type LedgerEntry } from '../ledger.ts';
import { periodOf } from '../period.ts';
import { createAccounts, type Account } from './accounts.ts';
import { createEntryQueue } from './entry-queue.ts';
import { createEntryTable } from './entry-table.ts';
import { openStoreFile } from './open.ts';

export interface EmbeddedLedgerOptions {
  /** Path of the SQLite file; it and its folder are created where absent. */
  path: string;
  /** Milliseconds since 1970. */
  now: () => number;
  /** How long an entry may wait for the disk: what a kill -9 can lose. */
  flushIntervalMs?: number;
  /** How many entries may wait while the disk fails. */
  maxQueuedEntries?: number;
  /** Hears when writing starts to fail (once, not per try) and when it works again. */
  onEvent: (event: StoreEvent) => void;
}

/** `dropped` counts entries of tenants without a hold that came while the queue was full: neither kept nor in any total. */
export type StoreEvent = { type: 'write-failed'; error: StoreError } | { type: 'write-recovered'; dropped: number };

/**
 * A ledger in one SQLite file, for one process. Spend and holds live in memory and are read from the file at start; entries are written in batches.
 * While the disk fails, entries wait and requests go on. With the queue full, nothing is reserved any more (`reserve` throws) and entries without a hold are dropped;
 * entries with one are always kept, so what a budget paid for is never lost while the process lives. Throws StoreError where the file cannot be used.
 */
export function createEmbeddedLedger(options: EmbeddedLedgerOptions): Ledger {
  const { path, now, flushIntervalMs = 200, maxQueuedEntries = 100_000, onEvent } = options;
  const file = openStoreFile(path);
  const table = createEntryTable(file.database);
  let lastId = table.lastId();
  let dropped = 0;
  let isClosed = false;

  const queue = createEntryQueue({
    write: table.append,
    flushIntervalMs,
    onFailure: (error) => onEvent({ type: 'write-failed', error: cannotWrite(error) }),
    onRecovery() {
      onEvent({ type: 'write-recovered', dropped });
      dropped = 0;
    },
  });

  const accounts = createAccounts((period) => {
    const spend = table.totals(period);
    for (const waiting of queue.waiting()) {
      const { tenant, costNanos } = waiting.entry;
      if (waiting.period === period) spend.set(tenant, (spend.get(tenant) ?? 0n) + BigInt(costNanos));
    }
    return spend;
  });
  const accountNow = (tenant: string): Account => accounts.of(periodOf(now()), tenant);

  function book(period: string, entry: LedgerEntry): void {
    if (isClosed) throw new StoreError('The ledger is closed: an exchange settled after the gateway had stopped.');
    accounts.charge(period, entry.tenant, entry.costNanos);
    lastId += 1;
    queue.push({ id: lastId, period, entry });
  }

  async function flush(): Promise<void> {
    try {
      queue.flush();
    } catch (error) {
      throw cannotWrite(error);
    }
  }

  function cannotWrite(error: unknown): StoreError {
    const reason = error instanceof Error ? error.message : String(error);
    const mend = 'Make room on the disk, or end what locks the file, before the gateway stops.';
    return new StoreError(`The ledger ${path} cannot be written (${reason}); entries waiting in memory: ${queue.length}. ${mend}`, error);
  }

  accountNow(''); // reads the file now rather than under the first request

  return {
    reserve({ tenant, amountNanos, limitNanos }) {
      if (queue.length >= maxQueuedEntries) throw new StoreError(`The ledger ${path} cannot be written, and its queue is full.`);
      const period = periodOf(now());
      const account = accounts.of(period, tenant);
      const amount = BigInt(amountNanos);
      if (account.spent + account.reserved + amount > limitNanos) return undefined;
      account.reserved += amount;
      return createHold(
        amountNanos,
        () => (account.reserved -= amount),
        (entry) => book(period, entry),
      );
    },
    spent: (tenant) => accountNow(tenant).spent,
    reserved: (tenant) => accountNow(tenant).reserved,
    record(entry) {
      if (queue.length < maxQueuedEntries) book(periodOf(entry.startedAt), entry);
      else dropped += 1;
    },
    flush,
    async close() {
      if (isClosed) return;
      isClosed = true;
      queue.stop();
      try {
        await flush();
      } finally {
        file.close();
      }
    },
  };
}

function createHold(amountNanos: number, free: () => void, book: (entry: LedgerEntry) => void): Hold {
  let isOpen = true;
  function end(): boolean {
    if (!isOpen) return false;
    isOpen = false;
    free();
    return true;
  }
  return {
    amountNanos,
    settle(entry) {
      const isFirst = end();
      if (isFirst) book(entry);
      return isFirst;
    },
    release: end,
  };
}
