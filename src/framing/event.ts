/** One event of a stream as it was read, whatever the framing. */
export interface StreamEvent {
  /** What kind of event it is, where the framing names it; else empty. */
  name: string;
  /** Its content, nearly always JSON; empty for a comment or a keep-alive. */
  data: string;
  /** The event's own bytes, separators included. All events' bytes together are the stream's. */
  raw: Buffer;
  /** Where the framing tells (AWS event stream): an exception or an error ends the stream. */
  messageType?: 'event' | 'exception' | 'error';
  /** What is left of an event that was cut at the end of the stream: whatever is written behind it cannot be read. */
  isCut?: boolean;
}

/** One event of a stream to be written. */
export interface WrittenEvent {
  name?: string;
  data: string;
  /** For framings that tell an event from an exception (AWS event stream); `event` where it is absent. */
  messageType?: 'event' | 'exception';
}

/** Cuts a stream of bytes into events. Chunks may end anywhere; each byte is looked at once. */
export interface EventParser {
  /** The events that this chunk completes. Throws EventTooLargeError, and what else the framing has to complain of. */
  push(chunk: Buffer): StreamEvent[];
  /** What is left at the end of the stream: bytes of an event that nothing completed. */
  end(): StreamEvent | undefined;
  /** Bytes kept of an event that is not complete yet. */
  readonly pendingBytes: number;
}

/** Writes the events of one stream. */
export interface EventWriter {
  write(event: WrittenEvent): string | Buffer;
  /** Takes note of an event that passes as it was read. */
  passed(): void;
  /** What closes the stream, such as the bracket of a JSON array; empty for most. */
  end(): string | Buffer;
}

/** How the events of a stream become bytes: server-sent events, AWS event stream, a JSON array. */
export interface Framing {
  /** Content type of such a stream, without parameters. */
  readonly contentType: string;
  createParser(): EventParser;
  createWriter(): EventWriter;
  /** The same event with other data: what else it carries stays. */
  withData(event: StreamEvent, data: string): string | Buffer;
}

/** An event, or what is kept of one that is not complete, grew past the limit. */
export class EventTooLargeError extends Error {
  constructor(maxBytes: number) {
    super(`an event of the stream is larger than ${maxBytes} bytes`);
    this.name = 'EventTooLargeError';
  }
}

/** The stream is not framed as it should be. */
export class FramingError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FramingError';
  }
}
