import { crc32 } from 'node:zlib';
import { EventTooLargeError, FramingError, type EventParser, type EventWriter, type Framing, type StreamEvent, type WrittenEvent } from './event.ts';

/**
 * AWS event stream (https://smithy.io/2.0/aws/amazon-eventstream.html): binary messages, each
 *
 *     total length (4) | length of the headers (4) | CRC-32 of these 8 (4) | headers | payload | CRC-32 of all before (4)
 *
 * and each header: length of the name (1) | name | type of the value (1) | value. Numbers are big-endian.
 */
export interface AwsEvent extends StreamEvent {
  messageType: 'event' | 'exception' | 'error';
}

const PRELUDE = 12;
const CRC = 4;

/** Cuts an AWS event stream into its messages. An event's name is its `:event-type`, `:exception-type` or `:error-code`, its data the payload as text. Chunks may end anywhere. */
export class AwsEventStreamParser implements EventParser {
  readonly #maxEventBytes: number;
  readonly #headers = new HeaderReader();
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Bytes of the message whose beginning is kept; 0 as long as its prelude is not whole. */
  #messageBytes = 0;

  /** `maxEventBytes` bounds a whole message; AWS sends none above 16 MiB. */
  constructor({ maxEventBytes = 16 << 20 }: { maxEventBytes?: number } = {}) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** Bytes kept of a message that is not complete yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The messages that this chunk completes. Throws FramingError where lengths or checksums are wrong, EventTooLargeError for a message beyond the bound, as soon as its prelude says so. */
  push(chunk: Buffer): AwsEvent[] {
    const events: AwsEvent[] = [];
    let at = this.#takeWholeMessages(chunk, events);
    while (at < chunk.length) {
      const missing = (this.#messageBytes || PRELUDE) - this.#pendingBytes;
      if (chunk.length - at < missing) {
        this.#keep(chunk.subarray(at));
        break;
      }
      const end = at + missing;
      if (this.#messageBytes > 0) {
        events.push(this.#parse(this.#take(chunk.subarray(at, end))));
        this.#messageBytes = 0;
        at = end;
      } else if (this.#pendingBytes > 0) {
        this.#keep(chunk.subarray(at, end));
        this.#messageBytes = this.#measure(Buffer.concat(this.#pending));
        at = end;
      } else {
        this.#messageBytes = this.#measure(chunk.subarray(at, end));
      }
    }
    return events;
  }

  /** The usual case: messages that begin and end in this chunk. Their checksums cover their preludes. Returns where the first message begins that is not whole, or whose lengths cannot be. */
  #takeWholeMessages(chunk: Buffer, events: AwsEvent[]): number {
    let at = 0;
    while (this.#pendingBytes === 0 && at + PRELUDE <= chunk.length) {
      const bytes = chunk.readUInt32BE(at);
      const isWhole = bytes <= chunk.length - at && bytes <= this.#maxEventBytes && bytes >= PRELUDE + chunk.readUInt32BE(at + 4) + CRC;
      if (!isWhole) break;
      events.push(this.#parse(chunk.subarray(at, at + bytes)));
      at += bytes;
    }
    return at;
  }

  /** What is left at the end of the stream: bytes of a message that was cut, without name or data. */
  end(): AwsEvent | undefined {
    this.#messageBytes = 0;
    return this.#pendingBytes === 0 ? undefined : { name: '', data: '', raw: this.#take(Buffer.alloc(0)), messageType: 'event', isCut: true };
  }

  #keep(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  #take(rest: Buffer): Buffer {
    if (this.#pendingBytes === 0) return rest;
    const whole = Buffer.concat([...this.#pending, rest]);
    this.#pending = [];
    this.#pendingBytes = 0;
    return whole;
  }

  /** Bytes of the message that a prelude begins. */
  #measure(prelude: Buffer): number {
    if (crc32(prelude.subarray(0, 8)) !== prelude.readUInt32BE(8)) throw new FramingError('the checksum of a message’s prelude is wrong');
    const bytes = prelude.readUInt32BE(0);
    if (bytes > this.#maxEventBytes) throw new EventTooLargeError(this.#maxEventBytes);
    if (bytes < PRELUDE + prelude.readUInt32BE(4) + CRC) throw new FramingError('the headers of a message are longer than the message');
    return bytes;
  }

  #parse(raw: Buffer): AwsEvent {
    const behind = raw.length - CRC;
    if (crc32(raw.subarray(0, behind)) !== raw.readUInt32BE(behind)) throw new FramingError('the checksum of a message is wrong');
    const headersEnd = payloadStart(raw);
    const headers = this.#headers.read(raw, headersEnd);
    const payload = raw.toString('utf8', headersEnd, behind);
    const messageType = headers[':message-type'];
    if (messageType === 'exception') return { name: headers[':exception-type'] ?? '', data: payload, raw, messageType };
    // Errors that no API defines come without a payload: their message is a header.
    if (messageType === 'error') return { name: headers[':error-code'] ?? '', data: payload || (headers[':error-message'] ?? ''), raw, messageType };
    return { name: headers[':event-type'] ?? '', data: payload, raw, messageType: 'event' };
  }
}

const payloadStart = (raw: Buffer): number => PRELUDE + raw.readUInt32BE(4);

type TextHeaders = Partial<Record<(typeof textHeaders)[number], string>>;
const textHeaders = [':message-type', ':event-type', ':exception-type', ':error-code', ':error-message'] as const;

const STRING = 7;

/** Bytes of a header's value, by its type: true, false, byte, short, integer, long, bytes, string, timestamp, UUID. Bytes and strings say their own. */
const valueBytes = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16] as const;

/** Reads the headers of a stream's messages. Nearly every message has those of the one before, byte for byte, so what they say is kept. */
class HeaderReader {
  #bytes: Buffer = Buffer.alloc(0);
  #texts: TextHeaders = {};

  read(raw: Buffer, end: number): TextHeaders {
    if (raw.compare(this.#bytes, 0, this.#bytes.length, PRELUDE, end) !== 0) {
      this.#texts = readTexts(raw, end);
      this.#bytes = Buffer.from(raw.subarray(PRELUDE, end));
    }
    return this.#texts;
  }
}

/** The headers that say what a message is. */
function readTexts(raw: Buffer, end: number): TextHeaders {
  const texts: TextHeaders = {};
  let at = PRELUDE;
  while (at < end) {
    const nameEnd = at + 1 + (raw[at] as number);
    const type = raw[nameEnd] ?? valueBytes.length;
    if (nameEnd >= end || type >= valueBytes.length) throw new FramingError('a header of a message is of no known type');
    const fixed = valueBytes[type];
    const valueStart = nameEnd + (fixed === undefined ? 3 : 1);
    const valueEnd = valueStart + (fixed ?? (valueStart <= end ? raw.readUInt16BE(nameEnd + 1) : 0));
    if (valueEnd > end) throw new FramingError('a header of a message is longer than the headers');
    if (type === STRING) {
      const name = raw.toString('latin1', at + 1, nameEnd);
      const known = textHeaders.find((header) => header === name);
      if (known !== undefined) texts[known] = raw.toString('utf8', valueStart, valueEnd);
    }
    at = valueEnd;
  }
  return texts;
}

/** A message with headers `:event-type` (or `:exception-type`), `:content-type` and `:message-type`, as AWS sends them; the data is JSON. */
export const formatAwsEvent = ({ name = '', data, messageType = 'event' }: WrittenEvent): Buffer => formatMessage(headersOf(name, messageType), data);

/** The same message with other data: all its headers stay. */
export const withAwsData = ({ raw }: StreamEvent, data: string): Buffer => formatMessage(raw.subarray(PRELUDE, payloadStart(raw)), data);

function formatMessage(headers: Buffer, data: string): Buffer {
  const headersEnd = PRELUDE + headers.length;
  const message = Buffer.allocUnsafe(headersEnd + Buffer.byteLength(data) + CRC);
  const behind = message.length - CRC;
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(lengthsCrc32(message), 8);
  message.set(headers, PRELUDE);
  message.write(data, headersEnd);
  message.writeUInt32BE(crc32(message.subarray(0, behind)), behind);
  return message;
}

/** What each byte does to a CRC-32 (polynomial 0xedb88320). */
const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1 ? 0xedb88320 : 0) ^ (crc >>> 1);
  return crc;
});

/** CRC-32 of the first 8 bytes: for so few, calling zlib would take ten times as long. */
function lengthsCrc32(message: Buffer): number {
  let crc = -1;
  for (let at = 0; at < 8; at++) crc = (crcTable[(crc ^ (message[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const headersOf = (name: string, messageType: 'event' | 'exception'): Buffer =>
  Buffer.concat([textHeader(`:${messageType}-type`, name), headerTails[messageType]]);

function textHeader(name: string, text: string): Buffer {
  const value = Buffer.from(text);
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([STRING, value.length >> 8, value.length & 0xff]), value]);
}

const contentTypeHeader = textHeader(':content-type', 'application/json');
const headerTails = {
  event: Buffer.concat([contentTypeHeader, textHeader(':message-type', 'event')]),
  exception: Buffer.concat([contentTypeHeader, textHeader(':message-type', 'exception')]),
};

/** Writes the messages of one stream. Nearly every message has the headers of the one before, so they are kept. */
export class AwsEventWriter implements EventWriter {
  #name = '';
  #messageType: 'event' | 'exception' = 'event';
  #headers = headersOf('', 'event');

  write({ name = '', data, messageType = 'event' }: WrittenEvent): Buffer {
    if (name !== this.#name || messageType !== this.#messageType) {
      this.#headers = headersOf(name, messageType);
      this.#name = name;
      this.#messageType = messageType;
    }
    return formatMessage(this.#headers, data);
  }

  passed(): void {}

  end(): string {
    return '';
  }
}

/** AWS event stream, as Bedrock streams. */
export const awsEventStream: Framing = {
  contentType: 'application/vnd.amazon.eventstream',
  createParser: () => new AwsEventStreamParser(),
  createWriter: () => new AwsEventWriter(),
  withData: withAwsData,
};
