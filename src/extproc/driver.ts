import { bug, refuse } from './client-error.ts';
import type { Asked, Conversation, Message, Reply, Sent } from './message.ts';

/** One ext_proc stream as the driver needs it, so that tests can script one without gRPC. */
export interface Transport {
  /** Sends the reply to a message of this type. */
  reply(reply: Sent, to: Asked): void;
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
 * `open` makes the conversation from the first message: a generator's first `next()` argument is lost. Its signal aborts where Envoy is gone while the conversation works, so that nothing is waited for in vain.
 * A conversation that waits for Envoy's next message is ended without: it waits for nothing else.
 * The conversation's `finally` runs exactly once, however the stream ends. `onFailure` hears what it throws.
 * Our side of the stream ends only after Envoy's, but for a `release`: to end it earlier means "process no more", and the rest of the answer passes as it is.
 */
export function drive(
  open: (first: Message, signal: AbortSignal) => Conversation,
  transport: Transport,
  onFailure: (error: unknown) => void,
): Driver {
  const waiting: Message[] = [];
  const speaker = createSpeaker(transport);
  const watchdog = createWatchdog(() => {
    if (state === 'idle') take({ type: 'stalled' });
  });
  const deadline = createWatchdog(() => take({ type: 'stalled' }));
  const gone = new AbortController();
  let conversation: Conversation | undefined;
  let state: 'idle' | 'running' | 'done' = 'idle';
  const ended = Promise.withResolvers<void>();
  let isGone = false;
  const isClosed = (): boolean => isGone;

  async function run(): Promise<void> {
    state = 'running';
    for (let message = waiting.shift(); message !== undefined && !isClosed(); message = waiting.shift()) {
      speaker.asked(message.type);
      try {
        conversation ??= open(message, gone.signal);
        let step = await conversation.next(message);
        while (step.done !== true && step.value.type === 'wait') {
          if (!isClosed() && message.type !== 'stalled') transport.reply(step.value, message.type);
          step = await conversation.next(message);
        }
        if (step.done === true) return stop();
        if (isClosed()) break;
        const reply = step.value;
        speaker.say(reply, message.type);
        if (reply.type === 'release') {
          transport.end();
          await leave();
          return;
        }
        watchdog.expect(reply.type === 'proceed' ? reply.stallMs : undefined);
        if (reply.type === 'proceed' && reply.deadlineMs !== undefined) deadline.expect(reply.deadlineMs);
      } catch (error) {
        if (!isClosed()) speaker.say(refuse(bug(error), undefined), message.type);
        if (!isClosed() || !isAbort(error)) onFailure(error);
        return stop();
      }
    }
    if (isClosed()) return leave();
    state = 'idle';
  }

  /** Nothing more is said: the conversation's `finally` runs now. */
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
    watchdog.expect(undefined);
    deadline.expect(undefined);
    ended.resolve();
  }

  function take(message: Message): void {
    if (isClosed() || state === 'done') return;
    waiting.push(message);
    if (state === 'idle') void run();
  }

  return {
    ended: ended.promise,
    message: take,
    closed() {
      if (isClosed()) return;
      isGone = true;
      if (state === 'running') gone.abort(hungUp);
      transport.end();
      if (state === 'idle') void run();
    },
  };
}

/** Why whatever a conversation waits for is given up; made once, since an error of its own for each exchange costs more than most of what an exchange does. */
const hungUp = new DOMException('Envoy has closed the exchange.', 'AbortError');

/** Whether something that was waited for has given up because Envoy is gone. */
const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

/** Sends each reply as the answer to the message that it belongs to. */
function createSpeaker(transport: Transport): { asked(type: Message['type']): void; say(reply: Reply, to: Message['type']): void } {
  const unanswered: Asked[] = [];

  function send(reply: Exclude<Sent, { type: 'wait' }>): void {
    const to = unanswered.shift();
    if (to !== undefined) transport.reply(reply, to);
    else if (reply.type === 'immediate') transport.reply(reply, 'response-body'); // unasked; it says itself what it is
  }

  return {
    asked(type) {
      if (type !== 'stalled') unanswered.push(type);
    },
    say(reply, to) {
      if (reply.type === 'release') reply.replies.forEach(send);
      else if (reply.type === 'immediate' || (reply.type === 'proceed' && to !== 'stalled')) send(reply);
    },
  };
}

/** Calls `onStall` when what was expected has not come in time. One timer serves a whole stream of chunks. */
function createWatchdog(onStall: () => void): { expect(withinMs: number | undefined): void } {
  let timer: NodeJS.Timeout | undefined;
  let lastMs: number | undefined;
  return {
    expect(withinMs) {
      if (withinMs !== undefined && withinMs === lastMs) timer?.refresh();
      else {
        clearTimeout(timer);
        timer = withinMs === undefined ? undefined : setTimeout(onStall, withinMs);
        timer?.unref();
        lastMs = withinMs;
      }
    },
  };
}
