import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jwtVerify } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { discoveryUrl } from './discovery.ts';
import { IssuerKeys, type IssuerEvent } from './issuer-keys.ts';
import { createIssuer, issuedAt } from './issuer.fixture.ts';

test.each([
  ['https://login.example.com', 'https://login.example.com/.well-known/openid-configuration'],
  ['https://login.example.com/', 'https://login.example.com/.well-known/openid-configuration'],
  ['https://login.example.com/realms/staff', 'https://login.example.com/realms/staff/.well-known/openid-configuration'],
  ['https://login.example.com:8443/a/', 'https://login.example.com:8443/a/.well-known/openid-configuration'],
  ['http://127.0.0.1:9000', 'http://127.0.0.1:9000/.well-known/openid-configuration'],
  ['http://[::1]:9000', 'http://[::1]:9000/.well-known/openid-configuration'],
])('%s says at %s where its keys are', (issuer, address) => {
  expect(discoveryUrl(issuer)?.href).toBe(address);
});

test.each([
  'staff',
  'urn:example:login',
  'http://login.example.com',
  'http://127.0.0.1.example.com',
  'https://a:b@login.example.com',
  'https://login.example.com/?realm=staff',
  'https://login.example.com/#staff',
  'file:///etc/passwd',
  '',
])('%j says nothing that can be trusted', (issuer) => {
  expect(discoveryUrl(issuer)).toBeUndefined();
});

const issuerName = 'https://login.example.com/';
const at = `${issuerName}.well-known/openid-configuration`;
const keysAt = 'https://keys.example.com/set';

async function setUp() {
  const issuer = await createIssuer({ issuer: issuerName });
  const state = { now: issuedAt * 1000, asked: [] as string[], events: [] as IssuerEvent[] };
  const documents = new Map<string, () => Response>([
    [at, () => Response.json({ issuer: issuerName, jwks_uri: keysAt })],
    [keysAt, () => new Response(issuer.published())],
  ]);
  const keys = new IssuerKeys({
    url: new URL(at),
    discovery: { issuer: issuerName },
    fetch: async (address) => {
      const href = address instanceof URL ? address.href : '';
      state.asked.push(href);
      return documents.get(href)?.() ?? new Response('', { status: 404 });
    },
    now: () => state.now,
    timeoutMs: 1000,
    onEvent: (event) => state.events.push(event),
  });
  const check = async (token: string) => (await jwtVerify(token, keys.get, { currentDate: new Date(issuedAt * 1000) })).payload.sub;
  return { issuer, state, documents, check };
}

test('keys are fetched from where the document says, once for all who ask', async () => {
  const { issuer, state, check } = await setUp();
  const token = await issuer.sign();
  await expect(Promise.all([check(token), check(token), check(token)])).resolves.toEqual(['alice', 'alice', 'alice']);
  await expect(check(token)).resolves.toBe('alice');
  expect(state.asked).toEqual([at, keysAt]);
});

test('keys that have moved are found when they are fetched again', async () => {
  const { issuer, state, documents, check } = await setUp();
  await check(await issuer.sign());
  state.now += 60_000;
  await issuer.rotate('second');
  const moved = 'https://login.example.com/new';
  documents.set(at, () => Response.json({ issuer: issuerName, jwks_uri: moved }));
  documents.set(moved, () => new Response(issuer.published()));
  documents.delete(keysAt);
  await expect(check(await issuer.sign())).resolves.toBe('alice');
  expect(state.asked).toEqual([at, keysAt, at, moved]);
});

test('an issuer that is down at the start is asked once in five seconds, and told of once; then it is back', async () => {
  const { issuer, state, documents, check } = await setUp();
  const good = documents.get(at);
  documents.delete(at);
  const token = await issuer.sign();
  for (let time = 0; time < 20; time++) await expect(check(token)).rejects.toMatchObject({ code: 'gateway-unavailable', status: 503 });
  expect(state.asked).toEqual([at]);
  state.now += 5000;
  await expect(check(token)).rejects.toMatchObject({ code: 'gateway-unavailable' });
  expect(state.events).toEqual([{ type: 'issuer-unreachable', url: at, error: new Error(`${at} answered with status 404`) }]);
  if (good !== undefined) documents.set(at, good);
  state.now += 5000;
  await expect(check(token)).resolves.toBe('alice');
  expect(state.events.map(({ type }) => type)).toEqual(['issuer-unreachable', 'issuer-back']);
});

test('tokens with keys that are nowhere have the issuer asked once in 30 seconds', async () => {
  const { issuer, state, check } = await setUp();
  await check(await issuer.sign());
  state.now += 60_000;
  for (let kid = 0; kid < 20; kid++)
    await expect(check(await issuer.sign({}, { kid: `stray-${kid}` }))).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  expect(state.asked).toEqual([at, keysAt, at, keysAt]);
});

test.each<[string, unknown, RegExp]>([
  ['of another issuer', { issuer: 'https://evil.example.com/', jwks_uri: keysAt }, /document of another issuer: "https:\/\/evil\.example\.com\/"/],
  ['of an issuer that is written otherwise', { issuer: 'https://login.example.com', jwks_uri: keysAt }, /another issuer/],
  ['of nobody', { jwks_uri: keysAt }, /another issuer: nothing/],
  ['without keys', { issuer: issuerName }, /no https address .*: nothing/],
  ['with keys behind http', { issuer: issuerName, jwks_uri: 'http://keys.example.com/set' }, /no https address/],
  ['with keys on our own machine', { issuer: issuerName, jwks_uri: 'http://127.0.0.1:6379/' }, /no https address/],
  ['with keys in a file', { issuer: issuerName, jwks_uri: 'file:///etc/passwd' }, /no https address/],
  ['with a password for its keys', { issuer: issuerName, jwks_uri: 'https://a:b@keys.example.com/' }, /no https address/],
  ['that is a list', [issuerName], /another issuer/],
  ['that is nothing', null, /JSON object/],
])('a document %s leads nowhere', async (_, document, message) => {
  const { issuer, state, documents, check } = await setUp();
  documents.set(at, () => Response.json(document));
  await expect(check(await issuer.sign())).rejects.toMatchObject({ code: 'gateway-unavailable' });
  expect(state.asked).toEqual([at]);
  expect(state.events).toEqual([expect.objectContaining({ error: expect.objectContaining({ message: expect.stringMatching(message) }) })]);
});

test('of a document that is another’s, a log has no more than its beginning', async () => {
  const { issuer, state, documents, check } = await setUp();
  documents.set(at, () => Response.json({ issuer: 'x'.repeat(500_000) }));
  await expect(check(await issuer.sign())).rejects.toThrow();
  const [event] = state.events;
  expect(event?.type === 'issuer-unreachable' && String(event.error).length).toBeLessThan(500);
});

describe('an issuer on the network', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** An issuer, whose server answers with `handle`. */
  async function serve(handle: (issuer: string, published: string) => RequestListener, timeoutMs = 5000) {
    const server = createServer();
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const name = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const issuer = await createIssuer({ issuer: name });
    server.on('request', handle(name, issuer.published()));
    const keys = new IssuerKeys({
      url: new URL(`${name}/.well-known/openid-configuration`),
      discovery: { issuer: name },
      fetch,
      now: () => issuedAt * 1000,
      timeoutMs,
      onEvent: () => {},
    });
    return async () => jwtVerify(await issuer.sign(), keys.get, { currentDate: new Date(issuedAt * 1000) });
  }

  const document = (name: string): string => JSON.stringify({ issuer: name, jwks_uri: `${name}/keys` });

  test('is asked for its document, then for its keys', async () => {
    const check = await serve(
      (name, published) =>
        ({ url }, response) =>
          response.end(url === '/keys' ? published : document(name)),
    );
    await expect(check()).resolves.toMatchObject({ payload: { sub: 'alice' } });
  });

  test.each(['/.well-known/openid-configuration', '/keys'])('leads nobody elsewhere from %s', async (from) => {
    const check = await serve((name, published) => ({ url }, response) => {
      const meant = url === '/elsewhere' ? from : url;
      if (url === from) response.writeHead(302, { location: '/elsewhere' }).end();
      else response.end(meant === '/keys' ? published : document(name));
    });
    await expect(check()).rejects.toMatchObject({ code: 'gateway-unavailable' });
  });

  test('whose document is too long is given up', async () => {
    const check = await serve((name, published) => ({ url }, response) => {
      response.end(url === '/keys' ? published : document(name) + ' '.repeat(2 << 20));
    });
    await expect(check()).rejects.toMatchObject({ code: 'gateway-unavailable' });
  });

  test('that gives its document but never its keys is given up', async () => {
    const check = await serve(
      (name) =>
        ({ url }, response) =>
          void (url === '/keys' || response.end(document(name))),
      100,
    );
    await expect(check()).rejects.toMatchObject({ code: 'gateway-unavailable', cause: { name: 'TimeoutError' } });
  });
});
