import type { KeyStore } from '../stores/store.ts';
import type { Keyring } from './keyring.ts';

/** Keeps a keyring as the store has it. */
export interface StoredKeys {
  close(): void;
}

export interface StoredKeysOptions {
  keys: Pick<KeyStore, 'all' | 'since'>;
  keyring: Pick<Keyring, 'useStored' | 'change'>;
  /** Told once when the store cannot be asked, and once when it can again. */
  onEvent: (event: { type: 'keys-unreachable'; error: unknown } | { type: 'keys-reachable' }) => void;
  /** How often the store is asked for what has changed, in milliseconds: by then a new key works, and a disabled one does not. */
  intervalMs?: number;
}

/**
 * Loads all virtual keys of the store, and then what changes. Its timer keeps no process alive.
 * Where the store cannot be asked, the keys that are known stay valid as they were; at the start none of the store's is, until it can.
 */
export async function followStoredKeys({ keys, keyring, onEvent, intervalMs = 500 }: StoredKeysOptions): Promise<StoredKeys> {
  let version: number | undefined;
  let isFailing = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    try {
      if (version === undefined) {
        const loaded = await keys.all();
        if (!isClosed) keyring.useStored(loaded.keys);
        version = loaded.version;
      } else {
        const news = await keys.since(version);
        if (!isClosed && news.keys.length > 0) keyring.change(news.keys);
        version = news.version;
      }
      if (isFailing) onEvent({ type: 'keys-reachable' });
      isFailing = false;
    } catch (error) {
      if (!isFailing && !isClosed) onEvent({ type: 'keys-unreachable', error });
      isFailing = true;
    }
    if (!isClosed) timer = setTimeout(() => void look(), intervalMs).unref();
  }

  await look();
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
