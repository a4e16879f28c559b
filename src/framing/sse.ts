import { EventTooLargeError, type EventParser, type EventWriter, type Framing, type StreamEvent, type WrittenEvent } from './event.ts';

const LF = 0x0a;
const CR = 0x0d;

/** Cuts server-sent events (WHATWG HTML, "Server-sent events") out of a stream of bytes. Chunks may end anywhere: inside a character, between CR and LF. Each byte is looked at once. */
export class SseParser implements EventParser {
  readonly #maxEventBytes: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #lineIsEmpty = true;
  #afterCr = false;

  constructor({ maxEventBytes = 16 << 20 }: { maxEventBytes?: number } = {}) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** Bytes kept of an event that is not complete yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The events that this chunk completes. */
  push(chunk: Buffer): StreamEvent[] {
    const events: StreamEvent[] = [];
    let start = this.#takeWholeEvents(chunk, events);
    for (let at = start; at < chunk.length; at++) {
      const byte = chunk[at];
      const secondHalf = byte === LF && this.#afterCr; // of a CRLF whose CR has ended the line already
      this.#afterCr = byte === CR;
      if (secondHalf) continue;
      if (byte !== LF && byte !== CR) {
        this.#lineIsEmpty = false;
        continue;
      }
      if (this.#lineIsEmpty) {
        const end = byte === CR && chunk[at + 1] === LF ? at + 2 : at + 1;
        events.push(parseEvent(this.#take(chunk.subarray(start, end))));
        this.#afterCr = byte === CR && end === at + 1;
        start = end;
        at = end - 1;
      }
      this.#lineIsEmpty = true;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return events;
  }

  /** The usual case at the runtime's own speed: the chunk begins with an event, and its lines end with LF. Returns where the first event begins that is not whole. */
  #takeWholeEvents(chunk: Buffer, events: StreamEvent[]): number {
    if (this.#pendingBytes > 0 || this.#afterCr || chunk.includes(CR)) return 0;
    let start = 0;
    for (let blank = chunk.indexOf('\n\n'); blank !== -1; blank = chunk.indexOf('\n\n', start)) {
      events.push(parseEvent(chunk.subarray(start, blank + 2)));
      start = blank + 2;
    }
    return start;
  }

  /** What is left at the end of the stream: bytes of an event that no blank line completed. */
  end(): StreamEvent | undefined {
    return this.#pendingBytes === 0 ? undefined : parseEvent(this.#take(Buffer.alloc(0)));
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

function parseEvent(raw: Buffer): StreamEvent {
  const text = raw.toString('utf8');
  return parsePlainEvent(text, raw) ?? parseLines(text, raw);
}

/** An event as nearly all are, a line of data with at most a name before it; undefined for every other one. */
function parsePlainEvent(text: string, raw: Buffer): StreamEvent | undefined {
  const dataAt = text.startsWith('event: ') ? text.indexOf('\n') + 1 : 0;
  if (!text.startsWith('data: ', dataAt) || text.indexOf('\n', dataAt) !== text.length - 2 || text.includes('\r')) return undefined;
  return { name: dataAt === 0 ? '' : text.slice('event: '.length, dataAt - 1), data: text.slice(dataAt + 'data: '.length, -2), raw };
}

function parseLines(text: string, raw: Buffer): StreamEvent {
  let name = '';
  let data: string | undefined;
  for (const line of lines(text)) {
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    if (field !== 'data' && field !== 'event') continue;
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') name = value;
    else data = data === undefined ? value : `${data}\n${value}`;
  }
  return { name, data: data ?? '', raw };
}

const lines = (text: string): string[] => {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  return body.includes('\r') ? body.split(/\r\n|\n|\r/) : body.split('\n');
};

/** The bytes of an event. */
export const formatSse = (data: string, name = ''): string => formatWith(headOf(name), data);

/** What an event begins with, up to its data; by `join`, since a text made with `+` is a tree of its pieces, which would be walked with every event. */
const headOf = (name: string): string => (name === '' ? 'data: ' : ['event: ', name, '\ndata: '].join(''));

const formatWith = (head: string, data: string): string => `${head}${data.includes('\n') ? data.replaceAll('\n', '\ndata: ') : data}\n\n`;

/** The same event with other data: its name, id and comments stay. */
export function withData(event: StreamEvent, data: string): string {
  const kept = lines(event.raw.toString('utf8')).filter((line) => line !== '' && !/^data(:|$)/.test(line));
  return `${kept.map((line) => `${line}\n`).join('')}${formatSse(data)}`;
}

/** Writes the events of one stream. Nearly each has the name of the one before, so what it begins with is kept. */
class SseWriter implements EventWriter {
  #name = '';
  #head = headOf('');

  write({ name = '', data }: WrittenEvent): string {
    if (name !== this.#name) {
      this.#name = name;
      this.#head = headOf(name);
    }
    return formatWith(this.#head, data);
  }

  passed(): void {}

  end(): string {
    return '';
  }
}

/** Server-sent events, as most APIs stream. */
export const sse: Framing = {
  contentType: 'text/event-stream',
  createParser: () => new SseParser(),
  createWriter: () => new SseWriter(),
  withData,
};
