import { describe, expect, test } from 'vitest';
import { tenant } from '../policies/tenant.fixture.ts';
import { authenticate } from './authenticate.ts';
import { createIdentities, type IdentityConfig, type IdentityEvent } from './identities.ts';
import { createIssuer, issuedAt } from './issuer.fixture.ts';
import { noIdentityRules, type IdentityRules } from './rules.ts';
import { hashOf, virtualKey } from './virtual-key.fixture.ts';
import type { VirtualKey } from './virtual-key.ts';

const tenants = new Map([tenant('marketing'), tenant('research', { ownKeys: true })].map((each) => [each.name, each]));

function setUp(rules: Partial<IdentityRules> = {}, keys: VirtualKey[] = [virtualKey('rk-1')]) {
  const state = { now: issuedAt * 1000, events: [] as IdentityEvent[], timers: [] as (() => void)[], fetched: 0, jwks: () => new Response('') };
  const identities = createIdentities({
    now: () => state.now,
    fetch: async () => {
      state.fetched++;
      return state.jwks();
    },
    onEvent: (event) => state.events.push(event),
    after: (_, run) => {
      state.timers.push(run);
      return () => {};
    },
  });
  const config: IdentityConfig = { tenants, keys, identity: { ...noIdentityRules, ...rules } };
  identities.use(config);
  const call = (headers: Record<string, string>, from = '192.0.2.7:1', signal = new AbortController().signal) =>
    authenticate({ headers: new Map(Object.entries(headers)), attributes: new Map([['source.address', from]]) }, identities, signal);
  const bearer = (key: string) => call({ authorization: `Bearer ${key}` });
  return { state, identities, config, call, bearer };
}

const refusal = (code: string, status: number) => expect.objectContaining({ code, status });

describe('a virtual key', () => {
  test.each([
    ['authorization', 'Bearer rk-1'],
    ['authorization', 'bearer  rk-1'],
    ['x-api-key', 'rk-1'],
    ['api-key', 'rk-1'],
    ['x-goog-api-key', ' rk-1 '],
  ])('is taken in %s as %j, at once', (name, value) => {
    expect(setUp().call({ [name]: value })).toMatchObject({ tenant: { name: 'marketing' }, keyId: 'rk-1' });
  });

  test.each([[{}], [{ authorization: 'Basic abc' }], [{ authorization: 'Bearer' }], [{ 'x-api-key': '' }]])('is missing in %j', (headers) => {
    expect(() => setUp().call(headers)).toThrow(refusal('missing-key', 401));
  });

  test('that is not known is refused, and not repeated', () => {
    const { bearer } = setUp();
    expect(() => bearer('rk-2')).toThrow(refusal('invalid-key', 401));
    expect(() => bearer('rk-2')).not.toThrow(/rk-2/);
  });

  test.each<[Partial<VirtualKey>, string, number, RegExp]>([
    [{ expiresAt: issuedAt * 1000 }, 'key-expired', 401, /expired/],
    [{ disabledAt: 1 }, 'key-disabled', 403, /disabled/],
    [{ removedAt: 1 }, 'invalid-key', 401, /removed/],
    [{ tenant: 'sales' }, 'key-disabled', 403, /tenant/],
    [{ networks: ['10.0.0.0/8'] }, 'network-not-allowed', 403, /network/],
    [{ removedAt: 1, disabledAt: 1, expiresAt: 1 }, 'invalid-key', 401, /removed/],
  ])('with %j is refused as %s', (fields, code, status, message) => {
    const { identities, bearer } = setUp();
    identities.keyring.useStored([virtualKey('stored', fields)]);
    expect(() => bearer('stored')).toThrow(refusal(code, status));
    expect(() => bearer('stored')).toThrow(message);
  });

  test('is valid until the moment it expires', () => {
    expect(setUp({}, [virtualKey('rk-1', { expiresAt: issuedAt * 1000 + 1 })]).bearer('rk-1')).toMatchObject({ keyId: 'rk-1' });
  });

  test('that was rotated is valid beside the new one, until its time', () => {
    const { identities, bearer, state } = setUp();
    identities.keyring.useStored([virtualKey('k', { hash: hashOf('new'), previous: { hash: hashOf('old'), until: state.now + 1 } })]);
    expect(bearer('new')).toBe(bearer('old'));
    state.now++;
    expect(bearer('new')).toMatchObject({ keyId: 'k' });
    expect(() => bearer('old')).toThrow(refusal('key-expired', 401));
  });

  test('may be used from its networks alone; what headers say of that is nothing', () => {
    const { call } = setUp({}, [virtualKey('rk-1', { networks: ['10.0.0.0/8', '2001:db8::/32'] })]);
    expect(call({ 'x-api-key': 'rk-1' }, '10.1.2.3:1')).toMatchObject({ keyId: 'rk-1' });
    expect(call({ 'x-api-key': 'rk-1' }, '[2001:db8::1]:1')).toMatchObject({ keyId: 'rk-1' });
    expect(() => call({ 'x-api-key': 'rk-1', 'x-forwarded-for': '10.1.2.3' }, '192.0.2.7:1')).toThrow(refusal('network-not-allowed', 403));
    expect(() => call({ 'x-api-key': 'rk-1' }, '/run/client.sock')).toThrow(refusal('network-not-allowed', 403));
  });

  test('is the same object for every request', () => {
    const { bearer } = setUp();
    expect(bearer('rk-1')).toBe(bearer('rk-1'));
  });

  test('nobody is known before there is a config', () => {
    const identities = createIdentities({ now: () => 0, fetch, onEvent: () => {} });
    const opening = { headers: new Map([['x-api-key', 'rk-1']]), attributes: new Map<string, string>() };
    expect(() => authenticate(opening, identities, new AbortController().signal)).toThrow(refusal('gateway-unavailable', 503));
  });
});

describe('a token', () => {
  async function withIssuer(rules: Parameters<typeof createIssuer>[0] = {}) {
    const issuer = await createIssuer(rules);
    const parts = setUp({ issuers: [issuer.rules] });
    parts.state.jwks = () => new Response(issuer.published());
    return { ...parts, issuer };
  }

  test('speaks for the tenant that its claims name, with its user', async () => {
    const { issuer, bearer } = await withIssuer();
    expect(await bearer(await issuer.sign())).toMatchObject({ tenant: { name: 'marketing' }, key: 'jwt', keyId: 'jwt', user: 'alice' });
  });

  test('may come as an API key, as the SDK of Anthropic sends it', async () => {
    const { issuer, call } = await withIssuer();
    expect(await call({ 'x-api-key': await issuer.sign() })).toMatchObject({ key: 'jwt' });
  });

  test('may come in a header of its own, with or without "Bearer"', async () => {
    const { issuer, call } = await withIssuer({ header: 'x-id-token' });
    const token = await issuer.sign();
    expect(await call({ 'x-id-token': token })).toMatchObject({ key: 'jwt' });
    expect(await call({ 'x-id-token': `Bearer ${token}` })).toMatchObject({ key: 'jwt' });
    expect(() => call({ authorization: `Bearer ${token}` })).toThrow(refusal('invalid-key', 401));
  });

  test('is checked once a minute, and is known at once in between', async () => {
    const { issuer, bearer, state } = await withIssuer();
    const token = await issuer.sign();
    const first = await bearer(token);
    expect(bearer(token)).toBe(first);
    state.now += 60_000;
    expect(bearer(token)).toBeInstanceOf(Promise);
  });

  test('is not known for longer than it is valid', async () => {
    const { issuer, bearer, state } = await withIssuer({ clockSkewMs: 1000 });
    const token = await issuer.sign({ exp: issuedAt + 10 });
    await bearer(token);
    state.now += 11_001;
    await expect(bearer(token)).rejects.toThrow(refusal('invalid-token', 401));
  });

  test('is checked again under another config, with the keys at hand', async () => {
    const { issuer, bearer, identities, config, state } = await withIssuer();
    const token = await issuer.sign();
    await bearer(token);
    identities.use({ ...config, identity: { ...config.identity, issuers: [{ ...issuer.rules, tenant: { type: 'fixed', tenant: 'research' } }] } });
    expect(await bearer(token)).toMatchObject({ tenant: { name: 'research' } });
    expect(state.fetched).toBe(1);
  });

  test('that leads to no tenant is refused', async () => {
    const { issuer, bearer } = await withIssuer();
    await expect(bearer(await issuer.sign({ team: 'sales' }))).rejects.toThrow(refusal('unknown-caller', 403));
  });

  test('cannot be checked while its issuer is down, which is no failure of the caller', async () => {
    const { issuer, bearer, state } = await withIssuer();
    state.jwks = () => new Response('', { status: 500 });
    for (let time = 0; time < 20; time++) await expect(bearer(await issuer.sign())).rejects.toThrow(refusal('gateway-unavailable', 503));
    expect(state.timers).toEqual([]);
  });

  test('is not waited for when the client has gone', async () => {
    const { issuer, call, state } = await withIssuer();
    state.jwks = () => new Promise(() => {}) as never;
    const client = new AbortController();
    const found = call({ authorization: `Bearer ${await issuer.sign()}` }, '192.0.2.7:1', client.signal);
    client.abort();
    await expect(found).rejects.toThrow(/hung up/);
  });

  test('does not hide a virtual key that has the form of one', async () => {
    const { bearer, config, identities } = await withIssuer();
    identities.use({ ...config, keys: [virtualKey('a.b.c')] });
    expect(bearer('a.b.c')).toMatchObject({ keyId: 'a.b.c' });
  });
});

describe('a certificate', () => {
  const rules: Partial<IdentityRules> = {
    certificates: [{ by: 'spiffe', name: 'spiffe://cluster/ns/marketing/*', tenant: 'marketing' }],
    forwardedFrom: ['127.0.0.6/32'],
  };
  const forwarded = { 'x-forwarded-client-cert': 'By=x;URI=spiffe://cluster/ns/marketing/sa/website' };

  test('speaks for the tenant of the first rule that fits, its name as the user', () => {
    const { call } = setUp(rules);
    const identity = call(forwarded, '127.0.0.6:1');
    expect(identity).toMatchObject({ tenant: { name: 'marketing' }, key: 'mtls', user: 'spiffe://cluster/ns/marketing/sa/website' });
    expect(call(forwarded, '127.0.0.6:2')).toBe(identity);
  });

  test('that a client has written itself is none', () => {
    expect(() => setUp(rules).call(forwarded)).toThrow(refusal('missing-key', 401));
  });

  test('that no rule fits is refused', () => {
    const other = { 'x-forwarded-client-cert': 'By=x;URI=spiffe://cluster/ns/sales/sa/website' };
    expect(() => setUp(rules).call(other, '127.0.0.6:1')).toThrow(refusal('unknown-caller', 403));
  });

  test('that no rule fits leaves the word to a header that is trusted', () => {
    const { call } = setUp({ ...rules, header: { name: 'x-tenant', user: undefined, from: ['127.0.0.6'] } });
    const other = { 'x-forwarded-client-cert': 'By=x;URI=spiffe://cluster/ns/sales/sa/website' };
    expect(call({ ...other, 'x-tenant': 'research' }, '127.0.0.6:1')).toMatchObject({ key: 'header' });
    expect(() => call(other, '127.0.0.6:1')).toThrow(refusal('unknown-caller', 403));
  });

  test('comes after a virtual key, which is refused where it is unknown unless the config says that it is no matter', () => {
    const wrong = { ...forwarded, authorization: 'Bearer sk-of-the-vendor' };
    expect(setUp(rules).call({ ...forwarded, 'x-api-key': 'rk-1' }, '127.0.0.6:1')).toMatchObject({ keyId: 'rk-1' });
    expect(() => setUp(rules).call(wrong, '127.0.0.6:1')).toThrow(refusal('invalid-key', 401));
    expect(setUp({ ...rules, ignoreUnknownKeys: true }).call(wrong, '127.0.0.6:1')).toMatchObject({ key: 'mtls' });
    expect(() => setUp({ ...rules, ignoreUnknownKeys: true }).call(wrong)).toThrow(refusal('invalid-key', 401));
  });
});

describe('a header', () => {
  const rules: Partial<IdentityRules> = { header: { name: 'x-tenant', user: 'x-user', from: ['10.0.0.0/8'] } };

  test('of a trusted proxy names tenant and user', () => {
    const identity = setUp(rules).call({ 'x-tenant': 'research', 'x-user': 'bob' }, '10.0.0.1:1');
    expect(identity).toMatchObject({ tenant: { name: 'research' }, key: 'header', user: 'bob' });
  });

  test('of anybody else says nothing', () => {
    expect(() => setUp(rules).call({ 'x-tenant': 'research' })).toThrow(refusal('missing-key', 401));
  });

  test.each(['sales', 'research, marketing', '__proto__'])('that says %s names nobody', (name) => {
    expect(() => setUp(rules).call({ 'x-tenant': name }, '10.0.0.1:1')).toThrow(refusal('unknown-caller', 403));
  });
});

describe("a provider's key of the caller's own", () => {
  const own = (key: string) => ({ 'x-api-key': 'rk-1', 'x-remora-provider-key': key });
  const ofResearch = [virtualKey('rk-1', { tenant: 'research' })];

  test('comes with who calls, where the tenant lets it', () => {
    const { call } = setUp({}, ofResearch);
    expect(call(own('sk-own'))).toMatchObject({ keyId: 'rk-1', ownCredential: 'sk-own' });
    expect(call({ 'x-api-key': 'rk-1' })).toMatchObject({ ownCredential: undefined });
  });

  test('is refused else, and never repeated', () => {
    const { call } = setUp();
    expect(() => call(own('sk-own'))).toThrow(refusal('own-key-refused', 403));
    expect(() => call(own('sk-own'))).not.toThrow(/sk-own/);
  });

  test.each(['', 'two words', 'ä', 'k'.repeat(5000)])('that cannot be one is refused: %.20j', (key) => {
    expect(() => setUp({}, ofResearch).call(own(key))).toThrow(refusal('own-key-refused', 403));
  });
});

describe('whoever fails often', () => {
  const fail = ({ bearer }: ReturnType<typeof setUp>, times: number): void => {
    for (let time = 0; time < times; time++) expect(() => bearer('wrong')).toThrow(refusal('invalid-key', 401));
  };

  test('is told late, while a good key from the same address passes at once', async () => {
    const parts = setUp();
    fail(parts, 10);
    const late = parts.bearer('wrong');
    expect(late).toBeInstanceOf(Promise);
    expect(parts.bearer('rk-1')).toMatchObject({ keyId: 'rk-1' });
    for (const run of parts.state.timers) run();
    await expect(late).rejects.toThrow(refusal('invalid-key', 401));
    expect(parts.state.events.map((event) => event.type === 'refused' && event.late)).toEqual([...Array(10).fill(false), true]);
  });

  test('is refused at once where too many wait', async () => {
    const parts = setUp();
    fail(parts, 10);
    const waiting = Array.from({ length: 10 }, async () => parts.bearer('wrong'));
    await expect(parts.bearer('wrong')).rejects.toThrow(refusal('too-many-failures', 429));
    for (const run of parts.state.timers) run();
    await Promise.allSettled(waiting);
  });

  test('does not fail by sending no key at all', () => {
    const parts = setUp();
    for (let time = 0; time < 50; time++) expect(() => parts.call({})).toThrow(refusal('missing-key', 401));
  });
});
