import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countsOf, deviation } from './order/order.fixture.ts';
import { hashText, rendezvous } from './rendezvous.ts';

type Weights = Record<string, number>;
const keys = Array.from({ length: 20_000 }, (_, index) => hashText(`user-${index}`));
const owner = (weights: Weights, key: number): string | undefined =>
  rendezvous(Object.keys(weights), key, { nameOf: (name) => name, weightOf: (name) => weights[name] ?? 0 });
const owners = (weights: Weights): (string | undefined)[] => keys.map((key) => owner(weights, key));

const someWeights = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.constantFrom(0, 1, 2, 5, 80), { maxKeys: 6 });

test('shares of the keys follow the weights', () => {
  const weighty = someWeights.filter((weights) => Object.values(weights).some((weight) => weight > 0));
  fc.assert(
    fc.property(weighty, (weights) => {
      expect(deviation(countsOf(Object.keys(weights), owners(weights)), Object.values(weights))).toBeLessThan(1);
    }),
    { seed: 5, numRuns: 20 },
  );
});

test('names that differ in one letter share as fairly', () => {
  const weights = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`openai#key-${index}`, 1]));
  expect(deviation(countsOf(Object.keys(weights), owners(weights)), Object.values(weights))).toBeLessThan(1);
});

test('an item that goes away gives up its own keys and no others move', () => {
  fc.assert(
    fc.property(someWeights, fc.nat(), (weights, which) => {
      const gone = Object.keys(weights)[which % Object.keys(weights).length];
      const rest = Object.fromEntries(Object.entries(weights).filter(([name]) => name !== gone));
      const moved = keys.slice(0, 200).filter((key) => owner(rest, key) !== owner(weights, key));
      expect(moved.filter((key) => owner(weights, key) !== gone)).toEqual([]);
    }),
  );
});

test('its keys go to the others by their weights', () => {
  const before = owners({ a: 1, b: 1, c: 3 });
  const orphans = keys.filter((_, index) => before[index] === 'a').map((key) => owner({ b: 1, c: 3 }, key));
  expect(deviation(countsOf(['b', 'c'], orphans), [1, 3])).toBeLessThan(1);
});

test('an item that gains weight gains keys and loses none', () => {
  const [before, after] = [owners({ a: 1, b: 1 }), owners({ a: 1, b: 2 })];
  const moved = keys.filter((_, index) => before[index] !== after[index]);
  expect(moved.every((key) => owner({ a: 1, b: 2 }, key) === 'b')).toBe(true);
  expect(moved.length / keys.length).toBeCloseTo(2 / 3 - 1 / 2, 1);
});

test('the order of the items does not matter', () => {
  for (const key of keys.slice(0, 200)) expect(owner({ b: 2, a: 1, c: 4 }, key)).toBe(owner({ a: 1, b: 2, c: 4 }, key));
});

test('nobody owns a key where no item has a weight', () => {
  expect(owner({}, 1)).toBeUndefined();
  expect(owner({ a: 0, b: 0 }, 1)).toBeUndefined();
});

test('texts and seeds hash to numbers that are stable across versions', () => {
  expect([hashText(''), hashText('remora'), hashText('remora', 1), hashText('木')]).toEqual([0, 2047281907, 2318883116, 1396170729]);
});

test('the same letters cut otherwise hash otherwise', () => {
  expect(hashText('yz', hashText('x'))).not.toBe(hashText('z', hashText('xy')));
});
