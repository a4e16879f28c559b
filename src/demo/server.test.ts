import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { anthropicFixture, ask, errorOf, fixtures } from './fakes.fixture.ts';
import type { FakeProvider } from './server.ts';

describe.each(fixtures)('the fake $name', (fixture) => {
  let fake: FakeProvider;
  beforeAll(async () => void (fake = await fixture.start()));
  beforeEach(() => fake.clear());
  afterAll(() => fake.stop());

  const send = (init: RequestInit, url = fake.url + fixture.path): Promise<Response> =>
    fetch(url, { method: 'POST', headers: fixture.headers(fake.apiKey), body: JSON.stringify(fixture.body), ...init });

  test('listens on loopback', () => expect(fake.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+/));

  test('knows no other path', async () => {
    expect(await errorOf(await send({}, `${fake.url}${fixture.path}s`))).toMatchObject({ status: 404 });
  });

  test('takes a query', async () => expect((await send({}, `${fake.url}${fixture.path}?beta=true`)).status).toBe(200));

  test.each(['GET', 'PUT', 'DELETE'])('does not take %s', async (method) => {
    const response = await send({ method, body: null });
    expect(response.headers.get('allow')).toBe('POST');
    expect(response.status).toBe(405);
  });

  test.each([
    ['no key', {}],
    ['another key', fixture.headers('sk-wrong')],
    ['the other vendor’s header', { authorization: 'sk-demo-openai', 'api-key': 'sk-ant-demo' }],
  ])('refuses %s with 401', async (_name, headers) => {
    expect((await send({ headers: { 'content-type': 'application/json', ...headers } })).status).toBe(401);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])('refuses the content type %s', async (contentType) => {
    expect((await send({ headers: { ...fixture.headers(fake.apiKey), 'content-type': contentType } })).status).toBe(400);
  });

  test('takes a content type with a charset', async () => {
    expect((await send({ headers: { ...fixture.headers(fake.apiKey), 'content-type': 'application/json; charset=utf-8' } })).status).toBe(200);
  });

  test.each([
    ['nothing', ''],
    ['half a body', '{"model":'],
    ['an array', '[]'],
    ['a string', '"hello"'],
    ['bytes that are not UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])('refuses %s as a body', async (_name, body) => expect((await send({ body })).status).toBe(400));

  test('refuses an unknown model with 404', async () => {
    const error = await errorOf(await ask(fixture, fake, { model: 'gpt-99' }));
    expect(error).toMatchObject({ status: 404, message: expect.stringContaining('gpt-99') as unknown });
  });

  test('knows the models that it was given', async () => {
    const other = await fixture.start({ models: ['house'], apiKey: 'k' });
    expect((await ask(fixture, other, { model: 'house' })).status).toBe(200);
    expect((await ask(fixture, other)).status).toBe(404);
    await other.stop();
  });

  test('answers 413 to a body that is too large, and goes on living', async () => {
    const body = `{"model":"${'x'.repeat(65 * 1024 * 1024)}"}`;
    expect(await errorOf(await send({ body }))).toMatchObject({ status: 413 });
    expect((await ask(fixture, fake)).status).toBe(200);
  });

  test('names the request in a header', async () => {
    const response = await ask(fixture, fake);
    expect(response.headers.get(fixture.name === 'OpenAI' ? 'x-request-id' : 'request-id')).toMatch(/^req_/);
  });

  test('records what arrived, byte by byte', async () => {
    const response = await send({}, `${fake.url}${fixture.path}?x=1`);
    const text = await response.text();
    const [request] = fake.requests;
    await request?.closed;
    expect(request).toMatchObject({ method: 'POST', status: 200, aborted: false, bytesWritten: Buffer.byteLength(text) });
    expect(request?.path).toMatch(/\?x=1$/);
    expect(request?.body.toString()).toBe(JSON.stringify(fixture.body));
    expect(request?.rawHeaders.length).toBeGreaterThan(4);
  });

  test('keeps the last requests only', async () => {
    const small = await fixture.start({ journalSize: 2 });
    for (const content of ['one', 'two', 'three']) await ask(fixture, small, { messages: [{ role: 'user', content }] });
    expect(small.requests.map(({ body }) => /one|two|three/.exec(body.toString())?.[0])).toEqual(['two', 'three']);
    await small.stop();
  });

  test('records a chunked body, and says that it was one', async () => {
    const url = new URL(fake.url + fixture.path);
    const arrived = fake.nextRequest();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const outgoing = httpRequest(url, { method: 'POST', headers: fixture.headers(fake.apiKey) }, (response) =>
        resolve(response.resume().statusCode),
      );
      outgoing.on('error', reject);
      outgoing.write(JSON.stringify(fixture.body).slice(0, 20));
      outgoing.end(JSON.stringify(fixture.body).slice(20));
    });
    expect(status).toBe(200);
    expect((await arrived).headers).toMatchObject({ 'transfer-encoding': 'chunked' });
    expect((await arrived).headers['content-length']).toBeUndefined();
  });

  test('records a client that goes away while it sends', async () => {
    const arrived = fake.nextRequest();
    const outgoing = httpRequest(new URL(fake.url + fixture.path), {
      method: 'POST',
      headers: { ...fixture.headers(fake.apiKey), 'content-length': '100' },
    });
    outgoing.on('error', () => undefined);
    outgoing.write('{"model":', () => outgoing.destroy());
    const request = await arrived;
    await request.closed;
    expect(request).toMatchObject({ aborted: true, bytesWritten: 0 });
    expect(request.body.toString()).toBe('{"model":');
  });

  test('gives the same answer to the same request, but for its id', async () => {
    const [one, two] = [await (await ask(fixture, fake)).text(), await (await ask(fixture, fake)).text()];
    const strip = (text: string): string => text.replaceAll(/demo_\d+|"created":\d+/g, '');
    expect(strip(one)).toBe(strip(two));
    expect(one).not.toBe(two);
  });

  test('rejects a port that is taken', async () => {
    await expect(fixture.start({ port: fake.port })).rejects.toThrow(/EADDRINUSE/);
  });
});

test('Anthropic takes the key in either header, and looks at x-api-key first', async () => {
  const fake = await anthropicFixture.start();
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await ask(anthropicFixture, fake, {}, { headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', ...headers } }))
      .status;
  expect(await status({ 'x-api-key': fake.apiKey })).toBe(200);
  expect(await status({ authorization: `Bearer ${fake.apiKey}` })).toBe(200);
  expect(await status({ 'x-api-key': fake.apiKey, authorization: 'Bearer rm-client' })).toBe(200);
  expect(await status({ 'x-api-key': 'rm-client', authorization: `Bearer ${fake.apiKey}` })).toBe(401);
  await fake.stop();
});

test('Anthropic insists on a version', async () => {
  const fixture = anthropicFixture;
  const fake = await fixture.start();
  const headers = { 'content-type': 'application/json', 'x-api-key': fake.apiKey };
  expect(await errorOf(await ask(fixture, fake, {}, { headers }))).toMatchObject({ status: 400, type: 'invalid_request_error' });
  expect((await ask(fixture, fake, {}, { headers: { ...headers, 'anthropic-version': 'latest' } })).status).toBe(400);
  await fake.stop();
});
