import type { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { StoreError } from '../store.ts';
import { cannotUse, isBusy } from './failure.ts';

/** Runs what reads and writes the file, each step as one transaction. Rejects with StoreError where the file cannot be used; then nothing was written. */
export interface Transactions {
  /** What reads sees one state of the file throughout. */
  read<Result>(step: () => Result): Promise<Result>;
  /** What writes keeps other writers out meanwhile, so it is short. */
  write<Result>(step: () => Result): Promise<Result>;
  /** Every later step rejects. */
  close(): void;
}

/**
 * While another process writes, a step is tried again a little later, and the event loop goes on.
 * The steps themselves are synchronous, so those of one process never mix. `onUndone` hears that a step has failed, and nothing of it was written.
 */
export function createTransactions(database: DatabaseSync, path: string, onUndone: () => void): Transactions {
  let isClosed = false;

  function attempt<Result>(begin: string, step: () => Result): Result {
    if (isClosed) throw new StoreError(`The store ${path} is closed.`);
    database.exec(begin);
    try {
      const result = step();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      onUndone();
      // SQLite has rolled back by itself after the graver errors.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  async function run<Result>(begin: string, step: () => Result): Promise<Result> {
    for (let waitedMs = 0, attempts = 0; ; attempts += 1) {
      try {
        return attempt(begin, step);
      } catch (error) {
        if (!isBusy(error) || waitedMs >= longestBusyMs) throw cannotUse(path, error);
      }
      const delayMs = delayAfter(attempts);
      waitedMs += delayMs;
      await setTimeout(delayMs);
    }
  }

  return {
    read: (step) => run('BEGIN', step),
    write: (step) => run('BEGIN IMMEDIATE', step),
    close() {
      isClosed = true;
    },
  };
}

/** How long other processes may keep the file to themselves before that is an error, in milliseconds. */
const longestBusyMs = 2000;

/** 1 to 24 ms, and other ones in each process, so that two do not keep meeting. */
const delayAfter = (attempts: number): number => 1 + ((attempts * (3 + (process.pid % 5)) + process.pid) % Math.min(4 + 4 * attempts, 24));
