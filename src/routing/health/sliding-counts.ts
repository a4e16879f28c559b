/** Counts of what happened within the last while, in a fixed number of buckets, however much that is. */
export interface SlidingCounts<Name extends string> {
  add(name: Name, at: number): void;
  /** What was added within the window that ends now; its first tenth may be left out. */
  total(name: Name, now: number): number;
  clear(): void;
}

const bucketCount = 10;

/** Times are in milliseconds. A clock that is set back finds what it counted before. */
export function createSlidingCounts<const Name extends string>(names: readonly Name[], windowMs: number): SlidingCounts<Name> {
  const bucketMs = Math.max(windowMs, bucketCount) / bucketCount;
  /** Which stretch of time a bucket holds, by number. */
  const stretches = new Float64Array(bucketCount).fill(-Infinity);
  const counts = new Map(names.map((name) => [name, new Float64Array(bucketCount)]));

  function bucketOf(stretch: number): number {
    const bucket = stretch % bucketCount;
    if (stretches[bucket] !== stretch) {
      stretches[bucket] = stretch;
      for (const buckets of counts.values()) buckets[bucket] = 0;
    }
    return bucket;
  }

  return {
    add(name, at) {
      const bucket = bucketOf(Math.floor(at / bucketMs));
      const buckets = counts.get(name);
      if (buckets !== undefined) buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    },
    total(name, now) {
      const current = Math.floor(now / bucketMs);
      const buckets = counts.get(name);
      let sum = 0;
      for (let bucket = 0; bucket < bucketCount; bucket += 1) {
        const age = current - (stretches[bucket] ?? -Infinity);
        if (age >= 0 && age < bucketCount) sum += buckets?.[bucket] ?? 0;
      }
      return sum;
    },
    clear() {
      stretches.fill(-Infinity);
    },
  };
}
