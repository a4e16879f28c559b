/** How full the bucket of a rate is. */
export interface Bucket {
  /** What is in it and not leased, in units times `refillMs`, so that no fraction is lost. Below 0: what was used beyond it has to fill first. */
  level: bigint;
  /** When it was filled to `level`, in milliseconds since 1970. */
  filledAt: number;
  /** The time it fills in, which `level` is reckoned with. */
  refillMs: number;
}

/** A full one. */
export const fullBucket = (limit: bigint, refillMs: number, now: number): Bucket => ({ level: limit * BigInt(refillMs), filledAt: now, refillMs });

/** Calls may come later than others that were sent after them, by this many milliseconds at most. */
const lateMs = 60_000;

/** The bucket at a later time, and of a size that may have changed. What is leased keeps its place in it. A clock that goes back changes nothing, but that the bucket fills from there on. */
export function refill(bucket: Bucket, limit: bigint, refillMs: number, leased: bigint, now: number): Bucket {
  const level = bucket.refillMs === refillMs ? bucket.level : (bucket.level * BigInt(refillMs)) / BigInt(bucket.refillMs);
  const filled = level + limit * BigInt(Math.max(0, now - bucket.filledAt));
  const room = limit > leased ? (limit - leased) * BigInt(refillMs) : 0n;
  return { level: filled < room ? filled : room, filledAt: bucket.filledAt - now > lateMs ? now : Math.max(now, bucket.filledAt), refillMs };
}

/** Whole units that are in it. */
export const contentOf = ({ level, refillMs }: Bucket): bigint => (level > 0n ? level / BigInt(refillMs) : 0n);

/** Puts units in, or takes them out (negative), whatever its size. */
export const pour = (bucket: Bucket, units: bigint): Bucket => ({ ...bucket, level: bucket.level + units * BigInt(bucket.refillMs) });
