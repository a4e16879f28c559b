import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startFakeBedrock, type FakeBedrock } from '../../demo/bedrock.ts';
import type { Authorize, Credential } from '../provider.ts';
import { awsSignature } from './aws.ts';

const region = 'eu-central-1';
const sessionToken = 'session-token-of-the-demo';
const roleArn = 'arn:aws:iam::123456789012:role/llm';
const model = 'eu.anthropic.claude-haiku-4-5-20251001-v1:0';
const pathOf = (id: string): string => `/model/${encodeURIComponent(id)}/converse`;
const body = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Grüße' }] }] }));

const connect = (credential: Credential): Authorize => awsSignature('bedrock')(credential, { region });

let folder: string;
const stops: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-aws-'));
  const none = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE', 'AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'];
  for (const name of none) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function started(options: Parameters<typeof startFakeBedrock>[0] = {}): Promise<FakeBedrock> {
  const fake = await startFakeBedrock({ region, ...options });
  stops.push(fake.stop);
  return fake;
}

/** Sends a request as an attempt would, and gives the fake's status and error type. */
async function call(fake: FakeBedrock, authorize: Authorize, path = pathOf(model)): Promise<string> {
  const headers = new Map([['content-type', 'application/json']]);
  const shown = await authorize({ method: 'POST', host: new URL(fake.url).host, path, body, headers });
  const response = await fetch(fake.url + path, { method: 'POST', headers: { ...Object.fromEntries(headers), ...shown }, body });
  await response.arrayBuffer();
  return `${response.status} ${response.headers.get('x-amzn-errortype')?.split(':')[0] ?? ''}`.trim();
}

interface FakeTokens {
  url: string;
  /** What arrived: the form of each request, or its path. */
  asked: string[];
  /** Seconds that what is given next lasts, one for each answer; an hour where there are none left. A negative one makes the answer an error. */
  lifetimes: number[];
}

/** Gives the fake Bedrock's own access key: as the Security Token Service to posted forms, as a container's endpoint else. */
async function startTokens({ credentials }: FakeBedrock): Promise<FakeTokens> {
  const tokens: FakeTokens = { url: '', asked: [], lifetimes: [] };
  const server = createServer((request, response) => {
    void answer(request).then(({ status, type, content }) => response.writeHead(status, { 'content-type': type }).end(content));
  });
  async function answer(request: IncomingMessage): Promise<{ status: number; type: string; content: string }> {
    const form = await text(request);
    tokens.asked.push(`${form || request.url} ${request.headers.authorization ?? ''}`);
    const seconds = tokens.lifetimes.shift() ?? 3600;
    if (seconds < 0) return { status: 403, type: 'text/xml', content: denied };
    const until = new Date(Date.now() + seconds * 1000).toISOString();
    const { accessKeyId, secretAccessKey } = credentials;
    if (form === '') {
      const given = { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration: until };
      return { status: 200, type: 'application/json', content: JSON.stringify(given) };
    }
    const action = new URLSearchParams(form).get('Action') ?? '';
    const given = { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken, Expiration: until };
    const fields = Object.entries(given).map(([name, value]) => `<${name}>${value}</${name}>`);
    const result = `<${action}Result><Credentials>${fields.join('')}</Credentials></${action}Result>`;
    return {
      status: 200,
      type: 'text/xml',
      content: `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${result}</${action}Response>`,
    };
  }
  tokens.url = await listening(server);
  stops.push(() => server.close());
  vi.stubEnv('AWS_ENDPOINT_URL_STS', tokens.url);
  return tokens;
}

const denied = `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>The caller may not assume the role.

The Canonical String was: x-amz-security-token:${sessionToken}</Message></Error></ErrorResponse>`;

function listening(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`);
    });
  });
}

describe('an access key', () => {
  test.each([
    ['an id with a colon', model],
    ['the ARN of an inference profile', `arn:aws:bedrock:${region}:123456789012:inference-profile/${model}`],
  ])('signs calls of %s', async (_, id) => {
    const fake = await started();
    expect(await call(fake, connect(fake.credentials), pathOf(id))).toBe('200');
  });

  test('that is temporary brings its session token', async () => {
    const fake = await started({ sessionToken });
    expect(await call(fake, connect(fake.credentials))).toBe('200');
    const { accessKeyId, secretAccessKey } = fake.credentials;
    expect(await call(fake, connect({ accessKeyId, secretAccessKey }))).toBe('403 UnrecognizedClientException');
  });

  test('with another secret, or for another region, signs what is refused', async () => {
    const fake = await started();
    expect(await call(fake, connect({ ...fake.credentials, secretAccessKey: 'wrong' }))).toBe('403 InvalidSignatureException');
    expect(await call(fake, awsSignature('bedrock')(fake.credentials, { region: 'us-east-1' }))).toBe('403 InvalidSignatureException');
  });

  test('signs each call for itself: what another call was signed with is refused', async () => {
    const fake = await started();
    const authorize = connect(fake.credentials);
    const signedOnce = await authorize({
      method: 'POST',
      host: new URL(fake.url).host,
      path: pathOf(model),
      body: Buffer.from('{}'),
      headers: new Map(),
    });
    expect(await call(fake, () => signedOnce)).toBe('403 InvalidSignatureException');
    expect(await call(fake, authorize)).toBe('200');
  });
});

test('an API key is shown as it is', async () => {
  const fake = await started();
  expect(await call(fake, connect({ apiKey: fake.apiKey }))).toBe('200');
  expect(await call(fake, connect({ apiKey: 'wrong' }))).toMatch(/^403/);
});

describe('the standard chain', () => {
  test('finds environment variables', async () => {
    const fake = await started({ sessionToken });
    vi.stubEnv('AWS_ACCESS_KEY_ID', fake.credentials.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', fake.credentials.secretAccessKey);
    vi.stubEnv('AWS_SESSION_TOKEN', sessionToken);
    expect(await call(fake, connect({}))).toBe('200');
  });

  test('finds a profile of a shared credentials file', async () => {
    const fake = await started();
    const { accessKeyId, secretAccessKey } = fake.credentials;
    writeFileSync(join(folder, 'credentials'), `[llm]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`);
    vi.stubEnv('AWS_PROFILE', 'llm');
    expect(await call(fake, connect({}))).toBe('200');
  });

  test('trades the token of a web identity for credentials of its role', async () => {
    const fake = await started({ sessionToken });
    const sts = await startTokens(fake);
    writeFileSync(join(folder, 'token'), 'token-of-the-cluster');
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', join(folder, 'token'));
    vi.stubEnv('AWS_ROLE_ARN', roleArn);
    expect(await call(fake, connect({}))).toBe('200');
    const [asked] = sts.asked.map((each) => new URLSearchParams(each.split(' ')[0]));
    expect([asked?.get('Action'), asked?.get('RoleArn'), asked?.get('WebIdentityToken')]).toEqual([
      'AssumeRoleWithWebIdentity',
      roleArn,
      'token-of-the-cluster',
    ]);
  });

  test("finds a container's credentials, and asks again shortly before they end", async () => {
    const fake = await started({ sessionToken });
    const container = await startTokens(fake);
    vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${container.url}/credentials`);
    container.lifetimes.push(60);
    const authorize = connect({});
    await call(fake, authorize);
    expect(await call(fake, authorize)).toBe('200');
    await vi.waitFor(() => expect(container.asked).toHaveLength(2));
    expect(await call(fake, authorize)).toBe('200');
    expect(container.asked).toHaveLength(2);
  });

  test('that finds nothing says so, and finds what is there later', async () => {
    const fake = await started();
    const authorize = connect({});
    await expect(call(fake, authorize)).rejects.toThrow('AWS: Could not load credentials from any providers');
    vi.stubEnv('AWS_ACCESS_KEY_ID', fake.credentials.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', fake.credentials.secretAccessKey);
    expect(await call(fake, authorize)).toBe('200');
  });
});

describe('a role', () => {
  test('is assumed with the given access key, once for many calls at a time', async () => {
    const fake = await started({ sessionToken });
    const sts = await startTokens(fake);
    const authorize = connect({ accessKeyId: 'AKIAOWN', secretAccessKey: 'own-secret', roleArn });
    const statuses = await Promise.all(Array.from({ length: 20 }, () => call(fake, authorize)));
    expect(new Set(statuses)).toEqual(new Set(['200']));
    expect(sts.asked).toHaveLength(1);
    expect(sts.asked[0]).toContain('Action=AssumeRole&');
    expect(sts.asked[0]).toContain(`/${region}/sts/aws4_request`);
    expect(sts.asked[0]).toContain('Credential=AKIAOWN/');
  });

  test('is assumed with the standard chain where no access key is given', async () => {
    const fake = await started({ sessionToken });
    const sts = await startTokens(fake);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIACHAIN');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'chain-secret');
    expect(await call(fake, connect({ roleArn }))).toBe('200');
    expect(sts.asked[0]).toContain('Credential=AKIACHAIN/');
  });

  test('is assumed anew five minutes before its credentials end, and not before', async () => {
    const fake = await started({ sessionToken });
    const sts = await startTokens(fake);
    sts.lifetimes.push(299, 3600);
    const authorize = connect({ accessKeyId: 'AKIAOWN', secretAccessKey: 'own-secret', roleArn });
    for (let calls = 0; calls < 4; calls += 1) expect(await call(fake, authorize)).toBe('200');
    expect(sts.asked).toHaveLength(2);
  });

  test('that may not be assumed fails this call alone, and its error has no secret', async () => {
    const fake = await started({ sessionToken });
    const sts = await startTokens(fake);
    sts.lifetimes.push(-1);
    const authorize = connect({ accessKeyId: 'AKIAOWN', secretAccessKey: 'own-secret', roleArn });
    const error: unknown = await call(fake, authorize).catch((thrown: unknown) => thrown);
    expect(error).toEqual(new Error('AWS: The caller may not assume the role.'));
    expect(Object.keys(error as object)).toEqual([]);
    expect(await call(fake, authorize)).toBe('200');
  });
});
