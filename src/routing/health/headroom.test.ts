import { expect, test } from 'vitest';
import { testClock } from './clock.fixture.ts';
import { createHeadroom } from './headroom.ts';

function setUp() {
  const clock = testClock();
  const headroom = createHeadroom(clock.now);
  /** Reads the remaining tokens and requests of a hundred each, which reset in 10 s and 20 s. */
  function read(tokens: number, requests: number, at = clock.now()): void {
    const fields = { tokens, requests };
    const headers = Object.entries(fields).flatMap(([kind, left]): [string, string][] => [
      [`x-ratelimit-limit-${kind}`, '100'],
      [`x-ratelimit-remaining-${kind}`, String(left)],
      [`x-ratelimit-reset-${kind}`, kind === 'tokens' ? '10s' : '20s'],
    ]);
    headroom.read(new Map(headers), at);
  }
  return { clock, headroom, read };
}

test('is unknown where the vendor tells nothing', () => {
  const { headroom, clock } = setUp();
  headroom.read(new Map([['content-type', 'application/json']]), clock.now());
  expect(headroom.left()).toBeUndefined();
});

test('is the smallest share that is left of any limit, until that is reset', () => {
  const { headroom, read, clock } = setUp();
  read(5, 40);
  expect(headroom.left()).toBe(0.05);
  clock.pass(10_000);
  expect(headroom.left()).toBe(0.4);
  clock.pass(10_000);
  expect(headroom.left()).toBe(1);
});

test('the headers that came last count, in whatever order they are read', () => {
  const { headroom, read, clock } = setUp();
  const early = clock.now();
  clock.pass(1000);
  read(10, 90);
  read(80, 95, early);
  expect(headroom.left()).toBe(0.1);
  clock.pass(1000);
  read(60, 95);
  expect(headroom.left()).toBe(0.6);
});
