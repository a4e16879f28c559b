import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import { eventually, type ConfigData } from './gateway.ts';
import { rejection, sdks } from './sdks.ts';
import { answeredBy, ask, healthOf, linesWith, metricSum, post, setTrio, untilIdle, untilStanding, type Parts } from './trio.ts';

/** Providers at the first fake, with breakers of their own: one for each test, since health is kept by their names. */
const breakers = {
  left: { failures: 3, rest: '1m' },
  cut: { failures: 3, rest: '1m' },
  committed: { failures: 3, rest: '1m' },
  stalling: { failures: 3, rest: '1m' },
  resetting: { failures: 3, rest: '1m' },
  'now-and-then': { failures: 3, rest: '1m' },
  back: { failures: 3, rest: '700ms' },
  probed: { failures: 3, rest: '700ms' },
  unproven: { failures: 3, rest: '500ms' },
  flapping: { failures: 3, rest: '250ms', longestRest: '1m' },
  rate: { failures: 1000, failureRate: '50%', minRequests: 10, rest: '1m' },
  'slow-stream': { slow: '150ms', slowRate: '80%', minRequests: 4, rest: '2500ms' },
  'slow-json': { slow: '150ms', slowRate: '80%', minRequests: 4, rest: '1m' },
  long: { slow: '150ms', slowRate: '80%', minRequests: 4, rest: '1m' },
  faulty: { failures: 3, rest: '1m' },
} as const;

/** What the models of some of them say. */
const more: Readonly<Record<string, ConfigData>> = { committed: { commit: 'first-token' }, stalling: { timeouts: { betweenTokens: '250ms' } } };

const trio = setTrio(({ provider, target }: Parts): ConfigData => ({
  providers: Object.fromEntries(Object.entries(breakers).map(([name, breaker]) => [name, provider('one', { breaker })])),
  models: Object.fromEntries(
    Object.keys(breakers).map((name) => [name, { targets: [target('one', { provider: name })], fallback: ['two', 'three'], ...more[name] }]),
  ),
  resilience: { breaker: false },
}));

const unavailable: Behaviour = { refuse: { status: 503 } };

/** Asks one request after the other until the provider rests. Nobody may notice that it fails. */
async function untilResting(name: keyof typeof breakers, stream = false): Promise<void> {
  for (let asked = 0; (await healthOf(trio.gateway, name))?.standing.type !== 'resting'; asked++) {
    expect(asked).toBeLessThan(50);
    expect(answeredBy(await ask(trio.gateway, name, { stream }))[0]).not.toBe(undefined);
  }
}

describe('a provider that fails is left alone', () => {
  const ways: { name: keyof typeof breakers; behaviour: Behaviour; stream: boolean }[] = [
    { name: 'left', behaviour: unavailable, stream: false },
    { name: 'cut', behaviour: { break: { how: 'reset', after: 'nothing' } }, stream: true },
    { name: 'committed', behaviour: { errorEvent: { after: 1, status: 529 } }, stream: true },
  ];
  test.each(ways)('$name: after as many failures in a row as the config says, with any client', async ({ name, behaviour, stream }) => {
    trio.at.one.behaveAlways(behaviour);
    await untilResting(name, stream);
    const asked = trio.at.one.requests.length;
    expect(asked).toBeGreaterThanOrEqual(3);
    expect(asked).toBeLessThan(10); // what was asked before the third was known
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) => ask(trio.gateway, name, { stream: index % 2 === 0 }, { sdk: sdks[index % 2] ?? sdks[0] })),
    );
    for (const answer of answers) expect(answeredBy(answer)).toEqual(['two', 1]);
    expect(trio.at.one.requests).toHaveLength(asked);
  });

  test('and that is to be seen: in the admin API, in the metrics, once in the log', async () => {
    const report = await healthOf(trio.gateway, 'left');
    expect(report).toMatchObject({ id: 'left/gpt-5-mini', name: 'left/gpt-5-mini', standing: { type: 'resting', reason: 'failing' }, inFlight: 0 });
    expect(await metricSum(trio.gateway, 'remora_deployment_resting', { deployment: 'left/gpt-5-mini', reason: 'failing' })).toBe(1);
    expect(
      await metricSum(trio.gateway, 'remora_deployments_skipped_total', { deployment: 'left/gpt-5-mini', reason: 'resting' }),
    ).toBeGreaterThanOrEqual(30);
    expect(linesWith(trio.gateway, 'left/gpt-5-mini is given a rest: failing')).toBe(1);
  });

  test('that fails half of the time, too', async () => {
    trio.at.one.behave(...Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? {} : unavailable)));
    await untilResting('rate');
    expect(trio.at.one.requests.length).toBeGreaterThanOrEqual(10);
  });

  test.each([
    ['stalling', 'stall'],
    ['resetting', 'reset'],
  ] as const)('that breaks off its streams in the middle, which nobody can mend: %s', async (name, how) => {
    trio.at.one.behaveAlways({ say: { text: 'one two three' }, break: { how, after: 3 } });
    const streams = await Promise.all(Array.from({ length: 3 }, () => rejection(ask(trio.gateway, name, { stream: true }))));
    expect(streams).toHaveLength(3);
    expect((await untilStanding(trio.gateway, name, 'resting')).standing).toMatchObject({ reason: 'failing' });
    expect(answeredBy(await ask(trio.gateway, name, { stream: true }))).toEqual(['two', 1]);
  });

  test('but not one that fails now and then between answers that are complete', async () => {
    for (let number = 0; number < 6; number++) {
      trio.at.one.behave(unavailable, { say: { text: 'one' }, eventDelayMs: 5 }); // the client hangs up on the last word, before the end of the body
      expect(answeredBy(await ask(trio.gateway, 'now-and-then', { stream: true }))).toEqual(['two', 2]);
      expect(answeredBy(await ask(trio.gateway, 'now-and-then', { stream: true }))).toEqual(['now-and-then', 1]);
    }
  });

  test('nor one that the requests themselves are wrong for', async () => {
    trio.at.one.behaveAlways({ refuse: { status: 400 } });
    for (let number = 0; number < 8; number++) expect((await post(trio.gateway, 'faulty')).status).toBe(400);
    await untilIdle(trio.gateway);
    expect((await healthOf(trio.gateway, 'faulty'))?.standing).toEqual({ type: 'good' });
  });
});

test('the next request after its rest finds it again', async () => {
  trio.at.one.behaveAlways(unavailable);
  await untilResting('back');
  trio.at.one.behaveAlways(undefined);
  await untilStanding(trio.gateway, 'back', 'probe');
  expect(await metricSum(trio.gateway, 'remora_deployment_resting', { deployment: 'back/gpt-5-mini' })).toBe(0.5);
  expect(answeredBy(await ask(trio.gateway, 'back'))).toEqual(['back', 1]);
  await untilStanding(trio.gateway, 'back', 'good');
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(trio.gateway, 'back')));
  for (const answer of answers) expect(answeredBy(answer)).toEqual(['back', 1]);
  expect(await metricSum(trio.gateway, 'remora_deployment_resting', { deployment: 'back/gpt-5-mini' })).toBe(0);
  expect(linesWith(trio.gateway, 'back/gpt-5-mini is back')).toBe(1);
});

test('of many at once one tries whether it is back, and a failure makes the next rest longer', async () => {
  trio.at.one.behaveAlways(unavailable);
  await untilResting('probed');
  trio.at.one.behaveAlways({ ...unavailable, delayMs: 500 });
  await untilStanding(trio.gateway, 'probed', 'probe');
  const asked = trio.at.one.requests.length;
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask(trio.gateway, 'probed')));
  expect(answers.filter((answer) => answeredBy(answer)[1] === 2)).toHaveLength(1);
  expect(answers.filter((answer) => answeredBy(answer)[1] === 1)).toHaveLength(39);
  expect(trio.at.one.requests).toHaveLength(asked + 1);
  const { standing } = await untilStanding(trio.gateway, 'probed', 'resting');
  expect(standing).toMatchObject({ reason: 'failing' });
  trio.at.one.behaveAlways(undefined);
  const began = Date.now();
  await untilStanding(trio.gateway, 'probed', 'probe');
  expect(Date.now() - began).toBeGreaterThan(700); // twice 700 ms, less a fifth at most and what passed before we looked
  expect(answeredBy(await ask(trio.gateway, 'probed'))).toEqual(['probed', 1]);
});

test('a client that leaves before it is known whether it is back keeps nobody else from trying', async () => {
  trio.at.one.behaveAlways(unavailable);
  await untilResting('unproven');
  trio.at.one.behaveAlways({ break: { how: 'stall', after: 'nothing' } });
  await untilStanding(trio.gateway, 'unproven', 'probe');
  const leaving = new AbortController();
  const arriving = trio.at.one.nextRequest();
  const asking = post(trio.gateway, 'unproven', {}, { signal: leaving.signal });
  asking.catch(() => {});
  await arriving;
  expect((await untilStanding(trio.gateway, 'unproven', 'resting')).standing).toMatchObject({ reason: 'failing' }); // one tries
  leaving.abort();
  await untilStanding(trio.gateway, 'unproven', 'probe');
  trio.at.one.behaveAlways(undefined);
  expect(answeredBy(await ask(trio.gateway, 'unproven'))).toEqual(['unproven', 1]);
  await untilStanding(trio.gateway, 'unproven', 'good');
});

test('one that works and fails in turns gets ever longer rests: few requests meet it, and none of them fails', async () => {
  // Works for one request, fails for the next three, and so on.
  trio.at.one.behave(...Array.from({ length: 400 }, (_, index) => (index % 4 === 0 ? {} : unavailable)));
  const until = Date.now() + 5000;
  let sent = 0;
  while (Date.now() < until) {
    const batch = await Promise.all(Array.from({ length: 4 }, () => post(trio.gateway, 'flapping')));
    for (const { status } of batch) expect(status).toBe(200);
    sent += batch.length;
    await sleep(20);
  }
  const asked = trio.at.one.requests.length;
  expect(sent).toBeGreaterThan(100);
  expect(asked).toBeLessThan(60); // rests of 0.25, 0.5, 1, 2 seconds: some ten requests between two of them
  expect(linesWith(trio.gateway, 'flapping/gpt-5-mini is given a rest')).toBeLessThanOrEqual(6);
});

describe('a slow provider is left alone', () => {
  test('where it is slow to begin its streams', async () => {
    trio.at.one.behaveAlways({ eventDelayMs: 250, say: { text: 'one' } }); // headers at once, the first word after that
    const slow = await Promise.all(Array.from({ length: 4 }, () => ask(trio.gateway, 'slow-stream', { stream: true })));
    for (const answer of slow) expect(answeredBy(answer)).toEqual(['slow-stream', 1]);
    expect((await untilStanding(trio.gateway, 'slow-stream', 'resting')).standing).toMatchObject({ reason: 'slow' });
    const others = await Promise.all(Array.from({ length: 10 }, () => ask(trio.gateway, 'slow-stream', { stream: true })));
    for (const answer of others) expect(answeredBy(answer)).toEqual(['two', 1]);
    trio.at.one.behaveAlways(undefined);
    await untilStanding(trio.gateway, 'slow-stream', 'probe');
    expect(answeredBy(await ask(trio.gateway, 'slow-stream', { stream: true }))).toEqual(['slow-stream', 1]);
    await untilStanding(trio.gateway, 'slow-stream', 'good');
  });

  test('where it is slow with whole answers', async () => {
    trio.at.one.behaveAlways({ delayMs: 250 });
    await Promise.all(Array.from({ length: 4 }, () => ask(trio.gateway, 'slow-json')));
    expect((await untilStanding(trio.gateway, 'slow-json', 'resting')).standing).toMatchObject({ reason: 'slow' });
    expect(answeredBy(await ask(trio.gateway, 'slow-json'))).toEqual(['two', 1]);
  });

  test('but not one that only has a lot to say', async () => {
    trio.at.one.behaveAlways({ eventDelayMs: 20, say: { text: 'one two three four five six seven eight nine ten eleven twelve' } });
    await Promise.all(Array.from({ length: 8 }, () => ask(trio.gateway, 'long', { stream: true })));
    const known = await eventually(
      () => healthOf(trio.gateway, 'long'),
      (report) => report?.failureRate !== undefined,
    );
    expect(known).toMatchObject({ standing: { type: 'good' }, failureRate: 0 });
  });
});
