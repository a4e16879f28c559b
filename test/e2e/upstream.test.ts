import { describe, expect, test } from 'vitest';
import type { RecordedRequest } from '../../src/demo/journal.ts';
import { keys } from './gateway.ts';
import { openaiSdk, pairs, say, sdks } from './sdks.ts';
import { extended, setStage } from './stage.ts';

const stage = setStage((world) => {
  const { openai, anthropic } = world;
  return extended(world, {
    providers: {
      'behind-a-path': { kind: 'openai', baseUrl: `${openai.url.replace('/v1', '')}/eu/proxy%2Fone/v1/`, apiKey: openai.apiKey },
      keyless: { kind: 'openai-compatible', baseUrl: openai.url },
      'other-address': { kind: 'anthropic', baseUrl: anthropic.url.replace('127.0.0.1', 'localhost'), apiKey: anthropic.apiKey },
    },
    models: {
      'behind-a-path': { targets: [{ provider: 'behind-a-path', model: 'gpt-5-mini' }] },
      keyless: { targets: [{ provider: 'keyless', model: 'llama-4' }] },
      'other-address': { targets: [{ provider: 'other-address', model: 'claude-haiku-4-5' }] },
    },
  });
});

/** Headers that no provider may ever see, from clients that mean ill or know no better. */
const hostile = {
  cookie: 'session=secret-of-client',
  'user-agent': 'secret-of-client/1.0',
  'proxy-authorization': 'Basic secret-of-client',
  'api-key': 'secret-of-client',
  'x-goog-api-key': 'secret-of-client',
  'openai-organization': 'secret-of-client',
  'openai-project': 'secret-of-client',
  forwarded: 'for=10.1.2.3',
  via: '1.1 secret-of-client',
  'x-forwarded-for': '10.1.2.3',
  'x-forwarded-host': 'secret-of-client',
  'x-forwarded-proto': 'https',
  'x-real-ip': '10.1.2.3',
  'x-request-id': 'secret-of-client',
  'x-client-trace-id': 'secret-of-client',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'secret-of-client=1',
  baggage: 'secret-of-client=1',
  'x-remora-parent': 'secret-of-client',
  'x-remora-anything': 'secret-of-client',
  'x-envoy-max-retries': '9',
  'x-envoy-retry-on': '4xx',
  'x-envoy-original-path': '/secret-of-client',
  'x-envoy-upstream-alt-stat-name': 'secret-of-client',
  'x-envoy-decorator-operation': 'secret-of-client',
  'accept-encoding': 'gzip, br',
  'accept-language': 'de',
  'idempotency-key': 'secret-of-client',
  'x-made-up': 'secret-of-client',
};

/** Every header that a provider gets, whoever asked. */
const always = ['accept', 'content-length', 'content-type', 'host', 'x-request-id'];
const ownHeaders = { openai: [...always, 'authorization'], anthropic: [...always, 'anthropic-version', 'x-api-key'] } as const;

const received = ({ rawHeaders }: RecordedRequest): string[] => rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());

/** Asserts that a provider got its own headers, once each, and nothing else. */
function expectOnlyItsOwn(provider: 'openai' | 'anthropic', request: RecordedRequest | undefined, stream: boolean): void {
  if (request === undefined) throw new Error(`nothing reached ${provider}`);
  expect(received(request).toSorted()).toEqual(ownHeaders[provider].toSorted());
  const { host, accept, authorization, 'content-type': type, 'content-length': length, 'x-api-key': key, 'x-request-id': id } = request.headers;
  expect(authorization).toBe(provider === 'openai' ? 'Bearer sk-real-openai' : undefined);
  expect(key).toBe(provider === 'anthropic' ? 'sk-ant-real' : undefined);
  expect(host).toBe(new URL(stage.world[provider].url).host);
  expect(type).toBe('application/json');
  expect(accept).toBe(stream ? 'text/event-stream' : 'application/json');
  expect(length).toBe(String(request.body.length));
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  const everything = [request.path, ...request.rawHeaders, request.body.toString()].join('\n');
  for (const secret of ['secret-of-client', '10.1.2.3', ...Object.values(keys)]) expect(everything).not.toContain(secret);
}

describe.each(pairs)('$client to $provider', ({ sdk, provider, model }) => {
  const path = { openai: '/v1/chat/completions', anthropic: '/v1/messages' }[provider];

  test.each([{ stream: false }, { stream: true }])(
    'the provider gets its own credential and headers and nothing of the client: stream $stream',
    async ({ stream }) => {
      await sdk.ask(stage.gateway, say(model, 'Hello', { stream }), { headers: hostile });
      expect(stage.world[provider].requests).toHaveLength(1);
      expect(stage.world[provider].requests[0]).toMatchObject({ method: 'POST', path });
      expectOnlyItsOwn(provider, stage.world[provider].requests[0], stream);
    },
  );

  test.each([{ stream: false }, { stream: true }])('so do both providers of a fallback: stream $stream', async ({ stream }) => {
    const other = provider === 'openai' ? 'anthropic' : 'openai';
    stage.world[provider].behaveAlways({ refuse: { status: 503 } });
    const { headers } = await sdk.ask(stage.gateway, say(provider === 'openai' ? 'gpt-then-claude' : 'claude-then-gpt', 'Hello', { stream }), {
      headers: hostile,
    });
    expect(headers.get('x-remora-attempts')).toBe('2');
    expectOnlyItsOwn(provider, stage.world[provider].requests[0], stream);
    expectOnlyItsOwn(other, stage.world[other].requests[0], stream);
    expect(stage.world[other].requests[0]?.headers['x-request-id']).toBe(stage.world[provider].requests[0]?.headers['x-request-id']);
  });

  test('of a query only what the provider is known to take reaches it: beta, at Anthropic, from a client of its own protocol', async () => {
    const takesBeta = sdk !== openaiSdk && provider === 'anthropic';
    const response = await post(
      `${sdk === openaiSdk ? '/v1/chat/completions' : '/v1/messages'}?beta=true&user=bob%40example.com`,
      JSON.stringify({ model, max_tokens: 10, messages: [{ role: 'user', content: 'Hello' }] }),
    );
    await response.text();
    expect(stage.world[provider].requests[0]?.path).toBe(takesBeta ? `${path}?beta=true` : path);
  });
});

function post(path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(stage.gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.open}`, 'content-type': 'application/json', 'anthropic-version': '2023-06-01', ...headers },
    body: Buffer.from(body),
  });
}

test('the header for betas passes between the two ends of Anthropic’s protocol alone', async () => {
  for (const model of ['claude', 'gpt']) {
    await (
      await post('/v1/messages', JSON.stringify({ model, max_tokens: 10, messages: [{ role: 'user', content: 'Hello' }] }), {
        'anthropic-beta': 'a,b',
      })
    ).text();
  }
  expect(stage.world.anthropic.requests[0]?.headers).toMatchObject({ 'anthropic-beta': 'a,b', 'anthropic-version': '2023-06-01' });
  expect(Object.keys(stage.world.openai.requests[0]?.headers ?? {}).filter((name) => name.startsWith('anthropic'))).toEqual([]);
});

test('a body that the client sends in chunks has its length for the provider', async () => {
  const body = JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content: 'Hello' }] });
  const response = await fetch(`${stage.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.open}` },
    body: new Blob([body]).stream(),
    duplex: 'half',
  });
  expect(response.status).toBe(200);
  expectOnlyItsOwn('openai', stage.world.openai.requests[0], false);
});

describe('addresses', () => {
  test('a base URL with a path of its own keeps it', async () => {
    stage.world.openai.behaveAlways({ unchecked: true, raw: { chunks: ['{}'] } });
    await (await post('/v1/chat/completions', JSON.stringify({ model: 'behind-a-path', messages: [{ role: 'user', content: 'Hello' }] }))).text();
    expect(stage.world.openai.requests[0]?.path).toBe('/eu/proxy%2Fone/v1/chat/completions');
  });

  test('a base URL with a name sends that as host', async () => {
    await (
      await post('/v1/messages', JSON.stringify({ model: 'other-address', max_tokens: 10, messages: [{ role: 'user', content: 'Hello' }] }))
    ).text();
    expect(stage.world.anthropic.requests[0]).toMatchObject({ status: 200, headers: { host: `localhost:${stage.world.anthropic.port}` } });
  });

  test('a provider without a key gets none', async () => {
    stage.world.openai.behaveAlways({ unchecked: true, raw: { chunks: ['{}'] } });
    await (await post('/v1/chat/completions', JSON.stringify({ model: 'keyless', messages: [{ role: 'user', content: 'Hello' }] }))).text();
    expect(received(stage.world.openai.requests[0] as RecordedRequest).toSorted()).toEqual(always);
  });
});

/** What no serializer would give back as it was: large and odd numbers, a field twice, escapes, white space, and fields of tomorrow. */
const oddities = String.raw`"big" : 9007199254740993,  "deep":{"a":[1E+2,-0,1.10,12345678901234567890123]},"again":1,"again":2, "esc":"\u00e9\/\ud83c\udf88 é🎈", "temperature":0.70, "future":{"x":null}`;

describe('where both ends speak one protocol, a request arrives byte for byte but for the model', () => {
  const cases = [
    { provider: 'openai', path: '/v1/chat/completions', model: 'gpt', real: 'gpt-5-mini', limit: 'max_completion_tokens' },
    { provider: 'anthropic', path: '/v1/messages', model: 'claude', real: 'claude-haiku-4-5', limit: 'max_tokens' },
  ] as const;

  test.each(cases)('$provider', async ({ provider, path, model, real, limit }) => {
    stage.world[provider].behaveAlways({ unchecked: true, raw: { chunks: ['{}'] } });
    const body = (name: string): string =>
      `\n{ ${oddities},\t"messages":[ {"role":"user","content":"Zo\\u00eb","future":[]} ],"model" : "${name}" , "${limit}":10}\r\n`;
    await (await post(path, body(model))).text();
    expect(stage.world[provider].requests[0]?.body.toString()).toBe(body(real));
  });

  test('a streamed one asks OpenAI for usage in addition, and changes nothing else', async () => {
    stage.world.openai.behaveAlways({ unchecked: true, raw: { chunks: [''] } });
    const body = (name: string, more = ''): string =>
      `{ ${oddities},"messages":[{"role":"user","content":"x"}],"model":"${name}","stream":true${more} }`;
    await (await post('/v1/chat/completions', body('gpt'))).text();
    const added = '"stream_options":{"include_usage":true},';
    const sent = stage.world.openai.requests[0]?.body.toString() ?? '';
    expect(sent).toContain(added);
    expect(sent.replace(added, '')).toBe(body('gpt-5-mini'));
    await (await post('/v1/chat/completions', body('gpt', ',"stream_options":{"include_usage":true,"future":1}'))).text();
    expect(stage.world.openai.requests[1]?.body.toString()).toBe(body('gpt-5-mini', ',"stream_options":{"include_usage":true,"future":1}'));
  });

  test('bodies with a byte order mark or broken UTF-8 are refused, not mended', async () => {
    const text = '{"model":"gpt","messages":[{"role":"user","content":"?"}]}';
    const broken = Buffer.from(text);
    broken[broken.indexOf('?')] = 0xff;
    for (const body of [Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]), broken]) {
      const response = await post('/v1/chat/completions', body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: 'invalid-json' } });
    }
    expect(stage.world.openai.requests).toEqual([]);
  });
});

describe('where both ends speak one protocol, an answer comes back byte for byte', () => {
  const openaiAnswer = ` {"id":"c","object":"chat.completion","created":1,"model":"m", ${oddities},"choices":[{"index":0,"message":{"role":"assistant","content":"Zo\\u00eb \\/","future":9007199254740993},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n`;
  const anthropicAnswer = ` {"id":"m","type":"message","role":"assistant","model":"m", ${oddities},"content":[{"type":"text","text":"Zo\\u00eb \\/"},{"type":"server_block","n":9007199254740993}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}\n`;
  const openaiStream = [
    ': comment\n\n',
    `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m", ${oddities},"choices":[{"index":0,"delta":{"role":"assistant","content":"Zo\\u00eb"},"finish_reason":null}]}\n\n`,
    'event: future\nid: 7\nretry: 10\ndata: {"n":\ndata: 9007199254740993}\n\n',
    'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\r\n\r\n',
    'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n\n',
    'data: [DONE]\n\n',
  ].join('');
  const anthropicStream = [
    ': comment\n\n',
    `event: message_start\ndata: {"type":"message_start", ${oddities},"message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}\n\n`,
    'event: future\nid: 7\ndata: {"type":"future","n":\ndata: 9007199254740993}\n\n',
    'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\r\n\r\n',
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Zo\\u00eb \\/"}}\n\n',
    'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
    'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":1}}\n\n',
    'event: message_stop\ndata: {"type":"message_stop"}\n\n',
  ].join('');

  const cases = [
    { provider: 'openai', path: '/v1/chat/completions', model: 'gpt', form: 'JSON', answer: openaiAnswer, type: 'application/json' },
    { provider: 'openai', path: '/v1/chat/completions', model: 'gpt', form: 'a stream', answer: openaiStream, type: 'text/event-stream' },
    { provider: 'anthropic', path: '/v1/messages', model: 'claude', form: 'JSON', answer: anthropicAnswer, type: 'application/json' },
    { provider: 'anthropic', path: '/v1/messages', model: 'claude', form: 'a stream', answer: anthropicStream, type: 'text/event-stream' },
  ] as const;

  test.each(cases)('$form of $provider', async ({ provider, path, model, answer, type }) => {
    const stream = type === 'text/event-stream';
    for (const writeBytes of [answer.length, 64, 7]) {
      stage.world[provider].behaveAlways({ unchecked: true, raw: { headers: { 'content-type': type }, chunks: [answer] }, writeBytes });
      const body = {
        model,
        max_tokens: 10,
        stream,
        ...(stream && provider === 'openai' && { stream_options: { include_usage: true } }),
        messages: [{ role: 'user', content: 'x' }],
      };
      const response = await post(path, JSON.stringify(body));
      expect(await response.text()).toBe(answer);
      expect(response.headers.get('content-type')).toContain(type);
    }
  });

  test.each(cases)(
    'of $provider, $form, for a client whose answer may be changed, where there is nothing to change',
    async ({ provider, path, model, answer, type }) => {
      const stream = type === 'text/event-stream';
      stage.world[provider].behaveAlways({ unchecked: true, raw: { headers: { 'content-type': type }, chunks: [answer] }, writeBytes: 64 });
      const body = {
        model,
        max_tokens: 10,
        stream,
        ...(stream && provider === 'openai' && { stream_options: { include_usage: true } }),
        messages: [{ role: 'user', content: 'I am zoe@example.com' }],
      };
      const response = await post(path, JSON.stringify(body), { authorization: `Bearer ${keys.private}` });
      expect(await response.text()).toBe(answer);
      expect(stage.world[provider].requests[0]?.body.toString()).not.toContain('zoe@example.com');
    },
  );
});

test.each(sdks)('$name passes over events and fields that it does not know', async (sdk) => {
  stage.world.openai.behaveAlways({ strangers: true });
  stage.world.anthropic.behaveAlways({ strangers: true });
  for (const model of ['gpt', 'claude']) {
    for (const stream of [false, true]) expect((await sdk.ask(stage.gateway, say(model, 'Hello', { stream }))).text).toContain('You said: "Hello"');
  }
});
