import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AttemptOutcome } from '../routing/health/outcome.ts';
import { createHandOver, takeOver, type HandOverOptions } from './hand-over.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const good: AttemptOutcome = {
  cluster: 'p_openai.1',
  status: 200,
  failure: undefined,
  details: '',
  startedAt: 1_700_000_000_000.25,
  durationMs: 12.5,
  firstByteMs: 3.25,
  headers: new Map([['x-ratelimit-remaining-requests', '59']]),
};
const cut: AttemptOutcome = {
  ...good,
  status: 0,
  failure: 'connect',
  details: 'upstream_connection_failure, "refused"',
  firstByteMs: undefined,
  headers: new Map(),
};

/** A hand-over, and what others take of it. */
function handOver(more: Partial<HandOverOptions> = {}) {
  const taken: [string, AttemptOutcome][][] = [];
  const sent: (() => void)[] = [];
  let dropped = 0;
  const made = createHandOver({
    send(batch, count, isOut) {
      const attempts: [string, AttemptOutcome][] = [];
      takeOver(batch, (requestId, outcome) => attempts.push([requestId, outcome]));
      expect(count).toBe(attempts.length);
      taken.push(attempts);
      sent.push(isOut);
    },
    onDropped: (count) => (dropped += count),
    ...more,
  });
  return { ...made, taken, sent, dropped: () => dropped };
}

test('attempts arrive as they were, gathered and in their order', () => {
  const { give, taken } = handOver();
  give('one', cut);
  give('one', good);
  expect(taken).toEqual([]);
  vi.advanceTimersByTime(20);
  expect(taken).toEqual([
    [
      ['one', cut],
      ['one', good],
    ],
  ]);
});

test('one batch is on its way at a time', () => {
  const { give, taken, sent } = handOver();
  give('one', good);
  vi.advanceTimersByTime(20);
  give('two', good);
  vi.advanceTimersByTime(1000);
  expect(taken.length).toBe(1);
  sent[0]?.();
  vi.advanceTimersByTime(20);
  expect(taken[1]).toEqual([['two', good]]);
});

test('what is too much is dropped and counted', () => {
  const { give, taken, sent, dropped } = handOver({ max: 2 });
  for (const id of ['a', 'b', 'c', 'd']) give(id, good);
  expect(dropped()).toBe(2);
  vi.advanceTimersByTime(20);
  expect(taken[0]?.map(([id]) => id)).toEqual(['a', 'b']);
  sent[0]?.();
  give('e', good);
  vi.advanceTimersByTime(20);
  expect(taken[1]?.map(([id]) => id)).toEqual(['e']);
  expect(dropped()).toBe(2);
});

test('at the end what waits is sent at once', async () => {
  const { give, close, taken } = handOver();
  give('one', good);
  const closed = close();
  expect(taken).toEqual([[['one', good]]]);
  vi.advanceTimersByTime(100); // the others' last batches come meanwhile
  await closed;
  expect(taken.length).toBe(1);
});
