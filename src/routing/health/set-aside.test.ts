import { expect, test } from 'vitest';
import { testClock } from './clock.fixture.ts';
import { claimProbe, standingOf } from './rest.ts';
import { createSetAside } from './set-aside.ts';
import type { Complaint } from './verdict.ts';

function setUp() {
  const clock = testClock();
  const news: string[] = [];
  const aside = createSetAside({ now: clock.now, onRest: (what, { reason }) => news.push(`${what} ${reason}`) });
  return {
    clock,
    news,
    aside,
    complain: (reason: Complaint['reason'], waitMs?: number) => aside.complained(reason, clock.now(), waitMs),
    succeed: () => aside.succeeded(clock.now()),
    standing: () => standingOf(aside.rest, clock.now()),
    restMs: () => (aside.rest?.untilMs ?? clock.now()) - clock.now(),
  };
}

test('a limited account is left alone for as long as the provider said, and then called without a probe', () => {
  const { complain, clock, standing } = setUp();
  complain('limited', 7000);
  expect(standing()).toEqual({ type: 'resting', reason: 'limited', untilMs: clock.now() + 7000 });
  clock.pass(6999);
  expect(standing().type).toBe('resting');
  clock.pass(1);
  expect(standing().type).toBe('good');
});

test('a limit without a time is tried again soon, and later each time, up to a minute', () => {
  const { complain, clock, restMs } = setUp();
  const rests = Array.from({ length: 8 }, () => {
    complain('limited');
    const ms = restMs();
    clock.pass(ms);
    return ms;
  });
  expect(rests).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test('a limit of a day is looked at again after an hour', () => {
  const { complain, restMs } = setUp();
  complain('limited', 86_400_000);
  expect(restMs()).toBe(3_600_000);
});

test('"come back in no time" counts as no time given', () => {
  const { complain, restMs } = setUp();
  complain('limited', 0);
  expect(restMs()).toBe(1000);
});

test.each(['refused', 'out-of-money'] as const)(
  'an account that is %s waits for minutes, then for twice as long, and is probed in between',
  (reason) => {
    const { complain, clock, standing, restMs, aside } = setUp();
    complain(reason);
    expect(restMs()).toBe(60_000);
    clock.pass(60_000);
    expect(standing()).toEqual({ type: 'probe', reason });
    const rests = aside.rest === undefined ? [] : [aside.rest];
    expect([claimProbe(rests, clock.now()), claimProbe(rests, clock.now())]).toEqual([true, false]);
    complain(reason);
    expect(restMs()).toBe(120_000);
    for (let time = 0; time < 10; time += 1) {
      clock.pass(restMs());
      complain(reason);
    }
    expect(restMs()).toBe(1_800_000);
  },
);

test('is told of once per rest, whatever complains meanwhile', () => {
  const { complain, clock, news, restMs } = setUp();
  const start = clock.now();
  for (let answer = 0; answer < 50; answer += 1) complain('refused');
  clock.pass(60_000);
  expect(news).toEqual(['began refused']);
  complain('refused');
  expect([news, restMs(), clock.now()]).toEqual([['began refused', 'began refused'], 120_000, start + 60_000]);
});

test('those that were limited together do not make the wait longer, unless the provider asks for more', () => {
  const { complain, restMs, news } = setUp();
  complain('limited');
  for (let answer = 0; answer < 20; answer += 1) complain('limited');
  expect(restMs()).toBe(1000);
  complain('limited', 5000);
  complain('limited', 3000);
  expect([restMs(), news]).toEqual([5000, ['began limited', 'longer limited']]);
});

test('what is worse than a limit takes its place, and not the other way round', () => {
  const { complain, standing } = setUp();
  complain('limited', 5000);
  complain('out-of-money');
  expect(standing()).toMatchObject({ reason: 'out-of-money' });
  complain('limited', 5000);
  expect(standing()).toMatchObject({ reason: 'out-of-money' });
});

test('a success ends it and makes the next rest a short one again; one from before it began changes nothing', () => {
  const { complain, succeed, aside, clock, restMs, standing, news } = setUp();
  const before = clock.now();
  clock.pass(10);
  complain('refused');
  clock.pass(60_000);
  complain('refused');
  aside.succeeded(before);
  expect(standing().type).toBe('resting');
  clock.pass(1);
  succeed();
  expect([standing().type, news.at(-1)]).toEqual(['good', 'over refused']);
  complain('refused');
  expect(restMs()).toBe(60_000);
});

test('another reason begins with its own first rest', () => {
  const { complain, clock, restMs } = setUp();
  complain('refused');
  clock.pass(60_000);
  complain('refused');
  clock.pass(120_000);
  complain('limited');
  expect(restMs()).toBe(1000);
});

test('a complaint of an attempt from before the last rest begins no new one', () => {
  const { aside, complain, clock, standing } = setUp();
  const before = clock.now();
  clock.pass(10);
  complain('limited');
  clock.pass(1000);
  aside.complained('limited', before, undefined);
  expect(standing().type).toBe('good');
});
