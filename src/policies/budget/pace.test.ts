import { expect, test } from 'vitest';
import { createPaces } from './pace.ts';

const hour = 3_600_000;

function open({ holders = 1, at = 0 } = {}) {
  const clock = { at };
  return { clock, paces: createPaces({ now: () => clock.at, holders: () => holders }) };
}

test('the first request has its turn at once, the next when the rest of the budget would last to the end', () => {
  const { paces } = open();
  paces.learn('q', 10);
  expect(paces.turn('q', { left: 100, until: hour }, 1000)).toEqual({ waitMs: 0, isTaken: true });
  expect(paces.turn('q', { left: 90, until: hour }, hour)).toEqual({ waitMs: hour / 10, isTaken: true });
});

test('who would wait too long has no turn, and takes none from others', () => {
  const { clock, paces } = open();
  paces.learn('q', 10);
  paces.turn('q', { left: 100, until: hour }, 1000);
  expect(paces.turn('q', { left: 100, until: hour }, 20_000)).toEqual({ waitMs: hour / 10, isTaken: false });
  clock.at = hour / 10 - 10_000;
  expect(paces.turn('q', { left: 100, until: hour }, 20_000)).toEqual({ waitMs: 10_000, isTaken: true });
});

test('several gateways share the turns', () => {
  const { paces } = open({ holders: 2 });
  paces.learn('q', 10);
  paces.turn('q', { left: 100, until: hour }, 1000);
  expect(paces.turn('q', { left: 100, until: hour }, hour).waitMs).toBe(hour / 5);
});

test('with nothing left the next turn is when the budget begins afresh', () => {
  const { paces } = open();
  paces.turn('q', { left: 0, until: hour }, 1000);
  expect(paces.turn('q', { left: 0, until: hour }, 1000)).toEqual({ waitMs: hour, isTaken: false });
});

test('more of the budget brings the next turn nearer: what requests under way held, or an admin has added', () => {
  const { clock, paces } = open();
  paces.learn('q', 10);
  paces.turn('q', { left: 1, until: hour }, 1000);
  clock.at = 60_000;
  expect(paces.turn('q', { left: 1, until: hour }, 1000).isTaken).toBe(false);
  expect(paces.turn('q', { left: 1000, until: hour }, 1000)).toEqual({ waitMs: 0, isTaken: true });
});

test('a budget that never begins afresh is spread over thirty days', () => {
  const { paces } = open();
  paces.learn('q', 1);
  paces.turn('q', { left: 30, until: Number.MAX_SAFE_INTEGER }, 0);
  expect(paces.turn('q', { left: 30, until: Number.MAX_SAFE_INTEGER }, 2 * 24 * hour).waitMs).toBe(24 * hour);
});

test('only so many budgets are remembered', () => {
  const clock = { at: 0 };
  const paces = createPaces({ now: () => clock.at, holders: () => 1, max: 2 });
  for (const id of ['a', 'b', 'c']) paces.learn(id, 10);
  paces.turn('a', { left: 10, until: hour }, 0); // forgotten, so it knows no cost
  expect(paces.turn('a', { left: 10, until: hour }, 0)).toEqual({ waitMs: 0, isTaken: true });
});
