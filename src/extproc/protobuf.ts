/** The protobuf wire format (https://protobuf.dev/programming-guides/encoding/), as much of it as ext_proc needs. Every message of Envoy's passes here, so it is written for speed: no schema at run time, no objects in between. */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** The bytes are not a message. */
export class ProtobufError extends Error {
  constructor(problem: string) {
    super(`not a protobuf message: ${problem}`);
    this.name = 'ProtobufError';
  }
}

/** Reads the fields of one message. After `next` has named a field, its value is read by the method of its type, or left out. */
export class Reader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  #type = -1;
  /** Where the value begins that `next` has found and nobody has read. */
  #pending = false;

  /** The characters of the bytes from `#textStart` on, where `sliceStrings` has decoded them. */
  #text: string | undefined;
  #textStart = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Decodes all that is left at once, so that the many short strings in it are slices: a call into the runtime for each costs far more. */
  sliceStrings(): void {
    this.#text = this.#bytes.toString('latin1', this.#at, this.#end);
    this.#textStart = this.#at;
  }

  /** The number of the next field; 0 at the end. */
  next(): number {
    if (this.#pending) this.#skip();
    if (this.#at >= this.#end) return 0;
    const tag = this.#varint();
    this.#type = tag & 7;
    this.#pending = true;
    return tag >>> 3;
  }

  /** A whole number up to 2^53. */
  number(): number {
    this.#take(VARINT);
    return this.#varint();
  }

  flag(): boolean {
    return this.number() !== 0;
  }

  double(): number {
    this.#take(FIXED64);
    const at = this.#advance(8);
    return this.#bytes.readDoubleLE(at);
  }

  /** The bytes themselves, not a copy. */
  bytes(): Buffer {
    const start = this.#length();
    return this.#bytes.subarray(start, this.#at);
  }

  utf8(): string {
    const start = this.#length();
    return this.#bytes.toString('utf8', start, this.#at);
  }

  latin1(): string {
    const start = this.#length();
    if (this.#text === undefined) return this.#bytes.toString('latin1', start, this.#at);
    return this.#text.slice(start - this.#textStart, this.#at - this.#textStart);
  }

  /** The message that the field holds. */
  message(): Reader {
    const start = this.#length();
    const inside = new Reader(this.#bytes, start, this.#at);
    inside.#text = this.#text;
    inside.#textStart = this.#textStart;
    return inside;
  }

  #length(): number {
    this.#take(LENGTH);
    return this.#advance(this.#varint());
  }

  #take(type: number): void {
    if (this.#type !== type) throw new ProtobufError(`wire type ${this.#type} where ${type} belongs`);
    this.#pending = false;
  }

  /** Moves behind so many bytes and returns where they begin. */
  #advance(count: number): number {
    const start = this.#at;
    if (count > this.#end - start) throw new ProtobufError('it ends too early');
    this.#at = start + count;
    return start;
  }

  #varint(): number {
    const first = this.#bytes[this.#at];
    if (first !== undefined && first < 0x80 && this.#at < this.#end) {
      this.#at++;
      return first;
    }
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      const byte = this.#bytes[this.#advance(1)] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new ProtobufError('a number has no end');
  }

  #skip(): void {
    this.#pending = false;
    if (this.#type === VARINT) this.#varint();
    else if (this.#type === LENGTH) this.#advance(this.#varint());
    else if (this.#type === FIXED64) this.#advance(8);
    else if (this.#type === FIXED32) this.#advance(4);
    else throw new ProtobufError(`wire type ${this.#type}`);
  }
}

/** Writes one message from back to front, so that the length of what is inside is known when it is written: fields are given last first. */
export class Writer {
  #bytes: Buffer;
  #at: number;

  /** `size` is a guess; the buffer grows where it is wrong. */
  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(size);
    this.#at = size;
  }

  /** The message, with `room` free bytes in front of it. */
  finish(room = 0): Buffer {
    this.#back(room);
    return this.#bytes.subarray(this.#at);
  }

  number(field: number, value: number): void {
    this.#varint(value);
    this.#varint(field * 8 + VARINT);
  }

  double(field: number, value: number): void {
    this.#bytes.writeDoubleLE(value, this.#back(8));
    this.#varint(field * 8 + FIXED64);
  }

  bytes(field: number, value: Buffer): void {
    value.copy(this.#bytes, this.#back(value.length));
    this.#prefix(field, value.length);
  }

  utf8(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#bytes.write(value, this.#back(length), 'utf8');
    this.#prefix(field, length);
  }

  latin1(field: number, value: string): void {
    const { length } = value;
    const at = this.#back(length);
    if (length > 32) this.#bytes.write(value, at, 'latin1');
    else for (let index = 0; index < length; index++) this.#bytes[at + index] = value.charCodeAt(index);
    this.#prefix(field, length);
  }

  /** A message inside: `write` gives its fields, last first. */
  message(field: number, write: () => void): void {
    const before = this.#bytes.length - this.#at;
    write();
    this.#prefix(field, this.#bytes.length - this.#at - before);
  }

  #prefix(field: number, length: number): void {
    this.#varint(length);
    this.#varint(field * 8 + LENGTH);
  }

  #varint(value: number): void {
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
    let at = this.#back(size);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[at++] = (rest % 0x80) + 0x80;
    this.#bytes[at] = rest;
  }

  /** Makes room for so many bytes and returns where it begins. */
  #back(count: number): number {
    if (count > this.#at) {
      const used = this.#bytes.subarray(this.#at);
      const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, used.length + count));
      used.copy(larger, larger.length - used.length);
      this.#at = larger.length - used.length;
      this.#bytes = larger;
    }
    this.#at -= count;
    return this.#at;
  }
}
