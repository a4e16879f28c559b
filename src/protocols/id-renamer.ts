import type { StreamEvent } from '../framing/event.ts';
import { parseJson } from '../framing/json.ts';
import type { KeptIds } from './protocol.ts';

/** Ids of objects that a provider keeps, in the form that the client knows. */
export interface StoredIds {
  /** Those that the request named: the provider's id, and the client's. */
  known: ReadonlyMap<string, string>;
  /** Those that answers give; undefined where they give none. */
  kept: KeptIds | undefined;
  /** Whether the provider keeps the answer itself. */
  isStored: boolean;
  /** The client's form of a provider's id. */
  seal: (id: string) => string;
}

/** Puts the client's ids in the place of the provider's wherever these are a whole string: events repeat them. */
export class IdRenamer {
  readonly #stored: StoredIds;
  /** The client's ids by the provider's, both as JSON has them. */
  readonly #names: Map<string, string>;

  constructor(stored: StoredIds) {
    this.#stored = stored;
    this.#names = new Map([...stored.known].map(([id, name]) => [JSON.stringify(id), JSON.stringify(name)]));
  }

  rename(bytes: Buffer): Buffer {
    const sign = this.#stored.kept?.sign;
    if (this.#names.size === 0 && (sign === undefined || !bytes.includes(sign))) return bytes;
    const text = bytes.toString('utf8');
    const renamed = this.#renamed(text);
    return renamed === text ? bytes : Buffer.from(renamed);
  }

  /** The event's data as it goes out; undefined where that is its own. */
  data(event: StreamEvent, changed: string | undefined): string | undefined {
    const data = changed ?? event.data;
    const renamed = this.#renamed(data);
    return renamed === data ? changed : renamed;
  }

  #renamed(text: string): string {
    this.#note(text);
    let renamed = text;
    for (const [id, name] of this.#names) if (renamed.includes(id)) renamed = renamed.replaceAll(id, () => name);
    return renamed;
  }

  #note(text: string): void {
    const { kept, isStored, seal } = this.#stored;
    if (kept === undefined || !text.includes(kept.sign)) return;
    for (const node of kept.in(parseJson(Buffer.from(text)), isStored)) {
      const id = JSON.stringify(node.string());
      if (!this.#names.has(id)) this.#names.set(id, JSON.stringify(seal(node.string())));
    }
  }
}
