import { request as send } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import type { BedrockRuntimeClientConfig } from '@aws-sdk/client-bedrock-runtime';
import type { FakeBedrock } from '../bedrock.ts';

/** What the SDK gives its handler to send. */
interface SdkRequest {
  method: string;
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

/** Carries the SDK's requests over HTTP/1.1, which the fakes speak: its own handler for Bedrock begins with HTTP/2. */
const http1 = {
  async handle({ method, protocol, hostname, port, path, headers, body }: SdkRequest, { abortSignal: signal }: { abortSignal?: AbortSignal } = {}) {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = send(`${protocol}//${hostname}:${port}${path}`, { method, headers, ...(signal && { signal }) }, resolve);
    outgoing.once('error', reject).end(body);
    const incoming = await promise;
    const received = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
    return { response: { statusCode: incoming.statusCode ?? 0, headers: Object.fromEntries(received), body: incoming } };
  },
  updateHttpClientConfig(): void {},
  httpHandlerConfigs: () => ({}),
};

/** The official client, with the fake's own access key where nothing else is said. */
export const createClient = (fake: FakeBedrock, config: BedrockRuntimeClientConfig = {}): BedrockRuntimeClient =>
  new BedrockRuntimeClient({
    endpoint: fake.url,
    region: 'eu-central-1',
    credentials: fake.credentials,
    authSchemePreference: ['sigv4'],
    requestHandler: http1,
    maxAttempts: 1,
    ...config,
  });

/** The official client with a Bedrock API key. */
export const createBearerClient = (fake: FakeBedrock, token = fake.apiKey): BedrockRuntimeClient =>
  createClient(fake, { token: { token }, authSchemePreference: ['httpBearerAuth'] });
