import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSlidingCounts } from './sliding-counts.ts';

test('counts what happened within the window, give or take a tenth of it', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3000), { maxLength: 100 }), (gaps) => {
      const counts = createSlidingCounts(['hits'], 10_000);
      const times: number[] = [];
      let at = 1e12;
      for (const gap of gaps) {
        at += gap;
        times.push(at);
        counts.add('hits', at);
        const within = (ms: number): number => times.filter((time) => time > at - ms).length;
        const total = counts.total('hits', at);
        expect(total).toBeGreaterThanOrEqual(within(9000));
        expect(total).toBeLessThanOrEqual(within(10_000));
      }
    }),
  );
});

test('names count apart', () => {
  const counts = createSlidingCounts(['hits', 'misses'], 1000);
  counts.add('hits', 5000);
  expect([counts.total('hits', 5000), counts.total('misses', 5000)]).toEqual([1, 0]);
});

test('forgets all when told to', () => {
  const counts = createSlidingCounts(['hits'], 1000);
  counts.add('hits', 5000);
  counts.clear();
  expect(counts.total('hits', 5000)).toBe(0);
});

test('a clock that is set back counts nothing of the future, and finds its counts again', () => {
  const counts = createSlidingCounts(['hits'], 1000);
  counts.add('hits', 5000);
  expect(counts.total('hits', 3000)).toBe(0);
  expect(counts.total('hits', 5050)).toBe(1);
});
