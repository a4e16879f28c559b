import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Counter, Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serveMergedAdmin, type AdminProcess } from './merged.ts';

let folder: string;
let closers: (() => unknown)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-merged-'));
  closers = [];
});
afterEach(async () => {
  for (const close of closers) await close();
  rmSync(folder, { recursive: true });
});

const socketOf = (index: number): string => join(folder, `${index}.sock`);

/** A process whose admin server does what it is told, and that has counted so many requests. */
async function startProcess(index: number, handle: RequestListener, requests = 0): Promise<AdminProcess> {
  const server = createServer(handle);
  await new Promise<void>((listening) => server.listen(socketOf(index), listening));
  closers.push(() => (server.close(), server.closeAllConnections()));
  const registry = new Registry();
  new Counter({ name: 'requests_total', help: 'r', registers: [registry] }).inc(requests);
  return { index, metrics: () => registry.getMetricsAsJSON() };
}

async function serve(alive: () => readonly AdminProcess[]): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const { port, close } = await serveMergedAdmin({ host: '127.0.0.1', port: 0 }, { alive, socketOf });
  closers.push(close);
  return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init);
}

/** Says who it is and what it was asked. */
const echo =
  (name: string): RequestListener =>
  async (request, response) => {
    const body = await text(request);
    response.writeHead(201, { 'x-by': name }).end(`${request.method} ${request.url} ${request.headers['authorization']} ${body}`);
  };

test('whatever is not merged goes to the first process: method, path, headers and body', async () => {
  const processes = [await startProcess(0, echo('zero')), await startProcess(1, echo('one'))];
  const get = await serve(() => processes);
  const response = await get('/api/keys?x=1', { method: 'POST', body: '{"a":1}', headers: { authorization: 'Bearer t' } });
  expect([response.status, response.headers.get('x-by'), await response.text()]).toEqual([201, 'zero', 'POST /api/keys?x=1 Bearer t {"a":1}']);
});

test('a process can be named, and one that does not serve is a 404', async () => {
  const processes = [await startProcess(0, echo('zero')), await startProcess(1, echo('one'))];
  const get = await serve(() => processes);
  expect((await get('/metrics?process=1')).headers.get('x-by')).toBe('one');
  const unknown = await get('/metrics?process=2');
  expect([unknown.status, await unknown.text()]).toEqual([404, 'No process 2 serves now; those that do are 0, 1.\n']);
});

test('an answer passes as it comes, and a caller who leaves ends the request', async () => {
  const left = Promise.withResolvers<void>();
  const process = await startProcess(0, (_, response) => {
    response.writeHead(200).write('first');
    response.once('close', () => left.resolve());
  });
  const get = await serve(() => [process]);
  const leave = new AbortController();
  const { body } = await get('/api/tail', { signal: leave.signal });
  expect(Buffer.from((await body?.getReader().read())?.value ?? []).toString()).toBe('first');
  leave.abort();
  await left.promise;
});

test('metrics and health are those of all processes', async () => {
  const health =
    (inFlight: number): RequestListener =>
    (_, response) =>
      void response.end(JSON.stringify([{ id: 'a', name: 'a', standing: { type: 'good' }, inFlight }]));
  const processes = [await startProcess(0, health(1), 3), await startProcess(1, health(2), 4)];
  const get = await serve(() => processes);
  expect(await (await get('/metrics')).text()).toContain('requests_total 7\n');
  expect(await (await get('/api/health')).json()).toEqual([{ id: 'a', name: 'a', standing: { type: 'good' }, inFlight: 3 }]);
});

test.each(['/metrics', '/api/health'])('who may not ask a process for %s may not ask for all of them', async (path) => {
  const guarded: RequestListener = (request, response) =>
    void (request.headers['authorization'] === 'Bearer right' ? response.end('[]') : response.writeHead(401).end('Give the token.\n'));
  const process = await startProcess(0, guarded, 3);
  const get = await serve(() => [process]);
  const refused = await get(path);
  expect([refused.status, await refused.text()]).toEqual([401, 'Give the token.\n']);
  expect((await get(path, { headers: { authorization: 'Bearer right' } })).status).toBe(200);
});

test('it is ready while one process serves, and well even where none does', async () => {
  let processes = [await startProcess(3, echo('three'))];
  const get = await serve(() => processes);
  expect((await get('/readyz')).status).toBe(200);
  processes = [];
  const statuses = await Promise.all(['/healthz', '/readyz', '/metrics', '/api/config'].map(async (path) => (await get(path)).status));
  expect(statuses).toEqual([200, 503, 503, 503]);
});

test('a process that is just gone is a 503 that says to ask again', async () => {
  const get = await serve(() => [{ index: 0, metrics: async () => [] }]);
  for (const path of ['/metrics', '/api/config']) {
    const response = await get(path);
    expect([response.status, await response.text()]).toEqual([
      503,
      expect.stringMatching(/^The process that was asked does not answer \(.*\)\. Ask again\.\n$/),
    ]);
  }
});
