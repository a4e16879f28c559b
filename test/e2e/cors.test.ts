import { afterAll, beforeAll, expect, test } from 'vitest';
import { keys, startGateway, startWorld, type RunningGateway, type World } from './gateway.ts';

let world: World;
let gateway: RunningGateway;

beforeAll(async () => {
  world = await startWorld({ cors: { origins: ['https://app.example.com'] } });
  gateway = await startGateway(world.config);
});
afterAll(async () => {
  await gateway.stop();
  await world.stop();
});

const ask = (origin: string, key: string) =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { origin, authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content: 'Hi' }] }),
  });

const preflight = (origin: string) =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type,x-stainless-os' },
  });

test('a page of an allowed origin may ask, and read the answer and its headers', async () => {
  const allowed = await preflight('https://app.example.com');
  expect(allowed.status).toBe(200);
  expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
  expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization');
  const answer = await ask('https://app.example.com', keys.open);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
  expect(answer.headers.get('access-control-expose-headers')).toContain('x-remora-deployment');
});

test('an error reaches the page as well', async () => {
  const answer = await ask('https://app.example.com', 'wrong');
  expect(answer.status).toBe(401);
  expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
});

test('a page of another origin is given nothing that its browser would let it read', async () => {
  expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  expect((await ask('https://evil.example', keys.open)).headers.get('access-control-allow-origin')).toBeNull();
});
