import { request as httpRequest, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readEnvironment } from '../../src/config/environment.ts';
import { gatewayDefaults } from '../../src/envoy/bootstrap.ts';
import { findInstalledEnvoy } from '../../src/envoy/find.ts';
import { launchEnvoy } from '../../src/envoy/launch.ts';
import { exchangeKeys, headerNames, metadataNamespaces, type FilterForm } from '../../src/envoy/names.ts';
import { findSystemCaFile } from '../../src/envoy/tls.ts';
import { createAttemptLog } from '../../src/extproc/attempt-log.ts';
import { chainMetadata } from '../../src/extproc/chain-metadata.ts';
import { proceed, type Conversation, type Message, type RequestHeaders } from '../../src/extproc/message.ts';
import type { OpenExchange } from '../../src/extproc/registry.ts';
import { retryHeaders } from '../../src/extproc/retry-headers.ts';
import { serveExtProc } from '../../src/extproc/server.ts';
import { upstreamConversation } from '../../src/extproc/upstream.ts';
import { openaiChat } from '../../src/protocols/openai-chat/index.ts';
import { api } from '../../src/providers/provider.ts';
import { clusterOf, type Deployment, type ErrorClass } from '../../src/routing/deployment.ts';
import { deployment, endpoint } from '../../src/routing/deployment.fixture.ts';
import type { AttemptOutcome } from '../../src/routing/health/outcome.ts';
import { freePort, temporaryFolder } from './gateway.ts';

/** What a client asks of the scripted exchange: its whole body. */
export interface Script {
  /** Names of providers, in order. */
  chain: readonly string[];
  form?: FilterForm;
  /** Chains for kinds of failure. */
  rerouted?: Partial<Record<ErrorClass, readonly string[]>>;
  attemptMs?: number;
  totalMs?: number;
  /** Waits before the reply to the body: what Envoy is asked for, and what is taken. */
  waits?: readonly { forMs: number; takenMs: number }[];
  /** Ends a stream on which nothing comes for so long. */
  stallMs?: number;
}

export type Handle = (response: ServerResponse, body: string, request: IncomingMessage) => void;

/** An answer as the client got it. */
export interface Got {
  status: number | undefined;
  headers: IncomingMessage['headers'];
  body: string;
  /** Whether it came in full. */
  isWhole: boolean;
  /** What became of each attempt. */
  attempts: AttemptOutcome[];
}

/** The real Envoy between a client, a sidecar whose exchanges do what their client says, and providers that behave as they are made to. */
export interface EdgeStage {
  ask(script: Script, options?: { leaveAfterMs?: number }): Promise<Got>;
  /** What each provider got: `name path body-length`. */
  received: string[];
  /** Exchanges whose signal said that the client is gone. */
  left: number;
  failures: unknown[];
  /** Ends the sidecar as `remora` does, and tells how long that took, in milliseconds. */
  closeSidecar(graceMs: number): Promise<number>;
  stop(): Promise<void>;
}

/** Envoy's usual wait for a reply here, short enough for tests that go beyond it; in milliseconds. */
export const replyMs = 2000;

const { envoyPath: variable, searchPath } = readEnvironment();
const log = { info: () => {}, warn: () => {} };

/** The Envoy that is installed here. */
export const installedEnvoy = await findInstalledEnvoy({
  given: undefined,
  variable,
  path: searchPath.join(':'),
  privateDirectory: resolve('.remora'),
  log,
});

/** Starts it all. `providers` are servers; `addresses` are base URLs of those that are none of ours. */
export async function startEdge(providers: Record<string, Handle>, addresses: Record<string, string> = {}): Promise<EdgeStage> {
  const directory = temporaryFolder();
  const received: string[] = [];
  const servers = await Promise.all(Object.entries(providers).map(([name, handle]) => startProvider(name, handle, received)));
  const urls = new Map([...servers.map(({ name, url }) => [name, url] as const), ...Object.entries(addresses)]);
  const deployments = new Map(
    [...urls].map(([name, url]) => [name, deployment(endpoint(name, { baseUrl: new URL(url), connectTimeoutMs: 1000 }), name, { inspect: true })]),
  );
  const at = (name: string): Deployment => deployments.get(name) ?? deployment(name);

  const askedById = new Map<string, Asked>();
  const stage = { received, left: 0, failures: [] as unknown[] };
  const sidecar = await serveSidecar(join(directory, 'extproc.sock'), { at, stage, askedById });
  const port = await freePort();
  const envoy = await launchEnvoy({
    binary: installedEnvoy?.binary ?? '',
    directory,
    concurrency: 1,
    onLog: () => {},
    gateway: {
      ...gatewayDefaults,
      timeouts: { ...gatewayDefaults.timeouts, replyMs },
      listen: { host: '127.0.0.1', port },
      sidecars: [{ path: join(directory, 'extproc.sock') }],
      telemetry: { otlp: undefined, sampling: 1 },
      endpoints: [...deployments.values()].map((each) => each.endpoint),
      systemCaFile: findSystemCaFile(),
    },
  });
  let isClosed = false;
  return Object.assign(stage, {
    async ask(script: Script, { leaveAfterMs }: { leaveAfterMs?: number } = {}) {
      const id = crypto.randomUUID();
      const asked: Asked = { attempts: [], isOpen: false, complete: Promise.withResolvers() };
      askedById.set(id, asked);
      const got = await post(port, id, script, leaveAfterMs);
      if (asked.isOpen) await asked.complete.promise; // else it left before its request was there
      return { ...got, attempts: asked.attempts };
    },
    async closeSidecar(graceMs: number) {
      const begun = performance.now();
      isClosed = true;
      await sidecar.close(graceMs);
      return performance.now() - begun;
    },
    async stop() {
      await envoy.stop();
      if (!isClosed) await sidecar.close(0);
      for (const { server } of servers) server.closeAllConnections();
      rmSync(directory, { recursive: true, force: true });
    },
  });
}

async function startProvider(name: string, handle: Handle, received: string[]) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      received.push(`${name} ${request.url} ${request.headers['content-length']}`);
      handle(response, body, request);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return { name, server, url: `http://127.0.0.1:${port}` };
}

/** What is known of one exchange. */
interface Asked {
  attempts: AttemptOutcome[];
  isOpen: boolean;
  complete: PromiseWithResolvers<void>;
}

interface SidecarParts {
  at: (name: string) => Deployment;
  stage: { left: number; failures: unknown[] };
  askedById: Map<string, Asked>;
}

/** The product's own edge around scripted exchanges. */
async function serveSidecar(socket: string, { at, stage, askedById }: SidecarParts) {
  const registry = new Map<string, OpenExchange>();
  const attemptLog = createAttemptLog({ now: Date.now, onStray: () => {} });

  async function* router(opening: RequestHeaders): Conversation {
    const id = opening.headers.get('x-test') ?? '';
    const requestId = opening.headers.get(headerNames.requestId) ?? '';
    let chain: Deployment[] = [];
    const asked = askedById.get(id);
    if (asked !== undefined) asked.isOpen = true;
    const followed = attemptLog.follow(
      requestId,
      { onOutcome: (_, outcome) => asked?.attempts.push(outcome), onComplete: () => asked?.complete.resolve() },
      (number) => (chain[number - 1] === undefined ? undefined : clusterOf((chain[number - 1] as Deployment).endpoint)),
    );
    let made = 1;
    let isLeft = false;
    try {
      let message: Message = yield proceed;
      if (message.type !== 'request-body') throw new Error(`Envoy sent ${message.type} first`);
      const { body } = message;
      const script = JSON.parse(body.toString()) as Script;
      const { form = 'plain', rerouted = {}, attemptMs = 5000, totalMs, waits = [], stallMs } = script;
      chain = script.chain.map(at);
      registry.set(id, {
        get chain() {
          return chain;
        },
        protocol: openaiChat,
        skipFirst: () => false,
        async prepare(number) {
          made = number;
          const name = chain[number - 1]?.model ?? '';
          const headers = new Map([['content-type', 'application/json']]);
          return {
            api: api(openaiChat, '/'),
            body: Buffer.from(`${name} ${body.toString()}`),
            path: `/${name}`,
            headers,
            warnings: [],
            answersByTool: false,
          };
        },
        watch: {
          apiOf: () => api(openaiChat, '/'),
          fallbackOn: ['5xx', 401, 402, 403, 408, 429],
          reroute: (number, found) => (rerouted[found] === undefined ? undefined : (chain = [...chain.slice(0, number), ...rerouted[found].map(at)])),
          told: () => {},
          needsContent: true,
        },
      });
      for (const { forMs, takenMs } of waits) {
        yield { type: 'wait', forMs };
        await new Promise((done) => setTimeout(done, takenMs));
      }
      isLeft = true; // unless an answer comes
      message = yield {
        type: 'proceed',
        clearRouteCache: true,
        setHeaders: [
          [':path', `/${script.chain[0]}`],
          ...retryHeaders({ form, attempts: 8, fallbackOn: ['5xx', 429], headersMs: attemptMs, totalMs }),
        ],
        metadata: {
          [metadataNamespaces.exchange]: {
            [exchangeKeys.exchangeId]: id,
            [exchangeKeys.session]: requestId,
            [exchangeKeys.form]: form,
            [exchangeKeys.contentLength]: body.length,
          },
          ...chainMetadata(chain, 8),
        },
      };
      isLeft = false;
      const patience = stallMs === undefined ? {} : { stallMs };
      message = yield { type: 'proceed', responseBody: stallMs === undefined ? 'none' : 'streamed', ...patience };
      while (message.type === 'response-body') message = yield { type: 'proceed', ...patience };
      if (message.type === 'stalled') yield { type: 'immediate', status: 504, headers: [], body: Buffer.from('stalled'), details: 'remora_stalled' };
    } finally {
      if (isLeft) stage.left++;
      registry.delete(id);
      followed.end(made);
    }
  }

  return serveExtProc(`unix:${socket}`, {
    router,
    upstream: (opening, form) => upstreamConversation(opening, form, { registry, now: Date.now, onError: (error) => stage.failures.push(error) }),
    accessLog: ({ requestId, outcome }) => attemptLog.heard(requestId, outcome),
    onFailure: (error) => stage.failures.push(error),
  });
}

/** Asks, and takes whatever comes until the end, however it ends. */
function post(port: number, id: string, script: Script, leaveAfterMs?: number): Promise<Omit<Got, 'attempts'>> {
  return new Promise((done) => {
    const sent = httpRequest({
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: '/v1/chat/completions',
      agent: false,
      headers: { 'content-type': 'application/json', 'x-test': id },
    });
    sent.on('error', () => done({ status: undefined, headers: {}, body: '', isWhole: false }));
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      const end = (): void =>
        done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString(), isWhole: response.complete });
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', end).once('error', end);
    });
    if (leaveAfterMs !== undefined) setTimeout(() => sent.destroy(), leaveAfterMs);
    sent.end(JSON.stringify(script));
  });
}
