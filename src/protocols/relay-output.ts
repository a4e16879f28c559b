import type { EventWriter, WrittenEvent } from '../framing/event.ts';

/** What of one chunk goes to the client. */
export class Output {
  readonly #writer: EventWriter;
  isClosed = false;
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

  /** Writes what closes the stream, once; nothing may follow it. */
  close(): void {
    if (!this.isClosed) this.#add(this.#writer.end());
    this.isClosed = true;
  }

  take(): Buffer {
    if (this.#pieces.length === 0) return this.#takeText();
    this.#flush();
    const [first] = this.#pieces;
    const bytes = first !== undefined && this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces);
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
    if (this.#text !== '') this.#pieces.push(this.#takeText());
  }

  #takeText(): Buffer {
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    return bytes;
  }
}
