import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFakeOpenAI } from '../../src/demo/openai.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { hashOf, keys, startGateway, temporaryFolder, type ConfigData, type RunningGateway } from './gateway.ts';
import { answeredBy, ask, linesWith, post, untilStanding } from './trio.ts';

let broken: FakeProvider | undefined;
let good: FakeProvider | undefined;
let gateways: RunningGateway[] = [];
/** Where the file lies that the gateways share; each has a store of its own. */
const folder = temporaryFolder();

beforeAll(async () => {
  broken = await startFakeOpenAI({ apiKey: 'sk-of-broken' });
  good = await startFakeOpenAI({ apiKey: 'sk-of-good' });
  gateways = [await startGateway(config(broken, good)), await startGateway(config(broken, good))];
});
afterAll(async () => {
  for (const gateway of gateways) await gateway.stop();
  await broken?.stop();
  await good?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function config(first: FakeProvider, second: FakeProvider): ConfigData {
  const model = 'gpt-5-mini';
  const pool = [
    { name: 'a', baseUrl: first.url, apiKey: first.apiKey },
    { name: 'b', baseUrl: second.url, apiKey: second.apiKey },
  ];
  return {
    providers: {
      broken: { kind: 'openai', baseUrl: first.url, apiKey: first.apiKey, breaker: { failures: 3, rest: '3s' } },
      good: { kind: 'openai', baseUrl: second.url, apiKey: second.apiKey },
      pool: { kind: 'openai', credentials: pool },
    },
    models: {
      chain: { targets: [{ provider: 'broken', model }], fallback: ['good'] },
      good: { targets: [{ provider: 'good', model }] },
      pool: { targets: [{ provider: 'pool', model }] },
    },
    tenants: { open: { keys: [{ name: 'test', hash: hashOf(keys.open) }] } },
    resilience: { share: { embedded: { path: join(folder, 'health.db') } } },
  };
}

function started(): { one: RunningGateway; other: RunningGateway; at: FakeProvider } {
  const [one, other] = gateways;
  if (one === undefined || other === undefined || broken === undefined) throw new Error('they have not been started');
  return { one, other, at: broken };
}

test('what one gateway learns of a provider that fails, the other need not learn anew, nor that it is back', async () => {
  const { one, other, at } = started();
  at.behaveAlways({ refuse: { status: 503 } });
  await Promise.all([ask(one, 'chain'), ask(one, 'chain'), ask(one, 'chain')]);
  await untilStanding(one, 'broken', 'resting');
  await untilStanding(other, 'broken', 'resting');
  expect(at.requests).toHaveLength(3);
  expect(answeredBy(await ask(other, 'chain'))).toEqual(['good', 1]);
  expect(at.requests).toHaveLength(3);

  at.behaveAlways(undefined);
  await untilStanding(one, 'broken', 'probe');
  expect(answeredBy(await ask(one, 'chain'))).toEqual(['broken', 1]);
  await untilStanding(one, 'broken', 'good');
  await untilStanding(other, 'broken', 'good');
  expect(answeredBy(await ask(other, 'chain'))).toEqual(['broken', 1]);
  expect(linesWith(one, 'broken/gpt-5-mini is given a rest')).toBe(1);
  expect(linesWith(other, 'broken/gpt-5-mini is given a rest')).toBe(0); // told by who found it
});

test('a limited key that one gateway has met is left alone by the other', async () => {
  const { one, other, at } = started();
  at.clear();
  at.behaveAlways({ refuse: { status: 429, headers: { 'retry-after': '30' } } });
  while (at.requests.length === 0) expect((await post(one, 'pool')).status).toBe(200);
  await untilStanding(other, 'pool#a', 'resting');
  const asked = at.requests.length;
  for (let number = 0; number < 20; number++) expect(answeredBy(await ask(other, 'pool'))).toEqual(['pool', 1]);
  expect(at.requests).toHaveLength(asked);
});
