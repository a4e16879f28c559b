import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { entry } from '../ledger.traffic.contract.ts';
import { createEntryQueue } from './entry-queue.ts';
import type { BookedEntry } from './entry-table.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A queue whose disk can be made to fail, and what it wrote and said. */
function createQueue() {
  const seen = { batches: [] as number[][], failures: 0, recoveries: 0, diskFails: false };
  const queue = createEntryQueue({
    write(booked: readonly BookedEntry[]) {
      if (seen.diskFails) throw new Error('disk');
      seen.batches.push(booked.map(({ id }) => id));
    },
    flushIntervalMs: 200,
    onFailure: () => (seen.failures += 1),
    onRecovery: () => (seen.recoveries += 1),
  });
  const push = (...ids: number[]) => ids.forEach((id) => queue.push({ id, period: '2026-11', entry: entry({ tenant: 'marketing', costNanos: 1 }) }));
  return { queue, seen, push };
}

test('writes what came within the interval in one batch', () => {
  const { seen, push } = createQueue();
  push(1);
  vi.advanceTimersByTime(199);
  push(2);
  expect(seen.batches).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(seen.batches).toEqual([[1, 2]]);
});

test('has no timer while nothing waits', () => {
  const { push } = createQueue();
  expect(vi.getTimerCount()).toBe(0);
  push(1);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(200);
  expect(vi.getTimerCount()).toBe(0);
});

test('writes a long queue in batches of bounded size, in order, without waiting in between', () => {
  const { seen, push } = createQueue();
  push(...Array.from({ length: 500 }, (_, id) => id));
  vi.advanceTimersByTime(205);
  expect(seen.batches.map(({ length }) => length)).toEqual([200, 200, 100]);
  expect(seen.batches.flat()).toEqual(Array.from({ length: 500 }, (_, id) => id));
});

test('tries again after a failure, and tells of the first failure and the first success only', () => {
  const { seen, push } = createQueue();
  seen.diskFails = true;
  push(1);
  vi.advanceTimersByTime(1000);
  push(2);
  expect([seen.failures, seen.recoveries]).toEqual([1, 0]);
  seen.diskFails = false;
  vi.advanceTimersByTime(1000);
  expect(seen.batches).toEqual([[1, 2]]);
  expect([seen.failures, seen.recoveries]).toEqual([1, 1]);
});

test('a flush that fails throws and keeps the entries', () => {
  const { queue, seen, push } = createQueue();
  seen.diskFails = true;
  push(1);
  expect(() => queue.flush()).toThrow('disk');
  expect(queue.length).toBe(1);
  seen.diskFails = false;
  queue.flush();
  expect(queue.length).toBe(0);
});

test('writes nothing by itself once it is stopped', () => {
  const { queue, seen, push } = createQueue();
  push(1);
  queue.stop();
  push(2);
  vi.advanceTimersByTime(10_000);
  expect(seen.batches).toEqual([]);
});
