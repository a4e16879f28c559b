import { describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import type { MirrorResult } from '../../src/mirror/mirror-result.ts';
import { eventually, hashOf, type ConfigData } from './gateway.ts';
import { sdks } from './sdks.ts';
import { answeredBy, ask, entriesOf, metricSum, post, setTrio, untilIdle } from './trio.ts';

const trio = setTrio(({ target, chain }): ConfigData => ({
  models: {
    mirrored: { targets: [target('one')], mirror: { model: 'two', share: '100%', tenant: 'lab' } },
    'mirrored-chain': chain({ fallback: ['three'], mirror: { model: 'two', share: '100%', tenant: 'lab' } }),
    half: { targets: [target('one')], mirror: { model: 'two', share: '50%', tenant: 'lab' } },
    'mirrored-poor': { targets: [target('one')], mirror: { model: 'two', share: '100%', tenant: 'poor' } },
  },
  tenants: {
    lab: {},
    poor: { budget: { amount: 0.000001, per: 'month' } },
    private: { keys: [{ name: 'test', hash: hashOf('rk-private') }], privacy: { redact: ['email'], restore: true } },
    few: { keys: [{ name: 'test', hash: hashOf('rk-few') }], models: ['mirrored'] },
  },
}));

/** What came of copies, newest first. */
const mirrors = async (): Promise<MirrorResult[]> => (await (await fetch(`${trio.gateway.adminUrl}/api/mirrors`)).json()) as MirrorResult[];

/** Waits for so many more copies to be over than were before. */
async function copies(count: number, work: () => Promise<unknown>): Promise<MirrorResult[]> {
  const total = (): Promise<number> => metricSum(trio.gateway, 'remora_mirrored_total');
  const before = await total();
  await work();
  await eventually(total, (now) => now >= before + count);
  return (await mirrors()).slice(0, count);
}

describe.each([{ stream: false }, { stream: true }])('stream: $stream', ({ stream }) => {
  test.each(sdks)('$name: the copy arrives in the other provider’s protocol, is noted, and nobody gets it', async (sdk) => {
    trio.at.two.behaveAlways({ say: { text: 'Words of the copy.' } });
    const entries = await entriesOf(trio.gateway, async () => {
      const [copy] = await copies(1, async () => {
        const answer = await ask(trio.gateway, 'mirrored', { stream }, { sdk });
        expect(answer.text).toContain('demo OpenAI (gpt-5-mini). You said: "Hello"');
        expect(answeredBy(answer)).toEqual(['one', 1]);
      });
      expect(copy).toMatchObject({
        askedModel: 'mirrored',
        model: 'two',
        deployment: 'two/claude-haiku-4-5',
        tenant: 'lab',
        status: 200,
        end: 'complete',
        text: 'Words of the copy.',
      });
      expect(copy?.costNanos).toBeGreaterThan(0);
    });
    expect(trio.asked()).toEqual([1, 1, 0]);
    const copied = trio.at.two.requests[0];
    expect(JSON.parse(copied?.body.toString() ?? '')).toMatchObject({ model: 'claude-haiku-4-5', messages: [{ role: 'user', content: 'Hello' }] });
    expect(copied?.rawHeaders.join('\n').match(/sk-of-\w+|rk-\w+/g)).toEqual(['sk-of-two']);
    const [own, booked] = entries.toSorted((a, b) => String(b['tenant']).localeCompare(String(a['tenant'])));
    expect(entries).toHaveLength(2);
    expect(own).toMatchObject({ tenant: 'open', key: 'open/test', model: 'mirrored', deployment: 'one/gpt-5-mini' });
    expect(booked).toMatchObject({
      tenant: 'lab',
      key: 'mirror:mirrored',
      model: 'two',
      deployment: 'two/claude-haiku-4-5',
      exchange: own?.['exchange'],
      ended: 'complete',
    });
    expect(Number(booked?.['cost_nanos'])).toBeGreaterThan(0);
  });

  const ways: { name: string; behaviour: Behaviour }[] = [
    { name: 'fails', behaviour: { refuse: { status: 500 } } },
    { name: 'breaks off', behaviour: { break: { how: 'reset', after: 1 } } },
    { name: 'says nothing', behaviour: { say: { text: '' } } },
  ];
  test.each(ways)('a copy that $name changes nothing', async ({ behaviour }) => {
    trio.at.two.behaveAlways(behaviour);
    await copies(4, async () => {
      const answers = await Promise.all(
        Array.from({ length: 4 }, (_, index) => ask(trio.gateway, 'mirrored', { stream }, { sdk: sdks[index % 2] ?? sdks[0] })),
      );
      for (const answer of answers) expect(answeredBy(answer)).toEqual(['one', 1]);
    });
    expect(trio.asked()).toEqual([4, 4, 0]);
  });

  test('a request that falls back is copied once', async () => {
    trio.at.one.behave({ refuse: { status: 503 } });
    await copies(1, async () => expect(answeredBy(await ask(trio.gateway, 'mirrored-chain', { stream }))).toEqual(['three', 2]));
    expect(trio.asked()).toEqual([1, 1, 1]);
  });
});

test('copies that take long keep nobody waiting, and beyond sixteen none is made', async () => {
  trio.at.two.behaveAlways({ delayMs: 2500 });
  const dropped = (): Promise<number> => metricSum(trio.gateway, 'remora_mirror_dropped_total', { reason: 'busy' });
  const before = await dropped();
  const over = (): Promise<number> => metricSum(trio.gateway, 'remora_mirrored_total');
  const overBefore = await over();
  await copies(16, async () => {
    const answers = await Promise.all(Array.from({ length: 24 }, () => ask(trio.gateway, 'mirrored')));
    for (const answer of answers) expect(answeredBy(answer)).toEqual(['one', 1]);
    expect(await over()).toBe(overBefore); // all are answered, and no copy is
  });
  expect(trio.asked()).toEqual([24, 16, 0]);
  expect((await dropped()) - before).toBe(8);
});

test('of a share of the requests that many are copied', async () => {
  const requests = 100;
  const before = await metricSum(trio.gateway, 'remora_mirrored_total');
  for (let sent = 0; sent < requests; sent += 10) await Promise.all(Array.from({ length: 10 }, () => ask(trio.gateway, 'half')));
  const copied = await eventually(
    () => metricSum(trio.gateway, 'remora_mirrored_total'),
    (count) => count - before === trio.at.two.requests.length,
  );
  expect(copied - before).toBeGreaterThan(20); // 50, give or take six standard deviations
  expect(copied - before).toBeLessThan(80);
});

test('a tenant that cannot pay for copies gets none made', async () => {
  for (const sdk of sdks) expect(answeredBy(await ask(trio.gateway, 'mirrored-poor', {}, { sdk }))).toEqual(['one', 1]);
  await eventually(
    () => metricSum(trio.gateway, 'remora_mirror_dropped_total', { reason: 'budget' }),
    (count) => count === 2,
  );
  expect(trio.asked()).toEqual([2, 0, 0]);
});

test('a request that the caller may not send there is not copied, and a copy has no personal data that the request may not have', async () => {
  expect((await post(trio.gateway, 'mirrored', {}, { key: 'rk-few' })).status).toBe(200);
  const said = { messages: [{ role: 'user', content: 'I am zoe@example.com' }] };
  await copies(1, async () => {
    const { body } = await post(trio.gateway, 'mirrored', said, { key: 'rk-private' });
    expect(body).toContain('zoe@example.com'); // restored for the client
  });
  expect(trio.asked()).toEqual([2, 1, 0]);
  for (const place of ['one', 'two'] as const)
    for (const { body } of trio.at[place].requests) expect(body.toString()).not.toContain('zoe@example.com');
});

test('a copy that never ends changes nothing either', async () => {
  trio.at.two.behaveAlways({ break: { how: 'stall', after: 'nothing' } });
  for (const sdk of sdks) expect(answeredBy(await ask(trio.gateway, 'mirrored', {}, { sdk }))).toEqual(['one', 1]);
  await untilIdle(trio.gateway);
  await eventually(
    () => trio.at.two.requests.length,
    (count) => count === 2,
  );
});
