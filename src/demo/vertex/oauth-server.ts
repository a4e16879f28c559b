import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { createTokenIssuer } from './oauth.ts';
import type { ServiceAccountKey, TokenAnswer, TokenState } from './oauth.ts';

/** The fake token endpoints, on a port of their own: what a test asks of the models stays apart from what it asks of them. */
export interface FakeOAuth {
  /** Where a service account trades its assertion for a token. */
  tokenUri: string;
  /** As in the environment variable `GCE_METADATA_HOST`: where a machine of Google's finds its own token. */
  metadataHost: string;
  /** Requests for tokens so far, refused ones too. */
  tokenRequests(): number;
  /** What a client makes of a token that it was given, or has signed by itself. */
  stateOf(token: string): TokenState;
  /** A key whose assertions are taken here. */
  serviceAccount(): ServiceAccountKey;
  /** The configuration of a workload identity pool whose proof is in this file (https://google.aip.dev/auth/4117). */
  workloadIdentity(subjectTokenFile: string): WorkloadIdentity;
  stop(): Promise<void>;
}

/** Credentials from outside of Google that are traded for a token. */
export interface WorkloadIdentity {
  type: 'external_account';
  audience: string;
  subject_token_type: string;
  token_url: string;
  credential_source: { file: string };
}

/** Starts the token endpoints; `now` is in milliseconds since the epoch. */
export async function startFakeOAuth(options: { now: () => number; lifetimeSeconds: number }): Promise<FakeOAuth> {
  const issuer = createTokenIssuer(options);
  let tokenRequests = 0;

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '', headers } = incoming;
    const body = await text(incoming);
    const [path = ''] = url.split('?', 1);
    if (method === 'POST' && (path === '/token' || path === '/sts')) {
      tokenRequests += 1;
      return write(response, issuer.exchange(new URLSearchParams(body), `${origin}/token`));
    }
    if (method !== 'GET' || !path.startsWith('/computeMetadata/v1/instance') || headers['metadata-flavor'] !== 'Google') return notFound(response);
    response.setHeader('metadata-flavor', 'Google');
    if (!path.endsWith('/token')) return void response.end('demo');
    tokenRequests += 1;
    return write(response, issuer.issue());
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });
  const port = await listen(server);
  const origin = `http://127.0.0.1:${port}`;
  return {
    tokenUri: `${origin}/token`,
    metadataHost: `127.0.0.1:${port}`,
    tokenRequests: () => tokenRequests,
    stateOf: issuer.stateOf,
    serviceAccount: () => issuer.serviceAccount(`${origin}/token`),
    workloadIdentity: (file) => ({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/demo/providers/demo',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${origin}/sts`,
      credential_source: { file },
    }),
    stop: () => stop(server),
  };
}

function write(response: ServerResponse, answer: TokenAnswer): void {
  response.writeHead('error' in answer ? 400 : 200, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(JSON.stringify(answer));
}

function notFound(response: ServerResponse): void {
  response.writeHead(404).end();
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address) resolve(address.port);
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
