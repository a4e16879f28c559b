import type { StreamEvent } from '../framing/event.ts';
import type { LocatedPart } from './protocol.ts';

/** Ids of objects that a provider keeps, in the form that the client knows. */
export interface StoredIds {
  /** Those that the request named: the provider's id, and the client's. */
  known: ReadonlyMap<string, string>;
  /** The client's form of the answer's own id; undefined where the answer is not kept. */
  ofAnswer: ((id: string) => string) | undefined;
}

/** Puts the client's ids in the place of the provider's wherever they stand: events repeat them. They are long and random, so nothing else reads like one. */
export class IdRenamer {
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
