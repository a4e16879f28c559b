import type { BookedEntry } from './entry-table.ts';

/** Most entries per transaction: one write holds up the process for about 4 ms. */
const batchSize = 200;

/** Entries on their way to the disk: gathered while requests run, written together a little later. */
export interface EntryQueue {
  readonly length: number;
  push(booked: BookedEntry): void;
  /** Those not written yet, oldest first. */
  waiting(): readonly BookedEntry[];
  /** Writes all now. Throws what `write` throws; what it did not write stays. */
  flush(): void;
  /** Writes nothing more by itself. */
  stop(): void;
}

export interface EntryQueueOptions {
  /** Writes all entries it gets, or throws and writes none. */
  write(booked: readonly BookedEntry[]): void;
  /** How long an entry waits, and how long after a failure the next try comes. */
  flushIntervalMs: number;
  /** Hears of the first failure in a row. */
  onFailure(error: unknown): void;
  /** Hears of the first success after one. */
  onRecovery(): void;
}

/** Nothing runs while the queue is empty, and its timer keeps no process alive. */
export function createEntryQueue({ write, flushIntervalMs, onFailure, onRecovery }: EntryQueueOptions): EntryQueue {
  let entries: BookedEntry[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isFailing = false;
  let isStopped = false;

  function schedule(delayMs: number): void {
    if (isStopped || timer !== undefined || entries.length === 0) return;
    timer = setTimeout(onTimer, delayMs).unref();
  }

  function onTimer(): void {
    timer = undefined;
    try {
      writeBatch();
      schedule(0); // what did not fit has waited as long
    } catch {
      schedule(flushIntervalMs); // reported by writeBatch
    }
  }

  function writeBatch(): void {
    const batch = entries.slice(0, batchSize);
    try {
      write(batch);
    } catch (error) {
      if (!isFailing) onFailure(error);
      isFailing = true;
      throw error;
    }
    entries = entries.slice(batch.length);
    if (isFailing) onRecovery();
    isFailing = false;
  }

  return {
    get length() {
      return entries.length;
    },
    push(booked) {
      entries.push(booked);
      schedule(flushIntervalMs);
    },
    waiting: () => entries,
    flush() {
      while (entries.length > 0) writeBatch();
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
