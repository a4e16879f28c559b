import { expect, test } from 'vitest';
import { createClock } from './clock.ts';

test('has fractions of the one clock and the time of day of the other, also after a sleep that only the latter has noticed', () => {
  let wall = 5000;
  let elapsed = 100.5;
  const now = createClock(
    () => Math.floor(wall),
    () => elapsed,
  );
  const pass = (ms: number): void => {
    wall += ms;
    elapsed += ms;
  };
  expect(now()).toBe(5000);
  pass(0.25);
  expect(now()).toBe(5000.25);
  pass(10.5);
  expect(now()).toBe(5010.75);
  wall += 3_600_000;
  expect(now()).toBe(3_605_010);
  pass(1.5);
  expect(now()).toBe(3_605_011.5);
});
