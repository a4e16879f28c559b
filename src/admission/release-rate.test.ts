import { expect, test } from 'vitest';
import { ReleaseRate } from './release-rate.ts';

/** A rate after a while of full places, one of which came free every so often. */
function releasing(everyMs: number, forMs: number): ReleaseRate {
  const rate = new ReleaseRate();
  rate.full(0);
  for (let at = everyMs; at <= forMs; at += everyMs) rate.released(at);
  return rate;
}

test('tells how long so many places take to come free', () => {
  expect(releasing(500, 20_000).secondsFor(1, 20_000)).toBe(1);
  expect(releasing(500, 20_000).secondsFor(20, 20_000)).toBe(10);
  expect(releasing(4000, 20_000).secondsFor(5, 20_000)).toBeOneOf([19, 20]); // the last one counts a little more
});

test('is never under a second nor over a minute', () => {
  expect(releasing(1, 1000).secondsFor(1, 1000)).toBe(1);
  expect(releasing(5000, 20_000).secondsFor(1000, 20_000)).toBe(60);
});

test('knows nothing at first, and says a second', () => {
  expect(new ReleaseRate().secondsFor(1, 5000)).toBe(1);
});

test('grows while nothing comes free', () => {
  const rate = releasing(100, 1000);
  expect([1000, 10_000, 60_000].map((at) => rate.secondsFor(10, at))).toEqual([1, 12, 60]);
});

test('forgets: what is slow now counts more than what was fast a few minutes ago', () => {
  const rate = releasing(100, 10_000);
  for (let at = 20_000; at <= 300_000; at += 10_000) rate.released(at);
  expect(rate.secondsFor(1, 300_000)).toBeGreaterThanOrEqual(8);
});

test('time in which there was room does not count', () => {
  const rate = releasing(500, 20_000);
  rate.roomy(20_000);
  rate.full(10_000_000);
  expect(rate.secondsFor(20, 10_000_000)).toBe(10);
});

test('a clock that was set back does no harm', () => {
  const rate = releasing(500, 20_000);
  expect(rate.secondsFor(20, 0)).toBe(10);
});
