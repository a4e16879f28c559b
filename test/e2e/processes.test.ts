import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFakeOpenAI } from '../../src/demo/openai.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { chat, many, tenant, type Told } from './fleet.ts';
import { eventually, freePort, keys, startGateway, temporaryFolder, type ConfigData, type RunningGateway } from './gateway.ts';
import { alive, descendants, sidecarsOf, type Process } from './processes.ts';

const folder = temporaryFolder();
/** The temporary folder of the gateway: what is left in it was not cleaned up. */
const temporary = join(folder, 't');
let failing: FakeProvider;
let good: FakeProvider;
let late: Late;
let gateway: RunningGateway;

beforeAll(async () => {
  mkdirSync(temporary);
  failing = await startFakeOpenAI({ apiKey: 'sk-of-failing' });
  good = await startFakeOpenAI({ apiKey: 'sk-of-good' });
  late = await startLate();
  gateway = await startGateway(config(), { folder, args: ['--processes', '2'], env: { TMPDIR: temporary } });
});
afterAll(async () => {
  await gateway?.stop();
  await failing?.stop();
  await good?.stop();
  late?.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  failing.clear();
  good.clear();
});

/** A provider that answers nobody until it is told to, and then each with 503. */
interface Late {
  url: string;
  /** Requests that wait. */
  readonly waiting: readonly unknown[];
  release(): void;
  stop(): void;
}

async function startLate(): Promise<Late> {
  const waiting: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume();
    waiting.push(response);
  });
  const port = await freePort();
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${port}/v1`,
    waiting,
    release: () => waiting.splice(0).forEach((response) => response.writeHead(503).end()),
    stop: () => server.close().closeAllConnections(),
  };
}

const target = (provider: string, more: ConfigData = {}): ConfigData => ({ provider, model: 'gpt-4.1-mini', ...more });

/** `plain`, `watch` and `guard` are chains whose attempts are looked at in these forms; `good` is asked alone. `fragile` has a breaker. */
const config = (more: ConfigData = {}): ConfigData => ({
  providers: {
    failing: { kind: 'openai', baseUrl: failing.url, apiKey: failing.apiKey },
    read: { kind: 'openai', baseUrl: failing.url, apiKey: failing.apiKey, inspect: 'errors' },
    late: { kind: 'openai', baseUrl: late.url, apiKey: 'sk-of-late' },
    'late-read': { kind: 'openai', baseUrl: late.url, apiKey: 'sk-of-late', inspect: 'errors' },
    fragile: { kind: 'openai', baseUrl: failing.url, apiKey: failing.apiKey, breaker: { failures: 3, rest: '60s' } },
    good: { kind: 'openai', baseUrl: good.url, apiKey: good.apiKey },
  },
  models: {
    good: { targets: [target('good')] },
    plain: { targets: [target('failing')], fallback: ['good'] },
    watch: { targets: [target('read')], fallback: ['good'] },
    guard: { targets: [target('failing')], fallback: ['good'], commit: 'first-token' },
    'late-plain': { targets: [target('late')], fallback: ['good'] },
    'late-watch': { targets: [target('late-read')], fallback: ['good'] },
    'late-guard': { targets: [target('late')], fallback: ['good'], commit: 'first-token' },
    fragile: { targets: [target('fragile')], fallback: ['good'] },
    dear: { targets: [target('good', { price: { input: 1000, output: 1000 } })] },
  },
  tenants: { open: tenant(keys.open), poor: tenant(keys.poor, { budget: { amount: 1, per: 'month' } }) },
  resilience: { breaker: false },
  ...more,
});

const forms = ['plain', 'watch', 'guard'] as const;
const ask = (model: string): Promise<Told> => chat(gateway, model, { stream: model.endsWith('guard') });
const statuses = (told: readonly Told[]): Record<string, number> => countOf(told.map(({ status }) => status));

function countOf(values: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** Sum of a metric's values whose labels match; of one process where one is named. */
async function sumOf(metric: string, labels = /(?:)/, process?: number): Promise<number> {
  const text = await (await fetch(`${gateway.adminUrl}/metrics${process === undefined ? '' : `?process=${process}`}`)).text();
  let sum = 0;
  for (const line of text.split('\n')) {
    const [, name, found = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === metric && labels.test(found)) sum += Number(value);
  }
  return sum;
}

const processOf = (index: number): Process | undefined => sidecarsOf(gateway.process.pid ?? 0).get(index);
const theProcess = (index: number): Process => processOf(index) ?? raise(`there is no process ${index}`);

function raise(message: string): never {
  throw new Error(message);
}

/** Kills process 1 and waits until another one serves in its place. */
async function killSecond(): Promise<{ isBack: Promise<unknown> }> {
  const { pid } = theProcess(1);
  process.kill(pid, 'SIGKILL');
  return {
    isBack: eventually(
      async () => ({ now: processOf(1)?.pid, status: (await fetch(`${gateway.adminUrl}/api/config?process=1`)).status }),
      ({ now, status }) => now !== undefined && now !== pid && status === 200,
    ),
  };
}

test('all attempts of an exchange land in the process that opened it, in every form and under load, and each is counted once', async () => {
  failing.behaveAlways({ refuse: { status: 503 } });
  const before = { exchanges: await sumOf('remora_exchanges_total'), failed: await sumOf('remora_attempts_total', /status="503"/) };
  const told = await many(2000, (index) => ask(forms[index % forms.length] ?? 'plain'), 32);
  expect(statuses(told)).toEqual({ 200: 2000 });
  expect(countOf(told.map(({ attempts }) => attempts ?? 'none'))).toEqual({ 2: 2000 });
  await eventually(
    async () => ({
      exchanges: (await sumOf('remora_exchanges_total')) - before.exchanges,
      failed: (await sumOf('remora_attempts_total', /status="503"/)) - before.failed,
    }),
    (counted) => counted.exchanges === 2000 && counted.failed === 2000,
  );
  expect(await sumOf('remora_outcomes_dropped_total')).toBe(0);
});

test('each process takes its share', async () => {
  await many(200, () => ask('good'));
  const shares = [await sumOf('remora_exchanges_total', /(?:)/, 0), await sumOf('remora_exchanges_total', /(?:)/, 1)];
  for (const share of shares) expect(share).toBeGreaterThan(0.2 * shares.reduce((sum, each) => sum + each, 0));
});

test('what one learns of a deployment that fails, the other knows', async () => {
  failing.behaveAlways({ refuse: { status: 503 } });
  const rests = async (process: number): Promise<boolean> => {
    const report = (await (await fetch(`${gateway.adminUrl}/api/health?process=${process}`)).json()) as { id: string; standing: { type: string } }[];
    return report.some(({ id, standing }) => id.startsWith('fragile/') && standing.type === 'resting');
  };
  while (!(await rests(0)) && !(await rests(1))) await ask('fragile');
  await eventually(
    async () => [await rests(0), await rests(1)],
    (both) => both.every(Boolean),
  );
  const asked = failing.requests.length;
  expect(statuses(await many(40, () => ask('fragile')))).toEqual({ 200: 40 });
  expect(failing.requests.length).toBe(asked);
});

test('a budget holds across both', async () => {
  const told = await many(300, () => chat(gateway, 'dear', { key: keys.poor, more: { max_tokens: 20 } }), 16);
  const counts = statuses(told);
  expect(Object.keys(counts)).toEqual(['200', '429']);
  const { entries, totals } = await gateway.ledger();
  expect(entries.filter(({ tenant: name, status }) => name === 'poor' && status === 200)).toHaveLength(counts[200] ?? 0);
  expect(totals.get('poor')).toBeGreaterThan(0.5e9);
  expect(totals.get('poor')).toBeLessThanOrEqual(1e9);
  for (const process of [0, 1]) expect(await sumOf('remora_exchanges_total', /tenant="poor".*status="200"/, process)).toBeGreaterThan(0);
});

describe('one that is killed', () => {
  test('under load loses only what was under way, is started again, and takes its share again', async () => {
    const atOnce = 32;
    let isOver = false;
    const load = Promise.all(
      Array.from({ length: atOnce }, async () => {
        const told: Told[] = [];
        while (!isOver) told.push(await ask('good'));
        return told;
      }),
    );
    const before = await sumOf('remora_exchanges_total');
    const { isBack } = await killSecond();
    await isBack;
    await eventually(
      () => sumOf('remora_exchanges_total', /(?:)/, 1),
      (count) => count > 100,
    );
    isOver = true;
    const told = (await load).flat();
    const lost = told.filter(({ status }) => status !== 200);
    expect(lost.length).toBeLessThanOrEqual(atOnce);
    expect(await sumOf('remora_exchanges_total')).toBeGreaterThan(before);
    expect(gateway.output()).toContain('Sidecar process 1 has ended by itself (signal SIGKILL) and is started again');
  });

  test('gets no attempt of an exchange that another one has opened meanwhile', async () => {
    const { isBack } = await killSecond();
    await eventually(
      () => fetch(`${gateway.adminUrl}/api/config?process=1`).then(({ status }) => status),
      (status) => status === 404,
    );
    await eventually(
      async () => statuses(await many(20, () => ask('good'))),
      (counts) => counts[200] === 20, // Envoy knows it too
    );
    const asked = many(60, (index) => ask(`late-${forms[index % forms.length]}`), 60);
    await eventually(
      () => late.waiting.length,
      (count) => count === 60,
    );
    await isBack;
    await eventually(
      async () => {
        await many(8, () => ask('good'));
        return sumOf('remora_exchanges_total', /(?:)/, 1);
      },
      (count) => count > 0,
    );
    late.release();
    expect(statuses(await asked)).toEqual({ 200: 60 });
  });
});

test('a changed config reaches all, those included that are started later, and one that cannot be used reaches none', async () => {
  const numbers = async (): Promise<unknown[]> =>
    Promise.all(
      [0, 1].map(async (index) => ((await (await fetch(`${gateway.adminUrl}/api/config?process=${index}`)).json()) as { number: number }).number),
    );
  gateway.rewrite(config({ models: { ...(config()['models'] as ConfigData), added: { targets: [target('good')] } } }));
  await eventually(numbers, ([one, other]) => one === 2 && other === 2);
  expect(statuses(await many(40, () => ask('added')))).toEqual({ 200: 40 });
  gateway.rewrite('models: [');
  await eventually(gateway.output, (said) => said.includes('stays in force'));
  const { isBack } = await killSecond();
  await isBack;
  expect(await numbers()).toEqual([2, 2]);
  expect(statuses(await many(40, () => ask('added')))).toEqual({ 200: 40 });
});

test('one admin interface serves for all', async () => {
  const get = async (path: string, init?: RequestInit): Promise<number> => (await fetch(`${gateway.adminUrl}${path}`, init)).status;
  expect([await get('/healthz'), await get('/readyz'), await get('/api/config'), await get('/api/nothing')]).toEqual([200, 200, 200, 404]);
  const [all, ...each] = [
    await sumOf('remora_exchanges_total'),
    await sumOf('remora_exchanges_total', /(?:)/, 0),
    await sumOf('remora_exchanges_total', /(?:)/, 1),
  ];
  expect(all).toBeGreaterThanOrEqual(each.reduce((sum, count) => sum + count, 0));
});

test('told to stop, it lets running answers finish and leaves nothing behind', async () => {
  good.behaveAlways({ say: { text: 'word '.repeat(40) }, eventDelayMs: 20 });
  const below = descendants(gateway.process.pid ?? 0);
  expect(below.length).toBeGreaterThanOrEqual(4); // two sidecars, Envoy and its guard
  const running = Promise.all(Array.from({ length: 20 }, () => chat(gateway, 'good', { stream: true })));
  await eventually(
    () => good.requests.length,
    (count) => count === 20,
  );
  gateway.process.kill('SIGINT');
  for (const { status, body } of await running) expect([status, body.includes('[DONE]')]).toEqual([200, true]);
  expect(await gateway.exited).toBe(0);
  await eventually(
    () => alive(below),
    ({ length }) => length === 0,
  );
  expect(readdirSync(temporary)).toEqual([]);
});
