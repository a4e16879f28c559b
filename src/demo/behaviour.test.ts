import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Behaviour } from './behaviour.ts';
import { anthropicFixture, ask, errorOf, fixtures, openAIFixture } from './fakes.fixture.ts';
import type { Fixture } from './fakes.fixture.ts';
import type { FakeProvider } from './server.ts';

const forever = 3_600_000;

/** Sends a request over a bare connection and gives every byte of what comes back, up to the connection's end. */
function rawAnswer(fixture: Fixture, fake: FakeProvider, fields: Record<string, unknown>): Promise<Buffer> {
  const body = JSON.stringify({ ...fixture.body, ...fields });
  const headers = Object.entries({ host: 'x', connection: 'close', 'content-length': Buffer.byteLength(body), ...fixture.headers(fake.apiKey) });
  const socket = connect(fake.port, '127.0.0.1');
  socket.write(
    `POST ${new URL(fake.url + fixture.path).pathname} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  );
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    socket
      .on('data', (chunk) => chunks.push(chunk))
      .on('close', () => resolve(Buffer.concat(chunks)))
      .on('error', reject);
  });
}

/** The chunks of a body in chunked coding: each is one write of the server. */
function writesOf(answer: Buffer): Buffer[] {
  const writes: Buffer[] = [];
  let at = answer.indexOf('\r\n\r\n') + 4;
  for (;;) {
    const lineEnd = answer.indexOf('\r\n', at);
    const size = Number.parseInt(answer.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return writes;
    writes.push(answer.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

const eventsOf = (text: string): string[] => text.split(/(?:\r\n|\n|\r){2}/).filter((event) => event !== '');

describe.each(fixtures)('the fake $name', (fixture) => {
  let fake: FakeProvider;
  beforeAll(async () => void (fake = await fixture.start()));
  beforeEach(() => fake.clear());
  afterAll(() => fake.stop());

  const stream = (behaviour: Behaviour): Promise<Response> => {
    fake.behave(behaviour);
    return ask(fixture, fake, { stream: true });
  };
  const wholeStream = async (): Promise<string> => (await ask(fixture, fake, { stream: true })).text();

  test('meets each request with the next behaviour, then answers as always', async () => {
    fake.behave({ refuse: { status: 500 } }, { refuse: { status: 429 } });
    expect([(await ask(fixture, fake)).status, (await ask(fixture, fake)).status, (await ask(fixture, fake)).status]).toEqual([500, 429, 200]);
  });

  test('keeps a standing behaviour until it is taken back', async () => {
    fake.behaveAlways({ refuse: { status: 503 } });
    expect([(await ask(fixture, fake)).status, (await ask(fixture, fake)).status]).toEqual([503, 503]);
    fake.behaveAlways(undefined);
    expect((await ask(fixture, fake)).status).toBe(200);
  });

  test('uses up no behaviour for a request that it refuses itself', async () => {
    fake.behave({ refuse: { status: 500 } });
    expect([(await ask(fixture, fake, { messages: [] })).status, (await ask(fixture, fake)).status]).toEqual([400, 500]);
  });

  test.each([401, 402, 403, 408, 429, 500, 503, 529])('refuses with %i in its own error shape', async (status) => {
    fake.behave({ refuse: { status, headers: { 'retry-after': '7' } } });
    const response = await ask(fixture, fake);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await errorOf(response)).toMatchObject({ status, type: expect.any(String) as unknown, message: expect.any(String) as unknown });
  });

  test('refuses with a body of the test’s own', async () => {
    fake.behave({ refuse: { status: 502, body: '<html>bad gateway</html>' } }, { refuse: { status: 400, body: { detail: 'no' } } });
    const html = await ask(fixture, fake);
    expect([html.headers.get('content-type'), await html.text()]).toEqual(['text/html', '<html>bad gateway</html>']);
    expect(await (await ask(fixture, fake)).json()).toEqual({ detail: 'no' });
  });

  test.each(['stall', 'stall-stream', 'reset', 'reset-stream', 'cut-stream', 'error-stream', 'slow', 'split', 'strangers', 'refusal', 'fail-429'])(
    'knows the provider model %s',
    async (model) => {
      const gone = new AbortController();
      const arrived = fake.nextRequest();
      const answer = ask(fixture, fake, { model }, { signal: gone.signal }).then(
        ({ status }) => status,
        () => 'no answer',
      );
      await arrived;
      if (model === 'stall' || model === 'slow') gone.abort();
      expect([200, 429, 'no answer']).toContain(await answer);
      gone.abort();
    },
  );

  test('fails with the status that the provider model names', async () => {
    expect((await ask(fixture, fake, { model: 'fail-529' })).status).toBe(529);
    expect((await ask(fixture, fake, { model: 'fail-200' })).status).toBe(404);
  });

  test('accepts and never answers, until the client gives up', async () => {
    fake.behave({ break: { how: 'stall', after: 'nothing' } });
    const gone = new AbortController();
    const arrived = fake.nextRequest();
    const answer = ask(fixture, fake, {}, { signal: gone.signal });
    const request = await arrived;
    gone.abort();
    await expect(answer).rejects.toThrow();
    await request.closed;
    expect(request).toMatchObject({ aborted: true, status: 0, bytesWritten: 0 });
  });

  test('stalls after the headers', async () => {
    const response = await stream({ break: { how: 'stall', after: 'headers' } });
    expect(response.status).toBe(200);
    await response.body?.cancel();
    await fake.requests[0]?.closed;
    expect(fake.requests[0]).toMatchObject({ aborted: true, status: 200, bytesWritten: 0 });
  });

  test('stalls after some events', async () => {
    const response = await stream({ break: { how: 'stall', after: 2 } });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (eventsOf(text).length < 2 || !text.endsWith('\n\n')) text += (await reader?.read())?.value ?? '';
    await reader?.cancel();
    await fake.requests[0]?.closed;
    expect(fake.requests[0]).toMatchObject({ aborted: true, bytesWritten: Buffer.byteLength(text) });
  });

  test.each(['reset', 'close'] as const)('breaks the connection before anything is answered: %s', async (how) => {
    fake.behave({ break: { how, after: 'nothing' } });
    await expect(ask(fixture, fake)).rejects.toThrow('fetch failed');
    expect(fake.requests[0]).toMatchObject({ status: 0, bytesWritten: 0 });
  });

  test.each(['reset', 'close'] as const)('breaks the connection in mid-stream: %s', async (how) => {
    const response = await stream({ break: { how, after: 3 } });
    await expect(response.text()).rejects.toThrow('terminated');
    await fake.requests[0]?.closed;
    expect(fake.requests[0]).toMatchObject({ aborted: false, status: 200 });
  });

  test('resets with RST, closes with FIN', async () => {
    fake.behave({ break: { how: 'reset', after: 'nothing' } }, { break: { how: 'close', after: 2 } });
    await expect(rawAnswer(fixture, fake, {})).rejects.toThrow(/ECONNRESET/);
    expect(writesOf(await rawAnswer(fixture, fake, { stream: true }))).toHaveLength(2);
  });

  test('ends a stream cleanly without its last events', async () => {
    const response = await stream({ break: { how: 'end', after: 3 } });
    const text = await response.text();
    expect(eventsOf(text)).toHaveLength(3);
    expect(text).not.toMatch(/\[DONE\]|message_stop/);
  });

  test('breaks a JSON answer at its half', async () => {
    fake.behave({ break: { how: 'end', after: 1 } });
    const half = await (await ask(fixture, fake)).text();
    const whole = await (await ask(fixture, fake)).text();
    expect(half).toBe(whole.slice(0, half.length).replaceAll(/demo_\d+/g, /demo_\d+/.exec(half)?.[0] ?? ''));
    expect(() => JSON.parse(half) as unknown).toThrow();
  });

  test('gives an empty 200', async () => {
    fake.behave({ raw: { chunks: [] } }, { break: { how: 'end', after: 'nothing' } });
    for (let time = 0; time < 2; time++) {
      const response = await ask(fixture, fake);
      expect([response.status, await response.text()]).toEqual([200, '']);
    }
  });

  test.each([0, 4])('writes an error event after %i events, and nothing after it', async (after) => {
    const events = eventsOf(await (await stream({ errorEvent: { after, status: 529, message: 'full' } })).text());
    expect(events).toHaveLength(after + 1);
    expect(events.at(-1)).toMatch(/"error":\{.*"full"/);
  });

  test('gives an error as the body of a 200 where no stream was asked for', async () => {
    fake.behave({ errorEvent: { after: 0, status: 529 } });
    expect(await errorOf(await ask(fixture, fake))).toMatchObject({ status: 200, type: expect.any(String) as unknown });
  });

  test.each([1, 2, 7])('writes %i bytes at a time, and the same bytes in all', async (writeBytes) => {
    fake.behave({ writeBytes });
    const writes = writesOf(await rawAnswer(fixture, fake, { stream: true }));
    expect(new Set(writes.slice(0, -1).map(({ length }) => length))).toEqual(new Set([writeBytes]));
    const strip = (text: string): string => text.replaceAll(/demo_\d+|"created":\d+/g, '');
    expect(strip(Buffer.concat(writes).toString())).toBe(strip(await wholeStream()));
  });

  test.each(['\r\n', '\r'] as const)('ends lines with %j', async (lineEnd) => {
    const strip = (text: string): string => text.replaceAll(/demo_\d+|"created":\d+/g, '');
    const text = strip(await (await stream({ lineEnd })).text());
    expect(text.replaceAll(lineEnd, '\n')).toBe(strip(await wholeStream()));
    expect(text.replaceAll(lineEnd, '')).not.toMatch(/[\r\n]/);
  });

  test('writes each event by itself', async () => {
    const writes = writesOf(await rawAnswer(fixture, fake, { stream: true }));
    expect(writes.length).toBeGreaterThan(10);
    for (const write of writes) expect(write.toString()).toMatch(/^(event: \w+\n)?data: .*\n\n$/);
  });

  test('waits between events, and stops waiting for a client that is gone', async () => {
    const response = await stream({ eventDelayMs: forever });
    const reader = response.body?.getReader();
    const { value } = (await reader?.read()) ?? {};
    await reader?.cancel();
    await fake.requests[0]?.closed;
    expect(fake.requests[0]).toMatchObject({ aborted: true, bytesWritten: value?.length });
  });

  test('waits before it answers', async () => {
    fake.behave({ delayMs: forever });
    const gone = new AbortController();
    const arrived = fake.nextRequest();
    const answer = ask(fixture, fake, {}, { signal: gone.signal });
    const request = await arrived;
    expect(await Promise.race([answer.then(() => 'answered'), setTimeout(20, 'waiting')])).toBe('waiting');
    gone.abort();
    await expect(answer).rejects.toThrow();
    await request.closed;
    expect(request).toMatchObject({ aborted: true, status: 0 });
  });

  test('says what a test wants said', async () => {
    fake.behave({ say: { text: 'Bonjour.', finish: 'odd', usage: { extra_tokens: 3 } } });
    expect(await (await ask(fixture, fake)).text()).toMatch(/"Bonjour\.".*"odd".*"extra_tokens":3/);
  });

  test('says nothing of usage where a test wants none', async () => {
    fake.behave({ say: { usage: 'none' } }, { say: { usage: 'none' } });
    expect(await (await ask(fixture, fake)).text()).not.toContain('_tokens');
    expect(await wholeStream()).not.toContain('_tokens');
  });

  test('sends tool arguments that are no JSON as they are', async () => {
    fake.behave({ say: { toolCalls: [{ name: 'f', arguments: '{"a":' }] } });
    const pieces = Array.from(
      (await wholeStream()).matchAll(/"(?:arguments|partial_json)":"((?:[^"\\]|\\.)*)"/g),
      ([, piece]) => JSON.parse(`"${piece}"`) as unknown,
    );
    expect(pieces.join('')).toBe('{"a":');
  });

  test('adds what no client knows', async () => {
    const text = await (await stream({ strangers: true })).text();
    expect(text).toMatch(/^: keep-alive\n\n/);
    expect(text).toContain('x_demo');
    expect(text).toContain('notice');
  });

  test('gives canned bytes to any request whatever, without a look at it', async () => {
    fake.behaveAlways({ unchecked: true, raw: { chunks: ['{"canned":true}'] } });
    const response = await ask(fixture, fake, {}, { headers: {}, body: 'not json' });
    expect([response.headers.get('content-length'), await response.json()]).toEqual(['15', { canned: true }]);
    expect(fake.requests[0]?.body.toString()).toBe('not json');
  });

  test('gives a canned stream chunk by chunk', async () => {
    const chunks = Array.from({ length: 50 }, (_, index) => `data: ${index}\n\n`);
    fake.behaveAlways({ unchecked: true, raw: { headers: { 'content-type': 'text/event-stream' }, chunks } });
    expect(writesOf(await rawAnswer(fixture, fake, {})).map(String)).toEqual(chunks);
  });
});

test('the fakes behave apart from each other', async () => {
  const [one, two] = [await openAIFixture.start(), await anthropicFixture.start()];
  one.behave({ refuse: { status: 500 } });
  expect([(await ask(anthropicFixture, two)).status, (await ask(openAIFixture, one)).status]).toEqual([200, 500]);
  await Promise.all([one.stop(), two.stop()]);
});
