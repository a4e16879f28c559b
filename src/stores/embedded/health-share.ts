import type { DatabaseSync } from 'node:sqlite';
import { changeKey, type HealthChange } from '../../routing/health/change.ts';
import { createShareFailure } from '../health-share-failure.ts';
import { shareForMs, type HealthShare, type HealthShareOptions } from '../health-share.ts';
import { createLatestChanges } from '../latest-changes.ts';
import { createChangeTable, type ChangeTable } from './change-table.ts';
import { openPrivateDatabase } from './private-file.ts';

export interface EmbeddedHealthShareOptions extends HealthShareOptions {
  /** Path of a SQLite file for this alone, beside the store: all gateways of one machine have it open, which the store itself admits to one. */
  path: string;
  /** How often to look for news, in milliseconds. */
  intervalMs?: number;
}

/** Shares through a SQLite file, among the gateways of one machine. Its timer keeps no process alive. */
export function createEmbeddedHealthShare({ path, now, onChange, onEvent, intervalMs = 250 }: EmbeddedHealthShareOptions): HealthShare {
  const known = createLatestChanges(now);
  const failure = createShareFailure(
    path,
    'Make its folder writable and see that the disk has room; the file may be removed while no gateway runs.',
    onEvent,
  );
  /** Changes still to be written, the last of each thing. */
  const waiting = new Map<string, HealthChange>();
  let open: { database: DatabaseSync; table: ChangeTable } | undefined;
  let soon: NodeJS.Immediate | undefined;
  let isClosed = false;
  let busySince: number | undefined;

  function openTable(): ChangeTable {
    if (open !== undefined) return open.table;
    const database = openPrivateDatabase(path, 0); // where another process writes, the next try is soon enough
    try {
      open = { database, table: createChangeTable(database) };
    } catch (error) {
      database.close();
      throw error;
    }
    return open.table;
  }

  function exchange(): void {
    try {
      const table = openTable();
      write(table);
      for (const change of table.news()) if (known.take(change)) onChange(change);
      busySince = undefined;
      failure.worked();
    } catch (error) {
      if (isBusy(error)) stillBusy(error);
      else giveUp(error);
    }
  }

  /** Writing takes a moment. Whoever takes longer does not share, but keeps the file. */
  function stillBusy(error: unknown): void {
    busySince ??= now();
    if (now() - busySince > longestBusyMs) failure.failed(error);
  }

  function write(table: ChangeTable): void {
    if (waiting.size === 0) return;
    table.write([...waiting.values()], now() - shareForMs);
    waiting.clear();
  }

  /** Opens the file anew next time, and then tells all that is known: it may be another file. */
  function giveUp(error: unknown): void {
    letGo();
    for (const change of known.all()) waiting.set(changeKey(change), change);
    failure.failed(error);
  }

  function letGo(): void {
    const database = open?.database;
    open = undefined;
    try {
      database?.close();
    } catch {
      // It was broken; there is nothing left to save.
    }
  }

  const timer = setInterval(exchange, intervalMs).unref();
  exchange();

  return {
    publish(change) {
      if (isClosed || !known.take(change)) return;
      waiting.set(changeKey(change), change);
      soon ??= setImmediate(() => {
        soon = undefined;
        exchange();
      });
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      clearInterval(timer);
      clearImmediate(soon);
      try {
        if (waiting.size > 0) {
          const table = openTable();
          open?.database.exec(`PRAGMA busy_timeout = ${lastTryMs}`);
          write(table);
        }
      } catch (error) {
        failure.failed(error);
      }
      letGo();
    },
  };
}

/** How long another process may be writing before that is worth telling, in milliseconds. */
const longestBusyMs = 5000;

/** How long the last try waits for another process, in milliseconds. */
const lastTryMs = 200;

/** SQLite's primary code for a file that another process is writing (https://www.sqlite.org/rescode.html#busy). */
const busy = 5;

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === busy;
