import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jwtVerify } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { IssuerKeys, type IssuerEvent } from './issuer-keys.ts';
import { createIssuer, issuedAt } from './issuer.fixture.ts';

const minutes = (count: number): number => count * 60_000;

async function setUp() {
  const issuer = await createIssuer();
  const state = { now: issuedAt * 1000, calls: 0, answer: () => new Response(issuer.published()), events: [] as IssuerEvent['type'][] };
  const keys = new IssuerKeys({
    url: new URL('https://login.example.com/jwks.json'),
    fetch: async () => {
      state.calls++;
      return state.answer();
    },
    now: () => state.now,
    timeoutMs: 1000,
    onEvent: ({ type }) => state.events.push(type),
  });
  const check = async (token: string) => (await jwtVerify(token, keys.get, { currentDate: new Date(issuedAt * 1000) })).payload.sub;
  const goDown = (): void => void (state.answer = () => new Response('', { status: 502 }));
  const goUp = (): void => void (state.answer = () => new Response(issuer.published()));
  return { issuer, state, check, goDown, goUp };
}

test('keys are fetched once, however many ask at once', async () => {
  const { issuer, state, check } = await setUp();
  const token = await issuer.sign();
  await expect(Promise.all([check(token), check(token), check(token)])).resolves.toEqual(['alice', 'alice', 'alice']);
  state.now += minutes(9);
  await check(token);
  expect(state.calls).toBe(1);
});

test('after ten minutes they are fetched anew, and nobody waits for it', async () => {
  const { issuer, state, check } = await setUp();
  const token = await issuer.sign();
  await check(token);
  state.now += minutes(11);
  state.answer = () => new Response(new ReadableStream({ start: () => {} })); // never ends
  await expect(check(token)).resolves.toBe('alice');
  expect(state.calls).toBe(2);
});

test('a key that the issuer has only now is found by the first token that is signed with it', async () => {
  const { issuer, state, check } = await setUp();
  await check(await issuer.sign());
  state.now += minutes(1);
  await issuer.rotate('second');
  await expect(check(await issuer.sign())).resolves.toBe('alice');
  expect(state.calls).toBe(2);
});

test('tokens with keys that are nowhere make one call in 30 seconds', async () => {
  const { issuer, state, check } = await setUp();
  await check(await issuer.sign());
  state.now += minutes(1);
  for (let kid = 0; kid < 20; kid++) {
    await expect(check(await issuer.sign({}, { kid: `stray-${kid}` }))).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  }
  expect(state.calls).toBe(2);
  state.now += 31_000;
  await expect(check(await issuer.sign({}, { kid: 'stray' }))).rejects.toThrow();
  expect(state.calls).toBe(3);
});

test('while the issuer is down the last keys are used, for a day', async () => {
  const { issuer, state, check, goDown, goUp } = await setUp();
  const token = await issuer.sign();
  await check(token);
  goDown();
  state.now += minutes(60 * 23);
  await expect(check(token)).resolves.toBe('alice');
  await expect.poll(() => state.events).toEqual(['issuer-unreachable']);
  state.now += minutes(60 * 2);
  await expect(check(token)).rejects.toMatchObject({ code: 'gateway-unavailable', status: 503 });
  goUp();
  state.now += minutes(1);
  await expect(check(token)).resolves.toBe('alice');
  expect(state.events).toEqual(['issuer-unreachable', 'issuer-back']);
});

test('an issuer that was never reached is no fault of the token, and is asked again after five seconds', async () => {
  const { issuer, state, check, goDown, goUp } = await setUp();
  const token = await issuer.sign();
  goDown();
  await expect(check(token)).rejects.toMatchObject({ code: 'gateway-unavailable', retryAfterSeconds: 5 });
  goUp();
  await expect(check(token)).rejects.toMatchObject({ code: 'gateway-unavailable' });
  expect(state.calls).toBe(1);
  state.now += 5000;
  await expect(check(token)).resolves.toBe('alice');
});

test('a key that may be new cannot be called unknown while the issuer is down', async () => {
  const { issuer, state, check, goDown } = await setUp();
  await check(await issuer.sign());
  goDown();
  state.now += minutes(1);
  await issuer.rotate('second');
  const token = await issuer.sign();
  await expect(check(token)).rejects.toMatchObject({ code: 'gateway-unavailable' });
  await expect(check(token)).rejects.toMatchObject({ code: 'gateway-unavailable' });
  expect(state.calls).toBe(2);
});

test.each([
  ['no JSON', () => new Response('<html>')],
  ['no JWK set', () => new Response('{"keys": 1}')],
  ['a list of other things', () => new Response('{"keys": [1]}')],
  ['too much', () => new Response(' '.repeat(2 << 20))],
  ['nothing', () => Promise.reject(new Error('refused')) as never],
])('%s from the issuer is as if it were down', async (_, answer) => {
  const { issuer, state, check } = await setUp();
  state.answer = answer;
  await expect(check(await issuer.sign())).rejects.toMatchObject({ code: 'gateway-unavailable' });
});

describe('an issuer on the network', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** Its keys, as they are had over HTTP. */
  async function serve(handle: RequestListener, timeoutMs = 5000) {
    const server = createServer(handle);
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const url = new URL(`http://127.0.0.1:${port}/jwks.json`);
    const events: IssuerEvent[] = [];
    const keys = new IssuerKeys({ url, fetch, now: () => issuedAt * 1000, timeoutMs, onEvent: (event) => events.push(event) });
    const check = (token: string) => jwtVerify(token, keys.get, { currentDate: new Date(issuedAt * 1000) });
    return { check, events };
  }

  test('is asked for its keys', async () => {
    const issuer = await createIssuer();
    const { check } = await serve((_, response) => void response.end(issuer.published()));
    await expect(check(await issuer.sign())).resolves.toMatchObject({ payload: { sub: 'alice' } });
  });

  test('leads nobody elsewhere', async () => {
    const issuer = await createIssuer();
    const { check } = await serve((request, response) => {
      if (request.url === '/jwks.json') response.writeHead(302, { location: '/elsewhere' }).end();
      else response.end(issuer.published());
    });
    await expect(check(await issuer.sign())).rejects.toMatchObject({ code: 'gateway-unavailable' });
  });

  test('that never answers is given up', async () => {
    const issuer = await createIssuer();
    const { check, events } = await serve(() => {}, 50);
    await expect(check(await issuer.sign())).rejects.toMatchObject({ code: 'gateway-unavailable' });
    expect(events).toEqual([
      { type: 'issuer-unreachable', url: expect.stringContaining('/jwks.json'), error: expect.objectContaining({ name: 'TimeoutError' }) },
    ]);
  });
});
