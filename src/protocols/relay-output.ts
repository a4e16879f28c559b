import type { EventWriter, WrittenEvent } from '../framing/event.ts';

/** What of one chunk goes to the client. */
export class Output {
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
