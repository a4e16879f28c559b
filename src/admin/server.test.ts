import { afterEach, expect, test } from 'vitest';
import { serveAdmin, type AdminDeps } from './server.ts';

let closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers) await close();
  closers = [];
});

async function started(more: Partial<AdminDeps> = {}): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const deps: AdminDeps = {
    metrics: { render: async () => ({ contentType: 'text/plain', text: 'up 1\n' }) },
    notReady: () => undefined,
    api: {},
    ...more,
  };
  const { port, close } = await serveAdmin({ host: '127.0.0.1', port: 0 }, deps);
  closers.push(close);
  return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init);
}

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
  const response = await get('/api');
  expect(response.status).toBe(404);
  expect(await response.text()).toBe('There is no /api here. Served are: /healthz, /readyz, /metrics, /api/config.\n');
});

test('it is only read', async () => {
  const get = await started({ api: { '/api/config': () => ({}) } });
  expect((await get('/api/config', { method: 'POST' })).status).toBe(405);
});

test('health, readiness and metrics are served beside it', async () => {
  let reason: string | undefined = 'closing';
  const get = await started({ notReady: () => reason });
  expect([(await get('/healthz')).status, (await get('/readyz')).status, await (await get('/metrics')).text()]).toEqual([200, 503, 'up 1\n']);
  reason = undefined;
  expect((await get('/readyz')).status).toBe(200);
});
