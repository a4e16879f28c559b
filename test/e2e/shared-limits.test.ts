import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { eventually, hashOf, type ConfigData } from './gateway.ts';
import { anthropicSdk, openaiSdk, rejection, say, sdks, type ClientOptions, type Sdk } from './sdks.ts';
import { extended, setStage } from './stage.ts';

// Limits of models and of providers, which all tenants share, as each SDK meets them.

const limits = {
  requests: { requests: 1, per: 'hour' },
  tokens: { tokens: 2000, per: 'hour' },
  concurrent: { concurrent: 1 },
} as const;
type Of = keyof typeof limits;
const kinds = Object.keys(limits) as Of[];
const short = { openai: 'openai', '@anthropic-ai/sdk': 'anthropic' } as const;
const clients = Object.values(short);

const tenant = (name: string) => ({ keys: [{ name: 'test', hash: hashOf(`rk-${name}`) }] });
const all = (entries: readonly [string, unknown][]): ConfigData => Object.fromEntries(entries);

const stage = setStage((world) => {
  const fake = { kind: 'openai', baseUrl: world.openai.url, apiKey: world.openai.apiKey };
  const limited = kinds.flatMap((of) => [...clients, 'chain'].map((name) => ({ name: `${of}-${name}`, limits: [limits[of]] })));
  const to = (provider: string) => [{ provider, model: 'gpt-5-mini' }];
  return extended(world, {
    providers: all(limited.map(({ name, ...more }) => [name, { ...fake, ...more }])),
    models: all([
      ...limited.map(({ name, ...more }): [string, unknown] => [`model-${name}`, { targets: to('openai'), ...more }]),
      ...limited.map(({ name }): [string, unknown] => [`provider-${name}`, { targets: to(name) }]),
      ...kinds.map((of): [string, unknown] => [`then-${of}`, { targets: to(`${of}-chain`), fallback: ['claude'] }]),
      ['contested', { targets: to('openai'), limits: [{ requests: 20, per: 'second' }] }],
      ['contested-places', { targets: to('openai'), limits: [{ concurrent: 8 }] }],
    ]),
    tenants: Object.fromEntries(['first', 'second', 'greedy', 'modest'].map((name) => [name, tenant(name)])),
  });
});

/** An answer that used 1990 tokens. */
const long = { usage: { prompt_tokens: 1890, completion_tokens: 100, total_tokens: 1990 } };
const ask = (sdk: Sdk, model: string, options: ClientOptions) => sdk.ask(stage.gateway, say(model, 'Hello', { maxTokens: 100 }), options);

/** Holds a place at a model as a tenant until it is let go of. */
async function hold(model: string, key = 'rk-first'): Promise<() => Promise<void>> {
  const before = stage.world.openai.requests.length;
  stage.world.openai.behave({ delayMs: 600_000 });
  const leaving = new AbortController();
  const held = fetch(`${stage.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], max_completion_tokens: 100 }),
    signal: leaving.signal,
  }).catch(() => undefined);
  await eventually(
    () => stage.world.openai.requests.length,
    (count) => count > before,
  );
  return async () => {
    leaving.abort();
    await held;
  };
}

describe.each(sdks.map((sdk) => ({ name: sdk.name, sdk })))('$name', ({ sdk }) => {
  const refusal = async (model: string, code: string): Promise<Headers> => {
    const error = await rejection(ask(sdk, model, { key: 'rk-second' }));
    expect(error).toBeInstanceOf(sdk.errors.RateLimitError);
    expect(JSON.stringify(error['error'])).toContain(`"${code}"`);
    expect(error.message).toMatch(/^429 .*(model|provider)/i);
    const headers = error['headers'] as Headers;
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(headers.has('x-should-retry')).toBe(false);
    return headers;
  };

  test.each(['model', 'provider'])('is told of a limit of requests of a %s that another tenant has used up', async (of) => {
    const model = `${of}-requests-${short[sdk.name]}`;
    await ask(sdk, model, { key: 'rk-first' });
    const headers = await refusal(model, 'rate-limited');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(3000); // of an hour
    expect(stage.world.openai.requests).toHaveLength(1);
  });

  test.each(['model', 'provider'])('is told of a limit of tokens of a %s that another tenant has used up', async (of) => {
    const model = `${of}-tokens-${short[sdk.name]}`;
    stage.world.openai.behave({ say: long });
    await ask(sdk, model, { key: 'rk-first' });
    const headers = await refusal(model, 'rate-limited');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(10);
  });

  test.each(['model', 'provider'])('is told of the one place of a %s that another tenant has, until it is free', async (of) => {
    const model = `${of}-concurrent-${short[sdk.name]}`;
    const release = await hold(model);
    await refusal(model, 'too-many-requests');
    await release();
    expect((await ask(sdk, model, { key: 'rk-second', maxRetries: 3 })).text).not.toBe('');
  });
});

describe('a provider at its limit leads to the next of the chain:', () => {
  const served = async (model: string): Promise<string | null> =>
    (await ask(openaiSdk, model, { key: 'rk-second' })).headers.get('x-remora-deployment');

  test('requests', async () => {
    expect(await served('then-requests')).toBe('requests-chain/gpt-5-mini');
    for (let time = 0; time < 3; time++) expect(await served('then-requests')).toBe('anthropic/claude-haiku-4-5');
  });

  test('tokens', async () => {
    stage.world.openai.behave({ say: long });
    expect(await served('then-tokens')).toBe('tokens-chain/gpt-5-mini');
    for (let time = 0; time < 3; time++) expect(await served('then-tokens')).toBe('anthropic/claude-haiku-4-5');
  });

  test('concurrency', async () => {
    const release = await hold('then-concurrent');
    for (let time = 0; time < 3; time++) expect(await served('then-concurrent')).toBe('anthropic/claude-haiku-4-5');
    await release();
  });
});

describe('of what all share, a modest tenant gets its part while a greedy one', () => {
  /** Clients that ask again and again, and heed nothing. */
  function besiege(model: string, clientCount: number) {
    const refusals: unknown[] = [];
    let answers = 0;
    let isOver = false;
    const client = async (): Promise<void> => {
      while (!isOver) {
        await ask(openaiSdk, model, { key: 'rk-greedy' }).then(
          () => answers++,
          (error: unknown) => refusals.push(error),
        );
        await sleep(5);
      }
    };
    const running = Promise.all(Array.from({ length: clientCount }, client));
    return {
      refusals,
      answers: () => answers,
      async end() {
        isOver = true;
        await running;
      },
    };
  }

  test.each([
    ['asks all the time', 'contested', 'rate-limited', 0],
    ['would have all places', 'contested-places', 'too-many-requests', 150],
  ])('%s', async (_, model, code, delayMs) => {
    stage.world.openai.behaveAlways({ delayMs });
    const greedy = besiege(model, 12);
    await eventually(
      () => greedy.refusals.length,
      (count) => count > 20,
    ); // it has all of it, and takes each that comes back
    const statuses: number[] = [];
    const modest = (sdk: Sdk) => ask(sdk, model, { key: 'rk-modest', maxRetries: 2, onResponse: ({ status }) => void statuses.push(status) });
    for (const sdk of sdks) await modest(sdk); // by what each SDK does on its own
    statuses.length = 0;
    const answersBefore = greedy.answers();
    for (let time = 0; time < 8; time++) {
      await modest(time % 2 === 0 ? openaiSdk : anthropicSdk);
      await sleep(150); // or it would be greedy as well
    }
    await greedy.end();
    expect(statuses).toEqual(Array(8).fill(200)); // and from then on at once
    expect(greedy.answers()).toBeGreaterThan(answersBefore);
    expect(greedy.refusals.filter((error) => String(error).includes('you have your part of it'))).not.toEqual([]);
    for (const error of greedy.refusals) {
      if (!(error instanceof openaiSdk.errors.RateLimitError)) throw error;
      expect(JSON.stringify(error.error)).toContain(`"${code}"`);
      expect(Number(error.headers?.get('retry-after'))).toBeGreaterThan(0);
    }
  });
});
