import { writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFakeAnthropic } from '../../src/demo/anthropic.ts';
import { startFakeOpenAI } from '../../src/demo/openai.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { createAuthority, selfSigned, type Certificate } from './certificates.ts';
import { eventually, hashOf, keys, startGateway, temporaryFolder, type RunningGateway } from './gateway.ts';
import { openaiSdk, rejection, sdks } from './sdks.ts';
import { startTlsFront, type TlsFront } from './tls-front.ts';

/** A provider behind TLS: which host it is called by, what it shows, and the authority that the config names for it, if any. */
interface Server {
  host: string;
  shows: Certificate;
  caFile?: 'ours' | 'theirs' | 'both';
}

const ours = createAuthority('Our authority');
const theirs = createAuthority('Their authority');
const impostor = createAuthority('Our authority'); // the same name, another key
const roots = { ours: ours.root, theirs: theirs.root, both: theirs.root + ours.root };
const localhost = { names: ['localhost'] };

const proven: Record<string, Server> = {
  'its name': { host: 'localhost', shows: ours.issue(localhost), caFile: 'ours' },
  'its name among others': { host: 'localhost', shows: ours.issue({ names: ['a.test', 'localhost', 'b.test'] }), caFile: 'ours' },
  'a wildcard for its name': { host: 'api.localhost', shows: ours.issue({ names: ['*.localhost'] }), caFile: 'ours' },
  'its IP address': { host: '127.0.0.1', shows: ours.issue({ addresses: ['127.0.0.1'] }), caFile: 'ours' },
  'its name, by the second root of a file': { host: 'localhost', shows: ours.issue(localhost), caFile: 'both' },
  'its name, by an intermediate authority': { host: 'localhost', shows: ours.intermediate('Below').issue(localhost), caFile: 'ours' },
};

const refused: Record<string, Server> = {
  'an authority that is not the given one': { host: 'localhost', shows: theirs.issue(localhost), caFile: 'ours' },
  'an authority of the same name with another key': { host: 'localhost', shows: impostor.issue(localhost), caFile: 'ours' },
  'an authority that the system does not know, where none is given': { host: 'localhost', shows: ours.issue(localhost) },
  'itself alone': { host: 'localhost', shows: selfSigned(localhost), caFile: 'ours' },
  'itself alone, where no authority is given': { host: 'localhost', shows: selfSigned(localhost) },
  'an intermediate authority that it does not show': {
    host: 'localhost',
    shows: ours.intermediate('Below', { isSent: false }).issue(localhost),
    caFile: 'ours',
  },
  "a certificate that another server's certificate signed": {
    host: 'localhost',
    shows: ours.intermediate('shop.test', { isAuthority: false }).issue(localhost),
    caFile: 'ours',
  },
  'another name': { host: 'localhost', shows: ours.issue({ names: ['shop.test'] }), caFile: 'ours' },
  'a name that begins like its own': { host: 'localhost', shows: ours.issue({ names: ['localhost.shop.test'] }), caFile: 'ours' },
  'its name as common name alone': { host: 'localhost', shows: ours.issue({ commonName: 'localhost' }), caFile: 'ours' },
  'its IP address in place of its name': { host: 'localhost', shows: ours.issue({ addresses: ['127.0.0.1'] }), caFile: 'ours' },
  'a wildcard for the name above': { host: 'localhost', shows: ours.issue({ names: ['*.localhost'] }), caFile: 'ours' },
  'a wildcard for names two below': { host: 'a.b.localhost', shows: ours.issue({ names: ['*.localhost'] }), caFile: 'ours' },
  'another IP address': { host: '127.0.0.1', shows: ours.issue({ addresses: ['127.0.0.2'] }), caFile: 'ours' },
  'its IP address as a name': { host: '127.0.0.1', shows: ours.issue({ names: ['127.0.0.1'] }), caFile: 'ours' },
  'a certificate that ended a day ago': { host: 'localhost', shows: ours.issue({ ...localhost, validDays: [-2, -1] }), caFile: 'ours' },
  'a certificate that begins in a day': { host: 'localhost', shows: ours.issue({ ...localhost, validDays: [1, 2] }), caFile: 'ours' },
  "a client's certificate": { host: 'localhost', shows: ours.issue({ ...localhost, purpose: 'client' }), caFile: 'ours' },
};

const credential = 'sk-for-nobody-else';
const secret = 'The merger is on Tuesday.';
const slug = (name: string): string => name.replaceAll(/[^a-z]+/gi, '-').toLowerCase();

let openai: FakeProvider;
let anthropic: FakeProvider;
let gateway: RunningGateway;
const fronts = new Map<string, TlsFront>();

beforeAll(async () => {
  openai = await startFakeOpenAI({ apiKey: credential });
  anthropic = await startFakeAnthropic({ apiKey: credential });
  const folder = temporaryFolder();
  for (const [name, pem] of Object.entries(roots)) writeFileSync(join(folder, `${name}.pem`), pem);
  const other: Server = { host: 'localhost', shows: theirs.issue(localhost), caFile: 'theirs' };
  const servers = { ...proven, ...refused, other };
  for (const [name, { shows }] of Object.entries(servers)) fronts.set(name, await startTlsFront(shows, (name === 'other' ? anthropic : openai).port));
  const provider = ([name, { host, caFile }]: [string, Server]) => {
    const address = `https://${host}:${front(name).port}`;
    const api = name === 'other' ? { kind: 'anthropic', baseUrl: address } : { kind: 'openai', baseUrl: `${address}/v1` };
    return [slug(name), { ...api, apiKey: credential, ...(caFile && { caFile: `${caFile}.pem` }) }];
  };
  const model = (name: string) => ({
    targets: [{ provider: slug(name), model: name === 'other' ? 'claude-haiku-4-5' : 'gpt-5-mini' }],
  });
  const names = Object.keys(servers);
  gateway = await startGateway(
    {
      providers: Object.fromEntries(Object.entries(servers).map(provider)),
      models: Object.fromEntries(
        names.flatMap((name) => [
          [slug(name), model(name)],
          [`${slug(name)}:other`, { ...model(name), fallback: ['other'] }],
        ]),
      ),
      tenants: { open: { keys: [{ name: 'test', hash: hashOf(keys.open) }] } },
    },
    { folder },
  );
});
beforeEach(() => {
  for (const each of [openai, anthropic]) each.clear();
});
afterAll(async () => {
  await gateway?.stop();
  await Promise.all([openai, anthropic, ...fronts.values()].map((each) => each?.stop()));
});

function front(name: string): TlsFront {
  const found = fronts.get(name);
  if (found === undefined) throw new Error(`no server shows ${name}`);
  return found;
}

const ask = (model: string, { stream = false, sdk = openaiSdk } = {}) =>
  sdk.ask(gateway, { model, stream, maxTokens: 100, turns: [{ user: secret }] });

/** The server was called, each handshake with it has failed, and nothing that was meant for the provider went out, encrypted or not. */
async function expectNothingSent<T>(name: string, during: () => Promise<T>): Promise<T> {
  const { connections: before } = front(name);
  const result = await during();
  const { broken, sessions, plain, wire } = front(name);
  await eventually(
    () => front(name).connections - broken.length,
    (open) => open === 0,
  );
  expect(front(name).connections).toBeGreaterThan(before);
  expect(sessions).toEqual([]);
  expect(plain()).toHaveLength(0);
  const sent = wire();
  expect(sent[0]).toBe(0x16); // a TLS handshake, never a request in the clear
  for (const text of [credential, secret, 'POST', 'authorization']) expect(sent.includes(text)).toBe(false);
  return result;
}

describe.each(Object.entries(proven))('a provider whose certificate is of the given authority and for %s', (name, { host }) => {
  test.each([{ stream: false }, { stream: true }])('is called over TLS: stream $stream', async ({ stream }) => {
    const { text, headers } = await ask(slug(name), { stream });
    expect(text).toContain(`You said: "${secret}"`);
    expect(headers.get('x-remora-deployment')).toBe(`${slug(name)}/gpt-5-mini`);
    expect(openai.requests).toHaveLength(1);
    expect(openai.requests[0]?.headers).toMatchObject({ host: `${host}:${front(name).port}`, authorization: `Bearer ${credential}` });
    expect(front(name).plain().includes(secret)).toBe(true);
    expect(front(name).wire().includes(secret)).toBe(false);
  });

  test('is asked for by the name of its host, never by an address, with HTTP/1.1 over TLS 1.3', async () => {
    await ask(slug(name));
    expect(front(name).sessions[0]).toEqual({ serverName: isIP(host) === 0 ? host : false, protocol: 'TLSv1.3', alpn: 'http/1.1' });
  });
});

describe.each(Object.keys(refused))('a provider that shows %s', (name) => {
  test.each(sdks.flatMap((sdk) => [false, true].map((stream) => ({ sdk, stream, of: sdk.name }))))(
    'is refused, with no byte for it sent: $of, stream $stream',
    async ({ sdk, stream }) => {
      const thrown = await expectNothingSent(name, () => rejection(ask(slug(name), { sdk, stream })));
      expect(thrown['status']).toBe(503);
      expect((thrown['headers'] as Headers).get('x-remora-error')).toBe('provider-unreachable');
      expect(openai.requests).toEqual([]);
    },
  );

  test('gives way to the next of the chain', async () => {
    const { text, headers } = await expectNothingSent(name, () => ask(`${slug(name)}:other`));
    expect(text).toContain('demo Anthropic');
    expect(headers.get('x-remora-deployment')).toBe('other/claude-haiku-4-5');
    expect(headers.get('x-remora-attempts')).toBe('2');
    expect([openai.requests.length, anthropic.requests.length]).toEqual([0, 1]);
  });
});

test('two providers at once are each checked against their own authority', async () => {
  const asked = await Promise.all(Array.from({ length: 40 }, (_, index) => ask(index % 2 === 0 ? slug('its name') : 'other')));
  expect(asked.map(({ headers }) => headers.get('x-remora-deployment'))).toEqual(
    asked.map((_, index) => (index % 2 === 0 ? `${slug('its name')}/gpt-5-mini` : 'other/claude-haiku-4-5')),
  );
  expect([openai.requests.length, anthropic.requests.length]).toEqual([20, 20]);
});

test('the log says why a provider was refused, without the credential and the prompt', async () => {
  for (const name of Object.keys(refused)) await rejection(ask(slug(name)));
  expect(gateway.output()).toContain('CERTIFICATE_VERIFY_FAILED');
  expect(gateway.output()).not.toContain(credential);
  expect(gateway.output()).not.toContain(secret);
});
