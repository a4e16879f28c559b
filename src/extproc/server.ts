import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { filterForms, grpcMetadataNames, metadataNamespaces, type FilterForm } from '../envoy/names.ts';
import { accessLogMethod, decodeAccessLog, type LoggedAttempt } from './access-log.ts';
import { drive, type Driver } from './driver.ts';
import { frameHeaderBytes, serveGrpc, type GrpcCall, type GrpcHandler } from './grpc.ts';
import type { Conversation, Message, RequestHeaders } from './message.ts';
import { decodeMessage, encodeReply } from './wire.ts';

/** The one method of `protos/ext_proc.proto`. */
const extProcMethod = '/envoy.service.ext_proc.v3.ExternalProcessor/Process';

export interface ExtProcServer {
  /** Stops taking streams, lets running ones end for at most `graceMs`, then breaks them. Resolves when every conversation is over, its `finally` included. */
  close(graceMs: number): Promise<void>;
}

/** What is said on the streams of each filter. */
export interface Conversations {
  /** One client request and its answer. The signal aborts where the client or Envoy is gone while it works. */
  router(opening: RequestHeaders, signal: AbortSignal): Conversation;
  /** One attempt, which the exchange's form brings here. */
  upstream(opening: RequestHeaders, form: FilterForm, signal: AbortSignal): Conversation;
  /** Hears of each attempt when it is over, those included that no upstream conversation was about. */
  accessLog(attempt: LoggedAttempt): void;
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
  const logs = new Set<GrpcCall>();
  const server = await serveGrpc(
    address,
    new Map([
      [extProcMethod, (call) => serve(call, conversations, running)],
      [accessLogMethod, (call) => listen(call, conversations, logs)],
    ]),
  );
  // Envoy may run as another user of the same group, nobody else.
  if (socket !== undefined) chmodSync(socket, 0o660);
  return {
    async close(graceMs) {
      const closed = server.close(graceMs);
      // Envoy never ends its log: we do, once the last attempts have been told.
      void Promise.all([...running].map(({ ended }) => ended))
        .then(() => sleep(lastEntriesMs))
        .then(() => logs.forEach((log) => log.end()));
      await closed;
      for (const driver of running) driver.closed();
      await Promise.all([...running].map(({ ended }) => ended));
    },
  };
}

/** How long after the end of the last exchange its attempts may be told: Envoy sends entries within 50 ms. */
const lastEntriesMs = 150;

/** The stream of what became of attempts. Whatever comes on it, exchanges go on. */
function listen(call: GrpcCall, conversations: Conversations, logs: Set<GrpcCall>): GrpcHandler {
  logs.add(call);
  const heard = (attempt: LoggedAttempt): void => {
    try {
      conversations.accessLog(attempt);
    } catch (error) {
      conversations.onFailure(error);
    }
  };
  return {
    message(bytes) {
      try {
        decodeAccessLog(bytes, heard, conversations.onFailure);
      } catch (error) {
        conversations.onFailure(error);
      }
    },
    closed() {
      logs.delete(call);
      call.end();
    },
  };
}

/** One ext_proc stream: which filter opened it says which conversation it is. */
function serve(call: GrpcCall, conversations: Conversations, running: Set<Driver>): GrpcHandler {
  const role = call.metadata(grpcMetadataNames.filter);
  const form = filterForms.find((known) => known === role);
  const open = (first: Message, signal: AbortSignal): Conversation => {
    if (first.type === 'response-headers') return unheard();
    if (first.type !== 'request-headers') throw new Error(`Envoy opened a stream with ${first.type}`);
    return form === undefined ? conversations.router(first, signal) : conversations.upstream(first, form, signal);
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
