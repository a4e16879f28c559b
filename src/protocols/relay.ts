import { parseJson } from '../framing/json.ts';
import { replaceValue, splice, type Edit } from '../framing/splice.ts';
import { SseParser, withData, type SseEvent } from '../framing/sse.ts';
import { isTextPart, type Part, type TextPart } from '../llm/part.ts';
import type { EncoderOptions, Protocol, StreamEncoder, TextSpot } from './protocol.ts';

/** What policies do to the answer: for each part, those that take its place. The same object means: unchanged. */
export type PartFilter = (part: Part) => readonly Part[];

/** A provider's answer on its way to the client. */
export interface Route {
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

/** A JSON answer for the client; undefined where the provider's bytes are already right. Throws JsonSyntaxError, JsonFieldError. */
export function relayAnswer(bytes: Buffer, { from, to, observe, filter, options }: Route): Buffer | undefined {
  const body = parseJson(bytes);
  const parts = from.decodeAnswer(body);
  for (const part of parts) observe(part);
  if (from !== to) return Buffer.from(to.encodeAnswer(filter === undefined ? parts : parts.flatMap(filter), options));
  if (filter === undefined) return undefined;
  const filtered = parts.flatMap(filter);
  const edits = textEdits(from.answerTexts(body), parts.filter(isTextPart), textsByBlock(filtered));
  return edits.length === 0 ? undefined : splice(bytes, edits);
}

/** A stream on its way to the client. */
export interface StreamRelay {
  /** What the client gets for this chunk; undefined where it is the chunk as it came. `last` says that the provider has ended the stream. */
  push(chunk: Buffer, last: boolean): Buffer | undefined;
}

/** Says what a stream that stopped midway ends with. */
export type CutError = () => string;

/** Carries a stream between two protocols: events are decoded to parts and encoded anew. */
export function createTranslatedStream({ from, to, observe, filter, options }: Route, cutError: CutError): StreamRelay {
  const parser = new SseParser();
  const decoder = from.createDecoder();
  const encoder = to.createEncoder(options);
  const progress = createProgress();

  function write(part: Part): string {
    if (progress.isOver) return '';
    progress.note(part);
    observe(part);
    return encode(encoder, filter === undefined ? [part] : filter(part));
  }

  return {
    push(chunk, last) {
      let text = '';
      for (const event of eventsOf(parser, chunk, last)) for (const part of decoder.push(event)) text += write(part);
      if (last && !progress.isOver) {
        text += progress.isFinished ? write({ type: 'end' }) : encode(encoder, heldBy(filter)) + cutError();
      }
      return Buffer.from(text);
    },
  };
}

/** What policies still hold back when a stream ends. */
const heldBy = (filter: PartFilter | undefined): Part[] => (filter?.({ type: 'end' }) ?? []).filter((part) => part.type !== 'end');

const encode = (encoder: StreamEncoder, parts: readonly Part[]): string => {
  let text = '';
  for (const part of parts) text += encoder.push(part);
  return text;
};

/** Carries a stream whose client speaks the provider's protocol: its own bytes, but for texts that policies change and usage nobody asked for. */
export function createSameProtocolStream({ from, observe, filter, options: { wantsUsage } }: Route, cutError: CutError): StreamRelay {
  const parser = new SseParser();
  const decoder = from.createDecoder();
  const progress = createProgress();
  const rewriter = filter === undefined ? undefined : new EventRewriter(from, filter);

  /** The event as the client gets it; undefined where it is left as it is. */
  function relay(event: SseEvent, parts: readonly Part[]): string | undefined {
    for (const part of parts) {
      progress.note(part);
      observe(part);
    }
    if (!wantsUsage && parts.length === 1 && parts[0]?.type === 'usage') return '';
    return rewriter?.rewrite(event, parts);
  }

  return {
    push(chunk, last) {
      let isChunk = parser.pendingBytes === 0;
      const pieces: Buffer[] = [];
      for (const event of eventsOf(parser, chunk, last)) {
        const rewritten = relay(event, decoder.push(event));
        if (rewritten !== undefined) isChunk = false;
        pieces.push(rewritten === undefined ? event.raw : Buffer.from(rewritten));
      }
      if (last && !progress.isOver) {
        const held = rewriter?.flush() ?? '';
        const ending = progress.isFinished ? held : held + cutError();
        if (ending !== '') isChunk = false;
        pieces.push(Buffer.from(ending));
      }
      return isChunk && parser.pendingBytes === 0 ? undefined : Buffer.concat(pieces);
    },
  };
}

/** The events that a chunk completes; at the end of the stream also the one that no blank line completed. */
function eventsOf(parser: SseParser, chunk: Buffer, last: boolean): SseEvent[] {
  const events = parser.push(chunk);
  const rest = last ? parser.end() : undefined;
  if (rest !== undefined) events.push(rest);
  return events;
}

/** How far an answer has come: finished once it said why it ended, over once nothing may follow. */
function createProgress() {
  return {
    isFinished: false,
    isOver: false,
    note(part: Part): void {
      if (part.type === 'finish') this.isFinished = true;
      if (part.type === 'end' || part.type === 'error') this.isOver = true;
    },
  };
}

/** Puts changed texts back into the provider's own events. */
class EventRewriter {
  readonly #protocol: Protocol;
  readonly #filter: PartFilter;
  /** Per block, the last event that had text of it, and which of its texts that was: the mould for text that was held back. */
  readonly #moulds = new Map<number, { event: SseEvent; at: number }>();

  constructor(protocol: Protocol, filter: PartFilter) {
    this.#protocol = protocol;
    this.#filter = filter;
  }

  /** The event with its texts replaced, held text before it; undefined where nothing changes. */
  rewrite(event: SseEvent, parts: readonly Part[]): string | undefined {
    const own = parts.filter(isTextPart);
    const filtered = parts.flatMap(this.#filter);
    if (filtered.length === parts.length && filtered.every((part, index) => part === parts[index])) {
      own.forEach((part, at) => this.#moulds.set(part.block, { event, at }));
      return undefined;
    }
    const texts = textsByBlock(filtered);
    const blocks = new Set(own.map((part) => part.block));
    const before = this.#cast([...texts].filter(([block]) => !blocks.has(block)));
    own.forEach((part, at) => this.#moulds.set(part.block, { event, at }));
    const edits = own.length === 0 ? [] : this.#edits(event, own, texts);
    return before + (edits.length === 0 ? event.raw.toString('utf8') : withData(event, edited(event, edits)));
  }

  /** The events of what policies still hold back when the stream ends. */
  flush(): string {
    return this.#cast([...textsByBlock(heldBy(this.#filter))]);
  }

  #edits(event: SseEvent, own: readonly TextPart[], texts: ReadonlyMap<number, string>): Edit[] {
    return textEdits(this.#protocol.eventTexts(parseJson(Buffer.from(event.data))), own, texts);
  }

  #cast(held: readonly (readonly [block: number, text: string])[]): string {
    let events = '';
    for (const [block, text] of held) {
      const mould = this.#moulds.get(block);
      if (mould !== undefined) events += this.#protocol.heldTextEvent(mould.event, mould.at, text);
    }
    return events;
  }
}

const edited = (event: SseEvent, edits: readonly Edit[]): string => splice(Buffer.from(event.data), edits).toString('utf8');

function textsByBlock(parts: readonly Part[]): Map<number, string> {
  const texts = new Map<number, string>();
  for (const part of parts) if (isTextPart(part)) texts.set(part.block, (texts.get(part.block) ?? '') + part.text);
  return texts;
}

/** Edits that give each block its text: in the block's first place, and nothing in its further ones. Places whose text stays are left alone. */
function textEdits(spots: readonly TextSpot[], parts: readonly TextPart[], texts: ReadonlyMap<number, string>): Edit[] {
  if (spots.length !== parts.length) throw new Error(`${parts.length} text parts have ${spots.length} places`);
  const seen = new Set<number>();
  return parts.flatMap((part, at) => {
    const text = seen.has(part.block) ? '' : (texts.get(part.block) ?? '');
    seen.add(part.block);
    return text === part.text ? [] : [replaceText(spots[at] as TextSpot, text)];
  });
}

const replaceText = ({ node, kind }: TextSpot, text: string): Edit => replaceValue(node, kind === 'tree' ? text : JSON.stringify(text));
