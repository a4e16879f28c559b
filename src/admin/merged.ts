import { createServer, request as sendRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Address } from '../config/snapshot.ts';
import type { HealthReport } from '../routing/health/health-report.ts';
import { createMergedMetrics, type MeasuredProcess, type MergedMetrics } from '../telemetry/merged-metrics.ts';
import { mergeHealth } from './merged-health.ts';

/** A gateway process with an admin server of its own. Each life of a process is another object. */
export interface AdminProcess extends MeasuredProcess {
  /** From 0. */
  readonly index: number;
}

export interface MergedAdminDeps {
  /** Those that serve now, in their order. */
  alive(): readonly AdminProcess[];
  /** Unix socket of the admin server of process `index`. */
  socketOf(index: number): string;
}

/** Makes one answer of what all processes say. */
type Merge = (incoming: IncomingMessage, all: readonly AdminProcess[]) => Promise<{ contentType: string; text: string }>;

/**
 * Serves one admin interface for all gateway processes of a host. Metrics and health are those of all; whatever else is asked goes to the first process,
 * or to the one that `?process=` names. Who may ask is checked by the processes: what is merged here is first asked of one of them.
 * Throws where the address cannot be had.
 */
export async function serveMergedAdmin({ host, port }: Address, deps: MergedAdminDeps): Promise<{ port: number; close(): Promise<void> }> {
  const merges = mergesOf(createMergedMetrics(), deps);
  const server = createServer((incoming, response) => {
    answer(incoming, response, deps, merges).catch((error: unknown) => unavailable(response, error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const mergesOf = (metrics: MergedMetrics, { socketOf }: MergedAdminDeps): ReadonlyMap<string, Merge> =>
  new Map<string, Merge>([
    ['/metrics', (_, all) => metrics.render(all)],
    [
      '/api/health',
      async (incoming, all) => {
        const answers = await Promise.allSettled(all.map(async ({ index }) => text(await ask(incoming, socketOf(index), 'GET'))));
        const reports = answers.flatMap((each) => (each.status === 'fulfilled' ? [JSON.parse(each.value) as HealthReport[]] : []));
        return { contentType: 'application/json', text: `${JSON.stringify(mergeHealth(reports))}\n` };
      },
    ],
  ]);

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  { alive, socketOf }: MergedAdminDeps,
  merges: ReadonlyMap<string, Merge>,
): Promise<void> {
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://admin');
  const all = alive();
  if (pathname === '/healthz') return send(response, 200, 'text/plain', 'ok\n');
  if (all.length === 0) return send(response, 503, 'text/plain', 'No gateway process serves now.\n');
  if (pathname === '/readyz') return send(response, 200, 'text/plain', 'ready\n');
  const named = searchParams.get('process');
  const process = named === null ? all[0] : all.find(({ index }) => String(index) === named);
  if (process === undefined)
    return send(response, 404, 'text/plain', `No process ${named} serves now; those that do are ${all.map(({ index }) => index).join(', ')}.\n`);
  const socket = socketOf(process.index);
  const merge = named === null && (incoming.method === 'GET' || incoming.method === 'HEAD') ? merges.get(pathname) : undefined;
  const isAllowed = merge !== undefined && (await ask(incoming, socket, 'HEAD')).resume().statusCode === 200;
  if (!isAllowed) return pass(incoming, response, socket);
  const merged = await merge(incoming, all);
  send(response, 200, merged.contentType, merged.text);
}

/** Longest wait for a part of what is merged, in milliseconds. */
const partMs = 5000;

/** Asks one process what the caller asks, without a body. */
function ask(incoming: IncomingMessage, socketPath: string, method: 'GET' | 'HEAD'): Promise<IncomingMessage> {
  const { 'content-length': _length, 'transfer-encoding': _coding, ...headers } = incoming.headers;
  return new Promise((resolve, reject) => {
    sendRequest({ socketPath, path: incoming.url, method, headers, agent: false, signal: AbortSignal.timeout(partMs) }, resolve)
      .once('error', reject)
      .end();
  });
}

/** Has one process answer, with its bytes as they come. */
function pass(incoming: IncomingMessage, response: ServerResponse, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const { url, method, headers } = incoming;
    const onward = sendRequest({ socketPath, path: url, method, headers, agent: false }, (answered) => {
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      answered
        .once('error', () => response.destroy())
        .once('close', resolve)
        .pipe(response);
    });
    onward.once('error', reject);
    response.once('close', () => onward.destroy());
    incoming.pipe(onward);
  });
}

function unavailable(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const reason = error instanceof Error ? error.message : String(error);
  send(response, 503, 'text/plain', `The process that was asked does not answer (${reason}). Ask again.\n`);
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' });
  response.end(body);
}
