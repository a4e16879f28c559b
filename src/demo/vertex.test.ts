import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GoogleGenAI } from '@google/genai';
import { GoogleAuth, JWT } from 'google-auth-library';
import type { AuthClient, ExternalAccountClientOptions } from 'google-auth-library';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { collect, errorOf } from './fakes.fixture.ts';
import { signatureOf } from './gemini/signature.ts';
import { startFakeVertex } from './vertex.ts';
import type { FakeVertex } from './vertex.ts';
import { demoSubjectToken } from './vertex/oauth.ts';

let fake: FakeVertex;
let aheadMs = 0;
beforeAll(async () => void (fake = await startFakeVertex({ now: () => Date.now() + aheadMs })));
beforeEach(() => {
  fake.clear();
  aheadMs = 0;
});
afterAll(() => fake.stop());

const scopes = ['https://www.googleapis.com/auth/cloud-platform'];
const location = 'europe-west4';

/** Google's library goes to Google's token endpoint, whatever the key says: the way there is bent. */
const toFake = async (input: string | URL | Request, init?: RequestInit): Promise<Response> =>
  fetch(
    input instanceof URL || typeof input === 'string' ? String(input).replace('https://oauth2.googleapis.com/token', fake.oauth.tokenUri) : input,
    init,
  );

function createJwt(change: { key?: string; email?: string; scopes?: string[] } = {}): JWT {
  const { client_email: email, private_key: key } = fake.oauth.serviceAccount();
  return new JWT({ email, key, scopes, ...change, transporterOptions: { fetchImplementation: toFake } });
}

const createClient = (authClient: AuthClient): GoogleGenAI =>
  new GoogleGenAI({
    vertexai: true,
    project: fake.project,
    location,
    httpOptions: { baseUrl: fake.url },
    googleAuthOptions: { authClient },
  });

interface Sent {
  project?: string;
  publisher?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
}

const hello = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] };
const claudeHello = { anthropic_version: 'vertex-2023-10-16', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] };

function send(model: string, { project = fake.project, publisher = 'google', method = 'generateContent', headers = {}, body = hello }: Sent = {}) {
  return fetch(`${fake.url}/v1/projects/${project}/locations/${location}/publishers/${publisher}/models/${model}:${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${fake.apiKey}`, ...headers },
    body: JSON.stringify(body),
  });
}

const askClaude = (sent: Sent = {}, model = 'claude-haiku-4-5@20251001'): Promise<Response> =>
  send(model, { publisher: 'anthropic', method: 'rawPredict', body: claudeHello, ...sent });

test('serves Gemini to the SDK that trades a service account’s assertion for a token', async () => {
  const client = createClient(createJwt());
  const before = fake.oauth.tokenRequests();
  const response = await client.models.generateContent({ model: 'gemini-3.8-flash', contents: 'Hi' });
  expect(response.text).toBe('Hello from the demo Vertex (gemini-3.8-flash). You said: "Hi"');
  const chunks = await collect(await client.models.generateContentStream({ model: 'gemini-3.8-flash', contents: 'Hi' }));
  expect(chunks.map(({ text }) => text ?? '').join('')).toBe(response.text);
  const counted = await client.models.countTokens({ model: 'gemini-3.8-flash', contents: 'Hi', config: { systemInstruction: 'Be brief.' } });
  expect(counted.totalTokens).toBeGreaterThan(10);
  expect(fake.oauth.tokenRequests() - before).toBe(1);
  expect(fake.requests[0]?.path).toBe(
    `/v1beta1/projects/${fake.project}/locations/${location}/publishers/google/models/gemini-3.8-flash:generateContent`,
  );
});

test('takes a token until it expires', async () => {
  const { token } = await createJwt().getAccessToken();
  const headers = { authorization: `Bearer ${token}` };
  expect((await send('gemini-2.5-flash', { headers })).status).toBe(200);
  aheadMs = 3_601_000;
  const refused = await send('gemini-2.5-flash', { headers });
  expect(refused.headers.get('www-authenticate')).toContain('invalid_token');
  expect(await refused.json()).toMatchObject({ error: { code: 401, status: 'UNAUTHENTICATED', details: [{ reason: 'ACCESS_TOKEN_EXPIRED' }] } });
});

test('takes what a service account signs by itself', async () => {
  const jwt = createJwt({ scopes: [] });
  jwt.defaultScopes = scopes;
  jwt.useJWTAccessWithScope = true;
  const before = fake.oauth.tokenRequests();
  const authorization = (await jwt.getRequestHeaders()).get('authorization') ?? '';
  expect((await send('gemini-2.5-flash', { headers: { authorization } })).status).toBe(200);
  expect(fake.oauth.tokenRequests()).toBe(before);
});

test('takes the proof of a workload identity pool', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'subject-')), 'token');
  await writeFile(file, demoSubjectToken);
  const identity: ExternalAccountClientOptions = fake.oauth.workloadIdentity(file);
  const client = await new GoogleAuth({ credentials: identity, scopes }).getClient();
  const { token } = await client.getAccessToken();
  expect((await send('gemini-2.5-flash', { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  await writeFile(file, 'another');
  const stranger = await new GoogleAuth({ credentials: identity, scopes }).getClient();
  await expect(stranger.getAccessToken()).rejects.toThrow(/invalid_grant/);
});

test('gives a token to a machine of Google’s own', async () => {
  const url = `http://${fake.oauth.metadataHost}/computeMetadata/v1/instance/service-accounts/default/token`;
  expect((await fetch(url)).status).toBe(404);
  const answer: unknown = await (await fetch(url, { headers: { 'metadata-flavor': 'Google' } })).json();
  expect(answer).toMatchObject({ token_type: 'Bearer', expires_in: 3600, access_token: expect.stringMatching(/^ya29\./) as unknown });
});

test('gives no token for an assertion that is wrong', async () => {
  const stranger = await startFakeVertex();
  const { private_key: key } = stranger.oauth.serviceAccount();
  await stranger.stop();
  await expect(createJwt({ key }).getAccessToken()).rejects.toThrow(/Invalid JWT Signature/);
  await expect(createJwt({ email: 'nobody@example.org' }).getAccessToken()).rejects.toThrow(/account not found/);
  await expect(createJwt({ scopes: ['https://www.googleapis.com/auth/drive'] }).getAccessToken()).rejects.toThrow(/scope/);
  aheadMs = 7_200_000;
  await expect(createJwt().getAccessToken()).rejects.toThrow(/Token has expired/);
  aheadMs = -7_200_000;
  await expect(createJwt().getAccessToken()).rejects.toThrow(/short-lived/);
});

test.each([
  ['no token', { headers: { authorization: '' } }, 401, 'ACCESS_TOKEN_TYPE_UNSUPPORTED'],
  ['a token of nobody’s', { headers: { authorization: 'Bearer ya29.other' } }, 401, 'ACCESS_TOKEN_TYPE_UNSUPPORTED'],
  ['another project', { project: 'other' }, 403, 'denied on resource'],
  ['a body without a role', { body: { contents: [{ parts: [{ text: 'Hi' }] }] } }, 400, 'valid role'],
  ['a field that the Gemini API alone has', { body: { ...hello, store: true } }, 400, 'Unknown name \\"store\\"'],
  ['a stranger among publishers', { publisher: 'acme' }, 404, 'nothing at'],
  ['a model at another publisher’s', { publisher: 'anthropic', method: 'rawPredict' }, 404, 'nothing at'],
])('refuses %s', async (_name, sent, status, words) => {
  const response = await send('gemini-3.8-flash', sent);
  expect(response.status).toBe(status);
  expect(await response.text()).toContain(words);
});

test('refuses a key in place of a token', async () => {
  const response = await fetch(`${fake.url}/v1/projects/${fake.project}/locations/global/publishers/google/models/gemini-3.8-flash:generateContent`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-goog-api-key': 'AIza-demo-gemini' },
    body: JSON.stringify(hello),
  });
  expect(await response.json()).toMatchObject({ error: { code: 401, details: [{ reason: 'CREDENTIALS_MISSING' }] } });
});

test('does not take what the Gemini API signed', async () => {
  const thought = (thoughtSignature: string) => ({
    contents: [...hello.contents, { role: 'model', parts: [{ text: 'x', thoughtSignature }] }, ...hello.contents],
  });
  expect((await send('gemini-3.8-flash', { body: thought(signatureOf('Vertex', 'demo_000001')) })).status).toBe(200);
  expect((await send('gemini-3.8-flash', { body: thought(signatureOf('Gemini', 'demo_000001')) })).status).toBe(400);
});

test('serves Claude with the model in the path', async () => {
  const response = await askClaude();
  expect(await response.json()).toMatchObject({
    type: 'message',
    content: [{ type: 'text', text: 'Hello from the demo Vertex (claude-haiku-4-5@20251001). You said: "Hi"' }],
  });
  const streamed = await askClaude({ method: 'streamRawPredict', body: { ...claudeHello, stream: true } });
  expect(streamed.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(await streamed.text()).toMatch(/^event: message_start\n[\s\S]*event: message_stop\n/);
});

test.each([
  ['a model in the body', { body: { ...claudeHello, model: 'claude-haiku-4-5' } }, 'model'],
  ['no version', { body: { ...claudeHello, anthropic_version: undefined } }, 'anthropic_version'],
  ['the version of Anthropic’s own address', { body: { ...claudeHello, anthropic_version: '2023-06-01' } }, 'anthropic_version'],
  ['a key of Anthropic’s', { headers: { 'x-api-key': 'sk-ant-demo' } }, 'x-api-key'],
  ['a version in the headers', { headers: { 'anthropic-version': '2023-06-01' } }, 'anthropic-version'],
  ['stream without its method', { body: { ...claudeHello, stream: true } }, 'stream'],
  ['what Anthropic refuses', { body: { ...claudeHello, frequency_penalty: 1 } }, 'frequency_penalty'],
])('refuses Claude %s, in Anthropic’s words', async (_name, sent, place) => {
  const response = await askClaude(sent);
  expect(await errorOf(response)).toMatchObject({ status: 400, type: 'invalid_request_error', message: expect.stringContaining(place) as unknown });
});

test('refuses Claude without a token in Google’s words', async () => {
  const response = await askClaude({ headers: { authorization: 'Bearer ya29.other' } });
  expect(await errorOf(response)).toMatchObject({ code: 401, status: 'UNAUTHENTICATED' });
});

test('knows Claude by the names that Vertex AI has for it', async () => {
  expect((await askClaude({}, 'claude-haiku-4-5-20251001')).status).toBe(404);
  expect((await askClaude({}, 'claude-opus-5')).status).toBe(200);
  expect((await askClaude({ publisher: 'google', method: 'generateContent' }, 'claude-opus-5')).status).toBe(404);
});
