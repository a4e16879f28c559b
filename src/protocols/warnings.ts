import type { JsonNode } from '../framing/json.ts';
import type { Warning } from '../llm/request.ts';

/** Takes note of what of a client's request the canonical form cannot hold, by its path in the client's body. */
export class Warnings {
  readonly list: Warning[] = [];
  readonly #namedOnce: ReadonlyMap<string, string>;
  readonly #named = new Set<string>();

  /** `namedOnce`: fields that may stand on every item, with what is said of the first one for all of them. */
  constructor(namedOnce: ReadonlyMap<string, string> = new Map()) {
    this.#namedOnce = namedOnce;
  }

  add({ path }: JsonNode, detail: string): void {
    this.list.push({ field: path, detail });
  }

  /** Warns of every field of an object but the `known` ones; null says nothing. */
  others(object: JsonNode, known: readonly string[]): void {
    for (const { value } of object.fields()) {
      const field = String(value.name);
      if (value.type === 'null' || known.includes(field) || this.#named.has(field)) continue;
      const once = this.#namedOnce.get(field);
      if (once !== undefined) this.#named.add(field);
      this.add(value, once ?? 'is not carried to a provider of another protocol');
    }
  }
}
