import { createEmbeddedStore } from './embedded/store.ts';
import { createRedisStore } from './redis/store.ts';
import type { Store } from './store.ts';

/** Where a store is, as the config names it. */
export type StorePlace = ({ kind: 'embedded'; path: string } | { kind: 'redis'; url: string }) & { keepEntriesMs: number | undefined };

/** Opens the store of a config; several processes may do so at once. `warn` takes a sentence about what is set up badly. Throws StoreError where a file cannot be used. */
export function openStore(place: StorePlace, now: () => number, warn: (message: string) => void): Store {
  const keep = place.keepEntriesMs === undefined ? {} : { keepEntriesMs: place.keepEntriesMs };
  if (place.kind === 'embedded') return createEmbeddedStore({ path: place.path, now, ...keep });
  return createRedisStore({ url: place.url, now, ...keep, onEvent: ({ message }) => warn(message) });
}
