import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { createIssuer } from '../../src/identity/issuer.fixture.ts';
import { eventually, hashOf } from './gateway.ts';
import { anthropicSdk, openaiSdk, rejection, say, sdks } from './sdks.ts';
import { extended, setStage } from './stage.ts';

/** The identity provider, and one that is down. */
const issuer = await createIssuer();
const lost = await createIssuer({ issuer: 'https://lost.example.com/' });
const login = createServer((_, response) => void response.end(issuer.published()));
await once(login.listen(0, '127.0.0.1'), 'listening');
const jwks = `http://127.0.0.1:${(login.address() as AddressInfo).port}/jwks.json`;
afterAll(() => {
  login.closeAllConnections();
  login.close();
});

/** A token that is good now. */
const token = (claims: Record<string, unknown> = {}, from = issuer): Promise<string> => {
  const now = Math.floor(Date.now() / 1000);
  return from.sign({ iat: now, exp: now + 3600, ...claims });
};

const key = (name: string, fields: Record<string, unknown> = {}) => ({ name, hash: hashOf(`rk-${name}`), ...fields });

const sidecar = '127.0.0.6'; // whose x-forwarded-client-cert is believed
const portal = '127.0.0.7'; // whose x-tenant is believed
const elsewhere = '127.0.0.9';

const stage = setStage((world) => ({
  ...extended(world, {
    tenants: {
      staff: {
        ownKeys: true,
        keys: [
          key('good', { user: 'robot' }),
          key('expired', { expires: '2020-01-01T00:00:00Z' }),
          key('disabled', { disabled: true }),
          key('near', { networks: [`${elsewhere}/32`] }),
          key('narrow', { models: ['claude'] }),
        ],
      },
      mesh: {},
      marketing: {},
    },
  }),
  identity: {
    jwt: [
      { issuer: issuer.rules.issuer, audience: 'remora', jwks, tenant: { claim: 'team' } },
      { issuer: lost.rules.issuer, audience: 'remora', jwks: 'http://127.0.0.1:9/', tenant: 'marketing' },
    ],
    mtls: [{ spiffe: 'spiffe://cluster.local/ns/mesh/*', tenant: 'mesh' }],
    forwardedClientCert: { from: [`${sidecar}/32`] },
    header: { name: 'x-tenant', user: 'x-user', from: [`${portal}/32`] },
  },
}));

interface Got {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** Asks `gpt` from an address of this machine, with these headers. */
async function ask(headers: Record<string, string | string[]>, from = elsewhere): Promise<Got> {
  const body = JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content: 'Hello' }] });
  const url = `${stage.gateway.url}/v1/chat/completions`;
  const sent = request(url, { method: 'POST', localAddress: from, headers: { 'content-type': 'application/json', ...headers }, agent: false });
  sent.end(body);
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, headers: response.headers, body: text };
}

const codeOf = ({ body }: Got): unknown => (JSON.parse(body) as { error: { code: unknown } }).error.code;

/** Who paid for the last exchange. */
async function lastPayer(): Promise<Record<string, unknown>> {
  const [last] = await eventually(
    async () => (await stage.gateway.entries()).toReversed(),
    (entries) => entries.length > 0,
  );
  return { tenant: last?.['tenant'], user: last?.['user'], key: last?.['key'] };
}

describe.each(sdks)('$name', (sdk) => {
  const { AuthenticationError, PermissionDeniedError } = sdk.errors;

  test.each([
    ['wrong', AuthenticationError, 401, /not known/],
    ['expired', AuthenticationError, 401, /expired/],
    ['disabled', PermissionDeniedError, 403, /disabled/],
    ['near', PermissionDeniedError, 403, /network/],
  ])('shows its own error for a key that is %s, and asks once', async (name, error, status, message) => {
    const statuses: number[] = [];
    const refused = await rejection(
      sdk.ask(stage.gateway, say('gpt'), { key: `rk-${name}`, maxRetries: 2, onResponse: (response) => void statuses.push(response.status) }),
    );
    expect(refused).toBeInstanceOf(error);
    expect(refused.message).toMatch(message);
    expect(statuses).toEqual([status]);
    expect(stage.world.openai.requests).toEqual([]);
  });

  test('shows its own error where no key comes', async () => {
    const headers = { authorization: null, 'x-api-key': null };
    expect(await rejection(sdk.ask(stage.gateway, say('gpt'), { headers }))).toMatchObject({ status: 401 });
  });

  test('takes a token for a key', async () => {
    expect((await sdk.ask(stage.gateway, say('gpt'), { key: await token() })).text).not.toBe('');
    expect(await lastPayer()).toEqual({ tenant: 'marketing', user: 'alice', key: 'jwt' });
  });

  test('shows its own error for a token that is not good', async () => {
    const refused = await rejection(sdk.ask(stage.gateway, say('gpt'), { key: await token({ aud: 'mail' }) }));
    expect(refused).toBeInstanceOf(AuthenticationError);
    expect(refused.message).toMatch(/aud/);
  });
});

describe('a virtual key', () => {
  test('is booked with its tenant, user and id', async () => {
    await openaiSdk.ask(stage.gateway, say('gpt'), { key: 'rk-good' });
    expect(await lastPayer()).toEqual({ tenant: 'staff', user: 'robot', key: 'staff/good' });
  });

  test('works from its networks, whatever x-forwarded-for says', async () => {
    expect((await ask({ 'x-api-key': 'rk-near' })).status).toBe(200);
    expect(codeOf(await ask({ 'x-api-key': 'rk-near', 'x-forwarded-for': elsewhere }, '127.0.0.1'))).toBe('network-not-allowed');
  });

  test('may ask for its own models alone', async () => {
    expect((await anthropicSdk.ask(stage.gateway, say('claude'), { key: 'rk-narrow' })).text).not.toBe('');
    expect(await rejection(openaiSdk.ask(stage.gateway, say('gpt'), { key: 'rk-narrow' }))).toMatchObject({ status: 403 });
  });
});

describe('a token', () => {
  test('that leads to no tenant is refused', async () => {
    const got = await ask({ authorization: `Bearer ${await token({ team: 'sales' })}` });
    expect([got.status, codeOf(got)]).toEqual([403, 'unknown-caller']);
  });

  test('whose issuer is down may be good: that is no fault of the caller', async () => {
    const got = await ask({ authorization: `Bearer ${await token({}, lost)}` });
    expect([got.status, codeOf(got), got.headers['retry-after']]).toEqual([503, 'gateway-unavailable', '5']);
  });
});

describe('x-forwarded-client-cert', () => {
  const website = 'By=spiffe://cluster.local/ns/llm/sa/remora;Hash=0d2a;Subject="";URI=spiffe://cluster.local/ns/mesh/sa/website';

  test('of the sidecar in front names the caller', async () => {
    expect((await ask({ 'x-forwarded-client-cert': website }, sidecar)).status).toBe(200);
    expect(await lastPayer()).toEqual({ tenant: 'mesh', user: 'spiffe://cluster.local/ns/mesh/sa/website', key: 'mtls' });
  });

  test('counts by its last element, whether in one header or two', async () => {
    const shop = 'By=x;Hash=y;URI=spiffe://cluster.local/ns/mesh/sa/shop';
    const other = 'By=x;Hash=y;URI=spiffe://cluster.local/ns/sales/sa/shop';
    await ask({ 'x-forwarded-client-cert': `${website},${shop}` }, sidecar);
    expect(await lastPayer()).toMatchObject({ user: 'spiffe://cluster.local/ns/mesh/sa/shop' });
    expect(codeOf(await ask({ 'x-forwarded-client-cert': [website, other] }, sidecar))).toBe('unknown-caller');
  });

  test('that a client has written is nothing', async () => {
    expect(codeOf(await ask({ 'x-forwarded-client-cert': website }))).toBe('missing-key');
    expect(codeOf(await ask({ 'x-forwarded-client-cert': website, 'x-forwarded-for': sidecar }))).toBe('missing-key');
  });

  test('reaches no provider', async () => {
    await ask({ 'x-forwarded-client-cert': website }, sidecar);
    expect(Object.keys(stage.world.openai.requests[0]?.headers ?? {})).not.toContain('x-forwarded-client-cert');
  });
});

describe('the header of a trusted proxy', () => {
  test('names tenant and user', async () => {
    expect((await ask({ 'x-tenant': 'marketing', 'x-user': 'carol' }, portal)).status).toBe(200);
    expect(await lastPayer()).toEqual({ tenant: 'marketing', user: 'carol', key: 'header' });
  });

  test('says nothing from elsewhere', async () => {
    expect(codeOf(await ask({ 'x-tenant': 'marketing' }))).toBe('missing-key');
    expect(codeOf(await ask({ 'x-tenant': 'marketing' }, sidecar))).toBe('missing-key');
  });

  test('that names no tenant is refused', async () => {
    expect(codeOf(await ask({ 'x-tenant': 'sales' }, portal))).toBe('unknown-caller');
  });
});

describe("a provider's key of the caller's own", () => {
  test('is what the provider sees, in the place of ours; its refusal is the caller', async () => {
    const got = await ask({ 'x-api-key': 'rk-good', 'x-remora-provider-key': 'sk-own' });
    expect(got.status).toBe(401);
    expect(stage.world.openai.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer sk-own']);
    expect((await ask({ 'x-api-key': 'rk-good' })).status).toBe(200);
  });

  test('costs the tenant nothing', async () => {
    await ask({ 'x-api-key': 'rk-good', 'x-remora-provider-key': stage.world.openai.apiKey });
    const entries = await stage.gateway.entries();
    expect(entries.at(-1)).toMatchObject({ tenant: 'staff', cost_nanos: 0, unpriced: 0 });
  });

  test('is refused where the tenant may bring none, and shown to nobody', async () => {
    const got = await ask({ 'x-remora-provider-key': 'sk-own', authorization: `Bearer ${await token()}` });
    expect([got.status, codeOf(got)]).toEqual([403, 'own-key-refused']);
    expect(got.body).not.toContain('sk-own');
    expect(stage.gateway.output()).not.toContain('sk-own');
  });
});

test('whoever tries keys is told late, while others behind the same address pass at once', async () => {
  const from = '127.0.0.20';
  for (let time = 0; time < 10; time++) await ask({ 'x-api-key': 'rk-guess' }, from);
  const startedAt = performance.now();
  const late = await ask({ 'x-api-key': 'rk-guess' }, from);
  expect(performance.now() - startedAt).toBeGreaterThan(240);
  expect(codeOf(late)).toBe('invalid-key');
  const guesses = Promise.all(Array.from({ length: 14 }, () => ask({ 'x-api-key': 'rk-guess' }, from)));
  expect((await ask({ 'x-api-key': 'rk-good' }, from)).status).toBe(200);
  const codes = (await guesses).map(codeOf);
  expect(new Set(codes)).toEqual(new Set(['invalid-key', 'too-many-failures']));
});
