import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Address } from '../config/snapshot.ts';
import { StoreError } from '../stores/store.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { QueryError } from '../usage/query-error.ts';
import { checkAccess, checkIsJson, isRead } from './access.ts';
import { AdminError } from './admin-error.ts';
import { readBody } from './read-body.ts';
import { createRouter, json, plain, type AdminRequest, type Answer, type Match, type Route } from './router.ts';

export interface AdminDeps {
  metrics: Pick<Metrics, 'render'>;
  /** Why the gateway cannot serve now; undefined when it can. */
  notReady: () => string | undefined;
  /** What can be read of the gateway's state, as JSON: makers of the answers by path, such as `/api/config`. */
  api: Readonly<Record<string, () => unknown>>;
  /** What else can be asked, such as `adminRoutes`. */
  routes?: readonly Route[];
  /** What whoever asks has to show; undefined for nothing. */
  token?: () => string | undefined;
  /** Hears of bugs, and of a store that is out of reach. */
  onFailure?: (error: unknown) => void;
}

/** Serves health, metrics and the admin API over HTTP, at an address or at a Unix socket (whose port is 0). Throws where that cannot be had. */
export async function serveAdmin(place: Address | { path: string }, deps: AdminDeps): Promise<{ port: number; close(): Promise<void> }> {
  const find = createRouter([...ownRoutes(deps), ...(deps.routes ?? [])]);
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    answer(request, find, deps)
      .catch((error: unknown) => rendered(error, deps.onFailure))
      .then((answered) => send(request, response, answered))
      .catch(() => response.destroy());
  });
  await listen(server, place);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Sent = Answer & { headers?: Record<string, string> };

async function answer(request: IncomingMessage, find: (path: string) => Match, { token }: AdminDeps): Promise<Sent> {
  const { method = '', url = '', headers } = request;
  const [path, search] = splitOnce(url, '?');
  checkAccess({ method, path, headers }, token?.());
  const { methods, params } = find(path);
  const allow = [...methods.keys()].flatMap((each) => (each === 'GET' ? [each, 'HEAD'] : [each])).join(', ');
  if (method === 'OPTIONS') return { ...plain('', 204), headers: { allow } };
  const route = methods.get(method === 'HEAD' ? 'GET' : method);
  if (route === undefined) return { ...failed(new AdminError('method-not-allowed', `Use ${allow}.`)), headers: { allow } };
  if (!isRead(method)) checkIsJson(headers);
  const body = isRead(method) ? undefined : await readBody(request);
  return await route.answer({ params, query: new URLSearchParams(search), body, by: adminName(headers['x-remora-admin']) } satisfies AdminRequest);
}

function splitOnce(text: string, by: string): [string, string] {
  const index = text.indexOf(by);
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

/** Who asks, as the audit has it: what can be printed of what they say. */
function adminName(header: string | string[] | undefined): string {
  const name = String(header ?? '').trim();
  return /^[\x20-\x7e]{1,64}$/.test(name) ? name : 'api';
}

/** What is answered for an error. Others than ours are bugs: the log has them, and nobody else. */
function rendered(error: unknown, onFailure?: (error: unknown) => void): Sent {
  if (error instanceof AdminError) return { ...failed(error), ...(error.code === 'unauthorized' && { headers: { 'www-authenticate': 'Bearer' } }) };
  if (error instanceof QueryError) return failed(new AdminError('invalid-request', error.message));
  onFailure?.(error);
  if (error instanceof StoreError) return failed(new AdminError('store-unavailable', error.message));
  return failed(new AdminError('internal', 'Something is wrong in the gateway; its log says what.'));
}

const failed = ({ status, code, message }: AdminError): Answer => json({ error: { code, message } }, status);

function ownRoutes({ metrics, notReady, api }: AdminDeps): Route[] {
  const get = (path: string, make: Route['answer']): Route => ({ method: 'GET', path, answer: make });
  return [
    get('/healthz', () => plain('ok\n')),
    get('/readyz', () => {
      const reason = notReady();
      return plain(`${reason ?? 'ready'}\n`, reason === undefined ? 200 : 503);
    }),
    get('/metrics', async () => ({ status: 200, ...(await metrics.render()) })),
    ...Object.entries(api).map(([path, make]) => get(path, async () => json(await make()))),
  ];
}

const listen = (server: Server, place: Address | { path: string }): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(place, resolve);
  });

function send(request: IncomingMessage, response: ServerResponse, { status, contentType, text, headers }: Sent): void {
  const isUnread = !request.complete; // the rest of a body that was refused is not waited for
  response.writeHead(status, {
    ...headers,
    ...(status !== 204 && { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }),
    ...(isUnread && { connection: 'close' }),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}
