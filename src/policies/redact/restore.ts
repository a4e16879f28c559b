import { isTextPart, type Part, type TextPart } from '../../llm/part.ts';
import type { Placeholders } from './placeholders.ts';

/**
 * Puts originals back into one answer, part by part. A placeholder may be cut anywhere: of each block it keeps the shortest tail that may
 * still become one it knows (never as long as a placeholder) until the block goes on or ends.
 */
export class Restorer {
  readonly #placeholders: Placeholders;
  readonly #sorted: readonly string[];
  readonly #longest: number;
  /** By block: the tail that was kept back, as a part of the type it came in. */
  readonly #held = new Map<number, TextPart>();

  /** `placeholders` must be complete. */
  constructor(placeholders: Placeholders) {
    this.#placeholders = placeholders;
    this.#sorted = placeholders.sorted();
    this.#longest = this.#sorted.reduce((longest, { length }) => Math.max(longest, length), 0);
  }

  /** What takes the place of a part. One that needs no change comes back as the same object. */
  push(part: Part): readonly Part[] {
    if (isTextPart(part)) return this.#text(part);
    if (part.type === 'ranking' && part.document !== undefined) return [{ ...part, document: this.#restore(part.document, false) }];
    if (this.#held.size === 0) return [part];
    switch (part.type) {
      case 'block-end':
        return [...this.#release((held) => held.block === part.block), part];
      case 'finish':
        return [...this.#release((held) => held.choice === part.choice), part];
      case 'error':
      case 'end':
        return [...this.#release(() => true), part];
      default:
        return [part];
    }
  }

  #text(part: TextPart): readonly Part[] {
    // Reasoning is covered by the provider's signature: a changed one would be refused when the client sends it back.
    if (part.type === 'reasoning' || part.text === '') return [part];
    const before = this.#held.get(part.block);
    if (before !== undefined && before.type !== part.type) {
      this.#held.delete(part.block);
      return [before, ...this.#text(part)];
    }
    const text = before === undefined ? part.text : before.text + part.text;
    const tail = this.#tailStart(text);
    if (tail < text.length) this.#held.set(part.block, { ...part, text: text.slice(tail) });
    else this.#held.delete(part.block);
    const restored = this.#restore(text.slice(0, tail), part.type === 'tool-arguments');
    if (restored === part.text) return [part];
    return restored === '' ? [] : [{ ...part, text: restored }];
  }

  #release(isReleased: (held: TextPart) => boolean): TextPart[] {
    const released = [...this.#held.values()].filter(isReleased);
    for (const { block } of released) this.#held.delete(block);
    return released;
  }

  /** Where a tail begins that may become a placeholder; the text's length where there is none. Only the last bracket can open one. */
  #tailStart(text: string): number {
    const bracket = text.lastIndexOf('[');
    return bracket !== -1 && text.length - bracket < this.#longest && this.#begins(text.slice(bracket)) ? bracket : text.length;
  }

  /** Whether a known placeholder begins with `head` and goes on behind it. */
  #begins(head: string): boolean {
    let low = 0;
    for (let high = this.#sorted.length; low < high;) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] ?? '') < head) low = middle + 1;
      else high = middle;
    }
    const next = this.#sorted[low];
    return next !== undefined && next !== head && next.startsWith(head);
  }

  #restore(text: string, inJson: boolean): string {
    let restored = '';
    let at = 0;
    for (let open = text.indexOf('['); open !== -1; open = text.indexOf('[', open + 1)) {
      const candidate = text.slice(open, open + this.#longest);
      const name = candidate.slice(0, candidate.indexOf(']') + 1);
      const original = this.#placeholders.original(name);
      if (original === undefined) continue;
      restored += text.slice(at, open) + (inJson ? JSON.stringify(original).slice(1, -1) : original);
      at = open + name.length;
    }
    return at === 0 ? text : restored + text.slice(at);
  }
}
