import type { BreakerOptions } from './breaker-options.ts';
import { dropProbe, grown, nextLevel, type OnRest, type Rest } from './rest.ts';
import { createSlidingCounts, type SlidingCounts } from './sliding-counts.ts';
import type { RestReason } from './standing.ts';

/**
 * Gives a deployment a rest while it fails or is slow. It counts attempts while it is closed; opens for a rest; and after it lets one request
 * at a time through, until one succeeds. An attempt from before the last rest no longer counts, whenever it ends.
 * Options come with each call, since a change of the config may bring others.
 */
export interface Breaker {
  /** The rest it is in, or that is over without proof that the deployment works; undefined while it is closed. */
  readonly rest: Rest | undefined;
  /** An attempt was answered. Times of starts are in milliseconds since 1970. */
  succeeded(startedAt: number, options: BreakerOptions): void;
  failed(startedAt: number, options: BreakerOptions): void;
  /** An answer was as long in coming as told; it is proof that a deployment works again, unless it was slow. */
  measured(ms: number, startedAt: number, options: BreakerOptions): void;
  /** Share of the attempts within the window that failed; undefined where there were none. */
  failureRate(): number | undefined;
  /** Takes over what another process found; undefined where that found it working. */
  adopt(rest: Rest | undefined): void;
}

export interface BreakerDeps {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Yields numbers from 0 up to 1. */
  random: () => number;
  onRest: OnRest;
}

type Counts = SlidingCounts<'attempts' | 'failures' | 'measured' | 'slow'>;

/** A breaker, closed at first. */
export function createBreaker({ now, random, onRest }: BreakerDeps): Breaker {
  let rest: Rest | undefined;
  /** The last rest that is over, and when it was. */
  let past: { rest: Rest; closedAt: number } | undefined;
  let failuresInRow = 0;
  let counts: { of: Counts; windowMs: number } | undefined;

  function countsFor({ windowMs }: BreakerOptions): Counts {
    if (counts?.windowMs !== windowMs) counts = { of: createSlidingCounts(['attempts', 'failures', 'measured', 'slow'], windowMs), windowMs };
    return counts.of;
  }

  function open(reason: RestReason, level: number, options: BreakerOptions): void {
    const longest = grown(options.openMs, level, options.longestOpenMs);
    // Up to a fifth shorter, so that what opened together is not probed together; still longer than the one before.
    const since = now();
    rest = { reason, since, untilMs: since + longest * (1 - 0.2 * random()), level, probeSince: undefined };
    forget();
    onRest('began', rest);
  }

  function close(): void {
    if (rest === undefined) return;
    past = { rest, closedAt: now() };
    rest = undefined;
    onRest('over', past.rest);
  }

  function forget(): void {
    failuresInRow = 0;
    counts?.of.clear();
  }

  /** After a rest, a deployment that soon fails again gets a longer one: closing and opening in turns is no health. */
  function levelNow({ windowMs }: BreakerOptions): number {
    if (past === undefined) return 0;
    const calmMs = Math.max(windowMs, 2 * (past.rest.untilMs - past.rest.since));
    return now() - past.closedAt < calmMs ? nextLevel(past.rest) : 0;
  }

  function openIfDue(options: BreakerOptions): void {
    const count = countsFor(options);
    const total = (name: Parameters<Counts['total']>[0]): number => count.total(name, now());
    const isOften = (some: number, all: number, rate: number): boolean => some > 0 && all >= options.minRequests && some >= rate * all;
    if (failuresInRow >= options.consecutiveFailures || isOften(total('failures'), total('attempts'), options.failureRate)) {
      open('failing', levelNow(options), options);
    } else if (isOften(total('slow'), total('measured'), options.slowRate)) {
      open('slow', levelNow(options), options);
    }
  }

  /** Whether an attempt began too early to say anything of how it is now. */
  const isStale = (startedAt: number): boolean => startedAt < (rest?.since ?? past?.rest.since ?? -Infinity);

  /** A failure in the middle of a rest makes it no longer: whoever calls then knows what he does. */
  function failedAgain(reason: RestReason, resting: Rest, options: BreakerOptions): void {
    if (now() >= resting.untilMs) open(reason, nextLevel(resting), options);
  }

  /** Whether it is still slow, only a measurement says. */
  function answeredAfter(resting: Rest, startedAt: number, { slowMs }: BreakerOptions): void {
    if (resting.reason === 'slow' && slowMs !== undefined) dropProbe(resting, startedAt);
    else close();
  }

  return {
    get rest() {
      return rest;
    },
    succeeded(startedAt, options) {
      if (isStale(startedAt)) return;
      if (rest !== undefined) return answeredAfter(rest, startedAt, options);
      failuresInRow = 0;
      countsFor(options).add('attempts', now());
      openIfDue(options);
    },
    failed(startedAt, options) {
      if (isStale(startedAt)) return;
      if (rest !== undefined) return failedAgain('failing', rest, options);
      failuresInRow += 1;
      countsFor(options).add('attempts', now());
      countsFor(options).add('failures', now());
      openIfDue(options);
    },
    measured(ms, startedAt, options) {
      if (isStale(startedAt)) return;
      const isSlow = options.slowMs !== undefined && ms > options.slowMs;
      if (rest !== undefined) return isSlow ? failedAgain('slow', rest, options) : close();
      if (options.slowMs === undefined) return;
      countsFor(options).add('measured', now());
      if (isSlow) countsFor(options).add('slow', now());
      openIfDue(options);
    },
    failureRate() {
      const attempts = counts?.of.total('attempts', now()) ?? 0;
      return attempts === 0 ? undefined : (counts?.of.total('failures', now()) ?? 0) / attempts;
    },
    adopt(theirs) {
      if (rest === undefined && theirs === undefined) return;
      if (rest !== undefined && theirs === undefined) past = { rest, closedAt: now() };
      rest = theirs;
      forget();
    },
  };
}
