import { bug, refuse } from './client-error.ts';
import type { Conversation, Message, Reply } from './message.ts';

/** One ext_proc stream as the driver needs it, so that tests can script one without gRPC. */
export interface Transport {
  /** Sends the reply to a message of this type. */
  reply(reply: Reply, to: Message['type']): void;
  /** Ends our side of the stream. */
  end(): void;
}

export interface Driver {
  /** A message has come. */
  message(message: Message): void;
  /** Envoy has said its last: half-close, cancel or a broken connection. */
  closed(): void;
  /** Resolves when the conversation is over, its `finally` included. */
  readonly ended: Promise<void>;
}

/**
 * Takes one conversation through its stream: messages in, replies out, one at a time and in their order.
 *
 * `open` makes the conversation from the first message: a generator's first `next()` argument is lost.
 * The conversation's `finally` runs exactly once, however the stream ends. `onFailure` hears what it throws.
 * Our side of the stream ends only after Envoy's: to end it earlier means "process no more", and the rest of the answer would pass as it is.
 */
export function drive(open: (first: Message) => Conversation, transport: Transport, onFailure: (error: unknown) => void): Driver {
  const waiting: Message[] = [];
  let conversation: Conversation | undefined;
  let state: 'idle' | 'running' | 'done' = 'idle';
  let closed = false;
  const ended = Promise.withResolvers<void>();

  async function run(): Promise<void> {
    state = 'running';
    for (let message = waiting.shift(); message !== undefined && !closed; message = waiting.shift()) {
      try {
        conversation ??= open(message);
        const step = await conversation.next(message);
        if (step.done === true) return stop();
        if (!closed) transport.reply(step.value, message.type);
      } catch (error) {
        if (!closed) transport.reply(refuse(bug(error), undefined), message.type);
        onFailure(error);
        return stop();
      }
    }
    if (closed) return leave();
    state = 'idle';
  }

  /** Envoy is gone: the conversation's `finally` runs now. */
  async function leave(): Promise<void> {
    try {
      await conversation?.return();
    } catch (error) {
      onFailure(error);
    }
    stop();
  }

  function stop(): void {
    state = 'done';
    waiting.length = 0;
    ended.resolve();
  }

  return {
    ended: ended.promise,
    message(message) {
      if (closed || state === 'done') return;
      waiting.push(message);
      if (state === 'idle') void run();
    },
    closed() {
      if (closed) return;
      closed = true;
      transport.end();
      if (state === 'idle') void run();
    },
  };
}
