import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startFakeAnthropic } from '../../src/demo/anthropic.ts';
import { startFakeCompatible } from '../../src/demo/compatible.ts';
import { startFakeGemini } from '../../src/demo/gemini.ts';
import { startFakeOpenAI } from '../../src/demo/openai.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { hashOf, keys, startGateway, type ConfigData, type RunningGateway } from './gateway.ts';

/** Kinds of fakes, and the model that is asked of each where a test does not say. */
const kinds = {
  openai: { start: startFakeOpenAI, model: 'gpt-4.1-mini' },
  anthropic: { start: startFakeAnthropic, model: 'claude-haiku-4-5' },
  gemini: { start: startFakeGemini, model: 'gemini-2.5-flash' },
  vllm: { start: (options: { apiKey: string }) => startFakeCompatible('vllm', options), model: 'Qwen/Qwen3-8B' },
} as const;
type Kind = keyof typeof kinds;

/** What the tests of one file share: fakes by the names of their providers, and a gateway before them. */
export interface Fleet<Name extends string> {
  readonly fakes: Readonly<Record<Name, FakeProvider>>;
  readonly gateway: RunningGateway;
  /** What the gateway was started with. */
  readonly config: ConfigData;
  /** How many requests each fake has got since the test began. */
  counts(): Record<Name, number>;
  /** What a fake was sent last, as JSON. */
  lastSent(name: Name): Record<string, unknown>;
}

/** What configs are made of. */
export interface FleetParts<Name extends string> {
  providers: Record<Name, ConfigData>;
  /** A target at a provider, with its usual model. */
  to: (name: Name, more?: ConfigData) => ConfigData;
}

/** One tenant with one key, named after it. */
export const tenant = (key: string, more: ConfigData = {}): ConfigData => ({
  keys: [{ name: `key-of-${key.replace('rk-', '')}`, hash: hashOf(key) }],
  ...more,
});

/** Starts a fake for each name, and a gateway with a config in which `open` may do everything and nothing ever rests, unless `configure` says else. */
export function setFleet<Name extends string>(
  fleet: Readonly<Record<Name, Kind>>,
  configure: (parts: FleetParts<Name>) => ConfigData,
  { env = {} }: { env?: Record<string, string> } = {},
): Fleet<Name> {
  const names = Object.keys(fleet) as Name[];
  let fakes: Record<Name, FakeProvider> | undefined;
  let gateway: RunningGateway | undefined;
  let config: ConfigData | undefined;
  const started = <T>(value: T | undefined): T => value ?? raise('it has not been started');

  beforeAll(async () => {
    const entries = await Promise.all(names.map(async (name) => [name, await kinds[fleet[name]].start({ apiKey: `sk-of-${name}` })] as const));
    fakes = Object.fromEntries(entries) as Record<Name, FakeProvider>;
    const providers = Object.fromEntries(
      entries.map(([name, { url, apiKey }]): [string, ConfigData] => [name, { kind: fleet[name], baseUrl: url, apiKey }]),
    ) as Record<Name, ConfigData>;
    const to = (name: Name, more: ConfigData = {}): ConfigData => ({ provider: name, model: kinds[fleet[name]].model, ...more });
    config = { providers, tenants: { open: tenant(keys.open) }, resilience: { breaker: false }, ...configure({ providers, to }) };
    gateway = await startGateway(config, { env });
  });
  beforeEach(() => {
    for (const name of names) fakes?.[name].clear();
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all(names.flatMap((name) => fakes?.[name].stop() ?? []));
  });
  return {
    get fakes() {
      return started(fakes);
    },
    get gateway() {
      return started(gateway);
    },
    get config() {
      return started(config);
    },
    counts: () => Object.fromEntries(names.map((name) => [name, started(fakes)[name].requests.length])) as Record<Name, number>,
    lastSent: (name) => JSON.parse(started(fakes)[name].requests.at(-1)?.body.toString() ?? '{}') as Record<string, unknown>,
  };
}

function raise(message: string): never {
  throw new Error(message);
}

/** What a request says beyond the model. */
export interface Asking {
  text?: string;
  key?: string;
  headers?: Record<string, string>;
  stream?: boolean;
  /** Further fields of the body. */
  more?: ConfigData;
}

/** An answer, and who gave it. */
export interface Told {
  status: number;
  /** As `provider/model`; empty where there is none. */
  deployment: string;
  /** The provider alone. */
  by: string;
  attempts: string | null;
  headers: Headers;
  requestId: string;
  body: string;
  /** The code of an error of ours. */
  error: string | null;
}

/** Asks for a chat completion as a client without an SDK does: quickly, and with every header to be seen. */
export async function chat(
  { url }: { url: string },
  model: string,
  { text = 'Hello', key = keys.open, headers = {}, stream = false, more = {} }: Asking = {},
): Promise<Told> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: text }], ...(stream && { stream }), ...more }),
  });
  const body = await response.text();
  const deployment = response.headers.get('x-remora-deployment') ?? '';
  return {
    status: response.status,
    deployment,
    by: deployment.split('/', 1)[0] ?? '',
    attempts: response.headers.get('x-remora-attempts'),
    headers: response.headers,
    requestId: response.headers.get('x-request-id') ?? '',
    body,
    error: response.headers.get('x-remora-error'),
  };
}

/** Asks so many times, some at once, and gives the answers in the order of their numbers. */
export async function many(count: number, ask: (index: number) => Promise<Told>, atOnce = 16): Promise<Told[]> {
  const told: Told[] = [];
  let next = 0;
  const asker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) told[index] = await ask(index);
  };
  await Promise.all(Array.from({ length: atOnce }, asker));
  return told;
}

/** How many of the answers each provider gave. */
export function tally(told: readonly Told[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { by } of told) counts[by] = (counts[by] ?? 0) + 1;
  return counts;
}
