import { parseJson } from '../framing/json.ts';
import { splice } from '../framing/splice.ts';
import type { EventParser, EventWriter, Framing, StreamEvent, WrittenEvent } from '../framing/event.ts';
import { isTextPart, type Part } from '../llm/part.ts';
import { AnswerFailure } from './failure.ts';
import {
  hasPlace,
  isEcho,
  type EchoPart,
  type EncoderOptions,
  type LocatedPart,
  type LocatedText,
  type Protocol,
  type TextEvent,
} from './protocol.ts';
import { replaceText } from './text-place.ts';

/** What policies do to the answer: for each part, those that take its place. The same object means: unchanged. */
export type PartFilter = (part: Part) => readonly Part[];

/** One side of an exchange: what is said, and how streams of it become bytes. */
export interface Side {
  protocol: Protocol;
  framing: Framing;
}

/** Ids of objects that a provider keeps, in the form that the client knows. */
export interface StoredIds {
  /** Those that the request named: the provider's id, and the client's. */
  known: ReadonlyMap<string, string>;
  /** The client's form of the answer's own id; undefined where the answer is not kept. */
  ofAnswer: ((id: string) => string) | undefined;
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
export function relayAnswer(bytes: Buffer, { from, to, observe, filter, finish, storedIds, options }: RelayOptions): Buffer | undefined {
  const located = from.protocol.decodeAnswer(bytes);
  const parts = located.filter((part) => !isEcho(part));
  for (const part of parts) observe(part);
  for (const part of parts) if (part.type === 'error') throw new AnswerFailure(part.failure);
  if (from.protocol !== to.protocol) {
    const filtered = filter === undefined ? parts : parts.flatMap(filter);
    return Buffer.from(to.protocol.encodeAnswer(filtered.flatMap(finish), options));
  }
  const changes =
    filter === undefined
      ? []
      : [...changedTexts(parts.filter(hasPlace), textsByBlock(parts.flatMap(filter))), ...changedEchoes(located.filter(isEcho), filter)];
  const changed = changes.length === 0 ? bytes : withTexts(bytes, changes);
  const renamed = storedIds === undefined ? changed : new IdRenamer(storedIds).rename(changed, parts);
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
export function createStreamRelay(options: RelayOptions, breakOff: BreakOff): StreamRelay {
  const progress = new Progress();
  const output = new Output(options.to.framing.createWriter());
  const carry = (options.from.protocol === options.to.protocol ? sameProtocol : translated)(options, progress, output, breakOff.cut);
  let isBroken = false;
  let isClosed = false;

  /** What closes the stream goes out once. */
  function close(): void {
    if (!isClosed) output.close();
    isClosed = true;
  }

  return {
    get ended() {
      return progress.ended;
    },
    push(chunk, last) {
      if (isBroken) return Buffer.alloc(0);
      try {
        const isAsItCame = carry(chunk, last);
        if (last) close();
        const bytes = output.take();
        return isAsItCame ? undefined : bytes;
      } catch (cause) {
        isBroken = true;
        progress.fail();
        output.write(breakOff.failed(cause));
        close();
        return output.take();
      }
    },
  };
}

/** What of one chunk goes to the client. */
class Output {
  readonly #writer: EventWriter;
  #text = '';
  #pieces: Buffer[] = [];

  constructor(writer: EventWriter) {
    this.#writer = writer;
  }

  write(events: readonly WrittenEvent[]): void {
    for (const event of events) this.#add(this.#writer.write(event));
  }

  /** The bytes of an event that the provider sent. */
  pass(bytes: string | Buffer): void {
    this.#writer.passed();
    this.#add(bytes);
  }

  close(): void {
    this.#add(this.#writer.end());
  }

  take(): Buffer {
    this.#flush();
    const [first, ...more] = this.#pieces;
    const bytes = first !== undefined && more.length === 0 ? first : Buffer.concat(this.#pieces);
    this.#pieces = [];
    return bytes;
  }

  #add(bytes: string | Buffer): void {
    if (bytes.length === 0) return;
    if (typeof bytes === 'string') {
      this.#text += bytes;
      return;
    }
    this.#flush();
    this.#pieces.push(bytes);
  }

  #flush(): void {
    if (this.#text === '') return;
    this.#pieces.push(Buffer.from(this.#text));
    this.#text = '';
  }
}

/** Carries one chunk; true where the client gets it as it came, for which nothing was written. */
type Carry = (chunk: Buffer, last: boolean) => boolean;

/** Between two protocols, events are decoded to parts and encoded anew. */
function translated({ from, to, observe, filter, finish, options }: RelayOptions, progress: Progress, output: Output, cut: BreakOff['cut']): Carry {
  const parser = from.framing.createParser();
  const decoder = from.protocol.createDecoder();
  const encoder = to.protocol.createEncoder(options);

  const encode = (parts: readonly Part[]): void => {
    for (const part of parts) for (const ready of finish(part)) output.write(encoder.push(ready));
  };
  const pass = (part: Part): void => encode(filter === undefined ? [part] : filter(part));

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
        encode(heldBy(filter));
        output.write(cut());
      }
    }
    return false;
  };
}

/** What policies still hold back when a stream ends. */
const heldBy = (filter: PartFilter | undefined): Part[] => (filter?.({ type: 'end' }) ?? []).filter((part) => part.type !== 'end');

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
    const data = renamer === undefined ? rewritten?.data : renamer.data(event, rewritten?.data, parts);
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

/** An event whose texts policies changed: events of held text before it, and its own data; undefined where that stays. */
interface Rewritten {
  before: readonly WrittenEvent[];
  data: string | undefined;
}

/** Puts changed texts back into the provider's own events. */
class EventRewriter {
  readonly #protocol: Protocol;
  readonly #filter: PartFilter;
  /** Per block, the last event that had text of it: the mould for text that was held back. */
  readonly #moulds = new Map<number, TextEvent>();

  constructor(protocol: Protocol, filter: PartFilter) {
    this.#protocol = protocol;
    this.#filter = filter;
  }

  /** The event with its texts replaced, held text before it; undefined where nothing changes. */
  rewrite(event: StreamEvent, parts: readonly LocatedPart[]): Rewritten | undefined {
    const own = parts.filter(hasPlace);
    const said = parts.filter((part) => !isEcho(part));
    const filtered = said.flatMap(this.#filter);
    const echoes = said.length === parts.length ? [] : changedEchoes(parts.filter(isEcho), this.#filter);
    if (echoes.length === 0 && filtered.length === said.length && filtered.every((part, index) => part === said[index])) {
      this.#keep(event, own);
      return undefined;
    }
    const texts = textsByBlock(filtered);
    const blocks = new Set(own.map((part) => part.block));
    const before = this.#cast([...texts].filter(([block]) => !blocks.has(block)));
    this.#keep(event, own);
    const changes = [...changedTexts(own, texts), ...echoes];
    return { before, data: changes.length === 0 ? undefined : withTexts(Buffer.from(event.data), changes).toString('utf8') };
  }

  /** The events of what policies still hold back when the stream ends. */
  flush(): WrittenEvent[] {
    return this.#cast([...textsByBlock(heldBy(this.#filter))]);
  }

  #keep(event: StreamEvent, texts: readonly LocatedText[]): void {
    for (const { block, place } of texts) this.#moulds.set(block, { event, texts, place });
  }

  #cast(held: readonly (readonly [block: number, text: string])[]): WrittenEvent[] {
    return held.flatMap(([block, text]) => {
      const mould = this.#moulds.get(block);
      return mould === undefined ? [] : [this.#protocol.heldTextEvent(mould, text)];
    });
  }
}

/** Puts the client's ids in the place of the provider's wherever they stand: events repeat them. They are long and random, so nothing else reads like one. */
class IdRenamer {
  readonly #ofAnswer: StoredIds['ofAnswer'];
  readonly #names: Map<string, string>;

  constructor({ known, ofAnswer }: StoredIds) {
    this.#names = new Map(known);
    this.#ofAnswer = ofAnswer;
  }

  rename(bytes: Buffer, parts: readonly LocatedPart[]): Buffer {
    this.#note(parts);
    return [...this.#names.keys()].some((id) => bytes.includes(id)) ? Buffer.from(this.#renamed(bytes.toString('utf8'))) : bytes;
  }

  /** The event's data as it goes out; undefined where that is its own. */
  data(event: StreamEvent, changed: string | undefined, parts: readonly LocatedPart[]): string | undefined {
    this.#note(parts);
    const data = changed ?? event.data;
    const renamed = this.#renamed(data);
    return renamed === data ? changed : renamed;
  }

  #renamed(text: string): string {
    let renamed = text;
    for (const [id, name] of this.#names) if (renamed.includes(id)) renamed = renamed.replaceAll(id, name);
    return renamed;
  }

  #note(parts: readonly LocatedPart[]): void {
    if (this.#ofAnswer === undefined) return;
    for (const part of parts)
      if (part.type === 'start' && part.id !== '' && !this.#names.has(part.id)) this.#names.set(part.id, this.#ofAnswer(part.id));
  }
}

/** No block of an answer has this number: what a protocol repeats is a text of its own to policies. */
const echoBlock = -1;

function changedEchoes(echoes: readonly EchoPart[], filter: PartFilter): Change[] {
  return echoes.flatMap((part) => {
    const place = { choice: 0, block: echoBlock };
    const filtered = [...filter({ type: part.of, ...place, text: part.text }), ...filter({ type: 'block-end', ...place })];
    const text = textsByBlock(filtered).get(echoBlock) ?? '';
    return text === part.text ? [] : [{ part, text }];
  });
}

function textsByBlock(parts: readonly Part[]): Map<number, string> {
  const texts = new Map<number, string>();
  for (const part of parts) if (isTextPart(part)) texts.set(part.block, (texts.get(part.block) ?? '') + part.text);
  return texts;
}

interface Change {
  part: LocatedText | EchoPart;
  text: string;
}

/** Gives each block its text: in the block's first place, and nothing in its further ones. Places whose text stays are left alone. */
function changedTexts(parts: readonly LocatedText[], texts: ReadonlyMap<number, string>): Change[] {
  const seen = new Set<number>();
  return parts.flatMap((part) => {
    const text = seen.has(part.block) ? '' : (texts.get(part.block) ?? '');
    seen.add(part.block);
    return text === part.text ? [] : [{ part, text }];
  });
}

/** A document with texts changed where they stand. */
function withTexts(bytes: Buffer, changes: readonly Change[]): Buffer {
  const document = parseJson(bytes);
  const edits = changes.map(({ part, text }) => replaceText(document, part.place, text));
  return splice(bytes, edits);
}
