import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BreakerOptions } from './breaker-options.ts';
import { createBreaker } from './breaker.ts';
import { testClock } from './clock.fixture.ts';
import { claimProbe, dropProbe, probePatienceMs, standingOf, type Rest } from './rest.ts';

const options: BreakerOptions = {
  consecutiveFailures: 5,
  failureRate: 0.5,
  slowMs: 1000,
  slowRate: 0.8,
  windowMs: 30_000,
  minRequests: 20,
  openMs: 2000,
  longestOpenMs: 60_000,
};

/** A breaker with a clock of its own; chance makes no rest shorter. */
function setUp(changes: Partial<BreakerOptions> = {}, random: () => number = () => 0) {
  const clock = testClock();
  const news: string[] = [];
  const breaker = createBreaker({ now: clock.now, random, onRest: (what, { reason }) => news.push(`${what} ${reason}`) });
  const chosen = { ...options, ...changes };
  return {
    clock,
    news,
    breaker,
    standing: () => standingOf(breaker.rest, clock.now()),
    claim: () => claimProbe(breaker.rest === undefined ? [] : [breaker.rest], clock.now()),
    /** An attempt that takes no time. */
    succeed: () => breaker.succeeded(clock.now(), chosen),
    fail: (times = 1) => {
      for (let time = 0; time < times; time += 1) breaker.failed(clock.now(), chosen);
    },
    measure: (ms: number) => breaker.measured(ms, clock.now(), chosen),
    restMs: () => (breaker.rest === undefined ? 0 : breaker.rest.untilMs - clock.now()),
  };
}

test('opens at so many failures in a row, and a success in between starts the count anew', () => {
  const { fail, succeed, standing, clock } = setUp();
  fail(4);
  succeed();
  fail(4);
  expect(standing()).toEqual({ type: 'good' });
  fail();
  expect(standing()).toEqual({ type: 'resting', reason: 'failing', untilMs: clock.now() + 2000 });
});

test('opens when enough of the attempts within the window fail', () => {
  const { fail, succeed, standing } = setUp();
  for (let pair = 0; pair < 9; pair += 1) {
    succeed();
    fail();
  }
  succeed();
  expect(standing().type).toBe('good');
  fail();
  expect(standing()).toMatchObject({ type: 'resting', reason: 'failing' });
});

test('a rate below the limit opens nothing, however long it lasts', () => {
  const { fail, succeed, standing, clock } = setUp();
  for (let round = 0; round < 200; round += 1) {
    fail();
    succeed();
    succeed();
    clock.pass(100);
  }
  expect(standing().type).toBe('good');
});

test('failures that are older than the window no longer count', () => {
  const { fail, succeed, standing, clock } = setUp({ consecutiveFailures: 1000 });
  fail(15);
  clock.pass(40_000);
  fail(4);
  for (let attempt = 0; attempt < 20; attempt += 1) succeed();
  expect(standing().type).toBe('good');
});

test('opens when enough answers are slow', () => {
  const { measure, standing } = setUp();
  for (let answer = 0; answer < 4; answer += 1) measure(900);
  for (let answer = 0; answer < 15; answer += 1) measure(1100);
  expect(standing().type).toBe('good');
  measure(1100);
  expect(standing()).toMatchObject({ type: 'resting', reason: 'slow' });
});

test('where nothing is slow by the config, no answer is', () => {
  const { measure, standing } = setUp({ slowMs: undefined });
  for (let answer = 0; answer < 100; answer += 1) measure(1e6);
  expect(standing().type).toBe('good');
});

test('a rate of nothing opens at the first failure that can be counted, never without one', () => {
  const { fail, succeed, standing } = setUp({ failureRate: 0 });
  for (let attempt = 0; attempt < 50; attempt += 1) succeed();
  expect(standing().type).toBe('good');
  fail();
  expect(standing().type).toBe('resting');
});

test('after its rest, lets one request through, and closes when that succeeds', () => {
  const { fail, succeed, claim, standing, clock, news } = setUp();
  fail(5);
  clock.pass(1999);
  expect([claim(), standing().type]).toEqual([false, 'resting']);
  clock.pass(1);
  expect(standing()).toEqual({ type: 'probe', reason: 'failing' });
  expect([claim(), claim()]).toEqual([true, false]);
  expect(standing()).toMatchObject({ type: 'resting', untilMs: clock.now() + probePatienceMs });
  succeed();
  expect(standing().type).toBe('good');
  expect(news).toEqual(['began failing', 'over failing']);
});

test('a probe that fails doubles the rest, up to the longest', () => {
  const { fail, claim, clock, restMs } = setUp();
  fail(5);
  const rests = [];
  for (let round = 0; round < 7; round += 1) {
    rests.push(restMs());
    clock.pass(restMs());
    claim();
    fail();
  }
  expect(rests).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test('a probe that is slow does not close it', () => {
  const { fail, claim, measure, clock, standing } = setUp();
  fail(5);
  clock.pass(2000);
  claim();
  measure(1001);
  expect(standing()).toMatchObject({ type: 'resting', reason: 'slow' });
});

test('the first content of a probe closes it, before the answer ends', () => {
  const { fail, claim, measure, clock, standing } = setUp();
  fail(5);
  clock.pass(2000);
  claim();
  measure(500);
  expect(standing().type).toBe('good');
});

test('a probe of which nothing is heard is given up after a time', () => {
  const { fail, claim, clock } = setUp();
  fail(5);
  clock.pass(2000);
  claim();
  clock.pass(probePatienceMs - 1);
  expect(claim()).toBe(false);
  clock.pass(1);
  expect(claim()).toBe(true);
});

test('a probe that told nothing makes room for another one at once; the end of an earlier attempt does not', () => {
  const { fail, claim, breaker, clock } = setUp();
  fail(5);
  const earlier = clock.now();
  clock.pass(2000);
  claim();
  dropProbe(breaker.rest, earlier);
  expect(claim()).toBe(false);
  dropProbe(breaker.rest, clock.now());
  expect(claim()).toBe(true);
});

test('attempts from before a rest say nothing of what comes after it', () => {
  const { fail, breaker, succeed, claim, clock, standing } = setUp();
  const before = clock.now();
  clock.pass(10);
  fail(5);
  clock.pass(2000);
  claim();
  breaker.failed(before, options);
  breaker.succeeded(before, options);
  breaker.measured(5000, before, options);
  expect([standing().type, claim()]).toEqual(['resting', false]);
  succeed();
  for (let late = 0; late < 100; late += 1) breaker.failed(before, options);
  expect(standing().type).toBe('good');
});

test('during a rest a success ends it, and a failure makes it no longer', () => {
  const { fail, succeed, standing, clock } = setUp();
  fail(5);
  const { untilMs } = { untilMs: clock.now() + 2000 };
  clock.pass(1000);
  fail(50);
  expect(standing()).toMatchObject({ untilMs });
  succeed();
  expect(standing().type).toBe('good');
});

test('that something slow answers does not make it fast: only a measurement ends such a rest', () => {
  const { measure, succeed, claim, clock, standing } = setUp();
  for (let answer = 0; answer < 20; answer += 1) measure(1100);
  clock.pass(2000);
  claim();
  succeed();
  expect(standing()).toEqual({ type: 'probe', reason: 'slow' });
  measure(100);
  expect(standing().type).toBe('good');
});

test('failing again soon after a rest brings a longer one; after a calm time, the first one again', () => {
  const { fail, succeed, clock, restMs } = setUp();
  fail(5);
  clock.pass(restMs());
  succeed();
  clock.pass(29_999);
  fail(5);
  expect(restMs()).toBe(4000);
  clock.pass(restMs());
  succeed();
  clock.pass(30_000);
  fail(5);
  expect(restMs()).toBe(2000);
});

test('is not carried along by a provider that works and fails in turns', () => {
  const { fail, succeed, claim, clock, standing, news } = setUp();
  // Ten minutes in which it works for a second and fails for a second, with ten requests a second.
  for (let tick = 0; tick < 6000; tick += 1) {
    if (standing().type === 'good' || claim()) (tick % 20 < 10 ? succeed : fail)();
    clock.pass(100);
  }
  expect(news.filter((what) => what === 'began failing').length).toBeLessThan(20);
});

test('rests of several that failed together end apart, and none is as short as the one before it', () => {
  const ends = [0, 0.5, 0.999].map((chance) => {
    const { fail, restMs, clock, claim } = setUp({}, () => chance);
    fail(5);
    const first = restMs();
    clock.pass(first);
    claim();
    fail();
    return [first, restMs()];
  });
  expect(new Set(ends.map(([first]) => first)).size).toBe(3);
  for (const [first = 0, second = 0] of ends) expect(second).toBeGreaterThan(first);
});

test('what was counted before a rest does not count after it', () => {
  const { fail, succeed, measure, clock, standing } = setUp({ consecutiveFailures: 20 });
  fail(20);
  clock.pass(2000);
  succeed();
  for (let attempt = 0; attempt < 10; attempt += 1) measure(100);
  for (let attempt = 0; attempt < 10; attempt += 1) {
    succeed();
    fail(attempt % 2);
  }
  fail(4);
  expect(standing().type).toBe('good');
});

test('that another process finds it well makes our own failures count no less', () => {
  const { breaker, fail, standing } = setUp();
  fail(4);
  breaker.adopt(undefined);
  fail();
  expect(standing().type).toBe('resting');
});

test('tells the share of failures within the window', () => {
  const { breaker, fail, succeed, clock } = setUp();
  expect(breaker.failureRate()).toBeUndefined();
  fail();
  for (let attempt = 0; attempt < 3; attempt += 1) succeed();
  expect(breaker.failureRate()).toBe(0.25);
  clock.pass(60_000);
  expect(breaker.failureRate()).toBeUndefined();
});

test("takes over another process's rest, and its end, without telling of them", () => {
  const { breaker, standing, clock, fail, restMs, news } = setUp();
  const theirs: Rest = { reason: 'failing', since: clock.now(), untilMs: clock.now() + 8000, level: 2, probeSince: undefined };
  breaker.adopt(theirs);
  expect(standing()).toEqual({ type: 'resting', reason: 'failing', untilMs: theirs.untilMs });
  clock.pass(8000);
  breaker.adopt(undefined);
  expect([standing().type, news]).toEqual(['good', []]);
  fail(5);
  expect(restMs()).toBe(16_000);
});

type Step = { type: 'good' | 'bad' | 'slow' | 'claim' | 'drop' } | { type: 'pass'; ms: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('good', 'bad', 'slow') }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('claim') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('drop') }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('pass'), ms: fc.nat(70_000) }) },
);

test('under any traffic, never rests beyond its longest rest without a new failure, and one probe at a time is out', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 200 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (steps, chance) => {
      const { clock, breaker, succeed, fail, measure, claim, standing } = setUp({ consecutiveFailures: 2, minRequests: 3 }, () => chance);
      let probe: { at: number; rest: Rest } | undefined;
      let failedAt = -Infinity;
      for (const step of steps) {
        if (step.type === 'pass') clock.pass(step.ms);
        if (step.type === 'good') succeed();
        if (step.type === 'bad') fail();
        if (step.type === 'slow') measure(5000);
        if (step.type === 'bad' || step.type === 'slow') failedAt = clock.now();
        if (step.type === 'drop') {
          dropProbe(breaker.rest, clock.now());
          probe = undefined;
        }
        if (step.type === 'claim' && standing().type === 'probe' && claim()) {
          const { rest } = breaker;
          const isOut = probe !== undefined && probe.rest === rest && clock.now() < probe.at + probePatienceMs;
          expect(isOut).toBe(false);
          probe = rest === undefined ? undefined : { at: clock.now(), rest };
        }
        const now = clock.now();
        if (breaker.rest !== undefined && now < breaker.rest.untilMs) expect(now).toBeLessThan(failedAt + options.longestOpenMs);
      }
    }),
  );
});
