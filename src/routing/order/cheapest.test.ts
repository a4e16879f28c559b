import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deployment, target } from '../deployment.fixture.ts';
import { cheapest } from './cheapest.ts';
import { byModel, countsOf, deviation, modelsOf, seeded, view } from './order.fixture.ts';

const targetsOf = (weights: Record<string, number>) => Object.entries(weights).map(([model, weight]) => target(deployment('p', model), weight));

test('puts what costs less for this request first, whatever its weight', () => {
  const targets = targetsOf({ dear: 90, cheap: 1, free: 1 });
  expect(modelsOf(cheapest(targets, view({ costNanos: byModel({ dear: 5000, cheap: 300, free: 0 }) })))).toEqual(['free', 'cheap', 'dear']);
});

test('puts what has no price last', () => {
  const targets = targetsOf({ unpriced: 90, dear: 1 });
  expect(modelsOf(cheapest(targets, view({ costNanos: byModel({ dear: 1e12 }) })))).toEqual(['dear', 'unpriced']);
});

test('a target costs what its cheapest account does', () => {
  const pool = target(deployment('p', 'dear'), 1, deployment('p', 'cheap'));
  const other = target(deployment('q', 'middle'));
  expect(cheapest([other, pool], view({ costNanos: byModel({ dear: 9, cheap: 1, middle: 5 }) }))).toEqual([pool, other]);
});

test.each([
  ['equal costs', 7],
  ['costs that nobody knows', undefined],
])('shares requests by weight among %s', (_, nanos) => {
  const order = view({ random: seeded(31), costNanos: () => nanos });
  const firsts = Array.from({ length: 10_000 }, () => modelsOf(cheapest(targetsOf({ a: 3, b: 1 }), order))[0]);
  expect(deviation(countsOf(['a', 'b'], firsts), [3, 1])).toBeLessThan(1);
});

test('never puts a dearer known price before a cheaper one', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(20), { nil: undefined }), { maxLength: 10 }), fc.nat(), (prices, seed) => {
      const targets = prices.map((_, index) => target(deployment('p', `${index}`)));
      const order = view({ random: seeded(seed), costNanos: ({ model }) => prices[Number(model)] });
      const costs = modelsOf(cheapest(targets, order)).map((model) => prices[Number(model)] ?? Infinity);
      expect(costs).toEqual(costs.toSorted((a, b) => (a === b ? 0 : a - b)));
    }),
  );
});
