import type { Saying } from './answer.ts';

/** An answer given byte by byte. Each chunk is one write. */
export interface RawAnswer {
  status?: number;
  headers?: Readonly<Record<string, string>>;
  chunks: readonly (string | Uint8Array)[];
}

/** What the provider does with one request, besides answering it. An empty behaviour answers as always; faults may be combined. */
export interface Behaviour {
  /** Serves without looking at the request at all: for benchmarks, and for tests of what no real provider would let pass. */
  unchecked?: boolean;
  /** Waits before anything is answered. */
  delayMs?: number;
  /** Answers an error. The vendor's own body for that status where there is none; a string is sent as HTML, as by a proxy on the way. */
  refuse?: { status: number; headers?: Readonly<Record<string, string>>; body?: unknown };
  /** Answers these bytes. */
  raw?: RawAnswer;
  /** Says this. */
  say?: Saying;
  /** Writes an error event after so many events of a stream and ends; in place of a JSON answer, the error as its body. The status stays 200. */
  errorEvent?: { after: number; status: number; message?: string };
  /**
   * Breaks off: `stall` sends nothing more and keeps the connection, `reset` sends RST, `close` closes the connection in mid-body,
   * `end` ends the body as if it were complete. After nothing, after the headers, or after so many events; a JSON answer counts as two, its halves.
   */
  break?: { how: 'stall' | 'reset' | 'close' | 'end'; after: 'nothing' | 'headers' | number };
  /** Waits between two events, or two writes where `writeBytes` is given. */
  eventDelayMs?: number;
  /** Bytes per write, across events, characters and line ends. */
  writeBytes?: number;
  /** Line ends of a stream; `\n` where it does not say. */
  lineEnd?: '\n' | '\r\n' | '\r';
  /** Adds comments, fields and events that no client knows. */
  strangers?: boolean;
}

/** Provider models that misbehave, for people who try out fallback by hand: their name is all that has to be configured. */
const modelBehaviours: Readonly<Record<string, Behaviour>> = {
  stall: { break: { how: 'stall', after: 'nothing' } },
  'stall-stream': { break: { how: 'stall', after: 3 } },
  reset: { break: { how: 'reset', after: 'nothing' } },
  'reset-stream': { break: { how: 'reset', after: 3 } },
  'cut-stream': { break: { how: 'end', after: 3 } },
  'error-stream': { errorEvent: { after: 3, status: 500 } },
  slow: { delayMs: 2000, eventDelayMs: 200 },
  split: { writeBytes: 1 },
  strangers: { strangers: true },
  refusal: { say: { refusal: 'I cannot help with that.' } },
};

/** What a model such as `fail-429` or `stall-stream` does; undefined for every other name. */
export function behaviourOfModel(model: string): Behaviour | undefined {
  const status = /^fail-([45]\d\d)$/.exec(model)?.[1];
  if (status !== undefined) return { refuse: { status: Number(status) } };
  return Object.hasOwn(modelBehaviours, model) ? modelBehaviours[model] : undefined;
}

/** Whether a provider model is there: one that the fake has, or one that misbehaves. */
export const knowsModel = (models: ReadonlySet<string>, model: string): boolean => models.has(model) || behaviourOfModel(model) !== undefined;

/** Behaviours in waiting: a queue, one for each next request, and a standing one for when the queue is empty. */
export interface Behaviours {
  push(...next: Behaviour[]): void;
  stand(standing: Behaviour | undefined): void;
  /** What the next request will meet. */
  peek(): Behaviour | undefined;
  /** Takes what `peek` showed off the queue. */
  take(): void;
}

export function createBehaviours(): Behaviours {
  let queue: Behaviour[] = [];
  let always: Behaviour | undefined;
  return {
    push: (...next) => void (queue = [...queue, ...next.map(precompute)]),
    stand: (standing) => {
      always = standing && precompute(standing);
      queue = [];
    },
    peek: () => queue[0] ?? always,
    take: () => void queue.shift(),
  };
}

/** Turns text into bytes once, so that a request costs no encoding. */
function precompute(behaviour: Behaviour): Behaviour {
  if (!behaviour.raw) return behaviour;
  return { ...behaviour, raw: { ...behaviour.raw, chunks: behaviour.raw.chunks.map((chunk) => Buffer.from(chunk)) } };
}
