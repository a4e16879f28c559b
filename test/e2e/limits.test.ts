import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { eventually, keys } from './gateway.ts';
import { memoryOf, sidecarOf } from './processes.ts';
import { openaiSdk, pairs, rejection, say, sdks } from './sdks.ts';
import { extended, setStage } from './stage.ts';

/** A provider that begins every stream and goes on only when it is told to. */
interface Gated {
  server: Server;
  url: string;
  /** Answers that have begun. */
  open: Set<ServerResponse>;
  /** Ends all of them, and at once all that come later. */
  release(): void;
}

const begin = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"be"},"finish_reason":null}]}\n\n`;
const finish = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"gun"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`;

async function startGated(): Promise<Gated> {
  const open = new Set<ServerResponse>();
  let released = false;
  const server = createServer({ keepAliveTimeout: 600_000 }, (incoming, response) => {
    incoming.resume().once('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(begin);
      open.add(response);
      response.once('close', () => open.delete(response));
      if (released) response.end(finish);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', 4096, listening));
  const address = server.address();
  return {
    server,
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/v1`,
    open,
    release() {
      released = true;
      for (const response of open) response.end(finish);
    },
  };
}

const gated = await startGated();
const stage = setStage((world) =>
  extended(world, {
    providers: { gated: { kind: 'openai-compatible', baseUrl: gated.url } },
    models: { gated: { targets: [{ provider: 'gated', model: 'm' }] } },
  }),
);
afterAll(() => {
  gated.server.close();
  gated.server.closeAllConnections();
});

interface Sent {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

const authorized = { authorization: `Bearer ${keys.open}` };
const paths = { openai: '/v1/chat/completions', anthropic: '/v1/messages' } as const;
const good = {
  openai: { model: 'gpt', messages: [{ role: 'user', content: 'hi' }] },
  anthropic: { model: 'claude', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] },
} as const;
const protocols = ['openai', 'anthropic'] as const;

/** One request just as it is described; `pieces` are written one after the other, with a pause between them. */
function send(
  path: string,
  {
    method = 'POST',
    headers = authorized,
    pieces = [],
  }: { method?: string; headers?: Record<string, string>; pieces?: readonly (string | Buffer)[] } = {},
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const sending = httpRequest(stage.gateway.url, { path, method, headers, agent: false }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }), reject);
    });
    sending.once('error', reject);
    const write = async (): Promise<void> => {
      for (const [index, piece] of pieces.entries()) {
        if (index > 0) await sleep(20);
        sending.write(piece);
      }
      sending.end();
    };
    void write();
  });
}

const post = (path: string, body: unknown, more: { headers?: Record<string, string> } = {}): Promise<Sent> => {
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return send(path, { headers: { ...authorized, 'content-length': String(Buffer.byteLength(bytes)), ...more.headers }, pieces: [bytes] });
};

/** What a refusal says. It must be one in the protocol of its path that no SDK tries again, and no provider may have been asked. */
function refusal({ status, headers, body }: Sent, protocol: 'openai' | 'anthropic'): Record<string, unknown> {
  const { error, type } = JSON.parse(body) as { error: Record<string, unknown>; type?: string };
  const { code, message } = error;
  expect(type).toBe(protocol === 'anthropic' ? 'error' : undefined);
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'x-remora-error': code,
    'x-should-retry': 'false',
    'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect([...stage.world.openai.requests, ...stage.world.anthropic.requests]).toEqual([]);
  return { status, code, message, field: error[protocol === 'anthropic' ? 'field' : 'param'] ?? undefined };
}

const mebibyte = 1 << 20;

describe('a large body', () => {
  const large = 'lorem ipsum '.repeat(20 * mebibyte).slice(0, 20 * mebibyte);

  test.each(pairs)('of 20 MiB arrives whole: $client to $provider', async ({ sdk, provider, model }) => {
    await sdk.ask(stage.gateway, say(model, large, { stream: true }));
    expect(stage.world[provider].requests[0]?.body.includes(large)).toBe(true);
  });

  test('of 20 MiB arrives whole at the second provider too', async () => {
    stage.world.openai.behave({ refuse: { status: 503 } });
    await openaiSdk.ask(stage.gateway, say('gpt-then-claude', large));
    expect(stage.world.anthropic.requests[0]?.body.includes(large)).toBe(true);
  });

  test.each(sdks)('over 32 MiB is refused as $name understands it', async (sdk) => {
    const error = await rejection(sdk.ask(stage.gateway, say('gpt', 'x'.repeat(33 * mebibyte))));
    expect(error).toBeInstanceOf(sdk.errors.APIError);
    expect(error).toMatchObject({ status: 413, message: expect.stringContaining('larger than this gateway accepts') });
    expect(stage.world.openai.requests).toEqual([]);
  });

  test.each(protocols)('over 32 MiB is refused in the protocol of the client, %s', async (protocol) => {
    expect(refusal(await post(paths[protocol], `"${'x'.repeat(33 * mebibyte)}"`), protocol)).toMatchObject({ status: 413, code: 'body-too-large' });
  });
});

describe.each(protocols)('a request that cannot be served is refused in the protocol of its path, %s:', (protocol) => {
  const path = paths[protocol];
  const having = (changes: object): object => ({ ...good[protocol], ...changes });

  test.each([
    ['half an object', '{"model": "gpt"'],
    ['two objects', '{}{}'],
    ['a trailing comma', '{"model": "gpt",}'],
    ['single quotes', "{'model': 'gpt'}"],
    ['a number that JSON does not have', '{"model": NaN}'],
    ['HTML', '<html></html>'],
    ['a form', 'model=gpt&messages=hi'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ['compressed bytes', Buffer.from('1f8b0800000000000003ab56ca4d4d', 'hex')],
    ['130 nested arrays', '['.repeat(130) + ']'.repeat(130)],
    ['a million opening brackets', '['.repeat(1_000_000)],
    ['nesting in a field that nobody reads', `{"model": "gpt", "x": ${'{"a":'.repeat(200)}1${'}'.repeat(200)}}`],
    ['blanks', '  \n'],
  ])('%s is not JSON that we read', async (_, body) => {
    expect(refusal(await post(path, body), protocol)).toMatchObject({ status: 400, code: 'invalid-json', field: undefined });
  });

  test.each([
    ['an array', [], undefined],
    ['a string', '"hi"', undefined],
    ['null', 'null', undefined],
    ['no model', having({ model: undefined }), 'model'],
    ['a model that is a number', having({ model: 5 }), 'model'],
    ['two models', JSON.stringify(good[protocol]).replace('{', '{"model":"x",'), 'model'],
    ['a stream that is a word', having({ stream: 'yes' }), 'stream'],
  ] as const)('%s names the field', async (_, body, field) => {
    expect(refusal(await post(path, body), protocol)).toMatchObject({ status: 400, code: 'invalid-request', field });
  });

  test('no body', async () => {
    for (const headers of [authorized, { ...authorized, 'content-length': '0' }, { ...authorized, 'transfer-encoding': 'chunked' }]) {
      const { status, body } = await send(path, { headers });
      expect({ status, error: JSON.parse(body).error }).toMatchObject({ status: 400, error: { code: expect.stringMatching(/^invalid-/) } });
    }
  });

  test('another method', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      expect(refusal(await send(path, { method }), protocol)).toMatchObject({
        status: 405,
        code: 'method-not-allowed',
        message: `Use POST instead of ${method}.`,
      });
    }
    expect(await send(path, { method: 'HEAD' })).toMatchObject({ status: 405, body: '' });
  });

  test('no key, a wrong key, a key in another form', async () => {
    const body = JSON.stringify(good[protocol]);
    for (const [headers, code] of [
      [{}, 'missing-key'],
      [{ authorization: 'Basic rk-open' }, 'missing-key'],
      [{ authorization: 'Bearer ' }, 'missing-key'],
      [{ authorization: 'Bearer rk-nobody' }, 'invalid-key'],
      [{ 'x-api-key': 'rk-nobody' }, 'invalid-key'],
      [{ authorization: `Bearer ${'x'.repeat(10_000)}` }, 'invalid-key'],
    ] as const) {
      expect(refusal(await send(path, { headers, pieces: [body] }), protocol)).toMatchObject({ status: 401, code });
    }
  });

  test('a model that does not exist', async () => {
    expect(refusal(await post(path, having({ model: 'gpt-99' })), protocol)).toMatchObject({
      status: 404,
      code: 'model-not-found',
      field: 'model',
      message: expect.stringMatching(/"gpt-99".*\bgpt\b/),
    });
  });
});

test('a path that is not served is a 404 that names those that are', async () => {
  for (const path of ['/', '/v1', '/v1/models', '/v1/chat/completions/', '/v1/chat/completionss', '/V1/chat/completions', '/health', '/%2e%2e/x']) {
    expect(refusal(await post(path, good.openai), 'openai')).toMatchObject({
      status: 404,
      code: 'unknown-endpoint',
      message: expect.stringMatching(/Served are: \/v1\/chat\/completions, .*\/v1\/messages, /),
    });
  }
});

describe('what Envoy refuses by itself has an error body of ours:', () => {
  test.each([
    ['a request for the server itself', '*', { method: 'OPTIONS' }, 404, 'invalid-request'],
    [
      'an upgrade',
      paths.openai,
      { headers: { ...authorized, connection: 'upgrade', upgrade: 'websocket' }, pieces: ['{}'] },
      404,
      'unknown-endpoint',
    ],
  ] as const)('%s', async (_, path, request, status, code) => {
    const sent = await send(path, request);
    expect(sent.status).toBe(status);
    expect(JSON.parse(sent.body)).toMatchObject({ type: 'error', error: { code, message: expect.any(String) } });
  });

  test('none of which the sidecar takes for a bug', () => {
    expect(stage.gateway.output()).not.toContain('failed');
  });
});

test.each([
  ['headers of more than 64 KiB', `x-large: ${'x'.repeat(70_000)}\r\n\r\n`],
  ['a name that is none', 'a b: c\r\n\r\n'],
  ['two lengths', 'content-length: 5\r\ncontent-length: 6\r\n\r\nhello'],
  ['a length and chunks', 'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
])('what is not right as HTTP ends the connection, and reaches no provider: %s', async (_, rest) => {
  const { hostname, port } = new URL(stage.gateway.url);
  const socket = connect(Number(port), hostname);
  socket.write(`POST ${paths.openai} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${keys.open}\r\n${rest}`);
  expect(await text(socket)).not.toContain('200 OK');
  expect(stage.world.openai.requests).toEqual([]);
});

describe('a body is taken', () => {
  const body = JSON.stringify(good.openai);

  test.each([
    ['in chunks, without a length', { 'transfer-encoding': 'chunked' }, [body]],
    ['byte by byte', { 'content-length': String(body.length) }, [...body]],
    ['byte by byte, in chunks', { 'transfer-encoding': 'chunked' }, [...body]],
    ['with another content type', { 'content-type': 'text/plain' }, [body]],
    ['with an expectation of 100', { expect: '100-continue', 'content-length': String(body.length) }, [body]],
    ['with a byte of everything that JSON allows around it', {}, ['\r\n\t ', body, ' \n']],
  ] as const)('%s', async (_, headers, pieces) => {
    expect(await send(paths.openai, { headers: { ...authorized, ...headers }, pieces })).toMatchObject({ status: 200 });
    const [received] = stage.world.openai.requests;
    expect(received?.headers).toMatchObject({ 'content-type': 'application/json', 'content-length': String(received?.body.length) });
    expect(JSON.parse(received?.body.toString() ?? '')).toEqual({ ...good.openai, model: 'gpt-5-mini' });
  });
});

describe('a client’s own headers change nothing about the way of its request:', () => {
  const hostile = {
    'x-envoy-max-retries': '0',
    'x-envoy-retry-on': 'gateway-error',
    'x-envoy-retry-grpc-on': 'cancelled',
    'x-envoy-upstream-rq-timeout-ms': '1',
    'x-envoy-upstream-rq-per-try-timeout-ms': '1',
    'x-envoy-expected-rq-timeout-ms': '1',
    'x-envoy-attempt-count': '2',
    'x-envoy-retriable-status-codes': '200',
    'x-envoy-retriable-header-names': 'content-type',
    'x-envoy-hedge-on-per-try-timeout': 'true',
    'x-envoy-original-path': '/v1/messages',
    'x-envoy-internal': 'true',
    'x-envoy-decorator-operation': 'theirs',
    'x-envoy-upstream-stream-duration-ms': '1',
    'x-remora-parent': '00000000000000000000000000000001-0000000000000001',
    'x-remora-filter': 'upstream',
    'x-remora-session': 'theirs',
    'x-remora-error': 'theirs',
    'x-request-id': '00000000-0000-4000-8000-000000000000',
    'x-forwarded-for': '10.0.0.1, 10.0.0.2',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'theirs',
    te: 'trailers',
    'grpc-timeout': '1m',
  } as const;

  test.each([...Object.entries(hostile).map(([name, value]) => ({ name, headers: { [name]: value } })), { name: 'all at once', headers: hostile }])(
    '$name',
    async ({ headers }) => {
      // Slow enough for a timeout of a millisecond, and failing first.
      stage.world.openai.behave({ delayMs: 5, refuse: { status: 503 } });
      stage.world.anthropic.behave({ delayMs: 5 });
      const sent = await post(paths.openai, { ...good.openai, model: 'gpt-then-claude' }, { headers });
      expect(sent).toMatchObject({ status: 200, headers: { 'x-remora-attempts': '2', 'x-remora-deployment': 'anthropic/claude-haiku-4-5' } });
      expect(sent.headers['x-request-id']).not.toBe(hostile['x-request-id']);
      expect(stage.world.openai.requests).toHaveLength(1);
      expect(stage.world.anthropic.requests).toHaveLength(1);
      for (const { rawHeaders } of [...stage.world.openai.requests, ...stage.world.anthropic.requests]) {
        expect(rawHeaders.filter((value) => /^x-(envoy|remora|forwarded)|theirs|^te$|^grpc/i.test(value))).toEqual([]);
      }
    },
  );

  test('nor do those of a provider', async () => {
    const headers = {
      'x-envoy-ratelimited': 'true',
      'x-envoy-overloaded': 'true',
      'x-envoy-immediate-health-check-fail': 'true',
      'x-remora-error': 'theirs',
      'x-remora-deployment': 'theirs',
      'x-should-retry': 'false',
      'set-cookie': 'a=b',
    };
    stage.world.openai.behaveAlways({ refuse: { status: 429, headers } });
    for (let round = 0; round < 3; round += 1) {
      expect(await post(paths.openai, { ...good.openai, model: 'gpt-then-claude' })).toMatchObject({
        status: 200,
        headers: { 'x-remora-attempts': '2' },
      });
    }
    const limited = await post(paths.openai, good.openai);
    expect(limited).toMatchObject({ status: 429, headers: { 'x-remora-deployment': 'openai/gpt-5-mini' } });
    for (const name of ['x-remora-error', 'set-cookie', ...Object.keys(headers).filter((each) => each.startsWith('x-envoy-'))]) {
      expect(limited.headers).not.toHaveProperty(name);
    }
  });
});

/** Exchanges under way, as the gateway counts them. */
const openExchanges = async (): Promise<number | undefined> => (await stage.gateway.metric('remora_exchanges_open')).get('');

const noneOpen = (): Promise<number | undefined> => eventually(openExchanges, (open) => open === 0);

describe('many at once', () => {
  test('two thousand streams are open together and all end well', async () => {
    const count = 2000;
    const answers = Array.from({ length: count }, () =>
      post(paths.openai, { model: 'gated', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
    );
    await eventually(
      () => gated.open.size,
      (open) => open === count,
    );
    expect(await openExchanges()).toBe(count);
    gated.release();
    for (const { status, body } of await Promise.all(answers)) expect({ status, body }).toEqual({ status: 200, body: begin + finish });
    await noneOpen();
  });

  test('a thousand clients that hang up anywhere leave nothing behind', async () => {
    const { openai } = stage.world;
    const pid = sidecarOf(stage.gateway.process.pid ?? 0).pid;
    const random = mulberry(7);
    const entriesBefore = (await stage.gateway.entries()).length;
    const large = 'lorem ipsum '.repeat(10_000);

    const hangUps = async (count: number): Promise<void> => {
      openai.clear();
      openai.behaveAlways({ say: { text: 'word '.repeat(50) }, eventDelayMs: 2 });
      for (let begun = 0; begun < count; begun += 50) await Promise.all(Array.from({ length: 50 }, () => hangUp(random, large)));
      await noneOpen();
      await Promise.all(openai.requests.map(({ closed }) => closed));
    };
    await hangUps(200); // the first ones make the process as large as it is
    const memoryBefore = memoryOf(pid);
    await hangUps(1000);
    expect(memoryOf(pid) - memoryBefore).toBeLessThan(100 * mebibyte); // the bodies alone have more

    const entries = (await stage.gateway.entries()).slice(entriesBefore);
    expect(new Set(entries.map(({ exchange }) => exchange)).size).toBe(entries.length);
    expect(entries.length).toBeGreaterThan(100);
    openai.clear();
    expect(await post(paths.openai, good.openai)).toMatchObject({ status: 200 });
    expect(stage.gateway.output()).not.toContain('failed');
  });
});

/** A client that is gone after a while: while it sends, while it waits, or while it reads. */
async function hangUp(random: () => number, filling: string): Promise<void> {
  const { hostname, port } = new URL(stage.gateway.url);
  const body = JSON.stringify({
    model: random() < 0.5 ? 'gpt' : 'gpt-then-claude',
    stream: random() < 0.8,
    messages: [{ role: 'user', content: filling }],
  });
  const request = `POST ${paths.openai} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${keys.open}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.resume();
  const closed = new Promise((gone) => socket.once('close', gone));
  socket.write(random() < 0.3 ? request.slice(0, Math.floor(random() * request.length)) : request);
  await sleep(random() * 100);
  if (random() < 0.5) socket.resetAndDestroy();
  else socket.destroy();
  await closed;
}

/** Random numbers that are the same in every run (Mulberry32). */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
