import { parseJson } from '../framing/json.ts';
import { splice } from '../framing/splice.ts';
import { SseParser, withData, type SseEvent } from '../framing/sse.ts';
import { isTextPart, type Part } from '../llm/part.ts';
import { AnswerFailure } from './failure.ts';
import { hasPlace, type EncoderOptions, type LocatedPart, type LocatedText, type Protocol, type TextEvent } from './protocol.ts';
import { replaceText } from './text-place.ts';

/** What policies do to the answer: for each part, those that take its place. The same object means: unchanged. */
export type PartFilter = (part: Part) => readonly Part[];

/** How a provider's answer gets to the client. */
export interface RelayOptions {
  /** Spoken by the provider. */
  from: Protocol;
  /** Spoken by the client. */
  to: Protocol;
  /** Sees every part as the provider sent it. */
  observe: (part: Part) => void;
  /** Undefined where no policy looks at the answer. */
  filter: PartFilter | undefined;
  /** How the answer is to be written for the client. */
  options: EncoderOptions;
}

/** `complete`: as its protocol says. `failed`: with an error of the provider's, or something that cannot be read. `cut`: before it was complete. */
export type AnswerEnd = 'complete' | 'failed' | 'cut';

/**
 * A complete JSON answer for the client; undefined where the provider's bytes are already right.
 * Throws AnswerFailure where it is an error, JsonSyntaxError and JsonFieldError where it cannot be read.
 */
export function relayAnswer(bytes: Buffer, { from, to, observe, filter, options }: RelayOptions): Buffer | undefined {
  const parts = from.decodeAnswer(bytes);
  for (const part of parts) observe(part);
  for (const part of parts) if (part.type === 'error') throw new AnswerFailure(part.failure);
  if (from !== to) return Buffer.from(to.encodeAnswer(filter === undefined ? parts : parts.flatMap(filter), options));
  if (filter === undefined) return undefined;
  const filtered = parts.flatMap(filter);
  const changes = changedTexts(parts.filter(hasPlace), textsByBlock(filtered));
  return changes.length === 0 ? undefined : withTexts(bytes, changes);
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
  cut: () => string;
  /** It cannot be read, or a policy threw. */
  failed: (cause: unknown) => string;
}

/** Carries a stream to its client. One that stops midway or cannot be read is broken off; what comes after that is swallowed. */
export function createStreamRelay(options: RelayOptions, breakOff: BreakOff): StreamRelay {
  const progress = new Progress();
  const carry = (options.from === options.to ? sameProtocol : translated)(options, progress, breakOff.cut);
  let isBroken = false;
  return {
    get ended() {
      return progress.ended;
    },
    push(chunk, last) {
      if (isBroken) return Buffer.alloc(0);
      try {
        return carry(chunk, last);
      } catch (cause) {
        isBroken = true;
        progress.fail();
        return Buffer.from(breakOff.failed(cause));
      }
    },
  };
}

type Carry = StreamRelay['push'];

/** Between two protocols, events are decoded to parts and encoded anew. */
function translated({ from, to, observe, filter, options }: RelayOptions, progress: Progress, cut: BreakOff['cut']): Carry {
  const parser = new SseParser();
  const decoder = from.createDecoder();
  const encoder = to.createEncoder(options);

  const encode = (parts: readonly Part[]): string => {
    let text = '';
    for (const part of parts) text += encoder.push(part);
    return text;
  };
  const pass = (part: Part): string => encode(filter === undefined ? [part] : filter(part));

  return (chunk, last) => {
    let text = '';
    for (const event of eventsOf(parser, chunk, last)) {
      for (const part of decoder.push(event)) {
        if (progress.ended !== undefined) continue;
        progress.note(part);
        observe(part);
        text += pass(part);
      }
    }
    if (last && progress.ended === undefined) text += progress.close() === 'complete' ? pass({ type: 'end' }) : encode(heldBy(filter)) + cut();
    return Buffer.from(text);
  };
}

/** What policies still hold back when a stream ends. */
const heldBy = (filter: PartFilter | undefined): Part[] => (filter?.({ type: 'end' }) ?? []).filter((part) => part.type !== 'end');

/** A client who speaks the provider's protocol gets its own bytes, but for texts that policies change and usage nobody asked for. */
function sameProtocol({ from, observe, filter, options: { wantsUsage } }: RelayOptions, progress: Progress, cut: BreakOff['cut']): Carry {
  const parser = new SseParser();
  const decoder = from.createDecoder();
  const rewriter = filter === undefined ? undefined : new EventRewriter(from, filter);

  /** The event as the client gets it; undefined where it is left as it is. */
  function relay(event: SseEvent, parts: readonly LocatedPart[]): string | undefined {
    for (const part of parts) {
      progress.note(part);
      observe(part);
    }
    if (!wantsUsage && parts.length === 1 && parts[0]?.type === 'usage') return '';
    return rewriter?.rewrite(event, parts);
  }

  return (chunk, last) => {
    let isChunk = parser.pendingBytes === 0;
    const pieces: Buffer[] = [];
    for (const event of eventsOf(parser, chunk, last)) {
      const rewritten = relay(event, decoder.push(event));
      if (rewritten !== undefined) isChunk = false;
      pieces.push(rewritten === undefined ? event.raw : Buffer.from(rewritten));
    }
    if (last && progress.ended === undefined) {
      const held = rewriter?.flush() ?? '';
      const ending = progress.close() === 'complete' ? held : held + cut();
      if (ending !== '') isChunk = false;
      pieces.push(Buffer.from(ending));
    }
    return isChunk && parser.pendingBytes === 0 ? undefined : Buffer.concat(pieces);
  };
}

/** The events that a chunk completes; at the end of the stream also the one that no blank line completed. */
function eventsOf(parser: SseParser, chunk: Buffer, last: boolean): SseEvent[] {
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
  rewrite(event: SseEvent, parts: readonly LocatedPart[]): string | undefined {
    const own = parts.filter(hasPlace);
    const filtered = parts.flatMap(this.#filter);
    if (filtered.length === parts.length && filtered.every((part, index) => part === parts[index])) {
      this.#keep(event, own);
      return undefined;
    }
    const texts = textsByBlock(filtered);
    const blocks = new Set(own.map((part) => part.block));
    const before = this.#cast([...texts].filter(([block]) => !blocks.has(block)));
    this.#keep(event, own);
    const changes = changedTexts(own, texts);
    return (
      before + (changes.length === 0 ? event.raw.toString('utf8') : withData(event, withTexts(Buffer.from(event.data), changes).toString('utf8')))
    );
  }

  /** The events of what policies still hold back when the stream ends. */
  flush(): string {
    return this.#cast([...textsByBlock(heldBy(this.#filter))]);
  }

  #keep(event: SseEvent, texts: readonly LocatedText[]): void {
    for (const { block, place } of texts) this.#moulds.set(block, { event, texts, place });
  }

  #cast(held: readonly (readonly [block: number, text: string])[]): string {
    let events = '';
    for (const [block, text] of held) {
      const mould = this.#moulds.get(block);
      if (mould !== undefined) events += this.#protocol.heldTextEvent(mould, text);
    }
    return events;
  }
}

function textsByBlock(parts: readonly Part[]): Map<number, string> {
  const texts = new Map<number, string>();
  for (const part of parts) if (isTextPart(part)) texts.set(part.block, (texts.get(part.block) ?? '') + part.text);
  return texts;
}

interface Change {
  part: LocatedText;
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
