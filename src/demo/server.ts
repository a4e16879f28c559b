import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { admit } from './admission.ts';
import { createAnswerer, rawDelivery, refusalDelivery } from './answerer.ts';
import { createBehaviours } from './behaviour.ts';
import type { Behaviour } from './behaviour.ts';
import { deliver } from './deliver.ts';
import { createJournal } from './journal.ts';
import type { RecordedRequest } from './journal.ts';
import type { Endpoints, Gate, PlainEndpoint } from './vendor.ts';

export interface FakeOptions {
  /** 0 takes a free one. */
  port?: number;
  /** The one key that is let in. */
  apiKey?: string;
  /** Provider models that exist, in place of the vendors' own. */
  models?: readonly string[];
  /** Requests that the journal keeps; 1,000 where it does not say. */
  journalSize?: number;
  /** Milliseconds since the epoch, for `created`. */
  now?: () => number;
  /** Serves https with this key and certificate, both PEM. */
  tls?: { key: string; cert: string };
}

/** A fake provider that listens on loopback. */
export interface FakeProvider {
  /** As a config's `baseUrl`. */
  url: string;
  port: number;
  apiKey: string;
  /** What arrived, oldest first. */
  requests: readonly RecordedRequest[];
  /** Resolves with the first request to arrive after the call. */
  nextRequest(): Promise<RecordedRequest>;
  /** Queues behaviours, one for each next request that passes the checks; a refused request uses none up. */
  behave(...next: Behaviour[]): void;
  /** Sets what every request meets from now on, and empties the queue; undefined for none. */
  behaveAlways(standing: Behaviour | undefined): void;
  /** Forgets requests and behaviours. */
  clear(): void;
  /** Closes the port and every connection. */
  stop(): Promise<void>;
}

/** Starts a fake provider; rejects where the port is taken. */
export async function startFake(
  endpoints: Endpoints,
  defaultKey: string,
  { port: wantedPort = 0, apiKey = defaultKey, models, journalSize = 1000, now = Date.now, tls }: FakeOptions,
): Promise<FakeProvider> {
  const journal = createJournal(journalSize);
  const behaviours = createBehaviours();
  const answerer = createAnswerer(now);
  const { vendors, plain = [], basePath } = endpoints;
  const known = { apiKey, models: new Set(models ?? vendors.flatMap((vendor) => vendor.models)) };
  const maxBodyBytes = Math.max(...[...vendors, ...plain].map((endpoint) => limitOf(endpoint) ?? 0));

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const body = await readBody(incoming, maxBodyBytes);
    const request = journal.record(incoming, body);
    request.until(response, gone.signal);
    const left = !incoming.complete && body.length <= maxBodyBytes;
    if (left) return;
    const behaviour = behaviours.peek();
    if (behaviour?.unchecked && behaviour.raw) {
      behaviours.take();
      return deliver(response, rawDelivery(behaviour.raw), behaviour, request, gone.signal);
    }
    const requestId = answerer.nextRequestId();
    const { method = '', url = '', headers } = incoming;
    const admitted = admit(endpoints, { method, url, headers, body }, known);
    if ('refusal' in admitted) return deliver(response, refusalDelivery(admitted.gate, admitted.refusal, requestId), {}, request, gone.signal);
    behaviours.take();
    const { behaviour: met, delivery } = answerer.answer(admitted, body, requestId, behaviour);
    return deliver(response, delivery, met, request, gone.signal);
  }

  const settings = { keepAliveTimeout: 600_000, requestTimeout: 0 };
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    // A client that went away ends its exchange by an AbortError; a fault of the fake shows as a broken connection.
    serve(incoming, response).catch(() => response.destroy());
  };
  const server = tls ? createTlsServer({ ...settings, ...tls }, listener) : createServer(settings, listener);
  const port = await listen(server, wantedPort);
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}${basePath}`,
    port,
    apiKey,
    requests: journal.requests,
    nextRequest: journal.next,
    behave: behaviours.push,
    behaveAlways: behaviours.stand,
    clear() {
      journal.clear();
      behaviours.stand(undefined);
    },
    stop: () => stop(server),
  };
}

const limitOf = (endpoint: Gate | PlainEndpoint): number | undefined =>
  'maxBodyBytes' in endpoint ? endpoint.maxBodyBytes : endpoint.gate?.maxBodyBytes;

/** Reads up to a little more than `maxBytes` and lets the rest run by; gives what there is when the client goes away. */
function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (): void => resolve(Buffer.concat(chunks));
    incoming.on('data', (chunk: Buffer) => {
      if (bytes > maxBytes) return;
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxBytes) finish();
    });
    incoming.once('end', finish);
    incoming.once('close', finish);
    incoming.once('error', finish);
  });
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
