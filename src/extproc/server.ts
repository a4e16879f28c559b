import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Server, ServerCredentials, type ServerDuplexStream, type ServiceDefinition } from '@grpc/grpc-js';
import { grpcMetadataNames, metadataNamespaces, type FilterRole } from '../envoy/names.ts';
import { drive, type Driver } from './driver.ts';
import type { Conversation, Message, Reply, RequestHeaders } from './message.ts';
import { decodeMessage, encodeReply } from './wire.ts';

/** Larger than any body that Envoy buffers, so that Envoy's limit is the one that is met. */
const maxMessageBytes = 64 << 20;

export interface ExtProcServer {
  /** Stops taking streams, lets running ones end for at most `graceMs`, then breaks them. Resolves when every conversation is over, its `finally` included. */
  close(graceMs: number): Promise<void>;
}

/** What is said on the streams of each filter. */
export interface Conversations {
  router(opening: RequestHeaders): Conversation;
  upstream(opening: RequestHeaders): Conversation;
  /** Hears what a conversation, or Envoy, did that it should not. */
  onFailure(error: unknown): void;
}

/** Serves ext_proc at a Unix socket (`unix:/path`) or an address (`host:port`). Throws where it cannot listen. */
export async function serveExtProc(address: string, conversations: Conversations): Promise<ExtProcServer> {
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.max_concurrent_streams': 2 ** 31 - 1,
  });
  const running = new Set<Driver>();
  server.addService(externalProcessor, { process: (call: Call) => void track(serve(call, conversations), running) });
  const socket = address.startsWith('unix:') ? address.slice('unix:'.length) : undefined;
  if (socket !== undefined) {
    mkdirSync(dirname(socket), { recursive: true });
    rmSync(socket, { force: true });
  }
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
  });
  // Envoy may run as another user of the same group, nobody else.
  if (socket !== undefined) chmodSync(socket, 0o660);
  return {
    async close(graceMs) {
      await shutDown(server, graceMs);
      for (const driver of running) driver.closed();
      await Promise.all([...running].map(({ ended }) => ended));
    },
  };
}

function shutDown(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function track(driver: Driver, running: Set<Driver>): Promise<void> {
  running.add(driver);
  await driver.ended;
  running.delete(driver);
}

/** A reply, and the type of the message that it answers: it decides in which field the reply goes. */
interface Answer {
  reply: Reply;
  to: Message['type'];
}

type Call = ServerDuplexStream<Message, Answer>;

const unused = (): never => {
  throw new Error('a server reads requests and writes responses only');
};

/** The one method of `protos/ext_proc.proto`. A message that cannot be decoded ends its stream with an error, which Envoy answers with a 503. */
const externalProcessor: ServiceDefinition = {
  process: {
    path: '/envoy.service.ext_proc.v3.ExternalProcessor/Process',
    requestStream: true,
    responseStream: true,
    requestSerialize: unused,
    requestDeserialize: (bytes: Buffer) => decodeMessage(bytes, metadataNamespaces.exchange),
    responseSerialize: ({ reply, to }: Answer) => encodeReply(reply, to),
    responseDeserialize: unused,
  },
};

/** One ext_proc stream: which filter opened it says which conversation it is. */
function serve(call: Call, conversations: Conversations): Driver {
  const isUpstream = call.metadata.get(grpcMetadataNames.filter)[0] === ('upstream' satisfies FilterRole);
  const open = (first: Message): Conversation => {
    if (first.type === 'response-headers') return unheard();
    if (first.type !== 'request-headers') throw new Error(`Envoy opened a stream with ${first.type}`);
    return isUpstream ? conversations.upstream(first) : conversations.router(first);
  };
  const driver = drive(
    open,
    {
      reply: (reply, to) => void call.write({ reply, to }),
      end: () => call.end(),
    },
    conversations.onFailure,
  );
  call.on('data', (message: Message) => driver.message(message));
  call.on('end', () => driver.closed());
  call.on('cancelled', () => driver.closed());
  call.on('error', () => driver.closed());
  return driver;
}

/** Envoy refused a request before any filter heard of it, such as one with an upgrade: its own reply has an error body of ours already. */
async function* unheard(): Conversation {
  yield { type: 'proceed', responseBody: 'none' };
}
