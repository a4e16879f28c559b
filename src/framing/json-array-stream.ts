import { EventTooLargeError, FramingError, type EventParser, type EventWriter, type Framing, type StreamEvent, type WrittenEvent } from './event.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** What may come next outside the elements: the array's bracket, its first element or end, a comma or the end, an element, nothing. */
type Expected = 'array' | 'first' | 'comma' | 'element' | 'nothing';

/**
 * Cuts a stream that is one JSON array of objects into its elements, as Gemini streams without `alt=sse`. Chunks may end anywhere, and each byte is looked at once.
 * An event's data is the element's text; its bytes have what stands before it since the last one. Whether the inside of an element is JSON is left to who reads it.
 */
export class JsonArrayParser implements EventParser {
  readonly #maxEventBytes: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #expected: Expected = 'array';
  /** How many objects and arrays are open, counted from the element on; 0 between elements. */
  #depth = 0;
  #inString = false;
  #afterBackslash = false;
  /** Bytes between the last element and the one that is open. */
  #separatorBytes = 0;

  constructor({ maxEventBytes = 16 << 20 }: { maxEventBytes?: number } = {}) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** Bytes kept of an element that is not complete yet, and of what stands before it. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The elements that this chunk completes. Throws FramingError where the stream is no array of objects, EventTooLargeError. */
  push(chunk: Buffer): StreamEvent[] {
    const events: StreamEvent[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length;) {
      if (this.#depth === 0) {
        if (this.#isElement(chunk[at] as number)) {
          this.#depth = 1;
          this.#separatorBytes = this.#pendingBytes + at - start;
        }
        at++;
        continue;
      }
      at = this.#skipInside(chunk, at);
      if (this.#depth > 0) break;
      const raw = this.#take(chunk.subarray(start, at));
      events.push({ name: '', data: raw.toString('utf8', this.#separatorBytes), raw });
      start = at;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return events;
  }

  /** What is left at the end of the stream, without data: the bracket that closes the array, or bytes of an element that was cut. */
  end(): StreamEvent | undefined {
    if (this.#pendingBytes === 0) return undefined;
    const raw = this.#take(Buffer.alloc(0));
    return this.#expected === 'nothing' ? { name: '', data: '', raw } : { name: '', data: '', raw, isCut: true };
  }

  /** Takes a byte that stands outside the elements; true where it begins one. */
  #isElement(byte: number): boolean {
    const expected = this.#expected;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return false;
    if (byte === OPEN_BRACE && (expected === 'first' || expected === 'element')) {
      this.#expected = 'comma';
      return true;
    }
    if (byte === OPEN_BRACKET && expected === 'array') this.#expected = 'first';
    else if (byte === CLOSE_BRACKET && (expected === 'first' || expected === 'comma')) this.#expected = 'nothing';
    else if (byte === COMMA && expected === 'comma') this.#expected = 'element';
    else throw new FramingError(`the stream is no JSON array of objects: it has ${nameOf(byte)} where ${wanted[expected]} should be`);
    return false;
  }

  /** Takes the bytes inside an element; returns where it ends, or the end of the chunk. */
  #skipInside(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.#inString) {
        if (this.#afterBackslash) this.#afterBackslash = false;
        else if (byte === QUOTE) this.#inString = false;
        else this.#afterBackslash = byte === BACKSLASH;
      } else if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth++;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        this.#depth--;
        if (this.#depth === 0) return at + 1;
      }
    }
    return chunk.length;
  }

  #keep(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes > this.#maxEventBytes) throw new EventTooLargeError(this.#maxEventBytes);
  }

  #take(rest: Buffer): Buffer {
    if (this.#pendingBytes === 0) return rest;
    const whole = Buffer.concat([...this.#pending, rest]);
    this.#pending = [];
    this.#pendingBytes = 0;
    return whole;
  }
}

const wanted: Record<Expected, string> = {
  array: 'its "["',
  first: 'an object or "]"',
  comma: '"," or "]"',
  element: 'an object',
  nothing: 'nothing more',
};

const nameOf = (byte: number): string =>
  byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `the byte 0x${byte.toString(16).padStart(2, '0')}`;

/** The same element with other data: what stands before it stays. */
export function withElement({ raw }: StreamEvent, data: string): Buffer {
  return Buffer.concat([raw.subarray(0, raw.indexOf(OPEN_BRACE)), Buffer.from(data)]);
}

/** Writes the elements of one array. Events that pass bring their brackets and commas with them, so it closes only what it was the last to write to. */
class JsonArrayWriter implements EventWriter {
  #isOpen = false;
  #isClosed = false;

  write({ data }: WrittenEvent): string {
    const separator = this.#isOpen ? ',\n' : '[';
    this.#isOpen = true;
    this.#isClosed = false;
    return separator + data;
  }

  passed(): void {
    this.#isOpen = true;
    this.#isClosed = true;
  }

  end(): string {
    if (this.#isClosed) return '';
    return this.#isOpen ? ']' : '[]';
  }
}

/** One JSON array of objects, as Gemini streams where its client does not ask for server-sent events. */
export const jsonArrayStream: Framing = {
  contentType: 'application/json',
  createParser: () => new JsonArrayParser(),
  createWriter: () => new JsonArrayWriter(),
  withData: withElement,
};
