import { StoreError } from '../store.ts';

/** SQLite's primary result codes that we explain (https://www.sqlite.org/rescode.html). */
const sqlite = { busy: 5, corrupt: 11, notADatabase: 26 } as const;

/** What else can be done about a file that cannot be the store. */
export const choosePath = 'Otherwise choose another path for the store in the config.';

/** Whether another process is writing the file right now. */
export const isBusy = (error: unknown): boolean => primaryCode(error) === sqlite.busy;

/** Says what to do about a file that cannot be opened. */
export function cannotOpen(path: string, error: unknown): StoreError {
  switch (primaryCode(error)) {
    case sqlite.busy:
      return new StoreError(`${path} is locked by another process. Stop that process. ${choosePath}`, error);
    case sqlite.notADatabase:
      return new StoreError(`${path} is not a SQLite database. Move the file away. ${choosePath}`, error);
    case sqlite.corrupt:
      return new StoreError(`${path} is damaged. Put a backup in its place. ${choosePath}`, error);
    default:
      return new StoreError(
        `${path} cannot be opened as the store (${reasonOf(error)}). Make its folder writable and see that the disk has room. ${choosePath}`,
        error,
      );
  }
}

/** Says what to do about an open file that cannot be read or written any more; an error that is not SQLite's is a bug, and stays what it is. */
export function cannotUse(path: string, error: unknown): unknown {
  switch (primaryCode(error)) {
    case undefined:
      return error;
    case sqlite.busy:
      return new StoreError(`The store ${path} cannot be written: another process has locked it for seconds. End what locks the file.`, error);
    case sqlite.notADatabase:
    case sqlite.corrupt:
      return new StoreError(`The store ${path} is damaged (${reasonOf(error)}). Stop the gateway and put a backup in its place.`, error);
    default:
      return new StoreError(
        `The store ${path} cannot be used (${reasonOf(error)}). Make room on the disk, and see that the file can be written.`,
        error,
      );
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function primaryCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}
