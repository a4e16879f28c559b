import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Certificate } from './certificates.ts';

/** A TLS server before a provider that speaks plain HTTP. It keeps all that comes to it, as it came and decrypted. */
export interface TlsFront {
  port: number;
  /** Connections whose handshake the client has finished. */
  readonly sessions: readonly Session[];
  /** Connections that the client gave up before. */
  readonly broken: readonly string[];
  /** Connections, whatever became of them. */
  readonly connections: number;
  /** All bytes that clients sent. */
  wire(): Buffer;
  /** All bytes that clients sent, without TLS. */
  plain(): Buffer;
  stop(): Promise<void>;
}

/** What was agreed for a connection. */
export interface Session {
  /** The name asked for by SNI; false where there was none. */
  serverName: string | false | null;
  protocol: string | null;
  alpn: string | false | null;
}

/** Starts a TLS server on loopback that shows this certificate and hands what is in it to a port. */
export async function startTlsFront(certificate: Certificate, toPort: number): Promise<TlsFront> {
  const sessions: Session[] = [];
  const broken: string[] = [];
  const wire: Buffer[] = [];
  const plain: Buffer[] = [];
  let connections = 0;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    return socket.on('error', () => socket.destroy());
  };

  const inside = createTlsServer({ ...certificate, ALPNProtocols: ['h2', 'http/1.1'] }, (socket: TLSSocket) => {
    sessions.push({ serverName: socket.servername, protocol: socket.getProtocol(), alpn: socket.alpnProtocol });
    socket.on('data', (bytes: Buffer) => plain.push(bytes));
    join(keep(socket), keep(connect(toPort, '127.0.0.1')));
  });
  inside.on('tlsClientError', ({ message }) => broken.push(message));
  const outside = createServer((socket) => {
    connections += 1;
    socket.on('data', (bytes: Buffer) => wire.push(bytes));
    join(keep(socket), keep(connect(portOf(inside), '127.0.0.1')));
  });
  await Promise.all([inside, outside].map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))));

  return {
    port: portOf(outside),
    sessions,
    broken,
    get connections() {
      return connections;
    },
    wire: () => Buffer.concat(wire),
    plain: () => Buffer.concat(plain),
    async stop() {
      const closed = [inside, outside].map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function join(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one);
  one.once('close', () => other.destroy());
  other.once('close', () => one.destroy());
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
