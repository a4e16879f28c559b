import type { DatabaseSync } from 'node:sqlite';
import type { Quota } from '../quota.ts';
import { deadAfterMs } from '../store.ts';

/** What the store knows of a gateway process. */
export interface Holder {
  /** Of the last call that was applied. */
  number: number;
  /** `dead`: silent for too long. `left`: it said that it ends. */
  state: 'live' | 'dead' | 'left';
  /** What the last call was answered. */
  wasForgotten: boolean;
}

/** What a call was granted, by kind and id of the quota. */
export type Granted = Partial<Record<Quota['kind'], Record<string, number>>>;

/** The gateway processes. Within a transaction only. */
export interface HolderTable {
  get(id: string): Holder | undefined;
  /** What a process was granted by its last call. */
  granted(id: string): Granted;
  put(id: string, holder: Holder, granted: Granted, now: number): void;
  /** Those that live and have been silent for too long; from now on they are dead, and nothing is known of what they were granted but of budgets. */
  takeDead(now: number): string[];
  /** Ids of those that live; where a time is given, of those that have been heard of since then, in milliseconds since 1970. */
  living(since?: number): Set<string>;
  /** Forgets those that have been gone for long and hold nothing. */
  clean(now: number): void;
}

/** Prepares the statements on a migrated database. */
export function createHolderTable(database: DatabaseSync): HolderTable {
  const select = database.prepare('SELECT number, state, was_forgotten FROM holders WHERE id = ?');
  const selectGranted = database.prepare('SELECT granted FROM holders WHERE id = ?');
  const upsert = database.prepare('INSERT OR REPLACE INTO holders (id, number, seen_at, state, was_forgotten, granted) VALUES (?, ?, ?, ?, ?, ?)');
  const selectDead = database.prepare(`SELECT id FROM holders WHERE state = 'live' AND seen_at < ?`);
  const kill = database.prepare(`UPDATE holders SET state = 'dead', granted = json_remove(granted, '$.rate', '$.slots') WHERE id = ?`);
  const selectLiving = database.prepare(`SELECT id FROM holders WHERE state = 'live' AND seen_at >= ?`);
  const remove = database.prepare(
    `DELETE FROM holders WHERE state <> 'live' AND seen_at < ? AND NOT EXISTS (SELECT 1 FROM leases WHERE leases.holder = holders.id)`,
  );
  return {
    get(id) {
      const row = select.get(id);
      if (row === undefined) return undefined;
      return { number: Number(row['number']), state: row['state'] as Holder['state'], wasForgotten: row['was_forgotten'] === 1 };
    },
    granted: (id) => JSON.parse(String(selectGranted.get(id)?.['granted'] ?? '{}')) as Granted,
    put(id, { number, state, wasForgotten }, granted, now) {
      upsert.run(id, number, now, state, Number(wasForgotten), JSON.stringify(granted));
    },
    takeDead(now) {
      const dead = selectDead.all(now - deadAfterMs).map((row) => String(row['id']));
      for (const id of dead) kill.run(id);
      return dead;
    },
    living: (since = 0) => new Set(selectLiving.all(since).map((row) => String(row['id']))),
    clean(now) {
      remove.run(now - rememberMs);
    },
  };
}

/** How long the number of a process that is gone is remembered: it may repeat its last call until then. In milliseconds. */
const rememberMs = 86_400_000;
