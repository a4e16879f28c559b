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
  expect(paces.turn('q', { left: 100, until: hour }, 1000)).toMatchObject({ waitMs: 0, isTaken: true });
  expect(paces.turn('q', { left: 90, until: hour }, hour)).toMatchObject({ waitMs: hour / 10, isTaken: true });
});

test('who would wait too long has no turn, and takes none from others', () => {
  const { clock, paces } = open();
  paces.learn('q', 10);
  paces.turn('q', { left: 100, until: hour }, 1000);
  expect(paces.turn('q', { left: 100, until: hour }, 20_000)).toMatchObject({ waitMs: hour / 10, isTaken: false });
  clock.at = hour / 10 - 10_000;
  expect(paces.turn('q', { left: 100, until: hour }, 20_000)).toMatchObject({ waitMs: 10_000, isTaken: true });
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
  expect(paces.turn('q', { left: 0, until: hour }, 1000)).toMatchObject({ waitMs: hour, isTaken: false });
});

test('more of the budget brings the next turn nearer: what requests under way held, or an admin has added', () => {
  const { clock, paces } = open();
  paces.learn('q', 10);
  paces.turn('q', { left: 1, until: hour }, 1000);
  clock.at = 60_000;
  expect(paces.turn('q', { left: 1, until: hour }, 1000).isTaken).toBe(false);
  expect(paces.turn('q', { left: 1000, until: hour }, 1000)).toMatchObject({ waitMs: 0, isTaken: true });
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
  expect(paces.turn('a', { left: 10, until: hour }, 0)).toMatchObject({ waitMs: 0, isTaken: true });
});

test('a turn that is given back goes to the next request, and the others keep theirs', () => {
  const { paces } = open();
  paces.learn('q', 10);
  const rest = { left: 100, until: hour };
  const turns = [0, 1, 2].map(() => paces.turn('q', rest, hour).at);
  paces.giveBack('q', turns[1] ?? 0);
  expect(paces.turn('q', rest, hour)).toMatchObject({ at: turns[1], isTaken: true });
  expect(paces.turn('q', rest, hour).at).toBeGreaterThan(turns[2] ?? 0);
});

test('a turn that is given back and that nobody takes in time is lost', () => {
  const { clock, paces } = open();
  paces.learn('q', 10);
  const rest = { left: 100, until: hour };
  const turns = [0, 1, 2].map(() => paces.turn('q', rest, hour).at);
  paces.giveBack('q', turns[1] ?? 0);
  clock.at = (turns[1] ?? 0) + 1;
  expect(paces.turn('q', rest, hour).at).toBeGreaterThan(turns[2] ?? 0);
});

test('a turn that is given back too late is lost, and so is one of a budget that is forgotten', () => {
  const { clock, paces } = open();
  paces.learn('q', 10);
  const rest = { left: 100, until: hour };
  const turns = [0, 1, 2].map(() => paces.turn('q', rest, hour).at);
  clock.at = (turns[1] ?? 0) + 1;
  paces.giveBack('q', turns[1] ?? 0);
  paces.giveBack('gone', hour);
  expect(paces.turn('q', rest, hour).at).toBeGreaterThan(turns[2] ?? 0);
});

test('who would wait too long for a turn that was given back leaves it to others', () => {
  const { paces } = open();
  paces.learn('q', 10);
  const rest = { left: 100, until: hour };
  const [, second = 0] = [0, 1].map(() => paces.turn('q', rest, hour).at);
  paces.giveBack('q', second);
  expect(paces.turn('q', rest, 1000)).toMatchObject({ at: second, isTaken: false });
  expect(paces.turn('q', rest, hour)).toMatchObject({ at: second, isTaken: true });
});
