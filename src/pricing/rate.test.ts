import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rateFor, rateOf } from './rate.ts';

test('takes a float as the decimal it stands for', () => {
  expect(rateOf(0.025)?.femtos).toBe(25_000_000n);
  expect(rateOf(0.1 + 0.2)?.femtos).toBe(300_000_000n);
  expect(rateOf(0.19999999999999998)?.femtos).toBe(200_000_000n);
  const decimal = fc.nat({ max: 2_000_000_000 });
  fc.assert(
    fc.property(decimal, (billionths) => rateOf(Number(`${billionths}e-9`))?.femtos === BigInt(billionths)),
    { numRuns: 1000 },
  );
});

test('rounds up what has more than nine decimals', () => {
  expect(rateOf(1e-10)?.femtos).toBe(1n);
  expect(rateOf(0.0000000011)?.femtos).toBe(2n);
});

test('a step holds beyond its start, in whatever order the steps came', () => {
  const rate = rateOf({
    base: 1,
    tiers: [
      { start: 200, price: 3 },
      { start: 100, price: 2 },
    ],
  });
  if (rate === undefined) throw new Error('no rate');
  expect([0, 100, 101, 200, 201].map((inputTokens) => rateFor(rate, inputTokens) / 1_000_000_000n)).toEqual([1n, 1n, 2n, 2n, 3n]);
});

test('no price is no rate', () => {
  expect(rateOf(undefined)).toBeUndefined();
});
