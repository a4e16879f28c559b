import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import { ResponseReader, type ReadResponse } from './response-reader.ts';

// The load generator, in a process of its own: each client keeps one connection and sends its next request when its answer is complete.

/** One slice of load. */
export interface LoadOrder {
  port: number;
  /** The request, head and body, byte for byte. */
  request: string;
  /** Others that are sent in turn with it; absent for none. */
  others?: readonly string[];
  /** How many of them to begin after, where an earlier slice has sent these; defaults to 0. */
  after?: number;
  clients: number;
  durationMs: number;
  /** What every answer must be. */
  expected: ReadResponse;
  /** Clients begin spread over this time, in milliseconds, so that paced streams do not all have their chunks at once. */
  spreadMs: number;
}

export interface LoadResult {
  requests: number;
  /** Until the last answer was complete. */
  durationMs: number;
  p50Ms: number;
  p99Ms: number;
}

/** One request whose answer is kept. */
export interface ProbeOrder {
  port: number;
  request: string;
}

export interface ProbeResult {
  response: ReadResponse;
  body: string;
}

async function load({ port, request, others = [], after = 0, clients, durationMs, expected, spreadMs }: LoadOrder): Promise<LoadResult> {
  const requests = [request, ...others].map((each) => Buffer.from(each));
  let sent = after;
  const sockets = await Promise.all(Array.from({ length: clients }, () => open(port)));
  const latencies: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + durationMs;

  const client = (socket: Socket, index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const reader = new ResponseReader();
      let sentAt = 0;
      const send = (): void => {
        sentAt = performance.now();
        if (sentAt < endsAt) socket.write(requests[sent++ % requests.length] ?? '');
        else resolve();
      };
      const receive = (chunk: Buffer): void => {
        const response = reader.push(chunk);
        if (response === undefined) return;
        latencies.push(performance.now() - sentAt);
        check(response, expected);
        send();
      };
      socket.on('data', (chunk: Buffer) => {
        try {
          receive(chunk);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      socket.once('error', reject).once('close', () => reject(new Error('the connection was closed before the answer was complete')));
      if (spreadMs === 0) send();
      else setTimeout(send, (index * spreadMs) / clients);
    });

  await Promise.all(sockets.map(client));
  const elapsedMs = performance.now() - startedAt;
  for (const socket of sockets) socket.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { requests: latencies.length, durationMs: elapsedMs, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function check(got: ReadResponse, expected: ReadResponse): void {
  if (got.status === expected.status && got.bodyBytes === expected.bodyBytes && got.blankLines === expected.blankLines) return;
  throw new Error(`an answer was ${JSON.stringify(got)} where it had to be ${JSON.stringify(expected)}`);
}

async function probe({ port, request }: ProbeOrder): Promise<ProbeResult> {
  const socket = await open(port);
  const pieces: Buffer[] = [];
  const reader = new ResponseReader((bytes) => pieces.push(Buffer.from(bytes)));
  const response = await new Promise<ReadResponse>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      const complete = reader.push(chunk);
      if (complete !== undefined) resolve(complete);
    });
    socket.once('error', reject).once('close', () => reject(new Error('the connection was closed before the answer was complete')));
    socket.write(request);
  });
  socket.destroy();
  return { response, body: Buffer.concat(pieces).toString() };
}

const open = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket.off('error', reject)));
    socket.once('error', reject);
  });

process.on('message', (order: LoadOrder | ProbeOrder) => {
  const work: Promise<LoadResult | ProbeResult> = 'clients' in order ? load(order) : probe(order);
  work.then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ failed: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({});
