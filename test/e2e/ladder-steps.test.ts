import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFakeGemini } from '../../src/demo/gemini.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { googleClient, lastSent } from './beyond-chat.ts';
import { anthropicClient, eventually, hashOf, openaiClient, startGateway, startWorld, type RunningGateway, type World } from './gateway.ts';
import { createMovedClock } from './moved-clock.ts';
import { anthropicSdk, openaiSdk, rejection, say, sdks } from './sdks.ts';
import { extended } from './stage.ts';

// Every step of a ladder, as clients and providers see it. A request costs a dollar, and a step begins at 10% of ten dollars: with the second request.

const price = { input: 0, output: 0, perRequest: 1 };
const target = (provider: string, model: string) => ({ targets: [{ provider, model, price }] });
const models = {
  gpt: target('openai', 'gpt-5-mini'),
  claude: target('anthropic', 'claude-sonnet-4-6'),
  gemini: target('gemini', 'gemini-2.5-flash'),
};
type Model = keyof typeof models;

const tenant = (name: string, ladder: readonly object[], amount = 10) => ({
  keys: [{ name: 'test', hash: hashOf(`rk-${name}`) }],
  budget: { amount, per: 'day', ladder },
});

/** A client's question that wants much thought and a long answer. */
interface Client {
  name: string;
  ask(model: Model, key: string): Promise<unknown>;
}

const clients: readonly Client[] = [
  {
    name: 'openai-chat',
    ask: (model, key) =>
      openaiClient(gateway, key).chat.completions.create({
        model,
        messages: [{ role: 'user', content: 'Hello' }],
        reasoning_effort: 'high',
        max_completion_tokens: 20_000,
      }),
  },
  {
    name: 'openai-responses',
    ask: (model, key) =>
      openaiClient(gateway, key).responses.create({ model, input: 'Hello', reasoning: { effort: 'high' }, max_output_tokens: 20_000, store: false }),
  },
  {
    name: 'anthropic-messages',
    ask: (model, key) =>
      anthropicClient(gateway, key).messages.create({
        model,
        messages: [{ role: 'user', content: 'Hello' }],
        thinking: { type: 'enabled', budget_tokens: 16_000 },
        max_tokens: 20_000,
      }),
  },
  {
    name: 'gemini-generate',
    ask: (model, key) =>
      googleClient(gateway, key).models.generateContent({
        model,
        contents: 'Hello',
        config: { thinkingConfig: { thinkingBudget: 16_000 }, maxOutputTokens: 20_000 },
      }),
  },
];
const pairs = clients.flatMap((client) => (Object.keys(models) as Model[]).map((model) => ({ name: client.name, client, model })));

const clock = createMovedClock();
let world: World;
let gemini: FakeProvider;
let gateway: RunningGateway;
const posted: { authorization: string | undefined; message: Record<string, unknown> }[] = [];
const hook = createServer((request, response) => {
  let body = '';
  request.on('data', (data: Buffer) => (body += data.toString()));
  request.on('end', () => {
    posted.push({ authorization: request.headers.authorization, message: JSON.parse(body) as Record<string, unknown> });
    response.end();
  });
});

beforeAll(async () => {
  world = await startWorld();
  gemini = await startFakeGemini();
  await once(hook.listen(0, '127.0.0.1'), 'listening');
  const steps = Object.fromEntries(
    pairs.flatMap(({ name, model }) => [
      [`effort-${name}-${model}`, tenant(`effort-${name}-${model}`, [{ at: '10%', effort: 'low' }])],
      [`length-${name}-${model}`, tenant(`length-${name}-${model}`, [{ at: '10%', maxTokens: 500 }])],
    ]),
  );
  const base = extended(world, {
    providers: { gemini: { kind: 'gemini', baseUrl: gemini.url, apiKey: gemini.apiKey } },
    models,
    tenants: {
      ...steps,
      calm: tenant('calm', [{ at: '0%', effort: 'low' }]),
      warned: tenant('warned', [
        { at: '10%', warn: true },
        { at: '30%', warn: true },
      ]),
      denied: tenant('denied', [{ at: '10%', deny: true }]),
      led: tenant('led', [
        { at: '10%', use: 'claude' },
        { at: '10%', maxTokens: 500 },
        { at: '20%', maxTokens: 200 },
      ]),
      hurried: tenant('hurried', [{ at: '10%', queue: '200ms' }]),
      paced: tenant('paced', [{ at: '10%', queue: '5s' }], 20),
    },
  });
  const alerts = { webhook: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/budgets`, token: 'hook-token' };
  gateway = await startGateway({ ...base, alerts }, { env: clock.env });
});
afterAll(async () => {
  await gateway?.stop();
  await world?.stop();
  await gemini?.stop();
  hook.close();
  clock.remove();
});
beforeEach(() => {
  for (const fake of [world.openai, world.anthropic, gemini]) fake.clear();
});

const fakeOf = (model: Model): FakeProvider => ({ gpt: world.openai, claude: world.anthropic, gemini })[model];

/** How much a provider was asked to think, and how long its answer may be, in its own words. */
function asked(model: Model): { thinking: unknown; maxTokens: unknown } {
  const sent = lastSent(fakeOf(model));
  const at = (...path: string[]): unknown => path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], sent);
  return {
    thinking:
      at('reasoning_effort') ??
      at('reasoning', 'effort') ??
      at('thinking', 'budget_tokens') ??
      at('output_config', 'effort') ??
      at('generationConfig', 'thinkingConfig', 'thinkingBudget'),
    maxTokens: at('max_completion_tokens') ?? at('max_output_tokens') ?? at('max_tokens') ?? at('generationConfig', 'maxOutputTokens'),
  };
}

/** The step `effort: low` in each provider's own words. */
const low = { gpt: 'low', claude: 'low', gemini: 2048 } as const;

describe.each(pairs)('$name to $model', ({ name, client, model }) => {
  test('thinks less from the step `effort` on', async () => {
    const key = `rk-effort-${name}-${model}`;
    await client.ask(model, key);
    expect(asked(model).thinking).not.toBe(low[model]);
    await client.ask(model, key);
    expect(asked(model)).toEqual({ thinking: low[model], maxTokens: 20_000 });
  });

  test('is shorter from the step `maxTokens` on', async () => {
    const key = `rk-length-${name}-${model}`;
    await client.ask(model, key);
    expect(asked(model).maxTokens).toBe(20_000);
    await client.ask(model, key);
    expect(asked(model).maxTokens).toBe(500);
  });
});

test('`effort` leaves who wants to think less as it is, and sets it where the client says nothing', async () => {
  const thinking = async (more: Record<string, unknown>): Promise<unknown> => {
    await openaiSdk.ask(gateway, say('gpt', 'Hello', { more }), { key: 'rk-calm' });
    return asked('gpt').thinking;
  };
  expect(await thinking({ reasoning_effort: 'minimal' })).toBe('minimal');
  expect(await thinking({})).toBe('low');
});

const step = ({ headers }: { headers: Headers }): string | null => headers.get('x-remora-budget-step');

test('`warn` tells the webhook once for each step', async () => {
  for (let request = 0; request < 6; request++) await openaiSdk.ask(gateway, say('gpt'), { key: 'rk-warned' });
  await eventually(
    () => posted.length,
    (count) => count >= 2,
  );
  await openaiSdk.ask(gateway, say('gpt'), { key: 'rk-warned' });
  expect(
    posted.map(({ authorization, message }) => [authorization, message['type'], message['owner'], message['at'], message['amount'], message['unit']]),
  ).toEqual([0.1, 0.3].map((at) => ['Bearer hook-token', 'budget-warning', 'tenant:warned', at, '10000000000', 'nanos']));
});

test.each(sdks)('`deny` is the own error of $name, which it does not retry', async (sdk) => {
  await sdk.ask(gateway, say('gpt'), { key: 'rk-denied' }).catch(() => {}); // the first SDK's is taken
  const statuses: number[] = [];
  const error = await rejection(
    sdk.ask(gateway, say('claude'), { key: 'rk-denied', maxRetries: 3, onResponse: ({ status }) => void statuses.push(status) }),
  );
  expect(error).toBeInstanceOf(sdk.errors.RateLimitError);
  expect(error.message).toMatch(/has used 10% of its budget for this day, where its config stops it/);
  expect(statuses).toEqual([429]);
});

test('`use` leads elsewhere, and goes with other steps; of two of a kind the later counts', async () => {
  const first = await openaiSdk.ask(gateway, say('gpt', 'Hello', { maxTokens: 2000 }), { key: 'rk-led' });
  expect([first.headers.get('x-remora-deployment'), step(first)]).toEqual(['openai/gpt-5-mini', null]);
  const second = await openaiSdk.ask(gateway, say('gpt', 'Hello', { maxTokens: 2000 }), { key: 'rk-led' });
  expect(second.headers.get('x-remora-deployment')).toBe('anthropic/claude-sonnet-4-6');
  expect(step(second)).toBe('use claude at 10% of tenant:led per day, max-tokens 500 at 10% of tenant:led per day');
  expect(asked('claude').maxTokens).toBe(500);
  const third = await openaiSdk.ask(gateway, say('gpt', 'Hello', { maxTokens: 2000 }), { key: 'rk-led' });
  expect(step(third)).toBe('use claude at 10% of tenant:led per day, max-tokens 200 at 20% of tenant:led per day');
  expect(asked('claude').maxTokens).toBe(200);
  await openaiSdk.ask(gateway, say('gpt', 'Hello', { maxTokens: 100 }), { key: 'rk-led' });
  expect(asked('claude').maxTokens).toBe(100); // it wanted less already
});

describe('`queue`', () => {
  test.each(sdks)('refuses who would wait too long with the own error of $name, which says when to come back', async (sdk) => {
    const ask = () => sdk.ask(gateway, say('gpt'), { key: 'rk-hurried' });
    await ask()
      .then(ask)
      .catch(() => {}); // the turn of the rest of the day
    const error = await rejection(ask());
    expect(error).toBeInstanceOf(sdk.errors.RateLimitError);
    expect(JSON.stringify(error['error'])).toContain('"rate-limited"');
    const headers = error['headers'] as Headers;
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(1);
    expect(headers.has('x-should-retry')).toBe(false);
  });

  test('lets requests wait for their turn, so that the rest of the budget lasts', async () => {
    const day = 86_400_000;
    clock.setAhead(Math.ceil(Date.now() / day + 1) * day - 12_000 - Date.now()); // 12 s before a midnight
    for (let request = 0; request < 3; request++) await openaiSdk.ask(gateway, say('gpt'), { key: 'rk-paced' });
    const startedAt = performance.now();
    const waited = await openaiSdk.ask(gateway, say('gpt'), { key: 'rk-paced' });
    await anthropicSdk.ask(gateway, say('claude'), { key: 'rk-paced' });
    expect(performance.now() - startedAt).toBeGreaterThan(800); // two of about 17 turns in 12 s
    expect(step(waited)).toBe('queue 5000ms at 10% of tenant:paced per day');
  });
});
