import { grown, nextLevel, type OnRest, type Rest } from './rest.ts';
import type { Complaint } from './verdict.ts';

/** How long what a provider complains of is left alone, in milliseconds: longer each time that it still complains. */
const lengths: Record<Complaint['reason'], { firstMs: number; longestMs: number }> = {
  limited: { firstMs: 1000, longestMs: 60_000 },
  'out-of-money': { firstMs: 60_000, longestMs: 1_800_000 },
  refused: { firstMs: 60_000, longestMs: 1_800_000 },
};

/** A provider may ask for more: a limit by the day asks for hours. We look again after this long, in milliseconds. */
const longestToldMs = 3_600_000;

/** Leaves an account, or one deployment of it, alone while the provider will not have it. */
export interface SetAside {
  /** The time it is left alone, or that is over without a success since; undefined while all is well. */
  readonly rest: Rest | undefined;
  /** The provider complained at an attempt that began then (milliseconds since 1970), and said how long to wait (milliseconds), if it did. */
  complained(reason: Complaint['reason'], startedAt: number, waitMs: number | undefined): void;
  /** An attempt was answered. */
  succeeded(startedAt: number): void;
  /** Takes over what another process found; undefined where that found it working. */
  adopt(rest: Rest | undefined): void;
}

/** One that leaves nothing alone at first. `now` is in milliseconds since 1970. */
export function createSetAside({ now, onRest }: { now: () => number; onRest: OnRest }): SetAside {
  let rest: Rest | undefined;

  function begin(reason: Complaint['reason'], level: number, waitMs: number | undefined): void {
    const { firstMs, longestMs } = lengths[reason];
    const since = now();
    rest = { reason, since, untilMs: since + told(waitMs, grown(firstMs, level, longestMs)), level, probeSince: undefined };
    onRest('began', rest);
  }

  /** Attempts that were under way together complain together: that makes the rest no longer, unless the provider asks for more. */
  function complainedMeanwhile(resting: Rest, reason: Complaint['reason'], waitMs: number | undefined): void {
    const { firstMs } = lengths[reason];
    const untilMs = now() + told(waitMs, firstMs);
    if (reason !== resting.reason) {
      if (untilMs > resting.untilMs) begin(reason, 0, waitMs);
    } else if (waitMs !== undefined && untilMs > resting.untilMs) {
      resting.untilMs = untilMs;
      onRest('longer', resting);
    }
  }

  return {
    get rest() {
      return rest;
    },
    complained(reason, startedAt, waitMs) {
      if (rest === undefined) return begin(reason, 0, waitMs);
      if (now() < rest.untilMs) return complainedMeanwhile(rest, reason, waitMs);
      if (startedAt >= rest.since) begin(reason, rest.reason === reason ? nextLevel(rest) : 0, waitMs);
    },
    succeeded(startedAt) {
      if (rest === undefined || startedAt < rest.since) return;
      const over = rest;
      rest = undefined;
      onRest('over', over);
    },
    adopt(theirs) {
      rest = theirs;
    },
  };
}

/** A wait of no time at all says nothing. */
const told = (waitMs: number | undefined, usualMs: number): number =>
  waitMs === undefined || waitMs === 0 ? usualMs : Math.min(waitMs, longestToldMs);
