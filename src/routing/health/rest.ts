import { good, type RestReason, type Standing } from './standing.ts';

/** A time in which something is not called, and what comes after it until it has proven itself. Times are in milliseconds since 1970. */
export interface Rest {
  reason: RestReason;
  /** When it began. Attempts from before say nothing of what came after it. */
  since: number;
  untilMs: number;
  /** How many rests came in a row before it. */
  level: number;
  /** When the probe that is out was let; undefined where none is. */
  probeSince: number | undefined;
}

/** Hears of a rest that began, of one that was made longer, and of one that is over. */
export type OnRest = (news: 'began' | 'longer' | 'over', rest: Rest) => void;

/** How long a probe may take to show how it goes before another one is let, in milliseconds. */
export const probePatienceMs = 30_000;

/** Above it rests grow no further: their length is at its limit long before. */
const highestLevel = 30;

/** The level of the rest that follows one. */
export const nextLevel = ({ level }: Rest): number => Math.min(level + 1, highestLevel);

/** Twice as long per level, in milliseconds. */
export const grown = (firstMs: number, level: number, longestMs: number): number => Math.min(firstMs * 2 ** level, longestMs);

/** What a rest means for the next request. A limit that is over needs no probe: the provider has said when it is. */
export function standingOf(rest: Rest | undefined, now: number): Standing {
  if (rest === undefined) return good;
  const { reason, untilMs, probeSince } = rest;
  if (now < untilMs) return { type: 'resting', reason, untilMs };
  if (reason === 'limited') return good;
  if (isProbed(rest, now)) return { type: 'resting', reason, untilMs: (probeSince ?? now) + probePatienceMs };
  return { type: 'probe', reason };
}

const isProbed = ({ probeSince }: Rest, now: number): boolean => probeSince !== undefined && now < probeSince + probePatienceMs;

/** Lets the one probe of each rest that is over; false where it is not the time. */
export function claimProbe(rests: readonly Rest[], now: number): boolean {
  if (standingAfter(rests, now).type === 'resting') return false;
  for (const rest of rests) if (standingOf(rest, now).type === 'probe') rest.probeSince = now;
  return true;
}

/** An attempt from then on told nothing. If it was the probe, another one may go at once. */
export function dropProbe(rest: Rest | undefined, startedAt: number): void {
  if (rest?.probeSince !== undefined && startedAt >= rest.probeSince) rest.probeSince = undefined;
}

/** What several rests mean together: the one that keeps more requests away counts, and of two that do the longer. */
export const standingAfter = (rests: readonly (Rest | undefined)[], now: number): Standing =>
  rests.reduce<Standing>((standing, rest) => worse(standing, standingOf(rest, now)), good);

const severity: Record<Standing['type'], number> = { good: 0, probe: 1, resting: 2 };

function worse(one: Standing, other: Standing): Standing {
  if (one.type === 'resting' && other.type === 'resting') return one.untilMs >= other.untilMs ? one : other;
  return severity[one.type] >= severity[other.type] ? one : other;
}
