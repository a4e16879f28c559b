import { expect, test } from 'vitest';
import { GatewayError } from '../errors.ts';
import { Failures } from './failures.ts';
import type { Source } from './source.ts';

const at = (address: string): Source => ({ address, family: address.includes(':') ? 'ipv6' : 'ipv4' });
const wrong = new GatewayError('invalid-key', 'wrong');

function setUp() {
  const clock = { now: 1_000_000, timers: [] as { ms: number; run: () => void }[] };
  const after = (ms: number, run: () => void) => {
    const timer = { ms, run };
    clock.timers.push(timer);
    return () => void (clock.timers = clock.timers.filter((each) => each !== timer));
  };
  const failures = new Failures({ now: () => clock.now, after });
  const fail = (times: number, address: string): number[] => Array.from({ length: times }, () => failures.count(at(address)));
  return { clock, failures, fail };
}

test('the first ten failures of a source are answered at once, further ones later and later, up to four seconds', () => {
  const { fail } = setUp();
  expect(fail(10, '192.0.2.7')).toEqual(Array(10).fill(0));
  expect(fail(7, '192.0.2.7')).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000]);
});

test('failures that are some time apart are no different', () => {
  const { clock, fail } = setUp();
  for (let time = 0; time < 10; time++) {
    expect(fail(1, '192.0.2.7')).toEqual([0]);
    clock.now += 500;
  }
  expect(fail(1, '192.0.2.7')).toEqual([250]);
});

test('another source is not held up by it', () => {
  const { fail } = setUp();
  fail(50, '192.0.2.7');
  expect(fail(1, '192.0.2.8')).toEqual([0]);
});

test('an IPv6 network is one source, whatever address of it is used', () => {
  const { failures } = setUp();
  for (let host = 0; host < 10; host++) failures.count(at(`2001:db8:0:1::${host}`));
  expect(failures.count(at('2001:db8:0:1:ffff::1'))).toBe(250);
  expect(failures.count(at('2001:db8:0:2::1'))).toBe(0);
});

test('time forgives ten failures a minute, however many there were', () => {
  const { clock, fail } = setUp();
  fail(10_000, '192.0.2.7');
  clock.now += 30_000;
  expect(fail(1, '192.0.2.7')).toEqual([250]);
  clock.now += 60_000;
  expect(fail(1, '192.0.2.7')).toEqual([0]);
});

test('a clock that goes back forgives nothing and adds nothing', () => {
  const { clock, fail } = setUp();
  fail(10, '192.0.2.7');
  clock.now -= 3_600_000;
  expect(fail(1, '192.0.2.7')).toEqual([250]);
});

test('a late refusal comes when its time is over', async () => {
  const { clock, failures } = setUp();
  const late = failures.refuseLate(at('192.0.2.7'), wrong, 500, new AbortController().signal);
  expect(clock.timers).toMatchObject([{ ms: 500 }]);
  clock.timers[0]?.run();
  await expect(late).rejects.toBe(wrong);
  expect(clock.timers).toEqual([]);
});

test('nobody waits whose client has gone', async () => {
  const { clock, failures } = setUp();
  const client = new AbortController();
  const late = failures.refuseLate(at('192.0.2.7'), wrong, 500, client.signal);
  client.abort();
  await expect(late).rejects.toBe(wrong);
  expect(clock.timers).toEqual([]);
  await expect(failures.refuseLate(at('192.0.2.7'), wrong, 500, client.signal)).rejects.toBe(wrong);
  expect(clock.timers).toEqual([]);
});

test('of one source ten wait at most; the next is refused at once, and has a place when one is free', async () => {
  const { clock, failures } = setUp();
  const { signal } = new AbortController();
  const refuse = (address: string) => failures.refuseLate(at(address), wrong, 500, signal);
  const waiting = Array.from({ length: 10 }, () => refuse('192.0.2.7'));
  await expect(refuse('192.0.2.7')).rejects.toMatchObject({ code: 'too-many-failures', status: 429, retryable: false });
  const other = refuse('192.0.2.8');
  for (const { run } of clock.timers) run();
  await expect(Promise.allSettled([...waiting, other])).resolves.toEqual([...waiting, other].map(() => ({ status: 'rejected', reason: wrong })));
  const again = refuse('192.0.2.7');
  clock.timers[0]?.run();
  await expect(again).rejects.toBe(wrong);
});

test('500 wait in all at most, from however many sources', async () => {
  const { clock, failures } = setUp();
  const { signal } = new AbortController();
  const refuse = (index: number) => failures.refuseLate(at(`10.0.${index >> 8}.${index & 255}`), wrong, 500, signal);
  const waiting = Array.from({ length: 500 }, (_, index) => refuse(index));
  await expect(refuse(1000)).rejects.toMatchObject({ code: 'too-many-failures' });
  for (const { run } of clock.timers) run();
  await Promise.allSettled(waiting);
});
