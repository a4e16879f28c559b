import type { Part } from '../llm/part.ts';
import type { Usage } from '../llm/usage.ts';
import type { EncoderOptions, LocatedPart, StreamSoFar } from './protocol.ts';

/** Keeps what the end of a stream needs that passes as its provider sent it: there is no encoder that would know. */
export class PassedSoFar {
  readonly #options: EncoderOptions;
  readonly #open = new Set<number>();
  #events = 0;
  #id = '';
  #model = '';

  constructor(options: EncoderOptions) {
    this.#options = options;
  }

  /** An event has gone out. */
  passed(parts: readonly LocatedPart[]): void {
    this.#events++;
    for (const part of parts) if (part.type !== 'echo') this.#note(part);
  }

  /** What the client has by now, of what was used by then. */
  with(usage: Usage | undefined): StreamSoFar {
    const { createdAt, wantsUsage } = this.#options;
    return {
      events: this.#events,
      id: this.#id,
      model: this.#model,
      createdAt,
      usage: wantsUsage ? usage : undefined,
      openBlocks: [...this.#open],
    };
  }

  #note(part: Part): void {
    if (part.type === 'text' || part.type === 'reasoning' || part.type === 'refusal') this.#open.add(part.block);
    else if (part.type === 'block-end') this.#open.delete(part.block);
    else if (part.type === 'start') {
      this.#id = part.id;
      this.#model = part.model;
    }
  }
}
