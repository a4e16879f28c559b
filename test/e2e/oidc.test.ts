import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createIssuer, type TestIssuer } from '../../src/identity/issuer.fixture.ts';
import { eventually, startGateway, startWorld, type RunningGateway, type World } from './gateway.ts';
import { createMovedClock } from './moved-clock.ts';
import { rejection, say, sdks } from './sdks.ts';
import { extended } from './stage.ts';

// Tokens of issuers that say themselves where their keys are, by OpenID Connect Discovery.

const names = ['good', 'wrong', 'moved', 'long'] as const;
type Name = (typeof names)[number];

const clock = createMovedClock();
const issuers = new Map<Name, TestIssuer>();
const calls = new Map<string, number>();
const documents = new Map<string, (response: ServerResponse) => void>();
const login = createServer(({ url = '' }, response) => {
  calls.set(url, (calls.get(url) ?? 0) + 1);
  const answer = documents.get(url);
  if (answer === undefined) response.writeHead(503).end();
  else answer(response);
});

let ahead = 0;
const pass = (seconds: number): void => clock.setAhead((ahead += seconds * 1000));

let world: World;
let gateway: RunningGateway;
beforeAll(async () => {
  await once(login.listen(0, '127.0.0.1'), 'listening');
  const address = `http://127.0.0.1:${(login.address() as AddressInfo).port}`;
  for (const name of names) issuers.set(name, await createIssuer({ issuer: `${address}/${name}` }));
  const document = (name: Name): string => JSON.stringify({ issuer: `${address}/${name}`, jwks_uri: `${address}/keys` });
  const at = (name: Name): string => `/${name}/.well-known/openid-configuration`;
  documents.set(at('wrong'), (response) => response.end(document('good')));
  documents.set(at('moved'), (response) => response.writeHead(302, { location: '/elsewhere' }).end());
  documents.set('/elsewhere', (response) => response.end(document('moved')));
  documents.set(at('long'), (response) => response.end(document('long') + ' '.repeat(2 << 20)));
  documents.set('/keys', (response) => response.end(issuers.get('good')?.published()));
  back = () => documents.set(at('good'), (response) => response.end(document('good')));
  world = await startWorld();
  const jwt = names.map((name) => ({ issuer: `${address}/${name}`, audience: 'remora', tenant: { claim: 'team' } }));
  gateway = await startGateway({ ...extended(world, { tenants: { marketing: {} } }), identity: { jwt } }, { env: clock.env });
});
let back = (): unknown => undefined;
afterAll(async () => {
  await gateway?.stop();
  await world?.stop();
  login.closeAllConnections();
  login.close();
  clock.remove();
});
beforeEach(() => calls.clear());

/** A token of an issuer that is good now. */
async function token(name: Name, options?: { kid: string }): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return (await issuers.get(name)?.sign({ iat: now, exp: now + 36_000 }, options)) ?? '';
}

const callsOf = (name: Name): number => calls.get(`/${name}/.well-known/openid-configuration`) ?? 0;
const linesOf = (name: Name): string[] =>
  gateway
    .output()
    .split('\n')
    .filter((line) => line.includes(`/${name}/`) && line.includes('cannot be fetched'));

test('an issuer that is down at the start is asked seldom, and told of once', async () => {
  for (const sdk of sdks) {
    for (let time = 0; time < 3; time++) {
      const error = await rejection(sdk.ask(gateway, say('gpt'), { key: await token('good') }));
      expect(error).toBeInstanceOf(sdk.errors.InternalServerError);
      expect(error).toMatchObject({ status: 503 });
      expect((error['headers'] as Headers).get('retry-after')).toBe('5');
    }
  }
  expect(callsOf('good')).toBe(1);
  await eventually(
    () => linesOf('good'),
    ({ length }) => length === 1,
  );
  expect(linesOf('good')[0]).toContain('answered with status 503');
});

test('its tokens are good once it is back', async () => {
  back();
  pass(6);
  for (const sdk of sdks) await sdk.ask(gateway, say('gpt'), { key: await token('good') });
  expect([callsOf('good'), calls.get('/keys')]).toEqual([1, 1]);
  const entries = await eventually(
    () => gateway.entries(),
    ({ length }) => length === 2,
  );
  expect(entries).toMatchObject([1, 2].map(() => ({ tenant: 'marketing', user: 'alice', key: 'jwt' })));
});

test('a key that it has only now is found', async () => {
  await issuers.get('good')?.rotate('second');
  pass(31);
  for (const sdk of sdks) await sdk.ask(gateway, say('gpt'), { key: await token('good') });
  expect([callsOf('good'), calls.get('/keys')]).toEqual([1, 1]);
});

test('tokens with made-up keys are refused, and have it asked once', async () => {
  pass(31);
  for (const sdk of sdks) {
    const refusals = await Promise.all(
      [0, 1, 2, 3].map(async (kid) => rejection(sdk.ask(gateway, say('gpt'), { key: await token('good', { kid: `${sdk.name}-${kid}` }) }))),
    );
    for (const error of refusals) expect(error).toBeInstanceOf(sdk.errors.AuthenticationError);
  }
  expect([callsOf('good'), calls.get('/keys')]).toEqual([1, 1]);
});

describe('an issuer is not believed', () => {
  test.each([
    ['whose document is another’s', 'wrong', 'document of another issuer'],
    ['whose document leads elsewhere', 'moved', 'redirect'],
    ['whose document is too long', 'long', 'more than 1048576 bytes'],
  ] as const)('%s', async (_, name, reason) => {
    for (const sdk of sdks) expect(await rejection(sdk.ask(gateway, say('gpt'), { key: await token(name) }))).toMatchObject({ status: 503 });
    expect([callsOf(name), calls.get('/elsewhere'), calls.get('/keys')]).toEqual([1, undefined, undefined]);
    const [line] = await eventually(
      () => linesOf(name),
      ({ length }) => length === 1,
    );
    expect(line).toContain(reason);
  });
});
