import type { EventParser, Framing, StreamEvent, WrittenEvent } from '../framing/event.ts';
import type { Part } from '../llm/part.ts';
import { AnswerFailure } from './failure.ts';
import { IdRenamer, type StoredIds } from './id-renamer.ts';
import { isEcho, type EncoderOptions, type LocatedPart, type Protocol } from './protocol.ts';
import { Output } from './relay-output.ts';
import { EventRewriter, heldBy, rewriteAnswer, type PartFilter } from './rewriter.ts';

/** One side of an exchange: what is said, and how streams of it become bytes. */
export interface Side {
  protocol: Protocol;
  framing: Framing;
}

/** How a provider's answer gets to the client. */
export interface RelayOptions {
  /** The provider. */
  from: Side;
  /** The client. */
  to: Side;
  /** Makes the parts ready that are encoded for the client, after every policy; not used where both sides speak one protocol. */
  finish: (part: Part) => readonly Part[];
  /** Sees every part as the provider sent it. */
  observe: (part: Part) => void;
  /** Undefined where no policy looks at the answer. */
  filter: PartFilter | undefined;
  /** Whether the provider's answers differ too much from its protocol's to be passed on to clients who speak that. */
  isRewritten: boolean;
  /** What clients call the objects that a provider keeps, where both sides speak one protocol; undefined where ids stay. */
  storedIds: StoredIds | undefined;
  /** How the answer is to be written for the client. */
  options: EncoderOptions;
}

/** `complete`: as its protocol says. `failed`: with an error of the provider's, or something that cannot be read. `cut`: before it was complete. */
export type AnswerEnd = 'complete' | 'failed' | 'cut';

/**
 * A complete JSON answer for the client; undefined where the provider's bytes are already right.
 * Throws AnswerFailure where it is an error, JsonSyntaxError and JsonFieldError where it cannot be read.
 */
export function relayAnswer(bytes: Buffer, { from, to, observe, filter, finish, isRewritten, storedIds, options }: RelayOptions): Buffer | undefined {
  const located = from.protocol.decodeAnswer(bytes);
  const parts = located.filter((part) => !isEcho(part));
  for (const part of parts) observe(part);
  for (const part of parts) if (part.type === 'error') throw new AnswerFailure(part.failure);
  if (from.protocol !== to.protocol || isRewritten) {
    const filtered = filter === undefined ? parts : parts.flatMap(filter);
    return Buffer.from(to.protocol.encodeAnswer(filtered.flatMap(finish), options));
  }
  const changed = filter === undefined ? bytes : rewriteAnswer(bytes, located, filter);
  const renamed = storedIds === undefined ? changed : new IdRenamer(storedIds).rename(changed);
  return renamed === bytes ? undefined : renamed;
}

/** A stream on its way to the client. */
export interface StreamRelay {
  /** What the client gets for this chunk; undefined where it is the chunk as it came. `last` says that the provider has ended the stream. Never throws. */
  push(chunk: Buffer, last: boolean): Buffer | undefined;
  /** Undefined as long as the answer goes on. */
  readonly ended: AnswerEnd | undefined;
}

/** Says what a stream ends with that is broken off. */
export interface BreakOff {
  /** The provider ended it before it was complete. */
  cut: () => readonly WrittenEvent[];
  /** It cannot be read, or a policy threw. */
  failed: (cause: unknown) => readonly WrittenEvent[];
}

/** Carries a stream to its client. One that stops midway or cannot be read is broken off; what comes after that is swallowed. */
export const createStreamRelay = (options: RelayOptions, breakOff: BreakOff): StreamRelay => new Relay(options, breakOff);

class Relay implements StreamRelay {
  readonly #progress = new Progress();
  readonly #output: Output;
  readonly #carry: Carry;
  readonly #breakOff: BreakOff;
  #isBroken = false;
  #isClosed = false;

  constructor(options: RelayOptions, breakOff: BreakOff) {
    const isPassed = options.from.protocol === options.to.protocol && !options.isRewritten;
    this.#output = new Output(options.to.framing.createWriter());
    this.#carry = (isPassed ? sameProtocol : translated)(options, this.#progress, this.#output, breakOff.cut);
    this.#breakOff = breakOff;
  }

  get ended(): AnswerEnd | undefined {
    return this.#progress.ended;
  }

  push(chunk: Buffer, last: boolean): Buffer | undefined {
    if (this.#isBroken) return Buffer.alloc(0);
    try {
      const isAsItCame = this.#carry(chunk, last);
      if (last) this.#close();
      const bytes = this.#output.take();
      return isAsItCame ? undefined : bytes;
    } catch (cause) {
      this.#isBroken = true;
      this.#progress.fail();
      this.#output.write(this.#breakOff.failed(cause));
      this.#close();
      return this.#output.take();
    }
  }

  /** What closes the stream goes out once. */
  #close(): void {
    if (!this.#isClosed) this.#output.close();
    this.#isClosed = true;
  }
}

/** Carries one chunk; true where the client gets it as it came, for which nothing was written. */
type Carry = (chunk: Buffer, last: boolean) => boolean;

/** Between two protocols, events are decoded to parts and encoded anew. */
function translated({ from, to, observe, filter, finish, options }: RelayOptions, progress: Progress, output: Output, cut: BreakOff['cut']): Carry {
  const parser = from.framing.createParser();
  const decoder = from.protocol.createDecoder();
  const encoder = to.protocol.createEncoder(options);

  const encode = (part: Part): void => {
    for (const ready of finish(part)) output.write(encoder.push(ready));
  };
  const pass = filter === undefined ? encode : (part: Part): void => filter(part).forEach(encode);

  return (chunk, last) => {
    for (const event of eventsOf(parser, chunk, last)) {
      for (const part of decoder.push(event)) {
        if (isEcho(part) || progress.ended !== undefined) continue;
        progress.note(part);
        observe(part);
        pass(part);
      }
    }
    if (last && progress.ended === undefined) {
      if (progress.close() === 'complete') pass({ type: 'end' });
      else {
        heldBy(filter).forEach(encode);
        output.write(cut());
      }
    }
    return false;
  };
}

/** A client who speaks the provider's protocol gets its own bytes, but for texts that policies change and usage nobody asked for. */
function sameProtocol(
  { from, to, observe, filter, storedIds, options: { wantsUsage } }: RelayOptions,
  progress: Progress,
  output: Output,
  cut: BreakOff['cut'],
): Carry {
  const parser = from.framing.createParser();
  const decoder = from.protocol.createDecoder();
  const isSameFraming = from.framing === to.framing;
  const rewriter = filter === undefined ? undefined : new EventRewriter(from.protocol, filter);
  const renamer = storedIds === undefined ? undefined : new IdRenamer(storedIds);

  /** Writes an event as the client gets it; true where it is left as it came. */
  function relay(event: StreamEvent, parts: readonly LocatedPart[]): boolean {
    for (const part of parts) {
      if (isEcho(part)) continue;
      progress.note(part);
      observe(part);
    }
    if (!wantsUsage && parts.length === 1 && parts[0]?.type === 'usage') return false;
    const rewritten = rewriter?.rewrite(event, parts);
    if (rewritten !== undefined) output.write(rewritten.before);
    const data = renamer === undefined ? rewritten?.data : renamer.data(event, rewritten?.data);
    if (!isSameFraming) {
      if (event.data !== '') output.write([{ name: event.name, data: data ?? event.data }]);
    } else if (data === undefined) output.pass(event.raw);
    else output.pass(to.framing.withData(event, data));
    return isSameFraming && rewritten === undefined && data === undefined;
  }

  return (chunk, last) => {
    let isAsItCame = isSameFraming && parser.pendingBytes === 0;
    for (const event of eventsOf(parser, chunk, last)) {
      // Half an event would spoil what is written behind it.
      if (event.isCut === true || !relay(event, decoder.push(event))) isAsItCame = false;
    }
    if (last && progress.ended === undefined) {
      const ending = [...(rewriter?.flush() ?? []), ...(progress.close() === 'complete' ? [] : cut())];
      if (ending.length > 0) isAsItCame = false;
      output.write(ending);
    }
    return isAsItCame && parser.pendingBytes === 0;
  };
}

/** The events that a chunk completes; at the end of the stream also the one that no blank line completed. */
function eventsOf(parser: EventParser, chunk: Buffer, last: boolean): StreamEvent[] {
  const events = parser.push(chunk);
  const rest = last ? parser.end() : undefined;
  if (rest !== undefined) events.push(rest);
  return events;
}

/** How far a stream has come, and with it what "complete" means: its end was said, or it stopped after every choice that began had finished. The first end counts. */
class Progress {
  /** By choice that has begun: whether it has finished. */
  readonly #finished = new Map<number, boolean>();
  #ended: AnswerEnd | undefined;

  get ended(): AnswerEnd | undefined {
    return this.#ended;
  }

  note(part: Part): void {
    if (part.type === 'end') this.#ended ??= 'complete';
    else if (part.type === 'error') this.fail();
    else if (part.type === 'finish') this.#finished.set(part.choice, true);
    else if ('choice' in part && !this.#finished.has(part.choice)) this.#finished.set(part.choice, false);
  }

  fail(): void {
    this.#ended ??= 'failed';
  }

  /** The provider has ended the stream. */
  close(): AnswerEnd {
    const isComplete = this.#finished.size > 0 && [...this.#finished.values()].every(Boolean);
    this.#ended ??= isComplete ? 'complete' : 'cut';
    return this.#ended;
  }
}
