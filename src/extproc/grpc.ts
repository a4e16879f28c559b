import { constants, createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

/** One call of a method that streams both ways. */
export interface GrpcCall {
  /** A metadata value that the client sent. */
  metadata(name: string): string | undefined;
  /** Sends a message; `frame` has `frameHeaderBytes` free bytes in front of it. */
  send(frame: Buffer): void;
  /** Ends our side: the call was good. */
  end(): void;
}

/** What a call does with what comes. */
export interface GrpcHandler {
  /** A message has come. Throws where it is none: the call then ends with an error. */
  message(bytes: Buffer): void;
  /** The client has ended its side, or is gone. Called once. */
  closed(): void;
}

export interface GrpcServer {
  /** Takes no more calls, lets running ones end for at most `graceMs`, then breaks them. */
  close(graceMs: number): Promise<void>;
}

/** Before each message: a byte that says whether it is compressed, and its length in four. */
export const frameHeaderBytes = 5;

/** gRPC's status codes (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md). */
const OK = '0';
const UNIMPLEMENTED = '12';
const INTERNAL = '13';

/** HTTP/2 settings for one client that opens very many short streams, with bodies of up to 32 MiB. */
const options = {
  settings: { initialWindowSize: 4 << 20, maxConcurrentStreams: 2 ** 31 - 1, enablePush: false },
  maxSessionMemory: Number.MAX_SAFE_INTEGER, // the default of 10 MB refuses streams under load; Envoy's buffers are the bound
  streamResetBurst: 2 ** 31 - 1, // Envoy is the only client: clients that hang up all at once are no attack on this connection
  streamResetRate: 2 ** 31 - 1,
} as const;

const connectionWindowBytes = 16 << 20;

/** Opens a call of one method. */
type GrpcMethod = (call: GrpcCall) => GrpcHandler;

/**
 * Serves gRPC methods by their paths (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md) at a Unix socket (`unix:/path`) or an address (`host:port`), without compression.
 * Rejects where it cannot listen.
 */
export async function serveGrpc(address: string, methods: ReadonlyMap<string, GrpcMethod>): Promise<GrpcServer> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer(options);
  server.on('session', (session) => {
    sessions.add(session);
    session.setLocalWindowSize(connectionWindowBytes);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => {}); // a broken connection closes its streams, which is what counts
  });
  server.on('stream', (stream, headers) => {
    const open = methods.get(headers[':path'] ?? '');
    if (open !== undefined) serveCall(stream, headers, open);
    else stream.respond({ ...responseHeaders, 'grpc-status': UNIMPLEMENTED }, { endStream: true });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(listenOptions(address), resolve);
  });
  return {
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const session of sessions) session.close();
      const timer = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

function listenOptions(address: string): { path: string } | { host: string; port: number } {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length) };
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) };
}

const responseHeaders = { ':status': 200, 'content-type': 'application/grpc' } as const;

function serveCall(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, open: GrpcMethod): void {
  let status = OK;
  let isClosed = false;
  stream.respond(responseHeaders, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
  const handler = open({
    metadata(name) {
      const value = headers[name];
      return typeof value === 'string' ? value : undefined;
    },
    send(frame) {
      if (stream.destroyed || stream.writableEnded) return;
      frame.writeUInt32BE(frame.length - frameHeaderBytes, 1);
      frame[0] = 0;
      stream.write(frame);
    },
    end() {
      if (!stream.destroyed) stream.end();
    },
  });

  const closed = (): void => {
    if (isClosed) return;
    isClosed = true;
    handler.closed();
  };
  const frames = createFrameReader((bytes) => handler.message(bytes));
  stream.on('data', (chunk: Buffer) => {
    try {
      frames(chunk);
    } catch {
      // Never a clean end: Envoy would let the rest of the exchange pass.
      status = INTERNAL;
      closed();
      if (!stream.destroyed) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
  });
  stream.once('end', closed);
  stream.once('close', closed);
  stream.on('error', closed);
}

/** Longest message: beyond any body that Envoy buffers, so that Envoy's limit is the one that is met. */
const maxMessageBytes = 64 << 20;

/** Cuts a stream of bytes into messages. Bytes are joined once per message, however many pieces it comes in. */
function createFrameReader(take: (message: Buffer) => void): (chunk: Buffer) => void {
  let pieces: Buffer[] = [];
  let have = 0;
  let need = frameHeaderBytes;

  return (chunk) => {
    pieces.push(chunk);
    have += chunk.length;
    while (have >= need) {
      const bytes = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
      const end = frameHeaderBytes + messageLength(bytes);
      if (have >= end) {
        pieces = have === end ? [] : [bytes.subarray(end)];
        have -= end;
        need = frameHeaderBytes;
        take(bytes.subarray(frameHeaderBytes, end));
      } else {
        pieces = [bytes];
        need = end;
      }
    }
  };
}

function messageLength(bytes: Buffer): number {
  const length = bytes.readUInt32BE(1);
  if (bytes[0] !== 0) throw new Error('a compressed message, which we have not offered to read');
  if (length > maxMessageBytes) throw new Error(`a message of ${length} bytes`);
  return length;
}
