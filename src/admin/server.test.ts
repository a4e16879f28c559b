import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { StoreError } from '../stores/store.ts';
import { QueryError } from '../usage/query-error.ts';
import { AdminError } from './admin-error.ts';
import { maxBodyBytes } from './read-body.ts';
import { json, type Route } from './router.ts';
import { serveAdmin, type AdminDeps } from './server.ts';

let closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers) await close();
  closers = [];
});

async function startedAt(more: Partial<AdminDeps> = {}): Promise<number> {
  const deps: AdminDeps = {
    metrics: { render: async () => ({ contentType: 'text/plain', text: 'up 1\n' }) },
    notReady: () => undefined,
    api: {},
    ...more,
  };
  const { port, close } = await serveAdmin({ host: '127.0.0.1', port: 0 }, deps);
  closers.push(close);
  return port;
}

async function started(more: Partial<AdminDeps> = {}): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const port = await startedAt(more);
  return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init);
}

/** Asks with headers that `fetch` sets by itself. */
function ask(port: number, headers: Record<string, string>, { method = 'POST', path = '/api/echo' } = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers: { 'content-type': 'application/json', ...headers } }, (response) => {
      void text(response).then(() => resolve(response.statusCode));
    });
    sent.once('error', reject);
    sent.end();
  });
}

const echo: Route = { method: 'POST', path: '/api/echo', answer: ({ body, by }) => json({ body, by }) };
const read: Route = { method: 'GET', path: '/api/echo', answer: ({ query }) => json([...query]) };
const change = (body: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/json', ...headers },
});
const raise = (error: Error): never => {
  throw error;
};
const errorOf = async (response: Response): Promise<unknown> => [response.status, ((await response.json()) as { error: unknown }).error];

test('what is given for the API is served as JSON, as it is at that moment', async () => {
  let number = 1;
  const get = await started({ api: { '/api/config': () => ({ number: number++ }), '/api/later': async () => ['late'] } });
  await get('/api/config');
  const response = await get('/api/config?x=1');
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.json()).toEqual({ number: 2 });
  expect(await (await get('/api/later')).json()).toEqual(['late']);
});

test('what is not there is a 404 that lists what is', async () => {
  const get = await started({ api: { '/api/config': () => ({}) } });
  expect(await errorOf(await get('/api'))).toEqual([
    404,
    { code: 'not-found', message: 'There is no /api here. Served are: /healthz, /readyz, /metrics, /api/config.' },
  ]);
});

test('a path takes the methods that it is for, and says which', async () => {
  const get = await started({ routes: [echo, read], api: { '/api/config': () => ({}) } });
  const refused = await get('/api/config', { method: 'POST' });
  expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  const options = await get('/api/echo', { method: 'OPTIONS' });
  expect([options.status, options.headers.get('allow'), await options.text()]).toEqual([204, 'POST, GET, HEAD', '']);
  const head = await get('/api/echo', { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '3', '']);
});

test('it is served at a Unix socket as well', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-admin-'));
  const socketPath = join(folder, 'admin.sock');
  const deps = { metrics: { render: async () => ({ contentType: 'text/plain', text: '' }) }, notReady: () => undefined, api: {} };
  const { close } = await serveAdmin({ path: socketPath }, deps);
  closers.push(close, async () => rmSync(folder, { recursive: true }));
  const status = await new Promise((resolve) => request({ socketPath, path: '/readyz' }, (response) => resolve(response.resume().statusCode)).end());
  expect(status).toBe(200);
});

test('health, readiness and metrics are served beside it', async () => {
  let reason: string | undefined = 'closing';
  const get = await started({ notReady: () => reason });
  expect([(await get('/healthz')).status, (await get('/readyz')).status, await (await get('/metrics')).text()]).toEqual([200, 503, 'up 1\n']);
  reason = undefined;
  expect((await get('/readyz')).status).toBe(200);
});

describe('a body', () => {
  test('is JSON, and the audit learns who sends it', async () => {
    const get = await started({ routes: [echo] });
    expect(await (await get('/api/echo', change('{"a":1}', { 'x-remora-admin': 'ada' }))).json()).toEqual({ body: { a: 1 }, by: 'ada' });
    expect(await (await get('/api/echo', change('', { 'x-remora-admin': 'x'.repeat(65) }))).json()).toEqual({ by: 'api' });
  });

  test.each(['{', '{"a":1}{', '\uFEFF'])('%j is refused', async (body) => {
    const get = await started({ routes: [echo] });
    expect(await errorOf(await get('/api/echo', change(body)))).toEqual([
      400,
      { code: 'invalid-request', message: 'The body is no JSON: check its quotes, commas and encoding (UTF-8).' },
    ]);
  });

  test('has a bound, and what is longer gets an answer too', async () => {
    const get = await started({ routes: [echo] });
    expect((await get('/api/echo', change(JSON.stringify('x'.repeat(maxBodyBytes - 2))))).status).toBe(200);
    const refused = await get('/api/echo', change(JSON.stringify('x'.repeat(maxBodyBytes - 1))));
    expect([refused.status, refused.headers.get('connection')]).toEqual([413, 'close']);
  });

  test('that says it is something else is not read', async () => {
    const get = await started({ routes: [echo] });
    const types = ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''];
    const answers = await Promise.all(types.map((type) => get('/api/echo', change('{}', { 'content-type': type }))));
    expect(answers.map(({ status }) => status)).toEqual([415, 415, 415, 415]);
    expect((await get('/api/echo', change('{}', { 'content-type': 'application/json; charset=utf-8' }))).status).toBe(200);
  });
});

describe('without a token', () => {
  test.each([
    ['127.0.0.1:8081', 200],
    ['localhost:8081', 200],
    ['remora.localhost', 200],
    ['[::1]:8081', 200],
    ['evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example:80', 403],
    ['evil.example@127.0.0.1', 403],
    ['169.254.169.254', 403],
    ['127.0.0.1:8081:1', 403],
  ])('the host %j is answered with %i, for reading and for changes', async (host, status) => {
    const port = await startedAt({ routes: [echo, read] });
    expect([await ask(port, { host }), await ask(port, { host }, { method: 'GET' })]).toEqual([status, status]);
    expect(await ask(port, { host }, { method: 'GET', path: '/healthz' })).toBe(200);
  });

  test.each([
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://127.0.0.1:1' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{ 'sec-fetch-site': 'none' }, 200],
  ])('a change from %j is answered with %i', async (headers, status) => {
    const port = await startedAt({ routes: [echo] });
    expect(await ask(port, headers)).toBe(status);
  });

  test('a page of our own may change things', async () => {
    const port = await startedAt({ routes: [echo] });
    expect(await ask(port, { origin: `http://127.0.0.1:${port}` })).toBe(200);
  });
});

describe('with a token', () => {
  test('everything but health needs it, whatever the host', async () => {
    const port = await startedAt({ routes: [echo, read], token: () => 'secret' });
    const get = { method: 'GET' };
    const right = { authorization: 'Bearer secret', host: 'remora.internal' };
    expect([await ask(port, right), await ask(port, right, get), await ask(port, right, { ...get, path: '/metrics' })]).toEqual([200, 200, 200]);
    for (const authorization of ['Bearer secre', 'Bearer secrets', 'Basic secret', 'secret', 'Bearer '])
      expect(await ask(port, { authorization })).toBe(401);
    expect([await ask(port, {}, get), await ask(port, {}, { ...get, path: '/metrics' }), await ask(port, {}, { ...get, path: '/api/none' })]).toEqual(
      [401, 401, 401],
    );
    expect([await ask(port, {}, { ...get, path: '/healthz' }), await ask(port, {}, { ...get, path: '/readyz' })]).toEqual([200, 200]);
  });

  test('the answer says how to send it, and a changed token counts at once', async () => {
    let token = 'one';
    const get = await started({ api: { '/api/config': () => 1 }, token: () => token });
    const refused = await get('/api/config');
    expect([refused.headers.get('www-authenticate'), await errorOf(refused)]).toEqual([
      'Bearer',
      [401, { code: 'unauthorized', message: 'Send the token of `admin.token` as "Authorization: Bearer TOKEN".' }],
    ]);
    token = 'two';
    expect((await get('/api/config', { headers: { authorization: 'Bearer two' } })).status).toBe(200);
  });
});

describe('an error', () => {
  test.each([
    [new AdminError('conflict', 'Wait.'), 409, 'conflict', 'Wait.'],
    [new QueryError('Ask less.'), 400, 'invalid-request', 'Ask less.'],
    [new StoreError('The store is away; start it.'), 503, 'store-unavailable', 'The store is away; start it.'],
    [new Error('secret detail'), 500, 'internal', 'Something is wrong in the gateway; its log says what.'],
  ])('%s is a sentence', async (error, status, code, message) => {
    const heard: unknown[] = [];
    const fails: Route = { method: 'GET', path: '/api/fails', answer: () => raise(error) };
    const get = await started({ routes: [fails], onFailure: (failure) => heard.push(failure) });
    expect(await errorOf(await get('/api/fails'))).toEqual([status, { code, message }]);
    expect(heard).toEqual(status >= 500 ? [error] : []);
  });
});
