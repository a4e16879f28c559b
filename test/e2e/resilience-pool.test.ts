import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import { answeredBy, ask, healthOf, linesWith, metricSum, post, setTrio, untilStanding, type Parts } from './trio.ts';
import { sdks } from './sdks.ts';
import type { ConfigData } from './gateway.ts';

/** Pools of three keys, `a` at the first fake, `b` at the second, `c` at the third: one for each test, since health is kept by their names. */
const pools = ['limited', 'burst', 'returning', 'refused', 'wrong-key', 'no-money', 'quota', 'spent', 'all-limited', 'forbidden'] as const;
type Pool = (typeof pools)[number];

const model = 'gpt-5-mini';

function configure({ credential }: Parts): ConfigData {
  const credentials = (['one', 'two', 'three'] as const).map((place, index) => credential(place, { name: 'abc'[index] }));
  const wrong = credentials.map((each, index) => (index === 0 ? { ...each, apiKey: 'sk-of-nobody' } : each));
  const poolOf = (name: Pool): ConfigData => ({
    kind: 'openai',
    credentials: name === 'wrong-key' ? wrong : credentials,
    ...(name === 'quota' && { inspect: 'errors' }),
  });
  return {
    providers: Object.fromEntries(pools.map((name) => [name, poolOf(name)])),
    models: Object.fromEntries(pools.map((name) => [name, { targets: [{ provider: name, model }] }])),
    resilience: {}, // what breakers do by default
  };
}

const trio = setTrio(configure, { one: 'openai', two: 'openai', three: 'openai' });

const tooMany = (seconds: number): Behaviour => ({ refuse: { status: 429, headers: { 'retry-after': String(seconds) } } });

/** Asks until the first key has been asked, and waits until that is known. */
async function untilAsked(pool: Pool): Promise<void> {
  while (trio.at.one.requests.length === 0) expect((await post(trio.gateway, pool)).status).toBe(200);
  await untilStanding(trio.gateway, `${pool}#a`, 'resting');
}

/** Makes requests, twenty at a time, half of them streams and by either SDK; none may fail. Gives how many attempts each took. */
async function askMany(pool: Pool, count = 40): Promise<number[]> {
  const attempts: number[] = [];
  while (attempts.length < count) {
    const answers = Promise.all(
      Array.from({ length: 20 }, (_, index) => ask(trio.gateway, pool, { stream: index % 4 < 2 }, { sdk: sdks[index % 2] ?? sdks[0] })),
    );
    for (const answer of await answers) attempts.push(answeredBy(answer)[1]);
  }
  return attempts;
}

describe('a key that does not serve is set aside: asked once, told once, and nobody sees it', () => {
  const reasons: { pool: Pool; name: string; behaviour: Behaviour | undefined; reason: string; status: string }[] = [
    { pool: 'limited', name: 'a limited one', behaviour: tooMany(30), reason: 'limited', status: '429' },
    { pool: 'refused', name: 'a refused one', behaviour: { refuse: { status: 401 } }, reason: 'refused', status: '401' },
    { pool: 'wrong-key', name: 'one that the provider does not know', behaviour: undefined, reason: 'refused', status: '401' },
    { pool: 'no-money', name: 'one out of money', behaviour: { refuse: { status: 402 } }, reason: 'out-of-money', status: '402' },
    {
      pool: 'quota',
      name: 'one whose body tells that it is out of money',
      behaviour: {
        refuse: {
          status: 429,
          body: { error: { message: 'You exceeded your current quota.', type: 'insufficient_quota', param: null, code: 'insufficient_quota' } },
        },
      },
      reason: 'out-of-money',
      status: '429',
    },
  ];

  test.each(reasons)('$name', async ({ pool, behaviour, reason, status }) => {
    if (behaviour !== undefined) trio.at.one.behaveAlways(behaviour);
    await untilAsked(pool);
    const attempts = await askMany(pool, 100);
    expect(attempts).toEqual(Array.from({ length: 100 }, () => 1));
    expect(trio.at.one.requests).toHaveLength(1);
    const [, two = 0, three = 0] = trio.asked();
    expect(Math.min(two, three)).toBeGreaterThan(20); // the other keys share what is left
    expect((await healthOf(trio.gateway, `${pool}#a`))?.standing).toMatchObject({ type: 'resting', reason });
    expect(linesWith(trio.gateway, `${pool}#a`)).toBe(1);
    expect(await metricSum(trio.gateway, 'remora_attempts_total', { deployment: `${pool}/${model}`, account: 'a' })).toBe(1);
    expect(await metricSum(trio.gateway, 'remora_attempts_total', { deployment: `${pool}/${model}`, account: 'a', status })).toBe(1);
    expect(await metricSum(trio.gateway, 'remora_deployment_resting', { reason })).toBeGreaterThan(0);
    expect(
      await metricSum(trio.gateway, 'remora_deployments_skipped_total', { deployment: `${pool}#a/${model}`, reason: 'resting' }),
    ).toBeGreaterThanOrEqual(100);
  });
});

test('a key that is forbidden something is set aside once that is no matter of one request', async () => {
  trio.at.one.behaveAlways({ refuse: { status: 403 } });
  while ((await healthOf(trio.gateway, 'forbidden#a'))?.standing.type !== 'resting') expect((await post(trio.gateway, 'forbidden')).status).toBe(200);
  const asked = trio.at.one.requests.length;
  expect(asked).toBeGreaterThanOrEqual(3);
  await askMany('forbidden');
  expect(trio.at.one.requests).toHaveLength(asked);
});

test('of a hundred requests at once none sees the limit of one key', async () => {
  trio.at.one.behaveAlways(tooMany(30));
  const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => ask(trio.gateway, 'burst', { stream: index % 2 === 0 })));
  expect(answers).toHaveLength(100);
  await untilStanding(trio.gateway, 'burst#a', 'resting');
  const asked = trio.at.one.requests.length;
  await askMany('burst');
  expect(trio.at.one.requests).toHaveLength(asked);
  expect(linesWith(trio.gateway, 'burst#a')).toBe(1);
});

test('a limited key is used again after the time that the provider asked for, and not before', async () => {
  trio.at.one.behave(tooMany(2));
  await untilAsked('returning');
  const began = Date.now();
  while (trio.at.one.requests.length === 1) {
    expect((await post(trio.gateway, 'returning')).status).toBe(200);
    await sleep(20);
  }
  expect(Date.now() - began).toBeGreaterThan(1000); // two seconds, but for what passed before we looked
  expect(trio.at.one.requests[1]?.status).toBe(200);
  await untilStanding(trio.gateway, 'returning#a', 'good');
  expect(linesWith(trio.gateway, 'returning#a')).toBe(2); // given a rest, and back
});

test('a key whose provider says that nothing is left of its limit is left alone before it says no', async () => {
  const spent = { 'x-ratelimit-limit-requests': '100', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '30s' };
  const answer = {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  };
  trio.at.one.behaveAlways({ raw: { headers: { 'content-type': 'application/json', ...spent }, chunks: [JSON.stringify(answer)] } });
  while (trio.at.one.requests.length === 0) expect((await post(trio.gateway, 'spent')).status).toBe(200);
  await askMany('spent');
  expect(trio.at.one.requests).toHaveLength(1);
  expect((await healthOf(trio.gateway, 'spent#a'))?.headroom).toBe(0);
});

test('where every key is limited, the first client hears it from the provider, and the next at once from us', async () => {
  trio.fail(3, tooMany(20));
  const first = await post(trio.gateway, 'all-limited');
  expect(first.status).toBe(429);
  expect(trio.asked()).toEqual([1, 1, 1]);
  for (const account of ['a', 'b', 'c']) await untilStanding(trio.gateway, `all-limited#${account}`, 'resting');
  const next = await post(trio.gateway, 'all-limited');
  expect([next.status, next.headers.get('x-remora-error')]).toEqual([503, 'deployments-resting']);
  expect(Number(next.headers.get('retry-after'))).toBeGreaterThan(10);
  expect(trio.asked()).toEqual([1, 1, 1]);
});
