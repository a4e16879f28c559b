import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chat, setFleet, tenant, type Asking, type Told } from './fleet.ts';
import { anthropicClient, eventually, freePort, keys } from './gateway.ts';
import { jaegerMissing, startJaeger, type Jaeger } from './jaeger.ts';

/** What a classifier was asked. */
interface Asked {
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

/** A classifier that answers as it is told to, or not at all. */
const classifier = {
  port: 0,
  asked: [] as Asked[],
  answer: (_response: ServerResponse): void => {},
};
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => {
    classifier.asked.push({
      path: request.url,
      headers: request.headers,
      body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>,
    });
    classifier.answer(response);
  });
});
const answering = (body: unknown, status = 200) =>
  (classifier.answer = (response) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)));

let jaeger: Jaeger | undefined;
const ports = { dead: 0 };
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  classifier.port = (server.address() as AddressInfo).port;
  ports.dead = await freePort();
  if (jaegerMissing === undefined) jaeger = await startJaeger();
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await jaeger?.stop();
});
beforeEach(() => void (classifier.asked = []));

const fleet = setFleet({ small: 'openai', large: 'anthropic', spare: 'openai' }, ({ to }) => {
  const auto = (more: object = {}): object => ({ auto: { simple: 'small', hard: 'large', ...more } });
  const asking = (path: string, more: object = {}): object =>
    auto({ classifier: { url: `http://127.0.0.1:${classifier.port}${path}`, timeout: '5s', ...more } });
  return {
    models: {
      auto: auto(),
      'rather-small': auto({ threshold: 1 }),
      'rather-large': auto({ threshold: 0 }),
      'by-model': asking('/v1', { model: 'judge', apiKey: 'sk-judge' }),
      'by-service': asking('/classify'),
      'by-silent-service': asking('/classify', { timeout: '50ms' }),
      'by-traced-service': asking('/classify'),
      ...Object.fromEntries(['error', 'nonsense', 'reset', 'long'].map((how) => [`by-${how}`, asking('/classify')])),
      'by-dead-service': auto({ classifier: { url: `http://127.0.0.1:${ports.dead}/` } }),
      'with-fallback': { ...auto(), fallback: ['spare'] },
      small: { targets: [to('small', { model: 'gpt-5-mini' })] },
      large: { targets: [to('large')] },
      spare: { targets: [to('spare')] },
    },
    tenants: {
      open: tenant(keys.open),
      private: tenant(keys.private, { privacy: { redact: ['email'] } }),
      few: tenant('rk-few', { models: ['auto', 'small'] }),
    },
    ...(jaeger && { telemetry: { otlp: jaeger.otlp } }),
  };
});

const simple = 'Translate to French: good morning';
const hard =
  'Prove step by step that the square root of two is irrational, then analyse the time complexity of this and design a better algorithm:\n```python\ndef f(n):\n    return f(n-1) + f(n-2)\n```';
const ask = (model: string, text: string, asking: Asking = {}): Promise<Told> => chat(fleet.gateway, model, { text, ...asking });

/** What the trace of a request says of its task. */
async function taskOf({ requestId }: Told): Promise<Record<string, unknown>> {
  const [trace = []] = await eventually(
    () => jaeger?.tracesOf(requestId) ?? [],
    ([spans = []]) => spans.some(({ name }) => name.startsWith('chat')),
  );
  const { tags } = trace.find(({ name }) => name.startsWith('chat')) ?? { tags: new Map() };
  return Object.fromEntries(['model', 'task.score', 'task.by', 'task.reasons'].map((name) => [name, tags.get(`remora.${name}`)]));
}

describe('by its features', () => {
  test.each([
    ['a translation', simple, 'small'],
    ['small talk', 'Hello, how are you?', 'small'],
    ['a proof and code', hard, 'large'],
  ] as const)('%s goes where it belongs', async (_, text, by) => {
    for (const stream of [false, true]) expect(await ask('auto', text, { stream })).toMatchObject({ status: 200, by });
    const response = await anthropicClient(fleet.gateway)
      .messages.create({ model: 'auto', max_tokens: 10, messages: [{ role: 'user', content: text }] })
      .asResponse();
    expect(response.headers.get('x-remora-deployment')).toMatch(new RegExp(`^${by}/`));
  });

  test('tools, a schema and a wish to reason make it harder', async () => {
    const text = 'What should I cook with these?';
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
    expect(await ask('auto', text)).toMatchObject({ by: 'small' });
    expect(await ask('auto', text, { more: { tools, reasoning_effort: 'high' } })).toMatchObject({ by: 'large' });
  });

  test('the threshold moves the border', async () => {
    expect(await ask('rather-small', 'Compare the two.')).toMatchObject({ by: 'small' });
    expect(await ask('rather-large', simple)).toMatchObject({ by: 'large' });
  });

  test('what is chosen may fail, and is counted', async () => {
    fleet.fakes.large.behaveAlways({ refuse: { status: 503 } });
    expect(await ask('with-fallback', hard)).toMatchObject({ status: 200, by: 'spare', attempts: '2' });
    const choices = await fleet.gateway.metric('remora_choices_total');
    expect(choices.get('by="auto",name="features",choice="large"')).toBeGreaterThan(0);
  });

  test('a tenant is not led to a model that it may not use', async () => {
    expect(await ask('auto', simple, { key: 'rk-few' })).toMatchObject({ status: 200, by: 'small' });
    expect(await ask('auto', hard, { key: 'rk-few' })).toMatchObject({ status: 403, error: 'not-permitted' });
    expect(fleet.counts()).toMatchObject({ large: 0 });
  });
});

describe('by the client’s own word', () => {
  test.each([
    ['a header', (task: string): Asking => ({ headers: { 'x-remora-task': task } })],
    ['a label', (task: string): Asking => ({ more: { metadata: { task } } })],
  ] as const)('%s counts more than features and classifier', async (_, saying) => {
    answering({ score: 0.5 });
    expect(await ask('auto', simple, saying('hard'))).toMatchObject({ by: 'large' });
    expect(await ask('auto', hard, saying('simple'))).toMatchObject({ by: 'small' });
    expect(await ask('by-service', simple, saying('Hard'))).toMatchObject({ by: 'large' });
    expect(classifier.asked).toEqual([]);
    expect(await ask('auto', simple, saying('difficult'))).toMatchObject({ by: 'small' }); // no word that is known
    expect(fleet.fakes.small.requests.map(({ headers }) => headers['x-remora-task'])).toEqual([undefined, undefined]);
  });
});

describe('by a classifier', () => {
  test.each([
    ['hard', 'large'],
    ['simple', 'small'],
    ['{"score": 0.9}', 'large'],
  ] as const)('that is a model and says %s', async (content, by) => {
    answering({
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'judge',
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    });
    expect(await ask('by-model', 'Tell me something.')).toMatchObject({ status: 200, by });
    const [asked] = classifier.asked;
    expect(asked).toMatchObject({ path: '/v1/chat/completions', headers: { authorization: 'Bearer sk-judge' }, body: { model: 'judge' } });
    expect(JSON.stringify(asked?.body)).toContain('Tell me something.');
  });

  test.each([
    [{ score: 0.9 }, 'large'],
    [{ score: 0.1 }, 'small'],
    [{ label: 'hard' }, 'large'],
  ] as const)('that is a plain service and says %o', async (answer, by) => {
    answering(answer);
    expect(await ask('by-service', 'Tell me something.')).toMatchObject({ status: 200, by });
    expect(classifier.asked).toMatchObject([{ path: '/classify', body: { task: 'Tell me something.', features: { tools: false, messages: 1 } } }]);
    expect(classifier.asked[0]?.headers).not.toHaveProperty('authorization');
  });

  test('it gets the text without personal data, and nothing of who asks', async () => {
    answering({ score: 0 });
    await ask('by-service', 'Write to bob@example.com.', {
      key: keys.private,
      more: { user: 'user-of-client' },
      headers: { 'x-team': 'team-of-client' },
    });
    const everything = JSON.stringify(classifier.asked);
    expect(everything).toContain('Write to [EMAIL_1].');
    expect(everything).not.toMatch(/bob@example|private|-of-client|rk-/);
  });

  /** Ways in which a classifier fails, each at a classifier of its own: one that fails too often is not asked. */
  const failures: [how: string, model: string, answer: () => void][] = [
    ['never answers', 'by-silent-service', () => (classifier.answer = () => {})],
    ['is dead', 'by-dead-service', () => {}],
    ['answers an error', 'by-error', () => answering({ score: 1 }, 500)],
    ['answers nonsense', 'by-nonsense', () => answering({ score: 'very' })],
    ['answers at length', 'by-long', () => answering({ score: 1, more: 'x'.repeat(1_000_000) })],
    ['hangs up', 'by-reset', () => (classifier.answer = (response) => response.destroy())],
  ];
  test.each(failures)('that %s leaves it to the features', async (_, model, answer) => {
    answer();
    expect(await ask(model, simple)).toMatchObject({ status: 200, by: 'small' });
    expect(await ask(model, hard)).toMatchObject({ status: 200, by: 'large' });
  });

  test('that fails again and again is left alone', async () => {
    answering({}, 500);
    for (let count = 0; count < 30; count++) expect(await ask('by-model', simple)).toMatchObject({ by: 'small' });
    expect(classifier.asked.length).toBeGreaterThan(0);
    expect(classifier.asked.length).toBeLessThan(15);
  });
});

describe.skipIf(jaegerMissing !== undefined)('the trace says how hard a task was found and why:', () => {
  test('by its features', async () => {
    const reasons = (tags: Record<string, unknown>): string[] => JSON.parse(String(tags['task.reasons'])) as string[];
    const easy = await taskOf(await ask('auto', simple));
    expect(easy).toMatchObject({ model: 'small', 'task.by': 'features' });
    expect(reasons(easy)).toEqual(expect.arrayContaining(['start 0.3', 'works on a given text -0.25']));
    const difficult = await taskOf(await ask('auto', hard));
    expect(difficult).toMatchObject({ model: 'large', 'task.by': 'features' });
    expect(reasons(difficult)).toEqual(
      expect.arrayContaining(['start 0.3', 'code 0.15', 'asks to calculate or prove 0.3', 'asks for careful steps 0.2']),
    );
    expect(difficult['task.score']).toBeGreaterThanOrEqual(0.5);
  });

  test('by a hint', async () => {
    expect(await taskOf(await ask('auto', simple, { headers: { 'x-remora-task': 'hard' } }))).toMatchObject({
      model: 'large',
      'task.score': 1,
      'task.by': 'hint',
    });
  });

  test('by a classifier, or why not by it', async () => {
    answering({ score: 0.75 });
    expect(await taskOf(await ask('by-traced-service', simple))).toMatchObject({ model: 'large', 'task.score': 0.75, 'task.by': 'classifier' });
    expect((await taskOf(await ask('by-dead-service', simple)))['task.by']).toMatch(/^features \(classifier: (unreachable|resting)\)$/);
  });
});
