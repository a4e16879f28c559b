import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FakeProvider } from '../../src/demo/server.ts';
import { eventually, hashOf, keys, startGateway, startWorld, temporaryFolder, type RunningGateway, type World } from './gateway.ts';
import { alive, descendants, sidecarOf } from './processes.ts';
import { openaiSdk, pairs, rejection, say } from './sdks.ts';

// A token costs a milli-dollar, so that sums can be done in the head. In nano-dollars, as the ledger has them:
const token = 1_000_000;
const price = { input: 1000, output: 2000, cacheRead: 100, cacheWrite: 1250 };

const tenant = (key: string, dollars?: number) => ({
  keys: [{ name: 'test', hash: hashOf(key) }],
  ...(dollars !== undefined && { budget: { amount: dollars, per: 'month' } }),
});

let world: World;
let gateway: RunningGateway;

beforeAll(async () => {
  world = await startWorld();
  gateway = await startGateway(configWith({ rich: tenant('rk-rich', 1_000_000) }));
});

afterAll(async () => {
  await gateway?.stop();
  await world?.stop();
});

beforeEach(() => {
  world.openai.clear();
  world.anthropic.clear();
});

/** The world's config with priced models: `gpt`, `claude` (three times as dear), chains of both, `unpriced` and `then-unpriced`. */
function configWith(tenants: Record<string, unknown>): Record<string, unknown> {
  const dear = Object.fromEntries(Object.entries(price).map(([kind, dollars]) => [kind, dollars * 3]));
  const toOpenAI = { provider: 'openai', model: 'gpt-5-mini', price };
  const toAnthropic = { provider: 'anthropic', model: 'claude-haiku-4-5', price: dear };
  const { config } = world;
  return {
    ...config,
    providers: { ...(config['providers'] as object), house: { kind: 'openai-compatible', baseUrl: world.openai.url, apiKey: world.openai.apiKey } },
    models: {
      gpt: { targets: [toOpenAI] },
      claude: { targets: [toAnthropic] },
      'gpt-then-claude': { targets: [toOpenAI], fallback: ['claude'] },
      'from-catalogue': { targets: [{ provider: 'openai', model: 'gpt-5-mini' }] },
      unpriced: { targets: [{ provider: 'house', model: 'gpt-4o' }] },
      'then-unpriced': { targets: [toOpenAI], fallback: ['unpriced'] },
    },
    tenants: { ...(config['tenants'] as object), ...tenants },
  };
}

type Entry = Record<string, unknown>;

/** How many entries the gateway of the file has, as far as `entriesOf` knows. */
let known = 0;

/** Runs `work` and gives the entries that it adds to the ledger, which must be as many as expected. One too many that comes late is found by the next call, or at the end. */
async function entriesOf(work: () => Promise<unknown>, expected = 1): Promise<Entry[]> {
  await work();
  const entries = await eventually(
    () => agreeingEntries(gateway, { settled: false }),
    ({ length }) => length >= known + expected,
  );
  expect(entries).toHaveLength(known + expected);
  const added = entries.slice(known);
  known = entries.length;
  return added;
}

/** All entries: no exchange has two, and the totals are their sums. */
async function agreeingEntries(of: RunningGateway, options?: { settled: boolean }): Promise<Entry[]> {
  const { entries, totals } = await of.ledger(options);
  const sums = new Map<string, number>();
  for (const entry of entries) sums.set(String(entry['tenant']), (sums.get(String(entry['tenant'])) ?? 0) + Number(entry['cost_nanos']));
  expect(totals).toEqual(sums);
  expect(new Set(entries.map(({ exchange }) => exchange)).size).toBe(entries.length);
  return entries;
}

/** A fake says that this was used: 100 tokens of input, 40 of them from the cache, and 20 of output. */
const usages = {
  openai: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120, prompt_tokens_details: { cached_tokens: 40 } },
  anthropic: { input_tokens: 60, cache_read_input_tokens: 40, cache_creation_input_tokens: 0, output_tokens: 20 },
} as const;
const used = { input_tokens: 100, cache_read_tokens: 40, cache_write_tokens: 0, output_tokens: 20 };
const usedNanos = 60 * token + 40 * 0.1 * token + 20 * 2 * token;

const richly = { key: 'rk-rich' };
const fakeOf = (provider: 'openai' | 'anthropic'): FakeProvider => world[provider];
const dearer = { openai: 1, anthropic: 3 };

describe('what the provider counted is charged, exactly once:', () => {
  test.each(pairs)('a JSON answer, $client to $provider', async ({ sdk, model, provider }) => {
    fakeOf(provider).behave({ say: { usage: usages[provider] } });
    const [entry] = await entriesOf(() => sdk.ask(gateway, say(model), richly));
    expect(entry).toMatchObject({ ...used, tenant: 'rich', estimated: 0, unpriced: 0, ended: 'complete', status: 200, attempts: 1 });
    expect(entry?.['cost_nanos']).toBe(usedNanos * dearer[provider]);
  });

  test.each(pairs)('a stream, $client to $provider', async ({ sdk, model, provider }) => {
    fakeOf(provider).behave({ say: { usage: usages[provider] }, writeBytes: 7 });
    const [entry] = await entriesOf(() => sdk.ask(gateway, say(model, 'Hello', { stream: true }), richly));
    expect(entry).toMatchObject({ ...used, estimated: 0, ended: 'complete', status: 200 });
    expect(entry?.['cost_nanos']).toBe(usedNanos * dearer[provider]);
  });

  test.each(pairs)('a stream without usage, reckoned from its bytes, $client to $provider', async ({ sdk, model, provider }) => {
    fakeOf(provider).behave({ say: { text: 'x'.repeat(300), usage: 'none' } });
    const [entry] = await entriesOf(async () => {
      let text = '';
      for await (const piece of sdk.texts(gateway, say(model))) text += piece;
      expect(text).toHaveLength(300);
    });
    // A third of the client's bytes, and what this tenant and model lately had of tokens per byte.
    const sent = Math.ceil((fakeOf(provider).requests[0]?.body.length ?? 0) / 3);
    const [input, output] = [Number(entry?.['input_tokens']), Number(entry?.['output_tokens'])];
    expect(entry).toMatchObject({ estimated: 1, ended: 'complete' });
    expect(Math.abs(input - sent)).toBeLessThan(sent / 2);
    expect(output).toBeGreaterThanOrEqual(50);
    expect(output).toBeLessThanOrEqual(300);
    expect(entry?.['cost_nanos']).toBe((input + 2 * output) * token * dearer[provider]);
  });

  test.each(pairs)('a stream that is cut, for what had come, $client to $provider', async ({ sdk, model, provider }) => {
    fakeOf(provider).behave({ say: { text: 'x'.repeat(300) }, break: { how: 'end', after: 20 } });
    const [entry] = await entriesOf(() => rejection(sdk.ask(gateway, say(model, 'Hello', { stream: true }), richly)));
    expect(entry).toMatchObject({ estimated: 1, ended: 'cut' });
    expect(entry?.['output_tokens']).toSatisfy((tokens: number) => tokens > 10 && tokens < 100);
  });

  test.each(pairs)('a stream whose connection breaks, for what had come, $client to $provider', async ({ sdk, model, provider }) => {
    fakeOf(provider).behave({ say: { text: 'x'.repeat(300) }, eventDelayMs: 1, break: { how: 'reset', after: 20 } });
    const [entry] = await entriesOf(() => rejection(sdk.ask(gateway, say(model, 'Hello', { stream: true }), richly)));
    expect(entry).toMatchObject({ estimated: 1, ended: 'left' });
    expect(entry?.['input_tokens']).toBeGreaterThan(0);
  });

  test.each(pairs)('an error in mid-stream, for what had come, $client to $provider', async ({ sdk, model, provider }) => {
    fakeOf(provider).behave({ say: { text: 'x'.repeat(300) }, errorEvent: { after: 20, status: 500 } });
    const [entry] = await entriesOf(() => rejection(sdk.ask(gateway, say(model, 'Hello', { stream: true }), richly)));
    expect(entry).toMatchObject({ estimated: 1, ended: 'failed' });
    expect(entry?.['output_tokens']).toSatisfy((tokens: number) => tokens > 10 && tokens < 100);
  });

  test.each(pairs)('a client who hangs up in mid-stream, for what had come, $client to $provider', async ({ sdk, model, provider }) => {
    fakeOf(provider).behave({ say: { text: 'word '.repeat(2000) }, eventDelayMs: 2 });
    const [entry] = await entriesOf(async () => {
      const texts = sdk.texts(gateway, say(model));
      let seen = 0;
      for await (const text of texts) if ((seen += text.length) > 50) break;
    });
    expect(entry).toMatchObject({ tenant: 'open', estimated: 1, ended: 'left' });
    expect(entry?.['output_tokens']).toSatisfy((tokens: number) => tokens > 16 && tokens < 3000);
    expect(fakeOf(provider).requests).toMatchObject([{ aborted: true }]);
  });

  test.each([400, 401, 429, 500])('nothing for a provider’s error %i', async (status) => {
    world.openai.behave({ refuse: { status } });
    const [entry] = await entriesOf(() => rejection(openaiSdk.ask(gateway, say('gpt'), richly)));
    expect(entry).toMatchObject({
      cost_nanos: 0,
      input_tokens: 0,
      output_tokens: 0,
      ended: 'failed',
      status: status === 401 ? 502 : status,
      attempts: 1,
    });
  });

  test.each([false, true])('the provider that answered, after the first one failed (streamed: %s)', async (stream) => {
    world.openai.behave({ refuse: { status: 503 } });
    world.anthropic.behave({ say: { usage: usages.anthropic } });
    const [entry] = await entriesOf(() => openaiSdk.ask(gateway, say('gpt-then-claude', 'Hello', { stream }), richly));
    expect(entry).toMatchObject({ ...used, deployment: 'anthropic/claude-haiku-4-5', attempts: 2, cost_nanos: usedNanos * 3 });
  });

  test('by the catalogue where the config has no price', async () => {
    const [entry] = await entriesOf(() => openaiSdk.ask(gateway, say('from-catalogue'), richly));
    expect(entry).toMatchObject({ unpriced: 0, deployment: 'openai/gpt-5-mini' });
    expect(entry?.['cost_nanos']).toBeGreaterThan(0);
  });
});

describe('without a budget', () => {
  test('there is one entry for each exchange that reached a provider, and none for others', async () => {
    world.openai.behave({}, { refuse: { status: 400 } });
    const entries = await entriesOf(async () => {
      await openaiSdk.ask(gateway, say('gpt'));
      await rejection(openaiSdk.ask(gateway, say('gpt')));
      await openaiSdk.ask(gateway, say('unpriced'));
      await rejection(openaiSdk.ask(gateway, say('no-such-model')));
      await rejection(openaiSdk.ask(gateway, say('gpt'), { key: 'rk-nobody' }));
      await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${keys.open}` }, body: '{' });
    }, 3);
    expect(entries).toMatchObject([
      { tenant: 'open', unpriced: 0, status: 200 },
      { tenant: 'open', cost_nanos: 0, status: 400 },
      { tenant: 'open', unpriced: 1, cost_nanos: 0, status: 200, model: 'unpriced', deployment: 'house/gpt-4o' },
    ]);
    expect(entries[0]?.['cost_nanos']).toBeGreaterThan(0);
    expect(entries[2]?.['input_tokens']).toBeGreaterThan(0);
  });
});

describe('with a budget', () => {
  test.each(pairs)(
    'that is spent, a request is refused before any provider is called, once and for all: $client to $provider',
    async ({ sdk, model }) => {
      let responses = 0;
      const error = await rejection(sdk.ask(gateway, say(model), { key: keys.poor, maxRetries: 3, onResponse: () => responses++ }));
      expect(error).toBeInstanceOf(sdk.errors.RateLimitError);
      expect(error.message).toContain('has $0.01 left of its $0.01 for this month');
      expect(error['headers']).toSatisfy((headers: Headers) => headers.get('x-should-retry') === 'false');
      expect(responses).toBe(1);
      expect([...world.openai.requests, ...world.anthropic.requests]).toEqual([]);
    },
  );

  test.each(['unpriced', 'then-unpriced'])('a model of unknown price is refused: %s', async (model) => {
    const error = await rejection(openaiSdk.ask(gateway, say(model), richly));
    expect(error).toMatchObject({ status: 403, code: 'unpriced-model', message: expect.stringContaining('house/gpt-4o') });
    expect(world.openai.requests).toEqual([]);
  });
});

test('in the end, every exchange that reached a provider has one entry', async () => {
  expect(await agreeingEntries(gateway)).toHaveLength(known);
});

describe('a small budget', () => {
  const body = JSON.stringify({ model: 'gpt', max_completion_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] });
  const reservedNanos = (Math.ceil(body.length / 3) + 100 * 2) * token;
  const dollars = (reservations: number): number => (reservations * reservedNanos) / 1e9;

  let small: RunningGateway;
  const folder = temporaryFolder();
  const tenants = {
    seven: tenant('rk-seven', dollars(7.5)),
    many: tenant('rk-many', dollars(12)),
    one: tenant('rk-one', dollars(1.5)),
    dear: tenant('rk-dear', dollars(1.5 * dearer.anthropic)),
    kept: tenant('rk-kept', dollars(3)),
  };

  beforeAll(async () => {
    small = await startGateway(configWith(tenants), { folder, env: { TMPDIR: folder } });
  });
  afterAll(() => small?.stop());

  const post = async (key: string, more: RequestInit = {}): Promise<number> => {
    const response = await fetch(`${small.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body, ...more });
    await response.text();
    return response.status;
  };
  const count = (statuses: readonly number[], status: number): number => statuses.filter((each) => each === status).length;

  /** What a tenant's exchanges have cost so far. */
  const costs = async (name: string): Promise<number[]> =>
    (await agreeingEntries(small)).filter((entry) => entry['tenant'] === name).map((entry) => Number(entry['cost_nanos']));

  /** The provider counts as much as was reserved. */
  const usesAll = { prompt_tokens: Math.ceil(body.length / 3), completion_tokens: 100, total_tokens: 0 };

  test('lets through as many of 50 requests at once as it can pay for at their worst', async () => {
    world.openai.behaveAlways({ delayMs: 1500, say: { usage: usesAll } });
    const statuses = await Promise.all(Array.from({ length: 50 }, () => post('rk-seven')));
    expect([count(statuses, 200), count(statuses, 429)]).toEqual([7, 43]);
    expect(world.openai.requests).toHaveLength(7);
    expect(await costs('seven')).toEqual(Array.from({ length: 7 }, () => reservedNanos));
    expect(await post('rk-seven')).toBe(429);
  });

  test('is never overspent by 50 clients that ask again and again', async () => {
    world.openai.behaveAlways({ say: { usage: { ...usesAll, completion_tokens: 40 } } });
    const client = async (): Promise<number[]> => [await post('rk-many'), await post('rk-many'), await post('rk-many')];
    const statuses = (await Promise.all(Array.from({ length: 50 }, client))).flat();
    expect(count(statuses, 200) + count(statuses, 429)).toBe(150);
    do {
      await sleep(200); // an answer is here a little before its exchange has settled
      statuses.push(await post('rk-many'));
    } while (statuses.at(-1) !== 429);
    const charged = await costs('many');
    expect(charged).toHaveLength(count(statuses, 200));
    const left = 12 * reservedNanos - sum(charged);
    expect(left).toBeGreaterThanOrEqual(0);
    expect(left).toBeLessThan(reservedNanos); // or the last one would have been let through
  });

  test('is free again for the next request after one that did not use it, however that ended', async () => {
    const hangUp = async (): Promise<void> => {
      const gone = new AbortController();
      world.openai.behave({ break: { how: 'stall', after: 'headers' } });
      const arrived = world.openai.nextRequest();
      const pending = rejection(post('rk-one', { signal: gone.signal }));
      const request = await arrived;
      expect(await post('rk-one')).toBe(429); // the first holds it
      gone.abort();
      await Promise.all([pending, request.closed]);
    };
    const isFree = (): Promise<number> =>
      eventually(
        () => {
          world.openai.behave({ refuse: { status: 400 } });
          return post('rk-one');
        },
        (status) => status === 400,
      );
    await isFree();
    world.openai.clear();
    await hangUp();
    world.openai.clear();
    await isFree();
    for (const behaviour of [
      { refuse: { status: 500 } },
      { break: { how: 'reset', after: 'nothing' } },
      { break: { how: 'close', after: 1 } },
    ] as const) {
      world.openai.clear();
      world.openai.behave(behaviour);
      expect(await post('rk-one').catch(() => 0)).not.toBe(200);
    }
    world.openai.clear();
    await isFree();
  });

  /** Ends the gateway in a way, waits until nothing of it is left, and starts it again on its folder. */
  async function restart(end: (pid: number) => void): Promise<void> {
    const pid = small.process.pid ?? 0;
    const below = descendants(pid);
    end(pid);
    await small.exited;
    await eventually(
      () => alive(below),
      ({ length }) => length === 0,
    );
    small = await startGateway(configWith(tenants), { folder, env: { TMPDIR: folder } });
  }

  test('is free again after a request that cannot be translated', async () => {
    const asking = (message: object): RequestInit => ({ body: JSON.stringify({ model: 'claude', max_completion_tokens: 100, messages: [message] }) });
    for (let round = 0; round < 3; round += 1) expect(await post('rk-dear', asking({ role: 'tool', content: 'Hello' }))).toBe(400);
    expect(world.anthropic.requests).toEqual([]);
    expect(await post('rk-dear', asking({ role: 'user', content: 'Hello' }))).toBe(200);
  });

  test('stays spent after a restart', async () => {
    world.openai.behaveAlways({ say: { usage: usesAll } });
    expect([await post('rk-kept'), await post('rk-kept')]).toEqual([200, 200]);
    await restart((pid) => process.kill(pid, 'SIGINT'));
    expect(await costs('kept')).toEqual([reservedNanos, reservedNanos]);
    expect([await post('rk-kept'), await post('rk-kept')]).toEqual([200, 429]); // it had money for three
  });

  test('loses to a SIGKILL of the sidecar no more than what was not on the disk yet', async () => {
    const before = (await agreeingEntries(small)).length;
    expect(await post(keys.open)).toBe(200);
    process.kill(sidecarOf(small.process.pid ?? 0).pid, 'SIGKILL');
    await eventually(
      () => post(keys.open).catch(() => 0),
      (status) => status === 200, // another one has taken its place
    );
    expect((await agreeingEntries(small)).length).toBeOneOf([before + 1, before + 2]);
    expect(await costs('kept')).toHaveLength(3);
    expect(await post('rk-kept')).toBe(429);
  });

  test('is charged once for what was running when `remora up` was killed', async () => {
    const before = (await agreeingEntries(small)).length;
    world.openai.behaveAlways({ say: { text: 'word '.repeat(2000) }, eventDelayMs: 5 });
    const read = async (): Promise<void> => {
      let seen = 0;
      for await (const text of openaiSdk.texts(small, say('gpt'))) if ((seen += text.length) > 50) reading.resolve();
    };
    const reading = Promise.withResolvers<void>();
    const running = Array.from({ length: 5 }, () => rejection(read()));
    await reading.promise;
    await eventually(
      () => world.openai.requests.length,
      (arrived) => arrived === 5,
    );
    await restart((pid) => process.kill(pid, 'SIGKILL'));
    await Promise.all(running);
    const left = (await agreeingEntries(small)).slice(before);
    expect(left).toMatchObject(Array.from({ length: 5 }, () => ({ tenant: 'open', ended: 'left', estimated: 1 })));
  });
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
