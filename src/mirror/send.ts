import { request as httpRequest, type ClientRequest as HttpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { urlToHttpOptions } from 'node:url';
import type { Endpoint } from '../routing/deployment.ts';
import { createConnections } from './connections.ts';
import { CopyFailure } from './copy-failure.ts';

/** A request as it goes out. */
export interface SentRequest {
  endpoint: Endpoint;
  /** Path and query. */
  path: string;
  headers: ReadonlyMap<string, string>;
  body: Buffer;
}

/** An answer whose headers are here. Who does not read the body destroys it. */
export interface ReceivedAnswer {
  status: number;
  headers: ReadonlyMap<string, string>;
  body: Readable;
}

/** `onSent` hears when all of the request has left. `signal` ends request and answer, which then fail with its reason. */
export interface SendOptions {
  signal: AbortSignal;
  onSent: () => void;
}

/** Sends a request and resolves with the answer's headers. Rejects with CopyFailure. */
export type Send = (sent: SentRequest, options: SendOptions) => Promise<ReceivedAnswer>;

/**
 * Sends requests over HTTP/1.1 from this process, without Envoy. Redirects are not followed: they could take the credential elsewhere.
 * `systemCaFile` has the roots for endpoints that name none; undefined for those that Node.js brings along.
 */
export function createSend({ systemCaFile }: { systemCaFile: string | undefined }): Send {
  const connections = createConnections(systemCaFile);

  return async function send(sent, options) {
    const agent = await connections.agentOf(sent.endpoint);
    for (;;) {
      options.signal.throwIfAborted();
      const answer = await sendOnce(sent, { ...requestOptions(sent), agent }, options);
      if (answer !== 'stale') return answer;
    }
  };
}

function requestOptions({ endpoint: { baseUrl }, path, headers, body }: SentRequest): RequestOptions {
  const { hostname, port } = urlToHttpOptions(baseUrl); // an IPv6 address without its brackets
  return {
    hostname: hostname ?? null,
    port: port ?? null,
    path,
    method: 'POST',
    headers: { ...Object.fromEntries(headers), 'content-length': body.length },
  };
}

/** One try. `stale`: the provider had closed a connection that was kept from an earlier request, before it answered anything. */
function sendOnce(sent: SentRequest, options: RequestOptions, { signal, onSent }: SendOptions): Promise<ReceivedAnswer | 'stale'> {
  const { endpoint, body } = sent;
  const request = (endpoint.baseUrl.protocol === 'https:' ? httpsRequest : httpRequest)(options);
  const { promise, resolve, reject } = Promise.withResolvers<ReceivedAnswer | 'stale'>();
  let response: IncomingMessage | undefined;
  const abort = (): void => void (response ?? request).destroy(failureOf(signal.reason, endpoint));
  const release = (): void => signal.removeEventListener('abort', abort);
  signal.addEventListener('abort', abort);
  limitConnecting(request, endpoint);
  request.once('finish', onSent);
  request.once('response', (received) => {
    response = received;
    received.once('close', release);
    received.on('error', () => {}); // whoever reads the body meets it; nobody may be reading yet
    resolve({ status: received.statusCode ?? 0, headers: headersOf(received), body: received });
  });
  // After the response there is nothing left to reject: what breaks then, the body says.
  request.on('error', (error) => {
    if (response !== undefined) return;
    release();
    if (request.reusedSocket && codeOf(error) === 'ECONNRESET') resolve('stale');
    else reject(failureOf(error, endpoint));
  });
  request.end(body);
  return promise;
}

/** Ends a request that has no connection in time: name, address and TLS together. */
function limitConnecting(request: HttpRequest, endpoint: Endpoint): void {
  const { connectTimeoutMs, baseUrl } = endpoint;
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => {
      request.destroy(new CopyFailure('unreachable', `${endpoint.name} took longer than ${connectTimeoutMs} ms to connect.`));
    }, connectTimeoutMs);
    const stop = (): void => clearTimeout(timer);
    socket.once(baseUrl.protocol === 'https:' ? 'secureConnect' : 'connect', stop);
    socket.once('close', stop);
  });
}

/** A header that comes several times is one, as RFC 9110 has it. */
const headersOf = ({ headersDistinct }: IncomingMessage): Map<string, string> =>
  new Map(Object.entries(headersDistinct).map(([name, values = []]) => [name, values.join(', ')]));

/** What sockets, TLS and HTTP throw, in our words. */
export function failureOf(cause: unknown, { name }: Endpoint): CopyFailure {
  if (cause instanceof CopyFailure) return cause;
  const code = codeOf(cause);
  const detail = (cause instanceof Error && cause.message) || code;
  if (code.startsWith('HPE_')) return new CopyFailure('unreadable', `${name} answered something that is not HTTP: ${detail}.`, { cause });
  if (code === 'ECONNRESET' || code === 'EPIPE') return new CopyFailure('broken', `The connection to ${name} broke: ${detail}.`, { cause });
  return new CopyFailure('unreachable', `${name} could not be reached: ${detail}.`, { cause });
}

const codeOf = (cause: unknown): string => (cause instanceof Error && 'code' in cause ? String(cause.code) : '');
