import fc from 'fast-check';
import { expect, test } from 'vitest';
import { testClock } from './clock.fixture.ts';
import { createRecent } from './recent.ts';

function setUp(maxEntries = 3) {
  const clock = testClock();
  const recent = createRecent({ create: (id) => ({ id, count: 0 }), now: clock.now, keepMs: 1000, maxEntries });
  return { clock, recent, ids: () => recent.all().map(([id]) => id) };
}

test('keeps the state of an id while it is used', () => {
  const { recent, clock } = setUp();
  recent.of('a').count = 1;
  for (let time = 0; time < 5; time += 1) {
    clock.pass(1000);
    expect(recent.find('a')).toEqual({ id: 'a', count: 1 });
  }
});

test('drops what nobody has asked for in a while', () => {
  const { recent, clock, ids } = setUp();
  recent.of('a').count = 1;
  clock.pass(1001);
  expect(ids()).toEqual([]);
  expect(recent.find('a')).toBeUndefined();
  expect(recent.of('a').count).toBe(0);
});

test('looking for what is not there makes nothing', () => {
  const { recent, ids } = setUp();
  expect([recent.find('a'), ids()]).toEqual([undefined, []]);
});

test('when it is full, what has been unused longest makes room', () => {
  const { recent, clock, ids } = setUp();
  for (const id of ['a', 'b', 'c']) recent.of(id);
  clock.pass(100);
  recent.find('a');
  recent.of('d');
  expect(ids()).toEqual(['c', 'a', 'd']);
});

test('never holds more than its bound, whatever is asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(300))), (steps) => {
      const { recent, clock, ids } = setUp(10);
      for (const [id, ms] of steps) {
        clock.pass(ms);
        recent.of(String(id));
        expect(ids().length).toBeLessThanOrEqual(10);
      }
    }),
  );
});
