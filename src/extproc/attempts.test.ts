import type { FailedAttempt } from '../policies/policy.ts';
import { expect, test } from 'vitest';
import { deployment } from '../routing/deployment.fixture.ts';
import { clusterOf } from '../routing/deployment.ts';
import { createHealth } from '../routing/health/health.ts';
import type { AttemptOutcome } from '../routing/health/outcome.ts';
import { untraced } from '../telemetry/spans.ts';
import { createAttemptLog } from './attempt-log.ts';
import { Attempts } from './attempts.ts';

const now = (): number => 1_700_000_000_000;

function open({ isComplete = false } = {}) {
  const health = createHealth({ now, random: () => 0.5, by: 'test', onEvent() {} });
  const moves: string[] = [];
  const counted: AttemptOutcome[] = [];
  const failed: FailedAttempt[] = [];
  const admittance = { move: (provider: string) => void moves.push(provider) };
  const attemptLog = createAttemptLog({ now, onStray() {} });
  const attempts = new Attempts({
    requestId: 'r',
    health,
    admittance,
    attemptLog,
    trace: untraced,
    count: (_, outcome) => void counted.push(outcome),
    isComplete: () => isComplete,
    onFailed: (attempt) => void failed.push(attempt),
    now,
  });
  return { attempts, attemptLog, counted, failed, health, moves };
}

const [a, b] = [deployment('a'), deployment('b')];

test('an attempt is under way until the next one begins, or the exchange ends', () => {
  const { attempts, health } = open();
  expect(attempts.begin(1, a, false)).toBe(true);
  expect(attempts.begin(2, b, false)).toBe(true);
  expect([health.inFlight(a), health.inFlight(b)]).toEqual([0, 1]);
  attempts.end();
  expect([health.inFlight(a), health.inFlight(b)]).toEqual([0, 0]);
});

test('an attempt whose token comes after the end of its exchange is not under way', () => {
  const { attempts, health, moves } = open();
  attempts.begin(1, a, false);
  attempts.end();
  expect(attempts.begin(2, b, false)).toBe(false);
  expect([health.inFlight(a), health.inFlight(b), moves, attempts.count]).toEqual([0, 0, ['a'], 1]);
});

test('an attempt whose token comes after the next one has begun does not take its place', () => {
  const { attempts, health } = open();
  attempts.begin(1, a, false);
  attempts.begin(3, b, false);
  expect(attempts.begin(2, a, false)).toBe(false);
  expect([health.inFlight(a), health.inFlight(b), attempts.get(2)]).toEqual([0, 1, undefined]);
});

test.each([
  [true, undefined],
  [false, 'left'],
])('a client that leaves with all of its answer (%s) has not broken it off', (isComplete, failure) => {
  const { attempts, attemptLog, counted } = open({ isComplete });
  attempts.begin(1, a, true);
  const told = {
    cluster: clusterOf(a.endpoint),
    status: 200,
    details: 'downstream',
    startedAt: 0,
    durationMs: 9,
    firstByteMs: 1,
    headers: new Map(),
  };
  attemptLog.heard('r', { ...told, failure: 'left' });
  expect(counted.map((outcome) => outcome.failure)).toEqual([failure]);
});

test('what is not telling says nothing of the health of its deployment, and proves nothing', () => {
  const { attempts, attemptLog, health } = open();
  const seen: string[] = [];
  for (const name of ['heard', 'answered', 'toldByBody', 'dropProbe'] as const) health[name] = () => void seen.push(name);
  attempts.expect(a);
  attempts.begin(1, a, false, false);
  attempts.answered(1, new Map());
  attempts.told(1, 'refused');
  attemptLog.heard('r', {
    cluster: clusterOf(a.endpoint),
    status: 401,
    failure: undefined,
    details: '',
    startedAt: now(),
    durationMs: 1,
    firstByteMs: 1,
    headers: new Map(),
  });
  attempts.end();
  expect([seen, health.inFlight(a)]).toEqual([['dropProbe'], 0]);
});

const told = (of: typeof a, fields: Partial<AttemptOutcome>): AttemptOutcome => ({
  cluster: clusterOf(of.endpoint),
  status: 0,
  failure: undefined,
  details: '',
  startedAt: 0,
  durationMs: 9,
  firstByteMs: undefined,
  headers: new Map(),
  ...fields,
});

test('an attempt that failed is told of once, when it was followed by another and Envoy has said what became of it', () => {
  const early = open();
  early.attempts.begin(1, a, false);
  early.attemptLog.heard('r', told(a, { status: 503 }));
  expect(early.failed).toEqual([]);
  early.attempts.begin(2, b, false);
  expect(early.failed).toMatchObject([{ number: 1, deployment: a, outcome: { status: 503 } }]);
  const late = open();
  late.attempts.begin(1, a, false);
  late.attempts.begin(2, b, false);
  expect(late.failed).toEqual([]);
  late.attemptLog.heard('r', told(a, { failure: 'timeout' }));
  late.attemptLog.heard('r', told(b, { status: 200 }));
  expect(late.failed).toMatchObject([{ number: 1, outcome: { failure: 'timeout' } }]);
});
