import { expect, test } from 'vitest';
import { deployment, target } from '../deployment.fixture.ts';
import { modelsOf, view } from './order.fixture.ts';
import { priority } from './priority.ts';

test('keeps the order of the config, whatever the weights', () => {
  const targets = [target(deployment('p', 'first'), 1), target(deployment('p', 'second'), 99), target(deployment('p', 'third'), 50)];
  expect(modelsOf(priority(targets, view()))).toEqual(['first', 'second', 'third']);
});
