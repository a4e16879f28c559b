import type { StreamEvent, WrittenEvent } from '../framing/event.ts';
import { parseJson } from '../framing/json.ts';
import { splice } from '../framing/splice.ts';
import { isTextPart, type Part } from '../llm/part.ts';
import { hasPlace, isEcho, type EchoPart, type LocatedPart, type LocatedText, type Protocol, type TextEvent } from './protocol.ts';
import { replaceText } from './text-place.ts';

/** What policies do to the answer: for each part, those that take its place. The same object means: unchanged. */
export type PartFilter = (part: Part) => readonly Part[];

/** What policies still hold back when a stream ends. */
export const heldBy = (filter: PartFilter | undefined): Part[] => (filter?.({ type: 'end' }) ?? []).filter((part) => part.type !== 'end');

/** An event whose texts policies changed: events of held text before it, and its own data; undefined where that stays. */
interface Rewritten {
  before: readonly WrittenEvent[];
  data: string | undefined;
}

/** Puts changed texts back into the provider's own events. */
export class EventRewriter {
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

/** A JSON answer with its texts as policies leave them; the same bytes where they change nothing. */
export function rewriteAnswer(bytes: Buffer, located: readonly LocatedPart[], filter: PartFilter): Buffer {
  const texts = textsByBlock(located.filter((part) => !isEcho(part)).flatMap(filter));
  const changes = [...changedTexts(located.filter(hasPlace), texts), ...changedEchoes(located.filter(isEcho), filter)];
  return changes.length === 0 ? bytes : withTexts(bytes, changes);
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
