import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { azureCredential, type EntraTransport } from './azure.ts';

const credential = { tenantId: '11111111-1111-1111-1111-111111111111', clientId: 'the-client', clientSecret: 'the-secret-of-the-client' };
const call = { method: 'POST', host: 'demo.openai.azure.com', path: '/', body: Buffer.alloc(0), headers: new Map<string, string>() };

beforeEach(() => {
  for (const name of [
    'AZURE_TENANT_ID',
    'AZURE_CLIENT_ID',
    'AZURE_CLIENT_SECRET',
    'AZURE_TOKEN_CREDENTIALS',
    'AZURE_FEDERATED_TOKEN_FILE',
    'IDENTITY_ENDPOINT',
  ])
    vi.stubEnv(name, undefined);
});
afterEach(() => vi.unstubAllEnvs());

interface FakeAuthority {
  transport: EntraTransport;
  /** The form of each request for a token. */
  asked: URLSearchParams[];
  /** Seconds that the next tokens last; an hour where there are none left. A negative one refuses the client. */
  lifetimes: number[];
}

type Client = NonNullable<EntraTransport['httpClient']>;

const identityEndpoint = 'http://127.0.0.1:1/msi/token';

/** Answers as Microsoft Entra's token endpoint does, in place of the library's own HTTP: it would take no certificate of a fake. */
function createAuthority(): FakeAuthority {
  const asked: URLSearchParams[] = [];
  const lifetimes: number[] = [];
  const httpClient: Client = {
    sendRequest(request) {
      const { status, json } = answer(request.url, typeof request.body === 'string' ? request.body : '');
      return Promise.resolve({ request, status, headers: request.headers, bodyAsText: JSON.stringify(json) });
    },
  };
  function answer(url: string, body: string): { status: number; json: unknown } {
    const { pathname, origin } = new URL(url);
    if (pathname.endsWith('/.well-known/openid-configuration')) {
      const endpoint = `${origin}/${credential.tenantId}/oauth2/v2.0`;
      return {
        status: 200,
        json: {
          issuer: `${origin}/${credential.tenantId}/v2.0`,
          authorization_endpoint: `${endpoint}/authorize`,
          token_endpoint: `${endpoint}/token`,
          jwks_uri: `${origin}/keys`,
        },
      };
    }
    // The library remembers for the whole process that an earlier chain saw no App Service, and then knocks at the machine's metadata first.
    if (url.startsWith('http://169.254.169.254/')) return { status: 400, json: {} };
    asked.push(new URLSearchParams(body || new URL(url).search));
    const seconds = lifetimes.shift() ?? 3600;
    if (seconds < 0)
      return { status: 401, json: { error: 'invalid_client', error_description: `AADSTS7000215: ${credential.clientSecret} is wrong.` } };
    const until = Math.floor(Date.now() / 1000) + seconds;
    const lasting = url.startsWith(identityEndpoint) ? { expires_on: until } : { expires_in: seconds, ext_expires_in: seconds };
    return { status: 200, json: { token_type: 'Bearer', ...lasting, access_token: `token-${asked.length}` } };
  }
  const transport = { httpClient, authorityHost: 'https://login.example', disableInstanceDiscovery: true, retryOptions: { maxRetries: 0 } };
  return { transport, asked, lifetimes };
}

test('a key goes into api-key, and a given token into authorization', () => {
  expect(azureCredential({ apiKey: 'k' })(call)).toEqual({ 'api-key': 'k' });
  expect(azureCredential({ accessToken: 't' })(call)).toEqual({ authorization: 'Bearer t' });
});

describe('a client with a secret', () => {
  test('gets a token for Cognitive Services once, however many calls wait for it, and keeps it', async () => {
    const { transport, asked } = createAuthority();
    const authorize = azureCredential(credential, transport);
    const all = await Promise.all(Array.from({ length: 20 }, async () => authorize(call)));
    expect(new Set(all.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer token-1']));
    expect(await authorize(call)).toEqual({ authorization: 'Bearer token-1' });
    expect(asked.map((form) => Object.fromEntries(form))).toMatchObject([
      {
        grant_type: 'client_credentials',
        client_id: credential.clientId,
        client_secret: credential.clientSecret,
        scope: expect.stringContaining('https://cognitiveservices.azure.com/.default') as string,
      },
    ]);
  });

  test.each([
    ['demo.openai.azure.us', 'https://cognitiveservices.azure.us/.default'],
    ['demo.openai.azure.cn:443', 'https://cognitiveservices.azure.cn/.default'],
    ['proxy.example', 'https://cognitiveservices.azure.com/.default'],
  ])('at %s asks for the scope of its cloud', async (host, scope) => {
    const { transport, asked } = createAuthority();
    await azureCredential(credential, transport)({ ...call, host });
    expect(asked[0]?.get('scope')).toContain(scope);
  });

  test('gets another token five minutes before the first one ends', async () => {
    const { transport, lifetimes, asked } = createAuthority();
    lifetimes.push(200);
    const authorize = azureCredential(credential, transport);
    await authorize(call);
    expect(await authorize(call)).toEqual({ authorization: 'Bearer token-2' });
    expect(await authorize(call)).toEqual({ authorization: 'Bearer token-2' });
    expect(asked).toHaveLength(2);
  });

  test('that is refused fails this call alone, and its error has no secret', async () => {
    const { transport, lifetimes } = createAuthority();
    lifetimes.push(-1);
    const authorize = azureCredential(credential, transport);
    const error: unknown = await Promise.resolve(authorize(call)).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/^Error: Microsoft Entra: .*AADSTS7000215: \[secret\] is wrong/s);
    expect(Object.keys(error as object)).toEqual([]);
    expect(await authorize(call)).toEqual({ authorization: 'Bearer token-2' });
  });
});

describe('the default chain', () => {
  test('finds a client in environment variables', async () => {
    const { transport, asked } = createAuthority();
    vi.stubEnv('AZURE_TENANT_ID', credential.tenantId);
    vi.stubEnv('AZURE_CLIENT_ID', credential.clientId);
    vi.stubEnv('AZURE_CLIENT_SECRET', credential.clientSecret);
    expect(await azureCredential({}, transport)(call)).toEqual({ authorization: 'Bearer token-1' });
    expect(asked[0]?.get('client_id')).toBe(credential.clientId);
  });

  test("trades the token of a cluster's workload identity", async () => {
    const { transport, asked } = createAuthority();
    const folder = mkdtempSync(join(tmpdir(), 'remora-azure-'));
    writeFileSync(join(folder, 'token'), 'token-of-the-cluster');
    vi.stubEnv('AZURE_TENANT_ID', credential.tenantId);
    vi.stubEnv('AZURE_CLIENT_ID', credential.clientId);
    vi.stubEnv('AZURE_FEDERATED_TOKEN_FILE', join(folder, 'token'));
    expect(await azureCredential({}, transport)(call)).toEqual({ authorization: 'Bearer token-1' });
    expect(asked[0]?.get('client_assertion')).toBe('token-of-the-cluster');
    rmSync(folder, { recursive: true });
  });

  test('asks for the managed identity of an App Service, and keeps the token', async () => {
    const { transport, asked } = createAuthority();
    vi.stubEnv('IDENTITY_ENDPOINT', identityEndpoint);
    vi.stubEnv('IDENTITY_HEADER', 'header-of-the-service');
    const authorize = azureCredential({}, transport);
    expect(await authorize(call)).toEqual({ authorization: 'Bearer token-1' });
    expect(await authorize(call)).toEqual({ authorization: 'Bearer token-1' });
    expect(asked.map((query) => query.get('resource'))).toEqual(['https://cognitiveservices.azure.com']);
  });
});
