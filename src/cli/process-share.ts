import type { Snapshot } from '../config/snapshot.ts';
import type { Place } from './sidecar-messages.ts';

/**
 * What one of several processes goes by: its share of the limits that each process counts for itself, the first one with the remainder, and what rests is known to all: by a file beside the store, or by its Redis.
 * A limit of less than one for each is one for each.
 */
export function shareOfProcess(snapshot: Snapshot, place: Pick<Place, 'index' | 'count'> | undefined): Snapshot {
  if (place === undefined) return snapshot;
  const { resilience, endpoints, store } = snapshot;
  const share = (limit: number): number => Math.max(1, Math.floor(limit / place.count) + (place.index === 0 ? limit % place.count : 0));
  return {
    ...snapshot,
    resilience: {
      ...resilience,
      maxConcurrent: resilience.maxConcurrent && share(resilience.maxConcurrent),
      queue: resilience.queue && { ...resilience.queue, max: share(resilience.queue.max) },
      share: resilience.share ?? (store.kind === 'embedded' ? { path: `${store.path}.health` } : { redis: store.url }),
    },
    endpoints: new Map(
      [...endpoints].map(([name, [first, ...others]]) => [
        name,
        [{ ...first, maxConcurrent: first.maxConcurrent && share(first.maxConcurrent) }, ...others],
      ]),
    ),
  };
}
