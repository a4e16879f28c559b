import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { ConfigReport } from '../../src/config/reload-status.ts';
import { startFakeAnthropic } from '../../src/demo/anthropic.ts';
import { startFakeOpenAI } from '../../src/demo/openai.ts';
import type { FakeProvider } from '../../src/demo/server.ts';

/** What a config says, as data: JSON is YAML. */
export type ConfigData = Record<string, unknown>;

/** A running `remora up` with the real Envoy, as a user would start it. */
export interface RunningGateway {
  url: string;
  adminUrl: string;
  process: ChildProcess;
  /** Everything it has printed so far. */
  output(): string;
  /** Resolves with its exit code. */
  exited: Promise<number | null>;
  /** The values of one metric, by its labels as text. */
  metric(name: string): Promise<Map<string, number>>;
  /** The ledger's entries, read from the store's file once writing has caught up. */
  entries(): Promise<Record<string, unknown>[]>;
  /** The same, with the ledger's own totals in nano-dollars by tenant. Where `settled` is false, as it is this moment. */
  ledger(options?: { settled?: boolean }): Promise<{ entries: Record<string, unknown>[]; totals: Map<string, number> }>;
  /** Puts another config, or a text that is none, in the place of the one it runs with. Addresses and store stay unless it names them. */
  rewrite(config: ConfigData | string): void;
  /** What the admin API says of the config in force. */
  configReport(): Promise<ConfigReport>;
  /** Stops it as Ctrl-C would, and removes what it left. */
  stop(): Promise<void>;
}

export const hashOf = (key: string): string => `sha256:${createHash('sha256').update(key).digest('hex')}`;

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    nextPort = nextPort + 1 < lastPort ? nextPort + 1 : firstPort;
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(nextPort, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Below the ports that systems give to outgoing connections (Linux: from 32768), one of which could else take what was just found free. */
const [firstPort, lastPort] = [10_240, 32_000];
/** Each worker begins somewhere else. */
let nextPort = randomInt(firstPort, lastPort);

/** Starts `remora up` with a config and waits until it is ready. `folder` keeps its store; another gateway may be started on it later. */
export async function startGateway(
  config: ConfigData,
  { folder = temporaryFolder(), args = [], env = {} }: { folder?: string; args?: string[]; env?: Record<string, string> } = {},
): Promise<RunningGateway> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(folder, 'remora.yaml');
  const storeFile = join(folder, 'remora.db');
  const own = { listen: `127.0.0.1:${port}`, admin: { listen: `127.0.0.1:${adminPort}` }, store: { embedded: { path: storeFile } } };
  const rewrite = (content: ConfigData | string): void =>
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify({ ...own, ...content }));
  rewrite(config);
  const child = spawn(process.execPath, ['bin/remora.js', 'up', '--config', file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stdout.on('data', (data: Buffer) => (printed += data.toString()));
  child.stderr.on('data', (data: Buffer) => (printed += data.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const gateway: RunningGateway = {
    url: `http://127.0.0.1:${port}`,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    process: child,
    output: () => printed,
    exited,
    metric: async (name) => readMetric(await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text(), name),
    entries: async () => (await readLedger(storeFile)).entries,
    ledger: (options) => readLedger(storeFile, options),
    rewrite,
    configReport: async () => (await (await fetch(`http://127.0.0.1:${adminPort}/api/config`)).json()) as ConfigReport,
    async stop() {
      child.kill('SIGINT');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await untilReady(gateway);
  return gateway;
}

async function readLedger(file: string, { settled = true } = {}): ReturnType<RunningGateway['ledger']> {
  if (settled) await sleep(400); // two flush intervals
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    database.exec('BEGIN'); // one state for both
    const rows = database.prepare('SELECT * FROM entries ORDER BY rowid').all();
    const listIn = (row: (typeof rows)[number], column: string): string[] => JSON.parse(String(row[column])) as string[];
    const entries = rows.map((row) => ({ ...row, tenant: listIn(row, 'tenants').at(-1), experiments: listIn(row, 'experiments').join(',') }));
    const totals = database
      .prepare("SELECT substr(owner, 2) AS tenant, sum(cost_nanos) AS nanos FROM sums WHERE owner GLOB 't*' GROUP BY owner")
      .all();
    return { entries, totals: new Map(totals.map(({ tenant, nanos }) => [String(tenant), Number(nanos)])) };
  } finally {
    database.close();
  }
}

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'remora-e2e-'));

async function untilReady({ process: child, output, exited }: RunningGateway): Promise<void> {
  const gone = exited.then((code) => {
    throw new Error(`remora up ended with ${code} before it was ready:\n${output()}`);
  });
  gone.catch(() => {});
  while (!output().includes('Remora is ready')) {
    await Promise.race([sleep(20), gone]);
    if (child.exitCode !== null) await gone;
  }
}

function readMetric(text: string, name: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match?.[1] === name) values.set(match[2] ?? '', Number(match[3]));
  }
  return values;
}

/** Waits until something holds; fails with what it was last if it never does. */
export async function eventually<T>(look: () => Promise<T> | T, holds: (value: T) => boolean, timeoutMs = 30_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`it never held; last seen: ${JSON.stringify(value)}`);
    await sleep(20);
  }
}

/** Both fake providers, and a config in which each is reached in every way that the tests need. */
export interface World {
  openai: FakeProvider;
  anthropic: FakeProvider;
  config: ConfigData;
  stop(): Promise<void>;
}

/** Virtual keys, one per tenant of the world's config. */
export const keys = { open: 'rk-open', private: 'rk-private', poor: 'rk-poor' } as const;

/**
 * Starts the fakes. Models: `gpt` (OpenAI alone), `claude` (Anthropic alone), `gpt-then-claude`, `claude-then-gpt`.
 * Tenants: `open`, `private` (all personal data redacted and restored), `poor` (a budget of one cent a month). `more` is laid over the config.
 */
export async function startWorld(more: ConfigData = {}): Promise<World> {
  const openai = await startFakeOpenAI({ apiKey: 'sk-real-openai' });
  const anthropic = await startFakeAnthropic({ apiKey: 'sk-ant-real' });
  const capabilities = { contextTokens: 100_000_000 }; // some tests send what no real context takes
  const toOpenAI = { provider: 'openai', model: 'gpt-5-mini', capabilities };
  const toAnthropic = { provider: 'anthropic', model: 'claude-haiku-4-5', capabilities };
  const tenant = (key: string) => ({ keys: [{ name: 'test', hash: hashOf(key) }] });
  const { providers = {}, models = {}, tenants = {}, ...rest } = more as { providers?: ConfigData; models?: ConfigData; tenants?: ConfigData };
  return {
    openai,
    anthropic,
    config: {
      providers: {
        openai: { kind: 'openai', baseUrl: openai.url, apiKey: openai.apiKey },
        anthropic: { kind: 'anthropic', baseUrl: anthropic.url, apiKey: anthropic.apiKey },
        ...providers,
      },
      models: {
        gpt: { targets: [toOpenAI] },
        claude: { targets: [toAnthropic] },
        'gpt-then-claude': { targets: [toOpenAI], fallback: ['claude'] },
        'claude-then-gpt': { targets: [toAnthropic], fallback: ['gpt'] },
        ...models,
      },
      tenants: {
        open: tenant(keys.open),
        private: { ...tenant(keys.private), privacy: { redact: ['email', 'phone', 'card', 'us-ssn', 'iban'], restore: true } },
        poor: { ...tenant(keys.poor), budget: { amount: 0.01, per: 'month' } },
        ...tenants,
      },
      resilience: { breaker: false }, // tests make providers fail, and the next one wants them back
      ...rest,
    },
    async stop() {
      await openai.stop();
      await anthropic.stop();
    },
  };
}

/** The official OpenAI client, with nothing changed but its address and key. */
export const openaiClient = ({ url }: { url: string }, key: string = keys.open): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });

/** The official Anthropic client, likewise. */
export const anthropicClient = ({ url }: { url: string }, key: string = keys.open): Anthropic =>
  new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
