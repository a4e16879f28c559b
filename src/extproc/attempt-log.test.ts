import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AttemptOutcome } from '../routing/health/outcome.ts';
import { createAttemptLog, type AttemptLog, type Followed } from './attempt-log.ts';

const outcome = (cluster: string, status: number): AttemptOutcome => ({
  cluster,
  status,
  failure: undefined,
  details: '',
  startedAt: 0,
  durationMs: 1,
  firstByteMs: 1,
  headers: new Map(),
});

let strays: string[];
let log: AttemptLog;

beforeEach(() => {
  vi.useFakeTimers();
  strays = [];
  log = createAttemptLog({ now: Date.now, onStray: (requestId) => strays.push(requestId) });
});

afterEach(() => vi.useRealTimers());

/** Follows an exchange whose attempts go to these clusters, and keeps what it hears. */
function follow(requestId: string, ...clusters: string[]): Followed & { said: string[] } {
  const said: string[] = [];
  const followed = log.follow(
    requestId,
    {
      onOutcome: (number, { status }) => said.push(`${number}: ${status}`),
      onMismatch: (number, { cluster }) => said.push(`${number} at ${cluster}`),
      onComplete: () => said.push('complete'),
    },
    (number) => clusters[number - 1],
  );
  return { ...followed, said };
}

test('tells each exchange what became of its own attempts, the k-th entry being the k-th attempt', () => {
  const one = follow('one', 'p_a', 'p_b');
  const two = follow('two', 'p_a');
  log.heard('one', outcome('p_a', 429));
  log.heard('two', outcome('p_a', 500));
  log.heard('one', outcome('p_b', 200));
  expect([one.said, two.said]).toEqual([['1: 429', '2: 200'], ['1: 500']]);
});

test('an attempt that another process hands over counts as its own would, and is nobody’s stray', () => {
  const one = follow('one', 'p_a', 'p_b');
  log.heard('one', outcome('p_a', 429));
  log.handed('one', outcome('p_b', 200));
  log.handed('elsewhere', outcome('p_b', 200));
  one.end(2);
  expect(one.said).toEqual(['1: 429', '2: 200', 'complete']);
  expect(strays).toEqual([]);
});

describe('is complete once,', () => {
  test('when an exchange is over whose attempts have all been told of', () => {
    const { said, end } = follow('one', 'p_a');
    log.heard('one', outcome('p_a', 200));
    end(1);
    end(1);
    expect(said).toEqual(['1: 200', 'complete']);
  });

  test('when the last entry comes after the end of the exchange', () => {
    const { said, end } = follow('one', 'p_a', 'p_b');
    log.heard('one', outcome('p_a', 429));
    end(2);
    expect(said).toEqual(['1: 429']);
    log.heard('one', outcome('p_b', 200));
    expect(said).toEqual(['1: 429', '2: 200', 'complete']);
    log.heard('one', outcome('p_b', 200));
    expect([said.length, strays]).toEqual([3, ['one']]);
  });

  test('when an entry has not come for five seconds', () => {
    const { said, end } = follow('one', 'p_a');
    vi.advanceTimersByTime(60_000); // the exchange itself may take its time
    end(1);
    vi.advanceTimersByTime(4999);
    expect(said).toEqual([]);
    vi.advanceTimersByTime(5001);
    expect(said).toEqual(['complete']);
    log.heard('one', outcome('p_a', 200));
    expect([said, strays]).toEqual([['complete'], ['one']]);
  });

  test('when it was never tried', () => {
    const { said, end } = follow('one');
    end(0);
    expect(said).toEqual(['complete']);
  });

  test('when the gateway closes', () => {
    const running = follow('running', 'p_a');
    const over = follow('over', 'p_a');
    over.end(1);
    log.close();
    log.close();
    vi.advanceTimersByTime(60_000);
    expect([running.said, over.said]).toEqual([['complete'], ['complete']]);
  });
});

test('an entry of another cluster than the attempt’s is told apart, and the next is still the next', () => {
  const { said } = follow('one', 'p_a', 'p_b');
  log.heard('one', outcome('p_c', 200));
  log.heard('one', outcome('p_b', 200));
  expect(said).toEqual(['1 at p_c', '2: 200']);
});

test('where Envoy went on beyond the chain’s end is no attempt', () => {
  const { said, end } = follow('one', 'p_a');
  log.heard('one', outcome('p_a', 503));
  log.heard('one', outcome('p_none', 0));
  end(1);
  expect([said, strays]).toEqual([['1: 503', 'complete'], []]);
});

test('entries of exchanges that nobody here knows are strays', () => {
  log.heard('elsewhere', outcome('p_a', 200));
  expect(strays).toEqual(['elsewhere']);
});

test('waits for the entries of ten thousand exchanges at most: of more, the oldest are complete without', () => {
  const all = Array.from({ length: 10_002 }, (_, index) => follow(`${index}`, 'p_a'));
  for (const { end } of all) end(1);
  expect(all.flatMap(({ said }, index) => (said.length > 0 ? [index] : []))).toEqual([0, 1]);
});
