import type { DatabaseSync } from 'node:sqlite';
import type { AuditRecord } from '../store.ts';

/** What admins did, in the database. Within a transaction only. */
export interface AuditTable {
  append(record: AuditRecord): void;
  /** The latest ones first. */
  list(limit: number): AuditRecord[];
}

/** Prepares the statements on a migrated database. */
export function createAuditTable(database: DatabaseSync): AuditTable {
  const insert = database.prepare('INSERT INTO audit (at, by, action, subject, detail) VALUES (?, ?, ?, ?, ?)');
  const select = database.prepare('SELECT at, by, action, subject, detail FROM audit ORDER BY at DESC, number DESC LIMIT ?');
  return {
    append({ at, by, action, subject, detail }) {
      insert.run(Math.floor(at), by, action, subject, JSON.stringify(detail));
    },
    list: (limit) =>
      select.all(limit).map((row) => ({
        at: Number(row['at']),
        by: String(row['by']),
        action: String(row['action']),
        subject: String(row['subject']),
        detail: JSON.parse(String(row['detail'])) as AuditRecord['detail'],
      })),
  };
}
