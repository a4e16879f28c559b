import { randomBytes } from 'node:crypto';
import { AdminError } from '../admin/admin-error.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { openStore } from '../stores/open-store.ts';
import { StoreError, type Store } from '../stores/store.ts';
import { QueryError } from '../usage/query-error.ts';
import { loadForStore } from './config.ts';
import { UserError } from './user-error.ts';

/** What commands say: results, and what is said about them. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
}

export const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

/** What commands work with that read and change what gateways share. */
export interface Tools {
  store: Store;
  snapshot: () => Snapshot;
  now: () => number;
  randomBytes: (size: number) => Buffer;
}

/** Opens the store that a config names, whether a gateway runs or not, and lets go of it after the work. Throws UserError, ConfigError. */
export async function withStore<Result>(config: string, say: Terminal, work: (tools: Tools) => Promise<Result>): Promise<Result> {
  const snapshot = loadForStore(config);
  let store: Store | undefined;
  try {
    store = openStore(snapshot.store, Date.now, (message) => say.err(`warning: ${message}\n`));
    return await work({ store, snapshot: () => snapshot, now: Date.now, randomBytes });
  } catch (error) {
    if (error instanceof AdminError || error instanceof QueryError || error instanceof StoreError) throw new UserError(error.message, error);
    throw error;
  } finally {
    await store?.close();
  }
}
