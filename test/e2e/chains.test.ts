import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readEnvironment } from '../../src/config/environment.ts';
import { createIdentities } from '../../src/identity/identities.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Snapshot } from '../../src/config/snapshot.ts';
import { startFakeOpenAI } from '../../src/demo/openai.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { gatewayDefaults } from '../../src/envoy/bootstrap.ts';
import { findInstalledEnvoy } from '../../src/envoy/find.ts';
import { launchEnvoy } from '../../src/envoy/launch.ts';
import { chainKey, metadataNamespaces } from '../../src/envoy/names.ts';
import type { RunningEnvoy } from '../../src/envoy/supervise.ts';
import { exchange, type ExchangeDeps } from '../../src/extproc/exchange.ts';
import type { Conversation, Message, MetadataValue, Reply, RequestHeaders } from '../../src/extproc/message.ts';
import { serveExtProc, type ExtProcServer } from '../../src/extproc/server.ts';
import { createSnapshots } from '../../src/extproc/snapshots.ts';
import { upstreamConversation } from '../../src/extproc/upstream.ts';
import { anthropicMessages } from '../../src/protocols/anthropic-messages/index.ts';
import { openaiChat } from '../../src/protocols/openai-chat/index.ts';
import { surroundings } from '../conversations/play.ts';
import { eventually, freePort, startWorld, temporaryFolder, type World } from './gateway.ts';
import { openaiSdk, rejection, say, sdks } from './sdks.ts';
import { extended } from './stage.ts';
import { endpointsByCluster } from '../../src/routing/deployment.ts';

// Envoy is real here and the sidecar is ours to spoil: what each says to the other can be changed on the way.

const { searchPath, variables } = readEnvironment();
const silent = { info() {}, warn() {} };
const envoyBinary =
  (await findInstalledEnvoy({ given: undefined, variable: undefined, path: searchPath.join(':'), privateDirectory: resolve('.remora'), log: silent }))
    ?.binary ?? '';

let world: World;
let house: FakeProvider;
let folder: string;
let snapshot: Snapshot;
let deps: ExchangeDeps;
let envoy: RunningEnvoy;
let sidecar: ExtProcServer | undefined;
let gateway: { url: string };
let failures: unknown[];
let errors: string[];

/** Changes what the sidecar says, or what it hears; each test sets what it needs. */
let spoil: {
  reply: (reply: Reply, to: Message['type']) => Reply;
  attempt: (opening: RequestHeaders) => RequestHeaders;
};

const socket = (): string => join(folder, 'extproc.sock');
const configFile = (): string => join(folder, 'remora.yaml');

beforeAll(async () => {
  folder = temporaryFolder();
  world = await startWorld();
  house = await startFakeOpenAI({ apiKey: 'sk-of-the-house' });
  const port = await freePort();
  const config = extended(world, {
    providers: { house: { kind: 'openai', baseUrl: house.url, apiKey: house.apiKey } },
    models: {
      house: { targets: [{ provider: 'house', model: 'gpt-5-mini' }] },
      three: { targets: [{ provider: 'openai', model: 'gpt-5-mini' }], fallback: ['claude', 'house'] },
    },
  });
  writeFileSync(
    configFile(),
    JSON.stringify({
      ...config,
      listen: `127.0.0.1:${port}`,
      admin: { listen: `127.0.0.1:${await freePort()}` },
      store: { embedded: { path: join(folder, 'remora.db') } },
    }),
  );
  snapshot = loadConfig(configFile(), variables);
  gateway = { url: `http://127.0.0.1:${port}` };
  const identities = createIdentities({ now: Date.now, fetch, onEvent() {} });
  identities.use(snapshot);
  deps = {
    ...surroundings(Date.now),
    identities,
    snapshots: createSnapshots(snapshot, Date.now),
    protocols: [openaiChat, anthropicMessages],
    policies: [],
    session: 'sidecar-0_0',
    newId: randomUUID,
    onError: ({ code }) => errors.push(code),
    onFailure: (_, error) => failures.push(error),
  };
  await startSidecar();
  envoy = await launchEnvoy({
    binary: envoyBinary,
    directory: folder,
    concurrency: 1,
    onLog() {},
    gateway: {
      ...gatewayDefaults,
      listen: snapshot.listen,
      telemetry: snapshot.telemetry,
      sidecars: [{ path: socket() }],
      endpoints: endpointsByCluster(snapshot.endpoints.values()),
      systemCaFile: undefined,
    },
  });
});

afterAll(async () => {
  await envoy?.kill();
  await sidecar?.close(0);
  await house?.stop();
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  failures = [];
  errors = [];
  spoil = { reply: (reply) => reply, attempt: (opening) => opening };
  for (const provider of providers()) provider.clear();
});

// Whatever was said: no provider has seen a credential that is not its own, and nothing is kept.
afterEach(async () => {
  for (const [provider, own] of [
    [world.openai, `Bearer ${world.openai.apiKey}`],
    [house, `Bearer ${house.apiKey}`],
    [world.anthropic, world.anthropic.apiKey],
  ] as const) {
    for (const { headers, path, status } of provider.requests) {
      const seen = [headers.authorization, headers['x-api-key']].filter((credential) => credential !== undefined).join();
      const isOwn = seen === own && path === (provider === world.anthropic ? '/v1/messages' : '/v1/chat/completions');
      if (!isOwn || status === 401) throw new Error(`${provider.url} was asked for ${path} with ${seen}`);
    }
  }
  await eventually(
    () => deps.registry.size,
    (size) => size === 0,
  );
});

const providers = (): FakeProvider[] => [world.openai, world.anthropic, house];

async function startSidecar(): Promise<void> {
  sidecar = await serveExtProc(`unix:${socket()}`, {
    router: (opening, signal) => spoiled(opening, exchange(opening, signal, deps)),
    upstream: (opening, form) => upstreamConversation(spoil.attempt(opening), form, deps),
    accessLog: () => {},
    onFailure: (error) => failures.push(error),
  });
}

/** The same conversation with its replies changed. */
async function* spoiled(opening: RequestHeaders, conversation: Conversation): Conversation {
  try {
    let message: Message = opening;
    for (let step = await conversation.next(message); step.done !== true; step = await conversation.next(message)) {
      message = yield spoil.reply(step.value, message.type);
    }
  } finally {
    await conversation.return();
  }
}

/** Changes the chain that Envoy is given; undefined takes it away. */
function spoilChain(change: (groups: readonly MetadataValue[]) => MetadataValue | undefined): void {
  spoil.reply = (reply) => {
    if (reply.type !== 'proceed' || reply.metadata === undefined) return reply;
    const { [metadataNamespaces.chain]: chain = {}, ...rest } = reply.metadata;
    const changed = change(chain[chainKey] as readonly MetadataValue[]);
    return { ...reply, metadata: changed === undefined ? rest : { ...rest, [metadataNamespaces.chain]: { [chainKey]: changed } } };
  };
}

/** The first `count` of the three providers fail. */
function failFirst(count: number): void {
  for (const provider of [world.openai, world.anthropic, house].slice(0, count)) provider.behaveAlways({ refuse: { status: 503 } });
}

const arrived = (): number[] => [world.openai, world.anthropic, house].map(({ requests }) => requests.length);

test('a chain that nobody spoils is followed to its end', async () => {
  failFirst(2);
  const { text, headers } = await openaiSdk.ask(gateway, say('three', 'Hello'));
  expect(text).toContain('Hello');
  expect(headers.get('x-remora-deployment')).toBe('house/gpt-5-mini');
  expect(arrived()).toEqual([1, 1, 1]);
});

describe.each(sdks)('$name gets an error of its own kind', (sdk) => {
  /** Asks for all three and expects a 5xx of ours. */
  async function expectError(more: { stream?: boolean } = {}): Promise<Error & Record<string, unknown>> {
    const error = await rejection(sdk.ask(gateway, say('three', 'Hello', more)));
    expect(error).toBeInstanceOf(sdk.errors.InternalServerError);
    expect(error).toMatchObject({ status: 503 });
    const body = error['error'] as Record<string, unknown>;
    expect(body['error'] ?? body).toMatchObject({
      code: expect.stringMatching(/^(provider-unreachable|gateway-unavailable)$/),
      message: expect.any(String),
    });
    return error;
  }

  test.each([
    ['is missing', () => undefined],
    ['is empty', () => []],
    ['is a word', () => 'p_openai'],
    ['is a list of words', () => ['p_openai', 'p_anthropic', 'p_house']],
    ['has groups without a name', (groups: readonly MetadataValue[]) => groups.map((group) => ({ ...(group as object), name: '' }))],
    ['has groups without clusters', (groups: readonly MetadataValue[]) => groups.map((group) => ({ ...(group as object), clusters: [] }))],
    [
      'has clusters without a weight',
      (groups: readonly MetadataValue[]) => groups.map((_, index) => ({ name: String(index + 1), clusters: [{ cluster_name: 'p_nobody' }] })),
    ],
  ] as [string, Parameters<typeof spoilChain>[0]][])('where the chain %s', async (_, change) => {
    spoilChain(change);
    await expectError();
    await expectError({ stream: true });
    expect(arrived()).toEqual([0, 0, 0]);
  });

  describe.each([1, 2, 3])('where group %i of the chain', (position) => {
    const at = (change: MetadataValue) => (groups: readonly MetadataValue[]) =>
      groups.map((group, index) => (index === position - 1 ? change : group));
    test('names an unknown cluster, and no further attempt is made', async () => {
      failFirst(3);
      spoilChain(at({ name: String(position), clusters: [{ cluster_name: 'p_unknown', weight: 1 }] }));
      await expectError();
      expect(arrived()).toEqual([1, 1, 1].map((one, index) => (index < position - 1 ? one : 0)));
    });

    // Such a group falls to the route's own, which refuses every connection.
    test.each([
      ['is given by name alone', { name: String(position) }],
      ["has the name of the route's own group", { name: 'none' }],
      ['has no clusters', { name: String(position), clusters: [] }],
      ['is a word', 'p_openai'],
    ] as [string, MetadataValue][])('%s, and it alone is passed over', async (_, group) => {
      failFirst(3);
      spoilChain(at(group));
      const error = await rejection(sdk.ask(gateway, say('three', 'Hello')));
      expect(error).toMatchObject({ status: 503 });
      expect(arrived()).toEqual([1, 1, 1].map((one, index) => (index === position - 1 ? 0 : one)));
    });

    test('is the last one, though more attempts are due', async () => {
      failFirst(3);
      spoilChain((groups) => groups.slice(0, position));
      const error = await rejection(sdk.ask(gateway, say('three', 'Hello')));
      expect(error).toMatchObject({ status: 503 });
      expect(arrived()).toEqual([1, 1, 1].map((one, index) => (index < position ? one : 0)));
    });
  });

  test.each([
    ['2 and 3 are swapped', (groups: readonly MetadataValue[]) => [groups[0], groups[2], groups[1]], [1, 0, 0]],
    ['2 is left out', (groups: readonly MetadataValue[]) => [groups[0], groups[2]], [1, 0, 0]],
    ['2 is the first one again', (groups: readonly MetadataValue[]) => [groups[0], groups[0], groups[2]], [1, 0, 0]],
    ['3 is the second one again', (groups: readonly MetadataValue[]) => [groups[0], groups[1], groups[1]], [1, 1, 0]],
  ] as [string, (groups: readonly MetadataValue[]) => MetadataValue[], number[]][])('where group %s', async (_, change, expected) => {
    failFirst(3);
    spoilChain(change);
    await expectError();
    expect(arrived()).toEqual(expected);
  });

  test.each([
    ['of an exchange that nobody knows', (opening: RequestHeaders) => ({ ...opening, metadata: new Map([['exchange_id', 'nobody']]) })],
    ['of no exchange', (opening: RequestHeaders) => ({ ...opening, metadata: new Map() })],
    [
      'without a number',
      (opening: RequestHeaders) => ({ ...opening, headers: new Map([...opening.headers].filter(([name]) => name !== 'x-envoy-attempt-count')) }),
    ],
    [
      'with the number of another one',
      (opening: RequestHeaders) => ({ ...opening, headers: new Map([...opening.headers, ['x-envoy-attempt-count', '3']]) }),
    ],
    [
      'with a number beyond the chain',
      (opening: RequestHeaders) => ({ ...opening, headers: new Map([...opening.headers, ['x-envoy-attempt-count', '9']]) }),
    ],
    ['without a cluster', (opening: RequestHeaders) => ({ ...opening, attributes: new Map() })],
  ] as [string, (opening: RequestHeaders) => RequestHeaders][])('where the second attempt comes %s', async (_, change) => {
    failFirst(1);
    spoil.attempt = change;
    await expectError();
    expect(arrived()).toEqual([1, 0, 0]);
  });

  describe('where the sidecar throws', () => {
    test.each(['request-headers', 'request-body', 'response-headers', 'response-body'] as const)('at the %s', async (type) => {
      spoil.reply = (reply, to) => {
        if (to === type) throw new Error('a bug of ours');
        return reply;
      };
      const error = await rejection(sdk.ask(gateway, say('three', 'Hello')));
      expect(error).toBeInstanceOf(sdk.errors.InternalServerError);
      expect(error.message).not.toContain('a bug of ours');
      expect(failures).toMatchObject([{ message: 'a bug of ours' }]);
      expect(arrived()).toEqual(type.startsWith('request') ? [0, 0, 0] : [1, 0, 0]);
    });

    test.each([1, 4])('at piece %i of a stream, the answer never seems complete', async (piece) => {
      world.openai.behave({ say: { text: 'Hello there, all of you' }, eventDelayMs: 5 });
      let seen = 0;
      spoil.reply = (reply, to) => {
        if (to === 'response-body' && ++seen === piece) throw new Error('a bug of ours');
        return reply;
      };
      await rejection(sdk.ask(gateway, say('three', 'Hello', { stream: true })));
      expect(failures).toMatchObject([{ message: 'a bug of ours' }]);
      expect(arrived()).toEqual([1, 0, 0]);
    });

    test('in a further attempt: that one is refused, and no other is made', async () => {
      failFirst(1);
      spoil.attempt = () => {
        throw new Error('a bug of ours');
      };
      const error = await rejection(sdk.ask(gateway, say('three', 'Hello')));
      expect(error).toBeInstanceOf(sdk.errors.InternalServerError);
      expect(arrived()).toEqual([1, 0, 0]);
    });
  });
});

describe('where the sidecar is killed', () => {
  let child: ChildProcess | undefined;

  /** The real sidecar, in a process of its own, in place of ours. */
  async function serve(): Promise<void> {
    const started = spawn(process.execPath, ['bin/remora.js', 'serve', '--config', configFile(), '--listen', `unix:${socket()}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = started; // whatever comes, it is killed
    let said = '';
    started.stderr.on('data', (data: Buffer) => (said += data.toString()));
    await eventually(
      () => said,
      (log) => log.includes('serving'),
    );
    // Envoy looks every half a second whether it is back.
    await eventually(
      () => openaiSdk.ask(gateway, say('house')).catch(() => undefined),
      (answer) => answer !== undefined,
    );
    for (const provider of providers()) provider.clear();
  }

  async function kill(): Promise<void> {
    if (child === undefined) return;
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    await gone;
    child = undefined;
  }

  beforeAll(async () => {
    await sidecar?.close(0);
    sidecar = undefined;
  });
  beforeEach(serve);
  afterEach(kill);

  test.each(sdks)('in mid-stream, $name never takes the answer for complete', async (sdk) => {
    world.openai.behave({ say: { text: 'word '.repeat(500) }, eventDelayMs: 5 });
    let seen = '';
    const read = async (): Promise<void> => {
      for await (const text of sdk.texts(gateway, say('gpt'))) {
        if (seen === '') await kill();
        seen += text;
      }
    };
    await rejection(read());
    expect(seen).not.toBe('');
    expect(seen.length).toBeLessThan('word '.repeat(500).length);
  });

  test.each(sdks)('before the answer begins, $name gets an error', async (sdk) => {
    world.openai.behave({ delayMs: 300 });
    const request = world.openai.nextRequest();
    const asked = rejection(sdk.ask(gateway, say('gpt')));
    await Promise.race([request, asked]);
    await kill();
    const error = await asked;
    expect(error).toBeInstanceOf(sdk.errors.InternalServerError);
    expect(error).toMatchObject({ status: 503, message: expect.stringContaining('The gateway cannot handle the request now') });
  });

  test.each(sdks)('before the request, $name gets an error it can read, and an answer as soon as the sidecar is back', async (sdk) => {
    await kill();
    const error = await rejection(sdk.ask(gateway, say('gpt')));
    expect(error).toBeInstanceOf(sdk.errors.InternalServerError);
    expect(error).toMatchObject({ status: 503, message: expect.stringContaining('The gateway cannot handle the request now') });
    expect(arrived()).toEqual([0, 0, 0]);
    await serve();
    expect((await sdk.ask(gateway, say('gpt', 'Hello again'))).text).toContain('Hello again');
  });
});
