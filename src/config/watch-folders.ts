import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Tells of changes to files by watching their folders: editors and Kubernetes put another file in a name's place. */
export interface FolderWatch {
  /** Sets the files, by their whole paths; call it again from time to time, for folders that did not exist or could not be watched. */
  watch(files: readonly string[]): void;
  close(): void;
}

/** Watches nothing yet. `changed` may be called more often than anything changes. */
export function createFolderWatch(changed: () => void): FolderWatch {
  const watched = new Map<string, { watcher: FSWatcher; names: Set<string> }>();

  function add(folder: string, names: Set<string>): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (name === null || isRelevant(name, watched.get(folder)?.names)) changed();
      });
      watcher.on('error', () => remove(folder));
      watched.set(folder, { watcher, names });
    } catch {
      // There is no such folder, or the system has no watches left: whoever watches looks by itself now and then.
    }
  }

  function remove(folder: string): void {
    watched.get(folder)?.watcher.close();
    watched.delete(folder);
  }

  return {
    watch(files) {
      const wanted = Map.groupBy(files, dirname);
      for (const folder of watched.keys()) if (!wanted.has(folder)) remove(folder);
      for (const [folder, inside] of wanted) {
        const names = new Set(inside.map((file) => basename(file)));
        const known = watched.get(folder);
        if (known === undefined) add(folder, names);
        else known.names = names;
      }
    },
    close() {
      for (const folder of watched.keys()) remove(folder);
    },
  };
}

/** Kubernetes changes none of the files of a mounted ConfigMap or Secret, but the link `..data` beside them, which they lead through. */
const isRelevant = (name: string, names: ReadonlySet<string> | undefined): boolean => names?.has(name) === true || name.startsWith('..');
