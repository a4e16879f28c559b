import { Buffer } from 'node:buffer';

/** One HTTP response, counted rather than kept. */
export interface ReadResponse {
  status: number;
  /** Bytes of the body, without the framing of chunked transfer. */
  bodyBytes: number;
  /** Blank lines in the body: a stream's events. */
  blankLines: number;
}

const headEnd = Buffer.from('\r\n\r\n');
const lineEnd = Buffer.from('\r\n');
const LF = 0x0a;

/**
 * Reads HTTP/1.1 responses off a connection (RFC 9112), one at a time: with `content-length` or chunked, without trailers. No more than a benchmark needs, and as cheap.
 * `onBody` gets the body's bytes, for those that want to look at them.
 */
export class ResponseReader {
  readonly #onBody: ((bytes: Buffer) => void) | undefined;
  #rest: Buffer = Buffer.alloc(0); // of a head or a line that is not complete
  #response: ReadResponse | undefined;
  #isChunked = false;
  /** Bytes to come of the body or of the present chunk. */
  #left = 0;
  /** The line end behind a chunk is still to come. */
  #isBehindChunk = false;
  #endedInLineEnd = false;

  constructor(onBody?: (bytes: Buffer) => void) {
    this.#onBody = onBody;
  }

  /** The response that these bytes complete, if any. Throws for what is no response, or comes behind one. */
  push(bytes: Buffer): ReadResponse | undefined {
    let data = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#rest = data.subarray(data.length);
    for (;;) {
      if (this.#response === undefined) {
        const end = data.indexOf(headEnd);
        if (end === -1) return this.#wait(data);
        this.#head(data.toString('latin1', 0, end));
        data = data.subarray(end + headEnd.length);
      }
      if (this.#left > 0) {
        if (data.length === 0) return undefined;
        const taken = Math.min(this.#left, data.length);
        this.#body(data.subarray(0, taken));
        data = data.subarray(taken);
      }
      if (this.#left > 0) return undefined;
      if (!this.#isChunked) return this.#complete(data);
      const size = this.#chunkSize(data);
      if (size === undefined) return this.#wait(data);
      data = size.behind;
      if (size.bytes === 0) return this.#complete(data);
      this.#left = size.bytes;
    }
  }

  #wait(data: Buffer): undefined {
    this.#rest = data;
  }

  #head(head: string): void {
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#isChunked = /\r\ntransfer-encoding: *chunked/i.test(head);
    if (Number.isNaN(status) || (length === undefined) !== this.#isChunked) throw new Error(`not a response that can be read: ${head.slice(0, 500)}`);
    this.#left = Number(length ?? 0);
    this.#response = { status, bodyBytes: 0, blankLines: 0 };
    this.#isBehindChunk = false;
    this.#endedInLineEnd = false;
  }

  #body(bytes: Buffer): void {
    const response = this.#response;
    if (response === undefined) return;
    this.#left -= bytes.length;
    this.#isBehindChunk = true;
    response.bodyBytes += bytes.length;
    if (this.#endedInLineEnd && bytes[0] === LF) response.blankLines++;
    for (let at = bytes.indexOf('\n\n'); at !== -1; at = bytes.indexOf('\n\n', at + 2)) response.blankLines++;
    this.#endedInLineEnd = bytes.at(-1) === LF && bytes.at(-2) !== LF;
    this.#onBody?.(bytes);
  }

  /** The size of the chunk that begins here, and what is behind its line; behind the last one's blank line for the last. Undefined where the line is not complete. */
  #chunkSize(data: Buffer): { bytes: number; behind: Buffer } | undefined {
    const start = this.#isBehindChunk ? lineEnd.length : 0;
    const end = data.indexOf(lineEnd, start);
    if (data.length < start || end === -1) return undefined;
    const bytes = Number.parseInt(data.toString('latin1', start, end), 16);
    if (Number.isNaN(bytes)) throw new Error('bad chunk size');
    const behind = end + lineEnd.length + (bytes === 0 ? lineEnd.length : 0);
    return data.length < behind ? undefined : { bytes, behind: data.subarray(behind) };
  }

  #complete(behind: Buffer): ReadResponse | undefined {
    if (behind.length > 0) throw new Error(`${behind.length} bytes behind the response`);
    const response = this.#response;
    this.#response = undefined;
    this.#isChunked = false;
    return response;
  }
}
