import { expect, test } from 'vitest';
import { deployment, target } from '../deployment.fixture.ts';
import { leastBusy } from './least-busy.ts';
import { byModel, countsOf, deviation, modelsOf, seeded, view } from './order.fixture.ts';

const inFlight = (counts: Record<string, number>) => view({ inFlight: (each) => byModel(counts)(each) ?? 0 });

test('puts the one with fewest attempts under way first', () => {
  const targets = ['a', 'b', 'c'].map((model) => target(deployment('p', model)));
  expect(modelsOf(leastBusy(targets, inFlight({ a: 4, b: 1, c: 2 })))).toEqual(['b', 'c', 'a']);
});

test('twice the weight carries twice the load', () => {
  const targets = [target(deployment('p', 'small'), 1), target(deployment('p', 'large'), 2)];
  expect(modelsOf(leastBusy(targets, inFlight({ small: 2, large: 3 })))).toEqual(['large', 'small']);
  expect(modelsOf(leastBusy(targets, inFlight({ small: 2, large: 5 })))).toEqual(['small', 'large']);
});

test('a target is as busy as its least busy account', () => {
  const pool = target(deployment('p', 'busy'), 1, deployment('p', 'idle'));
  const other = target(deployment('q', 'other'));
  expect(leastBusy([other, pool], inFlight({ busy: 9, idle: 0, other: 1 }))).toEqual([pool, other]);
});

test('shares requests by weight among the equally busy', () => {
  const order = view({ random: seeded(41) });
  const targets = [target(deployment('p', 'a'), 2), target(deployment('p', 'b'), 1)];
  const firsts = Array.from({ length: 10_000 }, () => modelsOf(leastBusy(targets, order))[0]);
  expect(deviation(countsOf(['a', 'b'], firsts), [2, 1])).toBeLessThan(1);
});
