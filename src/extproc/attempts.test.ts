import { expect, test } from 'vitest';
import { deployment } from '../routing/deployment.fixture.ts';
import { createHealth } from '../routing/health/health.ts';
import { untraced } from '../telemetry/spans.ts';
import { createAttemptLog } from './attempt-log.ts';
import { Attempts } from './attempts.ts';

const now = (): number => 1_700_000_000_000;

function open() {
  const health = createHealth({ now, random: () => 0.5, by: 'test', onEvent() {} });
  const moves: string[] = [];
  const admittance = {
    enter: () => undefined,
    enterAny: () => undefined,
    move: (provider: string) => void moves.push(provider),
    provider: undefined,
    release() {},
  };
  const attemptLog = createAttemptLog({ now, onStray() {} });
  const attempts = new Attempts({ requestId: 'r', health, admittance, attemptLog, trace: untraced, count() {}, isComplete: () => false, now });
  return { attempts, health, moves };
}

const [a, b] = [deployment('a'), deployment('b')];

test('an attempt is under way until the next one begins, or the exchange ends', () => {
  const { attempts, health } = open();
  expect(attempts.begin(1, a, false)).toBe(true);
  expect(attempts.begin(2, b, false)).toBe(true);
  expect([health.inFlight(a), health.inFlight(b)]).toEqual([0, 1]);
  attempts.end();
  expect(health.inFlightInTotal()).toBe(0);
});

test('an attempt whose token comes after the end of its exchange is not under way', () => {
  const { attempts, health, moves } = open();
  attempts.begin(1, a, false);
  attempts.end();
  expect(attempts.begin(2, b, false)).toBe(false);
  expect([health.inFlightInTotal(), moves, attempts.count]).toEqual([0, ['a'], 1]);
});

test('an attempt whose token comes after the next one has begun does not take its place', () => {
  const { attempts, health } = open();
  attempts.begin(1, a, false);
  attempts.begin(3, b, false);
  expect(attempts.begin(2, a, false)).toBe(false);
  expect([health.inFlight(a), health.inFlight(b), attempts.get(2)]).toEqual([0, 1, undefined]);
});
