import { readLimits, type Limit } from './limit-headers.ts';

/** How much of its vendor's limits a deployment has left. */
export interface Headroom {
  /** Takes over what headers (by lower-case name) tell that came at a time, in milliseconds since 1970, unless later ones have told already. */
  read(headers: ReadonlyMap<string, string>, at: number): void;
  /** The smallest share left, 0 to 1; a limit whose reset is past is whole again. Undefined where the vendor tells nothing. */
  left(): number | undefined;
}

/** `now` is in milliseconds since 1970. */
export function createHeadroom(now: () => number): Headroom {
  const limits = new Map<string, Limit>();
  let readAt = -Infinity;
  return {
    read(headers, at) {
      if (at < readAt) return;
      const told = readLimits(headers, at);
      if (told.length > 0) readAt = at;
      for (const limit of told) limits.set(limit.name, limit);
    },
    left() {
      if (limits.size === 0) return undefined;
      const at = now();
      let least = 1;
      for (const { share, resetsAt } of limits.values()) if (at < resetsAt) least = Math.min(least, share);
      return least;
    },
  };
}
