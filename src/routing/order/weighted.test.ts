import { expect, test } from 'vitest';
import { deployment, target } from '../deployment.fixture.ts';
import { countsOf, deviation, modelsOf, seeded, view } from './order.fixture.ts';
import { weighted } from './weighted.ts';

test('shares requests by the weights of the targets', () => {
  const targets = [target(deployment('p', 'a'), 90), target(deployment('p', 'b'), 9), target(deployment('p', 'canary'), 1)];
  const order = view({ random: seeded(21) });
  const firsts = Array.from({ length: 20_000 }, () => modelsOf(weighted(targets, order))[0]);
  expect(deviation(countsOf(['a', 'b', 'canary'], firsts), [90, 9, 1])).toBeLessThan(1);
});
