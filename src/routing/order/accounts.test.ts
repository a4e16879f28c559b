import { expect, test } from 'vitest';
import { deployment, endpoint } from '../deployment.fixture.ts';
import type { Deployment } from '../deployment.ts';
import { orderAccounts } from './accounts.ts';
import { countsOf, deviation, seeded, view } from './order.fixture.ts';

const account = (name: string, weight: number): Deployment => deployment(endpoint('openai', { credential: { name, weight, authorize: () => ({}) } }));
const namesOf = (accounts: readonly Deployment[]): string[] => accounts.map((each) => each.endpoint.credential.name);
const headroom = (left: Record<string, number>) => ({ headroomOf: (each: Deployment) => left[each.endpoint.credential.name] });

const firsts = (accounts: readonly Deployment[], left: Record<string, number>, seed: number): (string | undefined)[] => {
  const order = view({ ...headroom(left), random: seeded(seed) });
  return Array.from({ length: 10_000 }, () => namesOf(orderAccounts(accounts, order))[0]);
};

test('shares requests by the weights of the accounts', () => {
  expect(deviation(countsOf(['a', 'b'], firsts([account('a', 3), account('b', 1)], {}, 61)), [3, 1])).toBeLessThan(1);
});

test('sends more where more is left of the limits', () => {
  expect(deviation(countsOf(['a', 'b'], firsts([account('a', 1), account('b', 1)], { a: 0.2, b: 0.8 }, 62)), [1, 4])).toBeLessThan(1);
});

test('one whose vendor says nothing counts as untouched', () => {
  expect(deviation(countsOf(['a', 'b'], firsts([account('a', 1), account('b', 1)], { a: 0.5 }, 63)), [1, 2])).toBeLessThan(1);
});

test('those close to their limit come last, the one with most left first', () => {
  const accounts = ['spent', 'low', 'lower', 'open'].map((name) => account(name, name === 'open' ? 1 : 1000));
  const order = view(headroom({ spent: 0, low: 0.04, lower: 0.01, open: 0.06 }));
  expect(namesOf(orderAccounts(accounts, order))).toEqual(['open', 'low', 'lower', 'spent']);
});

test('an account of weight 0 is never tried', () => {
  const accounts = [account('off', 0), account('off-and-low', 0), account('on', 1)];
  expect(namesOf(orderAccounts(accounts, view(headroom({ 'off-and-low': 0.01, on: 0 }))))).toEqual(['on']);
});
