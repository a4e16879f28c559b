import type { DatabaseSync } from 'node:sqlite';
import type { VirtualKey } from '../../identity/virtual-key.ts';
import { fromKeyText, hashesOf, toKeyText } from '../virtual-key-text.ts';

/** Virtual keys in the database. Within a transaction only. */
export interface KeyTable {
  version(): number;
  /** Those changed after a version, in the order of their changes. */
  since(version: number): VirtualKey[];
  /** See `KeyStore.put`. */
  put(key: VirtualKey, before: VirtualKey | undefined): boolean;
}

/** Prepares the statements on a migrated database. */
export function createKeyTable(database: DatabaseSync): KeyTable {
  const selectVersion = database.prepare('SELECT coalesce(max(version), 0) AS version FROM keys');
  const selectSince = database.prepare('SELECT key FROM keys WHERE version > ? ORDER BY version');
  const select = database.prepare('SELECT key FROM keys WHERE id = ?');
  const upsert = database.prepare('INSERT OR REPLACE INTO keys (id, version, key) VALUES (?, ?, ?)');
  const selectHash = database.prepare('SELECT 1 FROM key_hashes WHERE hash = ? AND key <> ?');
  const removeHashes = database.prepare('DELETE FROM key_hashes WHERE key = ?');
  const insertHash = database.prepare('INSERT OR IGNORE INTO key_hashes (hash, key) VALUES (?, ?)');
  const version = (): number => Number(selectVersion.get()?.['version']);
  return {
    version,
    since: (after) => selectSince.all(after).map((row) => fromKeyText(String(row['key']))),
    put(key, before) {
      const known = select.get(key.id)?.['key'];
      if (known !== (before === undefined ? undefined : toKeyText(before))) return false;
      const hashes = hashesOf(key);
      if (hashes.some((hash) => selectHash.get(hash, key.id) !== undefined)) return false;
      removeHashes.run(key.id);
      for (const hash of hashes) insertHash.run(hash, key.id);
      upsert.run(key.id, version() + 1, toKeyText(key));
      return true;
    },
  };
}
