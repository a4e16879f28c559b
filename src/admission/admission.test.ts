import { expect, test } from 'vitest';
import { createAdmission } from './admission.ts';
import { FakeClock } from './clock.fixture.ts';
import type { Entrant } from './wait.ts';

const someone: Entrant = { tenant: 'a', priority: 'normal' };
const queue = { max: 10, waitMs: 1000 };

test('without a limit everybody comes in, and is counted', () => {
  const admission = createAdmission({ maxConcurrent: undefined, queue: undefined }, new FakeClock());
  for (let index = 0; index < 1000; index++) expect(admission.enter(someone)).not.toBeInstanceOf(Promise);
  expect(admission.stats()).toMatchObject({ limit: undefined, inside: 1000 });
});

test('at the limit without a queue it is a refusal at once', () => {
  const admission = createAdmission({ maxConcurrent: 1, queue: undefined }, new FakeClock());
  void admission.enter(someone);
  expect(() => admission.enter(someone)).toThrow('The gateway has as many requests under way as its config allows. Try again in a second.');
});

test('at the limit with a queue the next one has the place that is given back', async () => {
  const admission = createAdmission({ maxConcurrent: 1, queue }, new FakeClock());
  const first = await admission.enter(someone);
  const second = admission.enter(someone);
  expect(second).toBeInstanceOf(Promise);
  first.release();
  (await second).release();
  expect(admission.stats()).toMatchObject({ limit: 1, inside: 0, waited: { count: 1 } });
});

test('another config keeps who is inside and lets in who waits', async () => {
  const admission = createAdmission({ maxConcurrent: 1, queue }, new FakeClock());
  void admission.enter(someone);
  const second = admission.enter(someone);
  admission.reconfigure({ maxConcurrent: undefined, queue: undefined });
  await second;
  expect(admission.stats()).toMatchObject({ limit: undefined, inside: 2 });
});
