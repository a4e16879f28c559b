import { expect, test } from 'vitest';
import { deployment, endpoint } from '../deployment.fixture.ts';
import { createInFlight } from './in-flight.ts';

const account = (name: string) => endpoint('openai', { credential: { name, weight: 1, authorize: () => ({}) } });
const first = deployment(account('first'));
const second = deployment(account('second'));
const other = deployment('anthropic');

test('counts by deployment, by provider over its accounts, and in total', () => {
  const inFlight = createInFlight();
  for (const at of [first, first, second, other]) inFlight.began(at);
  expect(['openai#first/gpt-5-mini', 'openai#second/gpt-5-mini', 'anthropic/gpt-5-mini'].map(inFlight.atDeployment)).toEqual([2, 1, 1]);
  expect([inFlight.atProvider('openai'), inFlight.atProvider('anthropic'), inFlight.inTotal()]).toEqual([3, 1, 4]);
  inFlight.ended(first);
  expect([inFlight.atDeployment('openai#first/gpt-5-mini'), inFlight.atProvider('openai'), inFlight.inTotal()]).toEqual([1, 2, 3]);
});

test('one end too many changes nothing', () => {
  const inFlight = createInFlight();
  inFlight.began(second);
  inFlight.ended(first);
  expect([inFlight.atProvider('openai'), inFlight.inTotal()]).toEqual([1, 1]);
});
