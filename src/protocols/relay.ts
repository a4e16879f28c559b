import type { EventParser, Framing, StreamEvent, WrittenEvent } from '../framing/event.ts';
import type { Part } from '../llm/part.ts';
import { AnswerFailure } from './failure.ts';
import { IdRenamer, type StoredIds } from './id-renamer.ts';
import type { Usage } from '../llm/usage.ts';
import { isEcho, type ClientError, type EncoderOptions, type LocatedPart, type Protocol } from './protocol.ts';
import { Output } from './relay-output.ts';
import { Progress, type AnswerEnd } from './relay-progress.ts';
import { EventRewriter, heldBy, rewriteAnswer, type PartFilter } from './rewriter.ts';
import { PassedSoFar } from './stream-so-far.ts';

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
  /** Who may end a stream before its time; undefined where nobody does. A JSON answer is here as a whole, so nobody is asked. */
  watch?: Watch | undefined;
  /** Undefined where no policy looks at the answer. */
  filter: PartFilter | undefined;
  /** Whether the provider's answers differ too much from its protocol's to be passed on to clients who speak that. */
  isRewritten: boolean;
  /** What clients call the objects that a provider keeps, where both sides speak one protocol; undefined where ids stay. */
  storedIds: StoredIds | undefined;
  /** How the answer is to be written for the client. */
  options: EncoderOptions;
}

/** A policy that looks at a stream as the provider sends it, and may end the client's before its time. */
export interface Watch {
  /** Sees every part, also of what the client no longer gets. Throws where the client's stream is to end; what it throws after that, or in the event with which all of the answer has come, does nothing. */
  see: (part: Part) => void;
  /** Hears once, when the stream is ended, what was thrown; says what the client is told, and what was used by then, where that is known. */
  stopped: (cause: unknown) => { error: ClientError; usage: Usage | undefined };
}

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
      if (last) this.#output.close();
      const bytes = this.#output.take();
      return isAsItCame ? undefined : bytes;
    } catch (cause) {
      this.#isBroken = true;
      this.#progress.fail();
      if (!this.#output.isClosed) this.#output.write(this.#breakOff.failed(cause));
      this.#output.close();
      return this.#output.take();
    }
  }
}

/** Carries one chunk; true where the client gets it as it came, for which nothing was written. */
type Carry = (chunk: Buffer, last: boolean) => boolean;

/** Between two protocols, events are decoded to parts and encoded anew. */
function translated(relay: RelayOptions, progress: Progress, output: Output, cut: BreakOff['cut']): Carry {
  const { from, to, filter, finish, options } = relay;
  const parser = from.framing.createParser();
  const decoder = from.protocol.createDecoder();
  const encoder = to.protocol.createEncoder(options);
  const audience = new Audience(relay, progress);

  const encode = (part: Part): void => {
    for (const ready of finish(part)) output.write(encoder.push(ready));
  };
  const pass = filter === undefined ? encode : (part: Part): void => filter(part).forEach(encode);

  function stop({ error, usage }: Stopped): void {
    heldBy(filter).forEach(encode);
    if (usage !== undefined) output.write(encoder.push({ type: 'usage', usage }));
    output.write(encoder.stop(error));
    output.close();
  }

  return (chunk, last) => {
    for (const event of eventsOf(parser, chunk, last)) {
      const parts = decoder.push(event);
      const isOver = progress.ended !== undefined;
      const stopped = audience.see(parts);
      if (stopped !== undefined) stop(stopped);
      else if (!isOver) upToEnd(parts, pass);
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

/** What comes behind the end of an answer is none of it. */
function upToEnd(parts: readonly LocatedPart[], pass: (part: Part) => void): void {
  for (const part of parts) {
    if (isEcho(part)) continue;
    pass(part);
    if (part.type === 'end' || part.type === 'error') return;
  }
}

/** A client who speaks the provider's protocol gets its own bytes, but for texts that policies change and usage nobody asked for. */
function sameProtocol(relay: RelayOptions, progress: Progress, output: Output, cut: BreakOff['cut']): Carry {
  const { from, to, filter, storedIds, options, watch } = relay;
  const parser = from.framing.createParser();
  const decoder = from.protocol.createDecoder();
  const isSameFraming = from.framing === to.framing;
  const rewriter = filter === undefined ? undefined : new EventRewriter(from.protocol, filter);
  const renamer = storedIds === undefined ? undefined : new IdRenamer(storedIds);
  const audience = new Audience(relay, progress);
  const soFar = watch === undefined ? undefined : new PassedSoFar(options);

  /** Writes an event as the client gets it; true where it is left as it came. */
  function write(event: StreamEvent, parts: readonly LocatedPart[]): boolean {
    if (!options.wantsUsage && parts.length === 1 && parts[0]?.type === 'usage') return false;
    const rewritten = rewriter?.rewrite(event, parts);
    if (rewritten !== undefined) output.write(rewritten.before);
    const data = renamer === undefined ? rewritten?.data : renamer.data(event, rewritten?.data);
    if (event.data !== '') soFar?.passed(parts);
    if (!isSameFraming) {
      if (event.data !== '') output.write([{ name: event.name, data: data ?? event.data }]);
    } else if (data === undefined) output.pass(event.raw);
    else output.pass(to.framing.withData(event, data));
    return isSameFraming && rewritten === undefined && data === undefined;
  }

  function stop({ error, usage }: Stopped): void {
    output.write(rewriter?.flush() ?? []);
    const events = to.protocol.encodeStreamError(error, soFar?.with(usage));
    output.write(renamer === undefined ? events : events.map((event) => ({ ...event, data: renamer.rename(Buffer.from(event.data)).toString() })));
    output.close();
  }

  return (chunk, last) => {
    let isAsItCame = isSameFraming && parser.pendingBytes === 0;
    for (const event of eventsOf(parser, chunk, last)) {
      const parts = decoder.push(event);
      const stopped = audience.see(parts);
      if (stopped !== undefined) stop(stopped);
      // Half an event would spoil what is written behind it.
      if (output.isClosed || event.isCut === true || !write(event, parts)) isAsItCame = false;
    }
    if (output.isClosed) return false;
    if (last && progress.ended === undefined) {
      const ending = [...(rewriter?.flush() ?? []), ...(progress.close() === 'complete' ? [] : cut())];
      if (ending.length > 0) isAsItCame = false;
      output.write(ending);
    }
    return isAsItCame && parser.pendingBytes === 0;
  };
}

type Stopped = ReturnType<Watch['stopped']>;

/** All who look at an answer as the provider sends it. */
class Audience {
  readonly #observe: RelayOptions['observe'];
  readonly #watch: Watch | undefined;
  readonly #progress: Progress;

  constructor({ observe, watch }: RelayOptions, progress: Progress) {
    this.#observe = observe;
    this.#watch = watch;
    this.#progress = progress;
  }

  /** Shows the parts of one event. What is returned ends the client's stream in the event's place; undefined as long as it goes on, and after that. */
  see(parts: readonly LocatedPart[]): Stopped | undefined {
    for (const part of parts) {
      if (isEcho(part)) continue;
      this.#progress.note(part);
      this.#observe(part);
    }
    return this.#watch === undefined ? undefined : this.#ask(this.#watch, parts);
  }

  #ask(watch: Watch, parts: readonly LocatedPart[]): Stopped | undefined {
    let objection: { cause: unknown } | undefined;
    for (const part of parts) {
      if (isEcho(part)) continue;
      try {
        watch.see(part);
      } catch (cause) {
        objection ??= { cause };
      }
    }
    if (objection === undefined || this.#progress.ended !== undefined || this.#progress.isFinished) return undefined;
    this.#progress.fail();
    return watch.stopped(objection.cause);
  }
}

/** The events that a chunk completes; at the end of the stream also the one that no blank line completed. */
function eventsOf(parser: EventParser, chunk: Buffer, last: boolean): StreamEvent[] {
  const events = parser.push(chunk);
  const rest = last ? parser.end() : undefined;
  if (rest !== undefined) events.push(rest);
  return events;
}
