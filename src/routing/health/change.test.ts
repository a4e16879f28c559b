import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createChangeLog } from './change-log.ts';
import { isLater, readChange, restFrom, type HealthChange } from './change.ts';
import { testClock } from './clock.fixture.ts';
import type { Rest } from './rest.ts';

const change: HealthChange = { kind: 'breaker', id: 'openai/gpt-5-mini', reason: 'failing', untilMs: 5000, level: 1, at: 1000, by: 'a' };
const rest: Rest = { reason: 'failing', since: 0, untilMs: 5000, level: 1, probeSince: undefined };

test('a change comes through JSON as it was, with and without a rest', () => {
  const { reason: _, ...over } = change;
  for (const one of [change, over]) expect(readChange(JSON.stringify(one))).toEqual(one);
});

test.each([
  'no JSON',
  'null',
  '"text"',
  '[]',
  JSON.stringify({ ...change, kind: 'other' }),
  JSON.stringify({ ...change, reason: 'tired' }),
  JSON.stringify({ ...change, id: 5 }),
  JSON.stringify({ ...change, by: undefined }),
  JSON.stringify({ ...change, untilMs: 'soon' }),
  JSON.stringify({ ...change, level: -1 }),
  JSON.stringify({ ...change, at: null }),
])('%s is no change', (text) => {
  expect(readChange(text)).toBeUndefined();
});

const anyStamp = fc.record({ at: fc.nat(3), by: fc.constantFrom('a', 'b', 'c') });

test('of two changes, the same one counts everywhere', () => {
  fc.assert(
    fc.property(anyStamp, anyStamp, (one, other) => {
      const isSame = one.at === other.at && one.by === other.by;
      expect([isLater(one, other), isLater(other, one)].filter(Boolean).length).toBe(isSame ? 0 : 1);
    }),
  );
});

test('what happens here counts over all that is known, even where our clock is behind', () => {
  const clock = testClock();
  const log = createChangeLog({ now: clock.now, by: 'us' });
  const theirs = { ...change, at: clock.now() + 60_000 };
  expect(log.counts(theirs)).toBe(true);
  const ours = log.happened('breaker', change.id, 'began', rest);
  expect(isLater(ours, theirs)).toBe(true);
  expect(log.counts({ ...theirs, at: theirs.at - 1 })).toBe(false);
});

test('what we said ourselves is no news', () => {
  const clock = testClock();
  const log = createChangeLog({ now: clock.now, by: 'us' });
  expect(log.counts({ ...change, by: 'us', at: clock.now() })).toBe(false);
});

test('a rest that is over has neither reason nor end', () => {
  const log = createChangeLog({ now: () => 1000, by: 'us' });
  expect(log.happened('set-aside', 'openai', 'over', rest)).toEqual({ kind: 'set-aside', id: 'openai', untilMs: 0, level: 1, at: 1000, by: 'us' });
});

test('a rest is never longer here than it was meant to be, but for a tenth, wherever the clocks stand', () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(100_000), fc.nat(200_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (at, lengthMs, now, chance) => {
      const here = restFrom({ ...change, at, untilMs: at + lengthMs }, now, () => chance);
      expect((here?.untilMs ?? Infinity) - now).toBeLessThanOrEqual(1.1 * lengthMs);
    }),
  );
});

test('processes that heard of one rest end it apart', () => {
  const ends = [0, 0.5].map((chance) => restFrom({ ...change, at: 0, untilMs: 1000 }, 0, () => chance)?.untilMs);
  expect(ends).toEqual([1000, 1050]);
});

test('the end of a rest means none', () => {
  const { reason: _, ...over } = change;
  expect(restFrom(over, 0, () => 0)).toBeUndefined();
});
