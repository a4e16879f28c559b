import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRedisServer, redisMissing, type RedisServer } from '../../src/stores/redis/server.fixture.ts';
import { chat, tenant, type Asking, type Told } from './fleet.ts';
import { eventually, freePort, startGateway, temporaryFolder, type ConfigData, type RunningGateway } from './gateway.ts';

// A token of input costs a milli-dollar, one of output two. In nano-dollars:
const token = 1_000_000;
const price = { input: 1000, output: 2000 };

/** A provider that counts what it bills. A stream has as many tokens as it is asked for. Every token that it says has three letters, which is also what one that is not reported is reckoned as. */
interface Metered {
  url: string;
  /** By the user that the request names, for telling tenants apart. */
  billed: Map<string, { requests: number; nanos: number }>;
  stop(): void;
}

const [inputTokens, jsonTokens] = [20, 40];
const [tokensPerEvent, eventMs] = [5, 20];

async function startMetered(): Promise<Metered> {
  const billed: Metered['billed'] = new Map();
  const server = createServer({ keepAliveTimeout: 600_000 }, (incoming, response) => {
    void text(incoming).then((body) => {
      const { user, stream, messages } = JSON.parse(body) as { user: string; stream?: boolean; messages: [{ content: string }] };
      const bill = billed.get(user) ?? { requests: 0, nanos: 0 };
      billed.set(user, bill);
      bill.requests += 1;
      bill.nanos += inputTokens * token;
      const say = (tokens: number): void => void (bill.nanos += tokens * 2 * token);
      return stream === true ? answerStream(response, Number(messages[0].content), say) : answerJson(response, say);
    });
  });
  const port = await freePort();
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  return { url: `http://127.0.0.1:${port}/v1`, billed, stop: () => server.close().closeAllConnections() };
}

const usageOf = (output: number) => ({ prompt_tokens: inputTokens, completion_tokens: output, total_tokens: inputTokens + output });

async function answerJson(response: ServerResponse, say: (tokens: number) => void): Promise<void> {
  await sleep(20);
  say(jsonTokens);
  const choices = [{ index: 0, message: { role: 'assistant', content: 'abc'.repeat(jsonTokens) }, finish_reason: 'stop' }];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices, usage: usageOf(jsonTokens) }));
}

async function answerStream(response: ServerResponse, tokens: number, say: (tokens: number) => void): Promise<void> {
  const write = (more: object): unknown =>
    response.write(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', ...more })}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let said = 0; said < tokens; said += tokensPerEvent) {
    if (response.destroyed) return;
    say(tokensPerEvent);
    write({ choices: [{ index: 0, delta: { role: 'assistant', content: 'abc'.repeat(tokensPerEvent) }, finish_reason: null }] });
    await sleep(eventMs);
  }
  write({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  write({ choices: [], usage: usageOf(tokens) });
  response.end('data: [DONE]\n\n');
}

/** Where warnings are posted. */
interface Webhook {
  url: string;
  messages: Record<string, unknown>[];
  stop(): void;
}

async function startWebhook(): Promise<Webhook> {
  const messages: Webhook['messages'] = [];
  const server = createServer((incoming, response) => {
    void text(incoming).then((body) => {
      messages.push(JSON.parse(body) as Record<string, unknown>);
      return response.writeHead(204).end();
    });
  });
  const port = await freePort();
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  return { url: `http://127.0.0.1:${port}/alerts`, messages, stop: () => server.close().closeAllConnections() };
}

const count = (told: readonly Told[], status: number): number => told.filter((each) => each.status === status).length;

describe.skipIf(redisMissing !== undefined)(`two gateways on one Redis${redisMissing === undefined ? '' : ` (skipped: ${redisMissing})`}`, () => {
  const folders = [temporaryFolder(), temporaryFolder()] as const;
  const data = temporaryFolder();
  let metered: Metered;
  let webhook: Webhook;
  let redis: RedisServer;
  /** Refuses what the store would have to be asked for while it is gone. */
  let refusing: RunningGateway;
  /** Goes on then. */
  let going: RunningGateway;
  let gateways: readonly RunningGateway[];

  beforeAll(async () => {
    metered = await startMetered();
    webhook = await startWebhook();
    redis = await createRedisServer(`--appendonly yes --dir ${data}`);
    await redis.start();
    [refusing, going] = await Promise.all([
      startGateway(configWith('refuse'), { folder: folders[0] }),
      startGateway(configWith('go-on'), { folder: folders[1] }),
    ]);
    gateways = [refusing, going];
  });
  afterAll(async () => {
    redis?.thaw();
    await Promise.all([refusing?.stop(), going?.stop()]);
    await redis?.kill();
    metered?.stop();
    webhook?.stop();
    for (const folder of [...folders, data]) rmSync(folder, { recursive: true, force: true });
  });

  const budgetOf = (amount: number, more: ConfigData = {}) => ({ budget: { amount, per: 'year', ...more } });

  function configWith(whenGone: 'refuse' | 'go-on'): ConfigData {
    return {
      providers: { metered: { kind: 'openai-compatible', baseUrl: metered.url } },
      models: { m: { targets: [{ provider: 'metered', model: 'm', price }] } },
      tenants: {
        edge: tenant('rk-edge', budgetOf(edgeDollars)),
        keyed: {},
        frozen: tenant('rk-frozen', budgetOf(1000)),
        killed: tenant('rk-killed', budgetOf(1000)),
        warned: tenant('rk-warned', budgetOf(10, { ladder: [{ at: '50%', warn: true }] })),
        limited: tenant('rk-limited', { limits: [{ requests: requestsPerMinute, per: 'minute' }] }),
      },
      resilience: { breaker: false },
      secrets: ['the same thirty-two characters or more at both'],
      store: { redis: redis.url, whenGone },
      alerts: { webhook: webhook.url },
    };
  }

  const ask = (gateway: RunningGateway, name: string, asking: Asking = {}): Promise<Told> =>
    chat(gateway, 'm', { key: `rk-${name}`, ...asking, more: { user: name, max_tokens: jsonTokens } });

  /** Asks for a stream of so many tokens, and says how it ended. One that is cut ends by an error event, and then by its connection. */
  async function stream(gateway: RunningGateway, name: string, tokens: number): Promise<'complete' | 'cut' | 'refused'> {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer rk-${name}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: String(tokens) }], user: name, stream: true }),
    });
    let body = '';
    try {
      for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) body += piece;
    } catch (error) {
      if (!body.includes('budget-exceeded')) throw error;
    }
    if (body.includes('data: [DONE]')) return 'complete';
    expect(body).toContain('budget-exceeded');
    return response.status === 200 ? 'cut' : 'refused';
  }

  const api = async (gateway: RunningGateway, path: string): Promise<Record<string, unknown>> =>
    (await (await fetch(`${gateway.adminUrl}/api/${path}`)).json()) as Record<string, unknown>;

  /** What the shared ledger says of a tenant, which has to be the same at both once all is booked. */
  async function ledgerOf(name: string): Promise<{ requests: number; nanos: number }> {
    const told = await eventually(
      () => Promise.all(gateways.map((gateway) => api(gateway, `usage?from=1h&groupBy=tenant&tenant=${name}`))),
      ([one, other]) => totalOf(one).requests === (metered.billed.get(name)?.requests ?? 0) && totalOf(one).requests === totalOf(other).requests,
      15_000,
    );
    const [one, other] = told.map(totalOf);
    expect(one).toEqual(other);
    const exchanges = await exchangesOf(name);
    expect([new Set(exchanges).size, exchanges.length]).toEqual([one?.requests, one?.requests]);
    return one ?? { requests: 0, nanos: 0 };
  }

  async function exchangesOf(name: string): Promise<string[]> {
    const exchanges: string[] = [];
    for (let cursor = ''; ;) {
      const page = await api(going, `entries?from=1h&limit=1000&tenant=${name}${cursor}`);
      exchanges.push(...(page['entries'] as { exchange: string }[]).map(({ exchange }) => exchange));
      if (page['cursor'] === null) return exchanges;
      cursor = `&cursor=${encodeURIComponent(page['cursor'] as string)}`;
    }
  }

  const remora = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(process.execPath, ['bin/remora.js', ...args, '--config', join(folders[0], 'remora.yaml')])).stdout;

  /** So many clients at each of both gateways, all at once. */
  const clients = <Result>(each: number, work: (gateway: RunningGateway, number: number) => Promise<Result>): Promise<Result[]> =>
    Promise.all(gateways.flatMap((gateway) => Array.from({ length: each }, (_, number) => work(gateway, number))));

  const edgeDollars = 40;

  test('overspend a budget by no more than what running streams say before they are cut, and book every exchange once', async () => {
    // So many tokens are usual then, and all that is held for a stream at first.
    await clients(3, async (gateway) => {
      for (let round = 0; round < 4; round += 1) expect(await stream(gateway, 'edge', 20)).toBe('complete');
    });
    const ends = await clients(8, async (gateway, number) => {
      const all: string[] = [];
      const one = async (): Promise<string> => (number % 2 === 0 ? stream(gateway, 'edge', 5000) : String((await ask(gateway, 'edge')).status));
      do all.push(await one());
      while (all.at(-1) === '200' || all.at(-1) === 'complete');
      return all;
    });
    const counted = (end: string): number => ends.flat().filter((each) => each === end).length;
    const cut = counted('cut');
    expect(cut).toBeGreaterThan(0);
    expect(new Set(ends.map((all) => all.at(-1))).isSubsetOf(new Set(['cut', 'refused', '429']))).toBe(true);
    const { requests, nanos } = await ledgerOf('edge');
    const billed = metered.billed.get('edge')?.nanos ?? 0;
    expect(requests).toBe(24 + counted('200') + counted('complete') + cut);
    // A step, what comes until it is looked at again, and what the provider says in two seconds and a little more.
    const beyond = 128 + Math.ceil(256 / 3) + (2500 / eventMs) * tokensPerEvent;
    expect(billed).toBeLessThanOrEqual(edgeDollars * 1e9 + cut * beyond * 2 * token);
    expect(billed).toBeGreaterThan(edgeDollars * 1e9 * 0.9);
    expect(Math.abs(nanos - billed)).toBeLessThan(cut * 100 * 2 * token); // those that are cut are reckoned
  });

  test('know a virtual key that was made in the store, and that it was disabled', async () => {
    const { id, key } = JSON.parse(await remora('keys', 'create', '--tenant', 'keyed', '--name', 'new', '--json')) as { id: string; key: string };
    const statuses = () => Promise.all(gateways.map(async (gateway) => (await ask(gateway, 'keyed', { key })).status));
    await expect.poll(statuses, { timeout: 5000 }).toEqual([200, 200]);
    await remora('keys', 'disable', id);
    await expect.poll(statuses, { timeout: 5000 }).toEqual([403, 403]);
  });

  test('post a warning once in all', async () => {
    const told = await clients(32, (gateway) => ask(gateway, 'warned'));
    await clients(1, (gateway) => ask(gateway, 'warned'));
    expect(count(told, 200)).toBe(told.length);
    await eventually(
      () => webhook.messages,
      ({ length }) => length > 0,
      5000,
    );
    await sleep(500); // for one too many to come
    expect(webhook.messages).toMatchObject([{ type: 'budget-warning', at: 0.5 }]);
  });

  const requestsPerMinute = 20;

  test('hold a limit together', async () => {
    const began = Date.now();
    const told = await clients(30, (gateway) => ask(gateway, 'limited'));
    const passed = count(told, 200);
    const refilled = Math.ceil(((Date.now() - began) * requestsPerMinute) / 60_000);
    expect(passed).toBeLessThanOrEqual(requestsPerMinute + refilled);
    expect(passed).toBeGreaterThanOrEqual(requestsPerMinute - 4);
    expect(passed + count(told, 429)).toBe(60);
  });

  interface Timed {
    gateway: RunningGateway;
    told: Told;
    /** After the Redis went, in milliseconds; negative before. */
    beganMs: number;
    tookMs: number;
  }

  /** Asks at both for a while, in the midst of which the Redis goes and comes back. */
  async function throughOutage(name: string, go: () => unknown, comeBack: () => unknown): Promise<Timed[]> {
    const timed: Timed[] = [];
    let goneAt = Number.POSITIVE_INFINITY;
    let isOver = false;
    const load = clients(6, async (gateway) => {
      while (!isOver) {
        const began = Date.now();
        const told = await ask(gateway, name);
        timed.push({ gateway, told, beganMs: began - goneAt, tookMs: Date.now() - began });
        if (told.status !== 200) await sleep(20);
      }
    });
    await sleep(1000);
    goneAt = Date.now();
    await go();
    await sleep(outageMs);
    await comeBack();
    await eventually(
      async () => Promise.all(gateways.map(async (gateway) => (await api(gateway, 'usage?from=1h')) && (await ask(gateway, name)).status)),
      (statuses) => statuses.every((status) => status === 200),
      15_000,
    );
    isOver = true;
    await load;
    return timed;
  }

  const outageMs = 4500;

  test.each(['frozen', 'killed'] as const)('lose nothing to a Redis that is %s under load, and book nothing twice', async (how) => {
    const timed = how === 'frozen' ? await throughOutage(how, redis.freeze, redis.thaw) : await throughOutage(how, redis.kill, redis.start);
    const during = (gateway: RunningGateway): Timed[] =>
      timed.filter((each) => each.gateway === gateway && each.beganMs >= 0 && each.beganMs + each.tookMs < outageMs);
    const [refused, gone] = [during(refusing), during(going)].map((all) => all.map(({ told }) => told));
    expect(gone?.map(({ status }) => status)).toEqual(gone?.map(() => 200));
    expect(new Set(refused?.map(({ status }) => status))).toEqual(new Set([200, 503]));
    const unavailable = refused?.filter(({ status }) => status === 503) ?? [];
    expect(unavailable.length).toBeGreaterThan(20);
    for (const { error, headers } of unavailable) expect([error, headers.get('retry-after')]).toEqual(['gateway-unavailable', '1']);
    // The first ones wait for its word; then everybody knows.
    const later = during(refusing).filter(({ beganMs }) => beganMs > 3000);
    expect(later.filter(({ tookMs }) => tookMs > 1000).length).toBeLessThanOrEqual(later.length / 2);
    const { requests, nanos } = await ledgerOf(how);
    const billed = metered.billed.get(how);
    expect({ requests, nanos }).toEqual(billed);
  });

  test('add up in the end', async () => {
    const told = await remora('usage', '--verify');
    for (const name of ['edge', 'frozen', 'killed', 'warned']) expect(told).toMatch(new RegExp(`^good .*tenant:${name}\\|`, 'm'));
  });
});

function totalOf(report: Record<string, unknown> | undefined): { requests: number; nanos: number } {
  const [row] = (report?.['rows'] ?? []) as { requests: number; costNanos: string | number }[];
  return { requests: row?.requests ?? 0, nanos: Number(row?.costNanos ?? 0) };
}
