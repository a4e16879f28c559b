import { expect, test } from 'vitest';
import { deployment, endpoint } from '../deployment.fixture.ts';
import { createInFlight } from './in-flight.ts';

const account = (name: string) => endpoint('openai', { credential: { name, weight: 1, authorize: () => ({}) } });
const first = deployment(account('first'));
const second = deployment(account('second'));
const ids = ['openai#first/gpt-5-mini', 'openai#second/gpt-5-mini'];

test('each account of a provider has a count of its own', () => {
  const inFlight = createInFlight();
  for (const at of [first, first, second]) inFlight.began(at);
  expect(ids.map(inFlight.at)).toEqual([2, 1]);
  inFlight.ended(first);
  expect(ids.map(inFlight.at)).toEqual([1, 1]);
});

test('one end too many changes nothing', () => {
  const inFlight = createInFlight();
  inFlight.began(second);
  for (const at of [first, second, second]) inFlight.ended(at);
  expect(ids.map(inFlight.at)).toEqual([0, 0]);
  inFlight.began(second);
  expect(ids.map(inFlight.at)).toEqual([0, 1]);
});
