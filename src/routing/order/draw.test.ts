import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawAll } from './draw.ts';
import { countsOf, deviation, seeded } from './order.fixture.ts';

const weights: Record<string, number> = { a: 5, b: 3, c: 2, d: 0 };
const weightOf = (name: string): number => weights[name] ?? 0;

test('the first one drawn is an item as often as its share of the weight says', () => {
  const random = seeded(11);
  const firsts = Array.from({ length: 10_000 }, () => drawAll(Object.keys(weights), weightOf, random)[0]);
  expect(deviation(countsOf(Object.keys(weights), firsts), Object.values(weights))).toBeLessThan(1);
});

test('the next one is drawn by the weight that is left', () => {
  const random = seeded(12);
  const orders = Array.from({ length: 10_000 }, () => drawAll(Object.keys(weights), weightOf, random).join(''));
  const shares = {
    abc: (5 / 10) * (3 / 5),
    acb: (5 / 10) * (2 / 5),
    bac: (3 / 10) * (5 / 7),
    bca: (3 / 10) * (2 / 7),
    cab: (2 / 10) * (5 / 8),
    cba: (2 / 10) * (3 / 8),
  };
  expect(deviation(countsOf(Object.keys(shares), orders), Object.values(shares))).toBeLessThan(1);
});

test('other weights are told apart', () => {
  const random = seeded(13);
  const firsts = Array.from({ length: 10_000 }, () => drawAll(['a', 'b', 'c'], weightOf, random)[0]);
  expect(deviation(countsOf(['a', 'b', 'c'], firsts), [5, 2.8, 2.2])).toBeGreaterThan(1);
});

test('all items of some weight are drawn, each once, whatever the weights', () => {
  const someWeight = fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constantFrom(0, Number.MIN_VALUE, 1e-9, 1e300));
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.array(someWeight, { maxLength: 12 }), fc.array(chance, { minLength: 12, maxLength: 12 }), (given, chances) => {
      let turn = 0;
      const drawn = drawAll(
        [...given.keys()],
        (index) => given[index] ?? 0,
        () => chances[turn++] ?? 0,
      );
      expect(drawn.toSorted((a, b) => a - b)).toEqual([...given.keys()].filter((index) => (given[index] ?? 0) > 0));
    }),
  );
});
