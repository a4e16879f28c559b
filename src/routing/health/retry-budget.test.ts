import { expect, test } from 'vitest';
import { testClock } from './clock.fixture.ts';
import { createRetryBudget } from './retry-budget.ts';

function setUp() {
  const clock = testClock();
  const budget = createRetryBudget(clock.now);
  return {
    clock,
    budget,
    /** Makes first attempts, each followed by further ones while there is room; returns how many there were of the latter. */
    fail(firsts: number, share: number): number {
      let retries = 0;
      for (let first = 0; first < firsts; first += 1) {
        budget.attempted();
        while (budget.hasRoom(share)) {
          budget.attempted();
          budget.retried();
          retries += 1;
        }
      }
      return retries;
    },
  };
}

test('where everything fails, further attempts stay a share of the first ones, and a few', () => {
  expect(setUp().fail(1000, 0.2)).toBe(210);
});

test('with a share of nothing, a few are left', () => {
  expect(setUp().fail(1000, 0)).toBe(10);
});

test('what was spent is there again when the window has passed', () => {
  const { budget, fail, clock } = setUp();
  fail(100, 0.2);
  expect(budget.hasRoom(0.2)).toBe(false);
  clock.pass(10_000);
  expect(budget.hasRoom(0.2)).toBe(true);
});
