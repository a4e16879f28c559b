import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startFakeAnthropic } from '../../src/demo/anthropic.ts';
import { startFakeOpenAI } from '../../src/demo/openai.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import type { HealthReport } from '../../src/routing/health/health-report.ts';
import { eventually, hashOf, keys, startGateway, type ConfigData, type RunningGateway } from './gateway.ts';
import { openaiSdk, say, type Answer, type ClientOptions, type Question, type Sdk } from './sdks.ts';

/** Places of a chain of three, which are also the names of its providers. */
export const places = ['one', 'two', 'three'] as const;
export type Place = (typeof places)[number];

type Kind = 'openai' | 'anthropic';

const starters = { openai: startFakeOpenAI, anthropic: startFakeAnthropic } as const;

/** A model of its own for each provider, by what it speaks. */
const modelsOf = {
  openai: { one: 'gpt-5-mini', two: 'gpt-4o', three: 'gpt-4.1-mini' },
  anthropic: { one: 'claude-sonnet-4-5', two: 'claude-haiku-4-5', three: 'claude-opus-4-5' },
} as const;

/** Three fake providers and a gateway before them. */
export interface Trio {
  readonly at: Readonly<Record<Place, FakeProvider>>;
  readonly gateway: RunningGateway;
  /** How many requests each provider got since the last test began. */
  asked(): number[];
  /** Makes the first so many providers behave so, always, and the others well. */
  fail(count: number, behaviour: Parameters<FakeProvider['behaveAlways']>[0]): void;
}

/** What a test file's config is made of: the fakes as providers, under as many names as it wants; health is kept by name. */
export interface Parts {
  /** A provider of the config at the fake of a place. */
  provider(place: Place, more?: ConfigData): ConfigData;
  /** A target at a provider; at the fake of the same name where none is given. */
  target(place: Place, more?: ConfigData): ConfigData;
  /** Address and key of a fake, as one credential of a pool. */
  credential(place: Place, more?: ConfigData): ConfigData;
  /** A model whose first target is at the first provider, with the others as fallbacks; `more` is laid over it. */
  chain(more?: ConfigData): ConfigData;
}

/**
 * Starts the fakes and a gateway before a file's tests, clears the fakes before each, and stops everything after.
 * Models: `one`, `two`, `three`, each at the provider of its name, and `chain` through all of them. What is configured is laid over that. Nothing is given a rest unless the config says so.
 */
export function setTrio(
  configure: (parts: Parts) => ConfigData,
  kinds: Readonly<Record<Place, Kind>> = { one: 'openai', two: 'anthropic', three: 'openai' },
): Trio {
  let at: Record<Place, FakeProvider> | undefined;
  let gateway: RunningGateway | undefined;
  const trio: Trio = {
    get at() {
      return started(at);
    },
    get gateway() {
      return started(gateway);
    },
    asked: () => places.map((place) => trio.at[place].requests.length),
    fail(count, behaviour) {
      for (const [index, place] of places.entries()) {
        trio.at[place].clear();
        if (index < count) trio.at[place].behaveAlways(behaviour);
      }
    },
  };
  beforeAll(async () => {
    const [one, two, three] = await Promise.all([start('one'), start('two'), start('three')]);
    at = { one, two, three };
    gateway = await startGateway(trioConfig(at, kinds, configure));
  });
  beforeEach(() => {
    for (const fake of Object.values(trio.at)) fake.clear();
  });
  afterAll(async () => {
    await gateway?.stop();
    for (const fake of Object.values(at ?? {})) await fake.stop();
  });
  return trio;

  function start(place: Place): Promise<FakeProvider> {
    return starters[kinds[place]]({ apiKey: `sk-of-${place}`, journalSize: 100_000 });
  }
}

/** The config of a trio, for further gateways before the same fakes. */
export function trioConfig(at: Trio['at'], kinds: Readonly<Record<Place, Kind>>, configure: (parts: Parts) => ConfigData): ConfigData {
  const credential = (place: Place, more: ConfigData = {}): ConfigData => ({ baseUrl: at[place].url, apiKey: at[place].apiKey, ...more });
  const parts: Parts = {
    credential,
    provider: (place, more = {}) => ({ kind: kinds[place], ...(more['credentials'] === undefined && credential(place)), ...more }),
    target: (place, more = {}) => ({ provider: place, model: modelsOf[kinds[place]][place], ...more }),
    chain: (more = {}) => ({ targets: [parts.target('one')], fallback: ['two', 'three'], ...more }),
  };
  const { providers, models, tenants, ...rest } = configure(parts) as Record<'providers' | 'models' | 'tenants', ConfigData | undefined> & ConfigData;
  return {
    providers: { ...Object.fromEntries(places.map((place) => [place, parts.provider(place)])), ...providers },
    models: { ...Object.fromEntries(places.map((place) => [place, { targets: [parts.target(place)] }])), chain: parts.chain(), ...models },
    tenants: { open: { keys: [{ name: 'test', hash: hashOf(keys.open) }] }, ...tenants },
    resilience: { breaker: false },
    ...rest,
  };
}

function started<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it has not been started');
  return value;
}

/** Who answered, by the provider's name, and after how many attempts. */
export const answeredBy = ({ headers }: Pick<Answer, 'headers'>): [provider: string | undefined, attempts: number] => [
  headers.get('x-remora-deployment')?.split('/', 1)[0],
  Number(headers.get('x-remora-attempts')),
];

/** Asks for a model by an SDK. */
export const ask = (
  gateway: { url: string },
  model: string,
  more: Partial<Question> = {},
  { sdk = openaiSdk, ...options }: ClientOptions & { sdk?: Sdk } = {},
): Promise<Answer> => sdk.ask(gateway, say(model, 'Hello', more), options);

/** What a client sees of one request, whatever becomes of it. */
export interface Seen {
  status: number;
  headers: Headers;
  body: string;
  /** From the request to the end of the answer, in milliseconds. */
  ms: number;
}

/** Sends a chat request as it is, without an SDK. */
export async function post(
  gateway: { url: string },
  model: string,
  more: object = {},
  { key = keys.open, signal }: { key?: string; signal?: AbortSignal } = {},
): Promise<Seen> {
  const began = performance.now();
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], ...more }),
    ...(signal && { signal }),
  });
  const body = await response.text();
  return { status: response.status, headers: response.headers, body, ms: performance.now() - began };
}

/** Sum of a metric over all series that have these labels. */
export async function metricSum(gateway: RunningGateway, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const series = await gateway.metric(name);
  return [...series].reduce((sum, [text, value]) => (wanted.every((label) => text.split(',').includes(label)) ? sum + value : sum), 0);
}

/** What the admin API says of the deployments of a provider, or of one account as `provider#account`. */
export async function healthOf(gateway: RunningGateway, provider: string): Promise<HealthReport | undefined> {
  const reports = (await (await fetch(`${gateway.adminUrl}/api/health`)).json()) as HealthReport[];
  return reports.find(({ id }) => id.startsWith(`${provider}/`));
}

/** Waits until a provider, or an account, stands so; gives what is known of it then. */
export async function untilStanding(gateway: RunningGateway, provider: string, type: HealthReport['standing']['type']): Promise<HealthReport> {
  const found = await eventually(
    () => healthOf(gateway, provider),
    (report) => report?.standing.type === type,
  );
  return started(found);
}

/** Waits until no exchange is under way. */
export async function untilIdle(gateway: RunningGateway): Promise<void> {
  await eventually(
    () => gateway.metric('remora_exchanges_open'),
    (open) => open.get('') === 0,
  );
}

/** How many lines of the gateway's log have this in them. */
export const linesWith = (gateway: RunningGateway, text: string): number =>
  gateway
    .output()
    .split('\n')
    .filter((line) => line.includes(text)).length;

/** The ledger's entries of the exchanges that begin in here, once none of them is under way. */
export async function entriesOf(gateway: RunningGateway, work: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const begin = Date.now();
  await work();
  await untilIdle(gateway);
  return (await gateway.entries()).filter(({ started_at: startedAt }) => Number(startedAt) >= begin);
}
