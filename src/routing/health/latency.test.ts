import { expect, test } from 'vitest';
import { testClock } from './clock.fixture.ts';
import { createLatencyMeter } from './latency.ts';

function setUp() {
  const clock = testClock();
  return { clock, meter: createLatencyMeter(clock.now) };
}

test('nothing is known before anything is measured', () => {
  expect(setUp().meter.latency()).toEqual({ firstTokenMs: undefined, tokensPerSecond: undefined, ageMs: undefined });
});

test('the present is the mean of what was measured of late', () => {
  const { meter } = setUp();
  for (const ms of [100, 200, 300]) meter.firstToken(ms);
  meter.finished({ outputTokens: 100, ms: 1000 });
  meter.finished({ outputTokens: 300, ms: 1000 });
  expect(meter.latency()).toEqual({ firstTokenMs: 200, tokensPerSecond: 200, ageMs: 0 });
});

test('what is a minute old counts half, and soon nothing', () => {
  const { clock, meter } = setUp();
  meter.firstToken(4000);
  clock.pass(60_000);
  meter.firstToken(1000);
  expect(meter.latency().firstTokenMs).toBeCloseTo(2000);
  clock.pass(1_200_000);
  meter.firstToken(1000);
  expect(meter.latency().firstTokenMs).toBeCloseTo(1000, 2);
});

test('tells how long ago the last measurement was, so that what has recovered can be tried again', () => {
  const { clock, meter } = setUp();
  meter.firstToken(100);
  clock.pass(5000);
  expect(meter.latency().ageMs).toBe(5000);
  meter.finished({ outputTokens: 100, ms: 10 });
  expect(meter.latency().ageMs).toBe(0);
});

test('an answer of a few tokens says nothing of the speed', () => {
  const { meter } = setUp();
  meter.firstToken(100);
  meter.finished({ outputTokens: 3, ms: 1 });
  meter.finished({ outputTokens: 100, ms: 0 });
  meter.answeredWhole({ outputTokens: 3, ms: 1 });
  expect(meter.latency().tokensPerSecond).toBeUndefined();
});

test('where there are only whole answers, their speed stands for the wait as well', () => {
  const { meter } = setUp();
  meter.answeredWhole({ outputTokens: 100, ms: 4000 });
  expect(meter.latency()).toEqual({ firstTokenMs: 0, tokensPerSecond: 25, ageMs: 0 });
  meter.firstToken(500);
  meter.finished({ outputTokens: 100, ms: 1000 });
  expect(meter.latency()).toEqual({ firstTokenMs: 500, tokensPerSecond: 100, ageMs: 0 });
});

test('streams of long ago give way to the whole answers that came since', () => {
  const { clock, meter } = setUp();
  meter.firstToken(500);
  meter.finished({ outputTokens: 100, ms: 1000 });
  clock.pass(30_000);
  meter.answeredWhole({ outputTokens: 100, ms: 4000 });
  expect(meter.latency()).toEqual({ firstTokenMs: 500, tokensPerSecond: 100, ageMs: 30_000 });
  clock.pass(30_000);
  meter.answeredWhole({ outputTokens: 100, ms: 4000 });
  expect(meter.latency()).toEqual({ firstTokenMs: 0, tokensPerSecond: 25, ageMs: 0 });
  meter.firstToken(500);
  expect(meter.latency()).toMatchObject({ firstTokenMs: expect.closeTo(500), ageMs: 0 });
});
