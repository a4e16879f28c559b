import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deployment, endpoint } from '../deployment.fixture.ts';
import { accountId, type Deployment } from '../deployment.ts';
import type { BreakerOptions } from './breaker-options.ts';
import type { HealthChange, HealthEvent } from './change.ts';
import { testClock, type TestClock } from './clock.fixture.ts';
import { createHealth } from './health.ts';
import { maxEntries } from './knowledge.ts';
import type { AttemptOutcome } from './outcome.ts';

const breaker: BreakerOptions = {
  consecutiveFailures: 3,
  failureRate: 0.5,
  slowMs: 1000,
  slowRate: 0.8,
  windowMs: 30_000,
  minRequests: 20,
  openMs: 2000,
  longestOpenMs: 60_000,
};

const account = (name: string, fields: { breaker?: BreakerOptions | undefined } = { breaker }) =>
  endpoint('openai', { credential: { name, weight: 1, authorize: () => ({}) }, ...fields });
const first = account('first');
const mini = deployment(first, 'gpt-5-mini');
const large = deployment(first, 'gpt-5');
const elsewhere = deployment(account('second'), 'gpt-5-mini');

function setUp(clock: TestClock = testClock(), by = 'us') {
  const events: HealthEvent[] = [];
  const changes: HealthChange[] = [];
  const health = createHealth({ now: clock.now, random: () => 0, by, onEvent: (event) => events.push(event) });
  health.onChange((change) => changes.push(change));
  /** An attempt that ended as told, begun and ended now. */
  function hear(at: Deployment, outcome: Partial<AttemptOutcome>, isStream = false): void {
    const usual = { cluster: '', status: 200, failure: undefined, details: '', durationMs: 0, firstByteMs: 0, headers: new Map() };
    health.heard(at, { ...usual, startedAt: clock.now(), ...outcome }, { isStream });
  }
  return {
    clock,
    events,
    changes,
    health,
    hear,
    fail: (at: Deployment, times = 3) => {
      for (let time = 0; time < times; time += 1) hear(at, { status: 503 });
    },
    type: (at: Deployment) => health.standing(at).type,
  };
}

describe('a deployment', () => {
  test('that nothing is known of is good, and asking leaves no trace', () => {
    const { health } = setUp();
    expect([health.standing(mini), health.claimProbe(mini), health.mayRetry(mini, 0.2)]).toEqual([{ type: 'good' }, true, true]);
    expect([health.headroomOf(mini), health.latencyOf(mini).ageMs, health.inFlight(mini)]).toEqual([undefined, undefined, 0]);
    expect(health.report()).toEqual([]);
  });

  test('that fails rests alone: neither another model of the account nor the model at another account', () => {
    const { fail, type } = setUp();
    fail(mini);
    expect([type(mini), type(large), type(elsewhere)]).toEqual(['resting', 'good', 'good']);
  });

  test('whose clients leave, whose gateway fails and whose requests are wrong has not failed', () => {
    const { hear, type } = setUp();
    for (let attempt = 0; attempt < 50; attempt += 1) {
      hear(mini, { status: 0, failure: 'left' });
      hear(mini, { status: 503, failure: 'gateway' });
      hear(mini, { status: 400 });
      hear(mini, { status: 404 });
    }
    expect(type(mini)).toBe('good');
  });

  test('with no breaker never rests for its failures, and is freed when the config takes its breaker away', () => {
    const { fail, type, health, hear } = setUp();
    const never = deployment(account('first', { breaker: undefined }), 'gpt-5-mini');
    fail(mini);
    expect([type(mini), type(never)]).toEqual(['resting', 'good']);
    hear(never, { status: 503 });
    fail(never, 100);
    expect([type(never), health.report()[0]?.standing.type]).toEqual(['good', 'good']);
  });

  test('is found well again by one request at a time', () => {
    const { fail, health, clock, hear, type } = setUp();
    fail(mini);
    expect(health.claimProbe(mini)).toBe(false);
    clock.pass(2000);
    expect(health.standing(mini)).toEqual({ type: 'probe', reason: 'failing' });
    expect([health.claimProbe(mini), health.claimProbe(mini)]).toEqual([true, false]);
    health.dropProbe(mini);
    expect(health.claimProbe(mini)).toBe(true);
    hear(mini, { status: 0, failure: 'left' });
    expect(health.claimProbe(mini)).toBe(true);
    hear(mini, { status: 429, headers: new Map([['retry-after-ms', '1']]) });
    clock.pass(1);
    expect(health.claimProbe(mini)).toBe(true);
    hear(mini, { status: 200 });
    expect(type(mini)).toBe('good');
  });

  test('whose probe shows first content is well before the stream has ended', () => {
    const { fail, health, clock, type } = setUp();
    fail(mini);
    clock.pass(2000);
    health.claimProbe(mini);
    clock.pass(300);
    health.firstToken(mini, 300);
    expect(type(mini)).toBe('good');
  });

  test('is slow by the first content of its streams, and by the first byte of its other answers', () => {
    for (const isStream of [true, false]) {
      const { health, hear, type } = setUp();
      for (let attempt = 0; attempt < 40; attempt += 1) {
        if (isStream) health.firstToken(mini, 100);
        hear(mini, { firstByteMs: isStream ? 5000 : 100 }, isStream);
      }
      expect(type(mini)).toBe('good');
      for (let attempt = 0; attempt < 160; attempt += 1) {
        if (isStream) health.firstToken(mini, 5000);
        hear(mini, { firstByteMs: isStream ? 100 : 5000 }, isStream);
      }
      expect(health.standing(mini)).toMatchObject({ type: 'resting', reason: 'slow' });
    }
  });

  test('that fails inside its streams rests as well, each failure counted once whatever comes first', () => {
    const { health, hear, type } = setUp();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      health.toldByBody(mini, 'overloaded');
      hear(mini, { status: 200 }, true);
    }
    expect([type(mini), health.report()[0]?.failureRate]).toEqual(['good', 1]);
    health.toldByBody(mini, 'overloaded');
    expect(type(mini)).toBe('resting');

    const other = setUp();
    for (let attempt = 0; attempt < 10; attempt += 1) {
      other.hear(mini, { status: 200 });
      other.health.toldByBody(mini, 'overloaded');
      for (let good = 0; good < 3; good += 1) other.hear(mini, { status: 200 });
    }
    expect(other.health.report()[0]?.failureRate).toBe(0.25);
  });

  test('a failure whose outcome never comes does not swallow a later one', () => {
    const { health, hear, clock } = setUp();
    health.toldByBody(mini, 'overloaded');
    clock.pass(10_001);
    hear(mini, { status: 200 });
    expect(health.report()[0]?.failureRate).toBe(0.5);
    health.toldByBody(mini, 'overloaded');
    hear(mini, { status: 200 });
    hear(mini, { status: 200 });
    expect(health.report()[0]?.failureRate).toBe(0.5);
  });
});

describe('an account', () => {
  test('limited for one model is set aside for that model alone, for its time', () => {
    const { hear, type, health, clock } = setUp();
    hear(mini, { status: 429, headers: new Map([['retry-after', '7']]) });
    expect(health.standing(mini)).toEqual({ type: 'resting', reason: 'limited', untilMs: clock.now() + 7000 });
    expect([type(large), type(elsewhere)]).toEqual(['good', 'good']);
    clock.pass(7000);
    expect(type(mini)).toBe('good');
  });

  test.each<[what: string, outcome: { status: number }, reason: string]>([
    ['refused', { status: 401 }, 'refused'],
    ['out of money', { status: 402 }, 'out-of-money'],
  ])('that is %s is set aside for all its models', (_what, outcome, reason) => {
    const { hear, health, type } = setUp();
    hear(mini, outcome);
    expect([mini, large].map(health.standing)).toMatchObject([
      { type: 'resting', reason },
      { type: 'resting', reason },
    ]);
    expect(type(elsewhere)).toBe('good');
  });

  test('that is out of money by the body of a 429 is set aside as such, and not told of as limited', () => {
    const { health, hear, events } = setUp();
    health.toldByBody(mini, 'out-of-money');
    hear(mini, { status: 429 });
    expect(health.standing(large)).toMatchObject({ reason: 'out-of-money' });
    expect(events).toHaveLength(1);
  });

  test('one 403 may be about what was asked; three in a row are about the deployment', () => {
    const { hear, health, type, clock } = setUp();
    for (const status of [403, 403, 200, 403, 403]) hear(mini, { status });
    expect(type(mini)).toBe('good');
    hear(mini, { status: 403 });
    expect([health.standing(mini), type(large)]).toMatchObject([{ type: 'resting', reason: 'refused' }, 'good']);
    clock.pass(60_000);
    hear(mini, { status: 403 });
    expect(type(mini)).toBe('resting');
    clock.pass(120_000);
    hear(mini, { status: 200 });
    expect(type(mini)).toBe('good');
    hear(mini, { status: 403 });
    expect(type(mini)).toBe('good');
  });

  test('is well with the first content of a stream', () => {
    const { hear, health, clock, type } = setUp();
    hear(mini, { status: 401 });
    for (let attempt = 0; attempt < 3; attempt += 1) hear(elsewhere, { status: 403 });
    clock.pass(60_000);
    for (const at of [mini, elsewhere]) {
      expect(health.claimProbe(at)).toBe(true);
      health.firstToken(at, 10);
      expect(type(at)).toBe('good');
    }
  });

  test('is not blamed for what a client who left, or the gateway, did not wait for', () => {
    const { hear, type } = setUp();
    hear(mini, { status: 401, failure: 'left' });
    hear(mini, { status: 402, failure: 'gateway' });
    expect(type(mini)).toBe('good');
  });

  test('refused says so once per rest, and is well with the first success of an attempt made since', () => {
    const { hear, events, clock, type, health } = setUp();
    const before = clock.now();
    clock.pass(10);
    for (let attempt = 0; attempt < 20; attempt += 1) hear(mini, { status: 401 });
    hear(large, { status: 200, startedAt: before });
    expect(events).toEqual([{ type: 'rest-began', kind: 'set-aside', id: 'openai#first', reason: 'refused', untilMs: clock.now() + 60_000 }]);
    clock.pass(60_000);
    expect([health.claimProbe(large), health.claimProbe(mini)]).toEqual([true, false]);
    hear(large, { status: 404 });
    expect([type(mini), health.claimProbe(mini)]).toEqual(['probe', true]);
    hear(mini, { status: 200 });
    expect([type(mini), type(large), events.at(-1)?.type]).toEqual(['good', 'good', 'rest-ended']);
  });

  test('and a deployment that both rest keep requests away until both are over', () => {
    const { hear, fail, health, clock } = setUp();
    hear(mini, { status: 401 });
    fail(mini);
    expect(health.standing(mini)).toMatchObject({ reason: 'refused', untilMs: clock.now() + 60_000 });
    clock.pass(60_000);
    expect([health.claimProbe(mini), health.claimProbe(mini)]).toEqual([true, false]);
    hear(mini, { status: 200 });
    expect(health.standing(mini)).toEqual({ type: 'good' });
  });
});

test('knows what limits are left as soon as an answer begins, and is not misled by the log of an earlier one', () => {
  const { health, hear, clock } = setUp();
  const headers = (left: number) => new Map(Object.entries({ 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': String(left) }));
  const early = clock.now();
  clock.pass(5000);
  health.answered(mini, headers(10));
  expect(health.headroomOf(mini)).toBe(0.1);
  hear(mini, { headers: headers(90), startedAt: early, firstByteMs: 100, durationMs: 5000 });
  expect(health.headroomOf(mini)).toBe(0.1);
  hear(mini, { status: 429, headers: headers(0) });
  expect(health.headroomOf(mini)).toBe(0);
});

test('further attempts at one that fails are kept to their share', () => {
  const { health } = setUp();
  let retries = 0;
  for (let request = 0; request < 1000; request += 1) {
    health.began(mini);
    if (!health.mayRetry(mini, 0.1)) continue;
    health.began(mini);
    health.noteRetry(mini);
    retries += 1;
  }
  expect(retries).toBeLessThan(120);
});

test('reports all that is known of each deployment', () => {
  const { health, hear, clock } = setUp();
  health.began(mini);
  health.firstToken(mini, 200);
  health.finished(mini, { outputTokens: 100, ms: 2000 });
  hear(mini, { status: 200 }, true);
  hear(mini, { status: 429, headers: new Map(Object.entries({ 'retry-after': '3', 'x-ratelimit-limit': '4', 'x-ratelimit-remaining': '1' })) });
  expect(health.report()).toEqual([
    {
      id: 'openai#first/gpt-5-mini',
      name: 'openai/gpt-5-mini',
      standing: { type: 'resting', reason: 'limited', untilMs: clock.now() + 3000 },
      failureRate: 0,
      firstTokenMs: 200,
      tokensPerSecond: 50,
      headroom: 0.25,
      inFlight: 1,
    },
  ]);
});

test('the name of a deployment has no account, and its model keeps all its slashes and hashes', () => {
  const { health } = setUp();
  health.answered(deployment(first, 'meta/llama#4'), new Map());
  health.answered(deployment('house', 'meta/llama#4'), new Map());
  expect(health.report().map(({ name }) => name)).toEqual(['openai/meta/llama#4', 'house/meta/llama#4']);
});

test('what no request has been about for an hour is forgotten, and what clients make up does not fill the memory', () => {
  const { health, fail, clock, type } = setUp();
  fail(mini);
  clock.pass(3_600_001);
  expect([health.report(), type(mini)]).toEqual([[], 'good']);
  for (let made = 0; made < 2 * maxEntries; made += 1) health.answered(deployment(first, `made-up-${made}`), new Map());
  expect(health.report()).toHaveLength(maxEntries);
});

describe('processes that share', () => {
  /** Two on one clock; what either tells reaches the other at once. */
  function setUpTwo() {
    const clock = testClock();
    const one = setUp(clock, 'one');
    const two = setUp(clock, 'two');
    one.health.onChange((change) => two.health.apply(change));
    two.health.onChange((change) => one.health.apply(change));
    return { clock, one, two };
  }

  test('rest together and are well together', () => {
    const { clock, one, two } = setUpTwo();
    one.fail(mini);
    one.hear(large, { status: 429, headers: new Map([['retry-after', '9']]) });
    one.hear(elsewhere, { status: 401 });
    for (const at of [mini, large, elsewhere]) expect(two.health.standing(at)).toEqual(one.health.standing(at));
    clock.pass(2000);
    two.hear(mini, { status: 200 });
    expect([one.type(mini), two.type(mini)]).toEqual(['good', 'good']);
  });

  test('each log only what happened to them', () => {
    const { one, two } = setUpTwo();
    one.fail(mini);
    expect([one.events.length, two.events.length, two.changes.length]).toEqual([1, 0, 0]);
  });

  test('grow rests together', () => {
    const { clock, one, two } = setUpTwo();
    one.fail(mini);
    clock.pass(2000);
    two.hear(mini, { status: 503 });
    expect(one.health.standing(mini)).toEqual({ type: 'resting', reason: 'failing', untilMs: clock.now() + 4000 });
  });

  test('a change that comes late or twice changes nothing', () => {
    const { clock, one, two } = setUpTwo();
    one.fail(mini);
    clock.pass(2000);
    one.hear(mini, { status: 200 });
    const [began, over] = one.changes;
    for (const change of [over, began]) if (change !== undefined) two.health.apply(change);
    expect([one.changes.length, two.type(mini)]).toEqual([2, 'good']);
  });
});

type Step =
  | { type: 'request'; at: Deployment; outcome: Pick<AttemptOutcome, 'status' | 'failure'> }
  | { type: 'end'; attempt: number }
  | { type: 'pass'; ms: number };

const anyOutcome = fc.constantFrom<Pick<AttemptOutcome, 'status' | 'failure'>>(
  { status: 200, failure: undefined },
  { status: 503, failure: undefined },
  { status: 401, failure: undefined },
  { status: 403, failure: undefined },
  { status: 429, failure: undefined },
  { status: 0, failure: 'left' },
  { status: 0, failure: 'timeout' },
);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('request'), at: fc.constantFrom(mini, large, elsewhere), outcome: anyOutcome }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('end'), attempt: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('pass'), ms: fc.nat(4000) }) },
);

test('under any traffic that asks first, what rests is not called, and what is probed by one is called by nobody else', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 150 }), (steps) => {
      const { clock, health, hear } = setUp();
      let open: { at: Deployment; startedAt: number; outcome: Pick<AttemptOutcome, 'status' | 'failure'>; isProbe: boolean }[] = [];
      for (const step of steps) {
        if (step.type === 'pass') clock.pass(step.ms);
        if (step.type === 'end') {
          const [attempt] = open.splice(step.attempt, 1);
          if (attempt !== undefined) hear(attempt.at, { ...attempt.outcome, startedAt: attempt.startedAt });
        }
        if (step.type !== 'request') continue;
        const { at, outcome } = step;
        const { type } = health.standing(at);
        const isLet = health.claimProbe(at);
        expect(isLet).toBe(type !== 'resting');
        if (isLet) open.push({ at, outcome, startedAt: clock.now(), isProbe: type === 'probe' });
        // Of the probes that are out at a deployment, all but the last one have been given up.
        open = open.filter((attempt) => clock.now() - attempt.startedAt < 30_000);
        expect(open.filter((attempt) => attempt.isProbe && attempt.at === at && type === 'probe').length).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test('an account that has another credential now is not held to what the old one met, and no other account is touched', () => {
  const { health, hear, fail, type } = setUp();
  hear(mini, { status: 401 });
  fail(elsewhere);
  expect([type(mini), type(large), type(elsewhere)]).toEqual(['resting', 'resting', 'resting']);
  health.forget(accountId(first));
  expect([type(mini), type(large), type(elsewhere)]).toEqual(['good', 'good', 'resting']);
});
