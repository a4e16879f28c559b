import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Address } from '../config/snapshot.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface AdminDeps {
  metrics: Pick<Metrics, 'render'>;
  /** Why the gateway cannot serve now; undefined when it can. */
  notReady: () => string | undefined;
  /** What can be read of the gateway's state, as JSON: makers of the answers by path, such as `/api/config`. */
  api: Readonly<Record<string, () => unknown>>;
}

type Route = (response: ServerResponse) => Promise<void> | void;

/** Serves health, metrics and the admin API over HTTP. Throws where the address cannot be had. */
export async function serveAdmin({ host, port }: Address, deps: AdminDeps): Promise<{ port: number; close(): Promise<void> }> {
  const routes = routesOf(deps);
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const route = routes.get(path);
    if (route === undefined) return send(response, 404, 'text/plain', `There is no ${path} here. Served are: ${[...routes.keys()].join(', ')}.\n`);
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'text/plain', 'Use GET.\n');
    Promise.resolve(route(response)).catch(() => response.destroy());
  });
  await listen(server, host, port);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function routesOf({ metrics, notReady, api }: AdminDeps): ReadonlyMap<string, Route> {
  const answers = Object.entries(api).map(([path, answer]): [string, Route] => [
    path,
    async (response) => send(response, 200, 'application/json', `${JSON.stringify(await answer())}\n`),
  ]);
  return new Map<string, Route>([
    ['/healthz', (response) => send(response, 200, 'text/plain', 'ok\n')],
    [
      '/readyz',
      (response) => {
        const reason = notReady();
        send(response, reason === undefined ? 200 : 503, 'text/plain', `${reason ?? 'ready'}\n`);
      },
    ],
    [
      '/metrics',
      async (response) => {
        const { contentType, text } = await metrics.render();
        send(response, 200, contentType, text);
      },
    ],
    ...answers,
  ]);
}

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });

function send(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store' });
  response.end(text);
}
