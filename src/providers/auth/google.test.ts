import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startFakeVertex, type FakeVertex } from '../../demo/vertex.ts';
import { demoProject, demoSubjectToken } from '../../demo/vertex/oauth.ts';
import type { Authorize, Credential } from '../provider.ts';
import { googleToken, type GoogleTransport } from './google.ts';

let folder: string;
const stops: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-google-'));
  for (const name of ['GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_CLOUD_PROJECT', 'GCLOUD_PROJECT']) vi.stubEnv(name, undefined);
  vi.stubEnv('HOME', folder); // where gcloud would keep a developer's own
  vi.stubEnv('CLOUDSDK_CONFIG', folder);
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function started(options: Parameters<typeof startFakeVertex>[0] = {}): Promise<FakeVertex> {
  const fake = await startFakeVertex(options);
  stops.push(fake.stop);
  return fake;
}

/** The library asks for a service account's token at Google's own address, whatever the account says: this leads to the fake. */
const toFake = ({ oauth }: FakeVertex, before?: () => Response | undefined): GoogleTransport => ({
  transporterOptions: {
    fetchImplementation: (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      return Promise.resolve(before?.() ?? fetch(url.replace('https://oauth2.googleapis.com/token', oauth.tokenUri), init));
    },
  },
});

/** Connects as a provider of the fake's project. */
const connect = (credential: Credential, transport?: GoogleTransport): Authorize => googleToken(credential, { project: demoProject }, transport);

const call = { method: 'POST', host: 'h', path: '/', body: Buffer.alloc(0), headers: new Map<string, string>() };

/** What the fake Vertex AI makes of the token that is shown. */
async function shown(fake: FakeVertex, authorize: Authorize): Promise<string> {
  const { authorization = '' } = await authorize(call);
  return fake.oauth.stateOf(authorization.replace(/^Bearer /, ''));
}

const serviceAccount = ({ oauth }: FakeVertex): string => JSON.stringify(oauth.serviceAccount());

test('a given access token is shown as it is', () => {
  expect(connect({ accessToken: 'ya29.own' })(call)).toEqual({ authorization: 'Bearer ya29.own' });
});

describe('a service account', () => {
  test('gets a token once, however many calls wait for it, and keeps it', async () => {
    const fake = await started();
    const authorize = connect({ serviceAccount: serviceAccount(fake) }, toFake(fake));
    const states = await Promise.all(Array.from({ length: 20 }, () => shown(fake, authorize)));
    expect(new Set(states)).toEqual(new Set(['valid']));
    expect(await shown(fake, authorize)).toBe('valid');
    expect(fake.oauth.tokenRequests()).toBe(1);
  });

  test('gets another token five minutes before the first one ends', async () => {
    const fake = await started({ tokenSeconds: 290 });
    const authorize = connect({ serviceAccount: serviceAccount(fake) }, toFake(fake));
    const [first, second] = [await authorize(call), await authorize(call)];
    expect(first['authorization']).not.toBe(second['authorization']);
    expect(fake.oauth.tokenRequests()).toBe(2);
  });

  test('whose token cannot be had fails this call alone', async () => {
    const fake = await started();
    let failures = 1;
    const refused = (): Response | undefined => (failures-- > 0 ? Response.json({ error: 'invalid_grant' }, { status: 400 }) : undefined);
    const authorize = connect({ serviceAccount: serviceAccount(fake) }, toFake(fake, refused));
    await expect(shown(fake, authorize)).rejects.toThrow('Google Cloud: ');
    expect(await shown(fake, authorize)).toBe('valid');
  });

  test('that is refused says why, without its key or what was sent', async () => {
    const [fake, other] = [await started(), await started()];
    const stranger = serviceAccount(other);
    const error: unknown = await shown(fake, connect({ serviceAccount: stranger }, toFake(fake))).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toContain('invalid_grant');
    expect(String(error)).not.toContain('PRIVATE KEY');
    expect(Object.keys(error as object)).toEqual([]);
  });

  test('that is no JSON is not quoted', async () => {
    await expect(connect({ serviceAccount: 'secret{' })(call)).rejects.toEqual(new Error('Google Cloud: the service account is not JSON'));
  });
});

describe('workload identity', () => {
  test('trades the proof in a file for a token, once for many calls', async () => {
    const fake = await started();
    const file = join(folder, 'proof');
    writeFileSync(file, demoSubjectToken);
    const authorize = connect({ serviceAccount: JSON.stringify(fake.oauth.workloadIdentity(file)) });
    const states = await Promise.all(Array.from({ length: 20 }, () => shown(fake, authorize)));
    expect([new Set(states), fake.oauth.tokenRequests()]).toEqual([new Set(['valid']), 1]);
  });

  test('reads the proof again after it was refused', async () => {
    const fake = await started();
    const file = join(folder, 'proof');
    writeFileSync(file, 'an old one');
    const authorize = connect({ serviceAccount: JSON.stringify(fake.oauth.workloadIdentity(file)) });
    await expect(shown(fake, authorize)).rejects.toThrow('The subject token is not one of the pool’s.');
    writeFileSync(file, demoSubjectToken);
    expect(await shown(fake, authorize)).toBe('valid');
  });
});

describe('application default credentials', () => {
  test('are those of the file in GOOGLE_APPLICATION_CREDENTIALS', async () => {
    const fake = await started();
    const [file, proof] = [join(folder, 'google.json'), join(folder, 'proof')];
    writeFileSync(proof, demoSubjectToken);
    writeFileSync(file, JSON.stringify(fake.oauth.workloadIdentity(proof)));
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', file);
    expect(await shown(fake, connect({}))).toBe('valid');
  });

  test("are the machine's own, and are found once its metadata server is up", async () => {
    const fake = await started();
    const authorize = connect({});
    await expect(authorize(call)).rejects.toThrow('Google Cloud: Could not load the default credentials.');
    vi.stubEnv('METADATA_SERVER_DETECTION', undefined);
    vi.stubEnv('GCE_METADATA_HOST', fake.oauth.metadataHost);
    const states = await Promise.all(Array.from({ length: 20 }, () => shown(fake, authorize)));
    expect([new Set(states), fake.oauth.tokenRequests()]).toEqual([new Set(['valid']), 1]);
  });
});
