import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFakeAnthropic } from '../../src/demo/anthropic.ts';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import type { RecordedRequest } from '../../src/demo/journal.ts';
import { startFakeOpenAI } from '../../src/demo/openai.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { eventually, freePort, hashOf, keys, startGateway, type ConfigData, type RunningGateway } from './gateway.ts';
import { openaiSdk, rejection, sdks, type Question } from './sdks.ts';

/** The providers that answer, by their names in the config; each has a key and a model of its own. */
const providers = {
  'openai-1': { kind: 'openai', model: 'gpt-5-mini' },
  'openai-2': { kind: 'openai', model: 'gpt-4.1-mini' },
  'anthropic-1': { kind: 'anthropic', model: 'claude-haiku-4-5' },
  'anthropic-2': { kind: 'anthropic', model: 'claude-sonnet-4-5' },
} as const;
type Name = keyof typeof providers;
const names = Object.keys(providers) as Name[];

/** Chains of three, one beginning with each protocol. */
const chains = [
  ['openai-1', 'anthropic-1', 'openai-2'],
  ['anthropic-1', 'openai-1', 'anthropic-2'],
] as const satisfies readonly Name[][];

const keyOf = (name: string): string => `sk-of-${name}`;
/** One test sends 20 MiB, which is more than any real context takes. */
const capabilities = { contextTokens: 100_000_000 };
const targetOf = (name: Name): object => ({ provider: name, model: providers[name].model, capabilities });

/** Ways in which a provider that can be reached fails, what all of them failing is to the client, and with which code where it is ours. */
const failures: { name: string; behaviour: Behaviour; status: number; code?: string }[] = [
  { name: '429', behaviour: { refuse: { status: 429 } }, status: 429 },
  { name: '408', behaviour: { refuse: { status: 408 } }, status: 408 },
  { name: '500', behaviour: { refuse: { status: 500 } }, status: 500 },
  { name: '502 with a page of HTML', behaviour: { refuse: { status: 502, body: '<html>Bad gateway</html>' } }, status: 502 },
  { name: '503', behaviour: { refuse: { status: 503 } }, status: 503 },
  { name: '529', behaviour: { refuse: { status: 529 } }, status: 529 },
  { name: 'a reset before the headers', behaviour: { break: { how: 'reset', after: 'nothing' } }, status: 503, code: 'provider-unreachable' },
  { name: 'a close before the headers', behaviour: { break: { how: 'close', after: 'nothing' } }, status: 503, code: 'provider-unreachable' },
  { name: 'no headers in time', behaviour: { break: { how: 'stall', after: 'nothing' } }, status: 504, code: 'provider-timeout' },
];

/** Addresses at which no provider can be reached. */
const deadEnds = ['refused', 'unresolvable', 'plain'] as const;

let fakes: Record<Name, FakeProvider>;
let gateway: RunningGateway | undefined;

beforeAll(async () => {
  const started = await Promise.all(
    names.map(
      async (name) => [name, await (providers[name].kind === 'openai' ? startFakeOpenAI : startFakeAnthropic)({ apiKey: keyOf(name) })] as const,
    ),
  );
  fakes = Object.fromEntries(started) as Record<Name, FakeProvider>;
  gateway = await startGateway(await config());
});
afterAll(async () => {
  await gateway?.stop();
  await Promise.all(Object.values(fakes).map((fake) => fake.stop()));
});
beforeEach(() => {
  for (const fake of Object.values(fakes)) fake.clear();
});

const running = (): RunningGateway => gateway ?? raise('the gateway is not running');

function raise(message: string): never {
  throw new Error(message);
}

/** Models are named after what they try: `openai-1`, `openai-1>anthropic-1>openai-2`, `refused-openai>…`. */
const chainName = (chain: readonly string[]): string => chain.join(':');

async function config(): Promise<ConfigData> {
  const closed = await freePort();
  const addresses = {
    refused: `http://127.0.0.1:${closed}`,
    unresolvable: 'http://nowhere.invalid',
    plain: `https://127.0.0.1:${fakes['openai-2'].port}`,
  };
  const dead = deadEnds.flatMap((end) =>
    ['openai', 'anthropic'].flatMap((kind) => [1, 2].map((number) => ({ name: `${end}-${kind}-${number}`, kind, baseUrl: addresses[end] }))),
  );
  const single = [
    ...names.map((name) => [name, targetOf(name)] as const),
    ...dead.map(({ name }) => [name, { provider: name, model: `model-of-${name}` }] as const),
  ];
  const chained = [
    ...chains,
    ...chains.flatMap((chain) => deadEnds.flatMap((end) => [1, 2, 3].map((count) => withDeadEnds(chain, end, count)))),
    ['openai-1', 'refused-anthropic-1', 'anthropic-1', 'openai-2', 'anthropic-2'],
  ];
  const timeouts = { headers: '300ms' };
  const models = Object.fromEntries(single.map(([name, target]) => [name, { targets: [target] }]));
  return {
    providers: Object.fromEntries([
      ...names.map((name) => [name, { kind: providers[name].kind, baseUrl: fakes[name].url, apiKey: keyOf(name) }]),
      ...dead.map(({ name, kind, baseUrl }) => [name, { kind, baseUrl, apiKey: keyOf(name) }]),
    ]),
    models: {
      ...models,
      ...Object.fromEntries(chained.map(([first = '', ...rest]) => [chainName([first, ...rest]), { ...models[first], fallback: rest, timeouts }])),
      twice: { targets: [targetOf('openai-1')], fallback: ['openai-1-other-model'] },
      'openai-1-other-model': { targets: [{ provider: 'openai-1', model: 'gpt-4o-mini' }] },
      patient: { targets: [targetOf('openai-1')], fallback: ['anthropic-1', 'openai-2'] },
    },
    tenants: { open: { keys: [{ name: 'test', hash: hashOf(keys.open) }] } },
    resilience: { breaker: false }, // each test makes them fail anew
  };
}

/** The chain with its first so many providers where nothing can be reached. */
const withDeadEnds = (chain: readonly Name[], end: string, count: number): string[] =>
  chain.map((name, index) => (index < count ? `${end}-${name}` : name));

const question = (model: string, stream: boolean): Question => ({ model, stream, system: 'Be brief.', turns: [{ user: 'Hello' }], maxTokens: 50 });

/** The one request that a provider got: with its own credential, its own model, in its own protocol, and in nobody else's words. */
function expectOwnRequest(name: Name, stream: boolean): void {
  const { kind, model } = providers[name];
  expect(fakes[name].requests).toHaveLength(1);
  const { path, headers, rawHeaders, body } = fakes[name].requests[0] as RecordedRequest;
  const isOpenAI = kind === 'openai';
  expect(path).toBe(isOpenAI ? '/v1/chat/completions' : '/v1/messages');
  expect([headers.authorization, headers['x-api-key']]).toEqual(isOpenAI ? [`Bearer ${keyOf(name)}`, undefined] : [undefined, keyOf(name)]);
  expect(headers['anthropic-version'] === undefined).toBe(isOpenAI);
  expect(rawHeaders.join('\n').match(/sk-of-[a-z0-9-]+/g)).toEqual([keyOf(name)]);
  expect(headers['content-length']).toBe(String(body.length));
  const user = { role: 'user', content: 'Hello' };
  const asked = isOpenAI
    ? {
        max_completion_tokens: 50,
        messages: [{ role: 'system', content: 'Be brief.' }, user],
        ...(stream && { stream_options: { include_usage: true } }),
      }
    : { max_tokens: 50, system: 'Be brief.', messages: [user] };
  expect(JSON.parse(body.toString())).toEqual({ model, ...asked, ...(stream && { stream: true }) });
}

const nameIn = (kind: string): string => (kind === 'openai' ? 'OpenAI' : 'Anthropic');

describe.each(sdks)('$name', (sdk) => {
  const isOpenAI = sdk === openaiSdk;

  /** Asks, and expects that the provider at this place of the chain has answered. */
  async function expectAnswerFrom(answering: Name, model: string, attempts: number, stream: boolean): Promise<void> {
    const { text, finish, headers } = await sdk.ask(running(), question(model, stream));
    const { kind, model: providerModel } = providers[answering];
    expect(text).toBe(`Hello from the demo ${nameIn(kind)} (${providerModel}). You said: "Hello"`);
    expect(finish).toBe(isOpenAI ? 'stop' : 'end_turn');
    expect(headers.get('x-remora-deployment')).toBe(`${answering}/${providerModel}`);
    expect(headers.get('x-remora-attempts')).toBe(String(attempts));
    expect(headers.has('x-remora-error')).toBe(false);
    expectOwnRequest(answering, stream);
  }

  /** Asks, and expects an error that an SDK can tell. */
  async function expectError(model: string, stream: boolean, { status, code }: { status: number; code?: string | undefined }): Promise<void> {
    const thrown = await rejection(sdk.ask(running(), question(model, stream)));
    expect(thrown).toBeInstanceOf(sdk.errors.APIError);
    if (status >= 500) expect(thrown).toBeInstanceOf(sdk.errors.InternalServerError);
    const headers = thrown['headers'] as Headers;
    const body = thrown['error'] as Record<string, unknown>;
    expect({ status: thrown['status'], attempts: headers.get('x-remora-attempts'), error: headers.get('x-remora-error') }).toEqual({
      status,
      attempts: '3',
      error: code ?? null,
    });
    expect(isOpenAI ? body : body['error']).toMatchObject({
      type: expect.stringMatching(/_|requests/),
      message: expect.stringMatching(/.{10}/),
      ...(code && { code }),
    });
    expect(thrown['requestID']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.has('x-should-retry')).toBe(false);
  }

  describe.each(chains.map((chain) => ({ chain, first: chain[0] })))('a chain of three from $first', ({ chain }) => {
    describe.each([{ stream: false }, { stream: true }])('stream: $stream', ({ stream }) => {
      test.each(failures)('$name leads to the next provider, wherever it happens', async ({ behaviour }) => {
        for (const failing of [1, 2]) {
          for (const fake of Object.values(fakes)) fake.clear();
          for (const name of chain.slice(0, failing)) fakes[name].behaveAlways(behaviour);
          await expectAnswerFrom(chain[failing] as Name, chainName(chain), failing + 1, stream);
          for (const name of chain.slice(0, failing)) expectOwnRequest(name, stream);
          for (const name of names)
            expect(fakes[name].requests.length).toBe((chain as readonly string[]).slice(0, failing + 1).includes(name) ? 1 : 0);
        }
      });

      test.each(failures)('$name everywhere is told as what it is', async ({ behaviour, status, code }) => {
        for (const name of chain) fakes[name].behaveAlways(behaviour);
        const isForeign = isOpenAI !== (providers[chain[2]].kind === 'openai');
        await expectError(chainName(chain), stream, { status: status === 529 && isForeign ? 503 : status, code });
        for (const name of chain) expectOwnRequest(name, stream);
        expect(names.reduce((sum, name) => sum + fakes[name].requests.length, 0)).toBe(3);
      });

      test.each(deadEnds)('an address that is %s leads to the next provider, wherever it is', async (end) => {
        for (const failing of [1, 2]) {
          for (const fake of Object.values(fakes)) fake.clear();
          await expectAnswerFrom(chain[failing] as Name, chainName(withDeadEnds(chain, end, failing)), failing + 1, stream);
          for (const name of names) expect(fakes[name].requests.length).toBe(name === chain[failing] ? 1 : 0);
        }
        await expectError(chainName(withDeadEnds(chain, end, 3)), stream, { status: 503, code: 'provider-unreachable' });
      });

      test('what is the request’s own fault goes to no other provider', async () => {
        const [first] = chain;
        for (const status of [400, 404, 413, 422]) {
          fakes[first].behave({ refuse: { status } });
          const thrown = await rejection(sdk.ask(running(), question(chainName(chain), stream)));
          expect(thrown['status']).toBe(status);
          expect((thrown['headers'] as Headers).has('x-remora-error')).toBe(false);
        }
        expect(names.map((name) => fakes[name].requests.length)).toEqual(names.map((name) => (name === first ? 4 : 0)));
      });

      test('a credential of ours that is refused is not the client’s fault, and the next provider has another', async () => {
        const [first, second] = chain;
        for (const status of [401, 402, 403]) {
          for (const fake of Object.values(fakes)) fake.clear();
          fakes[first].behave({ refuse: { status } });
          await expectAnswerFrom(second, chainName(chain), 2, stream);
        }
      });

      test('where every credential is refused, the client’s key is not called bad', async () => {
        for (const status of [401, 402, 403]) {
          for (const name of chain) fakes[name].behave({ refuse: { status } });
          const thrown = await rejection(sdk.ask(running(), question(chainName(chain), stream)));
          const headers = thrown['headers'] as Headers;
          expect([thrown['status'], headers.get('x-remora-error'), headers.get('x-should-retry')]).toEqual([502, 'provider-credential', 'false']);
        }
      });
    });
  });

  test.each([{ stream: false }, { stream: true }])(
    'a chain of five, each of four failing in a way of its own: stream $stream',
    async ({ stream }) => {
      fakes['openai-1'].behaveAlways({ refuse: { status: 429 } });
      fakes['anthropic-1'].behaveAlways({ break: { how: 'reset', after: 'nothing' } });
      fakes['openai-2'].behaveAlways({ break: { how: 'stall', after: 'nothing' } });
      await expectAnswerFrom('anthropic-2', 'openai-1:refused-anthropic-1:anthropic-1:openai-2:anthropic-2', 5, stream);
      for (const name of names) expectOwnRequest(name, stream);
      expect(names.map((name) => fakes[name].requests[0]?.status)).toEqual([429, 0, 0, 200]);
    },
  );

  test.each([{ stream: false }, { stream: true }])(
    'a chain that names one provider twice asks it for two models: stream $stream',
    async ({ stream }) => {
      fakes['openai-1'].behave({ refuse: { status: 503 } });
      const { text, headers } = await sdk.ask(running(), question('twice', stream));
      expect(text).toContain('demo OpenAI (gpt-4o-mini)');
      expect(headers.get('x-remora-deployment')).toBe('openai-1/gpt-4o-mini');
      expect(headers.get('x-remora-attempts')).toBe('2');
      expect(fakes['openai-1'].requests.map(({ body }) => (JSON.parse(body.toString()) as { model: string }).model)).toEqual([
        'gpt-5-mini',
        'gpt-4o-mini',
      ]);
    },
  );
});

test('warnings are those of the provider that answered', async () => {
  fakes['openai-1'].behave({ refuse: { status: 503 } });
  const chain = chains[0];
  const seeded = { ...question(chainName(chain), false), more: { seed: 7 } };
  const atAnthropic = await openaiSdk.ask(running(), seeded);
  expect(atAnthropic.headers.get('x-remora-warnings')).toContain('seed (');
  fakes['openai-1'].behave({ refuse: { status: 503 } });
  fakes['anthropic-1'].behave({ refuse: { status: 503 } });
  const atOpenAI = await openaiSdk.ask(running(), seeded);
  expect(atOpenAI.headers.get('x-remora-deployment')).toBe('openai-2/gpt-4.1-mini');
  expect(atOpenAI.headers.has('x-remora-warnings')).toBe(false);
});

test('a body of 20 MiB is written anew for the next provider', async () => {
  const text = 'Hello there. '.repeat((20 * 1024 * 1024) / 13);
  for (const sdk of sdks) {
    for (const fake of Object.values(fakes)) fake.clear();
    fakes['openai-1'].behave({ refuse: { status: 429 } });
    const { headers } = await sdk.ask(running(), { ...question('patient', false), turns: [{ user: text }] });
    expect(headers.get('x-remora-deployment')).toBe('anthropic-1/claude-haiku-4-5');
    for (const name of ['openai-1', 'anthropic-1'] as const) {
      const { messages } = JSON.parse(fakes[name].requests[0]?.body.toString() ?? '') as { messages: { role: string; content: string }[] };
      expect(messages.at(-1)?.content === text).toBe(true);
    }
  }
});

test('five hundred requests at once that fail twice each: all answered, each booked once for the provider that answered, nothing left open', async () => {
  const before = (await running().entries()).length;
  fakes['openai-1'].behaveAlways({ refuse: { status: 503 } });
  fakes['anthropic-1'].behaveAlways({ break: { how: 'reset', after: 'nothing' } });
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, index) =>
      (sdks[index % 2] ?? openaiSdk).ask(running(), { ...question('patient', index % 4 < 2), turns: [{ user: `Number ${index}` }] }),
    ),
  );
  for (const [index, { text, headers }] of answers.entries()) {
    expect(text).toContain(`You said: "Number ${index}"`);
    expect(headers.get('x-remora-attempts')).toBe('3');
    expect(headers.get('x-remora-deployment')).toBe('openai-2/gpt-4.1-mini');
  }
  expect(names.map((name) => fakes[name].requests.length)).toEqual(names.map((name) => (name === 'anthropic-2' ? 0 : 500)));
  await eventually(
    () => running().metric('remora_exchanges_open'),
    (open) => open.get('') === 0,
  );
  const entries = (await running().entries()).slice(before);
  expect(entries).toHaveLength(500);
  expect(new Set(entries.map(({ exchange }) => exchange)).size).toBe(500);
  for (const entry of entries)
    expect(entry).toMatchObject({ ended: 'complete', status: 200, attempts: 3, deployment: 'openai-2/gpt-4.1-mini', estimated: 0 });
});
