import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { grpcMetadataNames, metadataNamespaces, type FilterRole } from '../envoy/names.ts';
import { drive, type Driver } from './driver.ts';
import { frameHeaderBytes, serveGrpc, type GrpcCall, type GrpcHandler } from './grpc.ts';
import type { Conversation, Message, RequestHeaders } from './message.ts';
import { decodeMessage, encodeReply } from './wire.ts';

/** The one method of `protos/ext_proc.proto`. */
const method = '/envoy.service.ext_proc.v3.ExternalProcessor/Process';

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
  const running = new Set<Driver>();
  const socket = address.startsWith('unix:') ? address.slice('unix:'.length) : undefined;
  if (socket !== undefined) {
    mkdirSync(dirname(socket), { recursive: true });
    rmSync(socket, { force: true });
  }
  const server = await serveGrpc(address, method, (call) => serve(call, conversations, running));
  // Envoy may run as another user of the same group, nobody else.
  if (socket !== undefined) chmodSync(socket, 0o660);
  return {
    async close(graceMs) {
      await server.close(graceMs);
      for (const driver of running) driver.closed();
      await Promise.all([...running].map(({ ended }) => ended));
    },
  };
}

/** One ext_proc stream: which filter opened it says which conversation it is. */
function serve(call: GrpcCall, conversations: Conversations, running: Set<Driver>): GrpcHandler {
  const isUpstream = call.metadata(grpcMetadataNames.filter) === ('upstream' satisfies FilterRole);
  const open = (first: Message): Conversation => {
    if (first.type === 'response-headers') return unheard();
    if (first.type !== 'request-headers') throw new Error(`Envoy opened a stream with ${first.type}`);
    return isUpstream ? conversations.upstream(first) : conversations.router(first);
  };
  const driver = drive(
    open,
    {
      reply: (reply, to) => call.send(encodeReply(reply, to, frameHeaderBytes)),
      end: call.end,
    },
    conversations.onFailure,
  );
  running.add(driver);
  void driver.ended.then(() => running.delete(driver));
  return {
    message(bytes) {
      let message: Message;
      try {
        message = decodeMessage(bytes, metadataNamespaces.exchange);
      } catch (error) {
        conversations.onFailure(error);
        throw error;
      }
      driver.message(message);
    },
    closed: driver.closed,
  };
}

/** Envoy refused a request before any filter heard of it, such as one with an upgrade: its own reply has an error body of ours already. */
async function* unheard(): Conversation {
  yield { type: 'proceed', responseBody: 'none' };
}
