import { isUtf8 } from 'node:buffer';

/**
 * JSON read where it lies. `parseJson` checks a whole document once (RFC 8259) and keeps, per value, its kind and its place in the bytes;
 * nothing is copied or decoded until asked for. So a field can be replaced by splicing (`splice.ts`) while every other byte stays as its sender wrote it.
 */
export type JsonType = 'object' | 'array' | 'string' | 'number' | 'true' | 'false' | 'null';

/** The bytes are not JSON; `offset` is the byte at which that shows. */
export class JsonSyntaxError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.name = 'JsonSyntaxError';
    this.offset = offset;
  }
}

/** A field is missing, has the wrong type or stands twice; `field` is its path, such as `messages[0].role`. */
export class JsonFieldError extends Error {
  readonly field: string;
  constructor(field: string, problem: string) {
    super(`${field === '' ? 'the body' : field} ${problem}`);
    this.name = 'JsonFieldError';
    this.field = field;
  }
}

const types: readonly JsonType[] = ['object', 'array', 'string', 'string', 'number', 'true', 'false', 'null'];
const OBJECT = 0;
const ARRAY = 1;
const STRING = 2;
/** A string with backslash escapes: its characters are not its bytes. */
const ESCAPED = 3;
const NUMBER = 4;
const TRUE = 5;
const FALSE = 6;
const NULL = 7;

/** Ints per value on the tape: kind, start, end, and the entry after the value with all it holds. */
const STRIDE = 4;

interface Document {
  bytes: Buffer;
  tape: Int32Array;
}

export interface JsonLimits {
  maxDepth?: number;
  /** Most values, names of fields included: each takes 16 bytes beside the document's own. */
  maxValues?: number;
}

/** Parses a whole document. Throws JsonSyntaxError for anything that is not JSON, not UTF-8, or beyond the limits. */
export function parseJson(bytes: Buffer, { maxDepth = 128, maxValues = 1_000_000 }: JsonLimits = {}): JsonNode {
  if (!isUtf8(bytes)) throw new JsonSyntaxError('invalid UTF-8', 0);
  return new JsonNode({ bytes, tape: new Scanner(bytes, maxDepth, maxValues).scan() }, 0, undefined, '');
}

/** One value of a parsed document. */
export class JsonNode {
  readonly #document: Document;
  readonly #entry: number;
  readonly #parent: JsonNode | undefined;
  /** Key or index within the parent. */
  readonly #name: string | number;

  constructor(document: Document, entry: number, parent: JsonNode | undefined, name: string | number) {
    this.#document = document;
    this.#entry = entry;
    this.#parent = parent;
    this.#name = name;
  }

  /** How many values it is made of, itself and names of fields included: what reading it takes grows with them. */
  get size(): number {
    return (this.#cell(3) - this.#entry) / STRIDE;
  }

  get type(): JsonType {
    return types[this.#cell(0)] as JsonType;
  }

  /** Offset of the first byte. */
  get start(): number {
    return this.#cell(1);
  }

  /** Offset behind the last byte. */
  get end(): number {
    return this.#cell(2);
  }

  /** The bytes of the whole document. */
  get bytes(): Buffer {
    return this.#document.bytes;
  }

  /** Where the value stands, such as `messages[0].content`; empty for the whole body. */
  get path(): string {
    if (this.#parent === undefined) return '';
    if (typeof this.#name === 'number') return `${this.#parent.path}[${this.#name}]`;
    const outer = this.#parent.path;
    return outer === '' ? this.#name : `${outer}.${this.#name}`;
  }

  /** Key within the object, or index within the array, that holds the value; undefined for the whole body. */
  get name(): string | number | undefined {
    return this.#parent === undefined ? undefined : this.#name;
  }

  /** The value's own JSON text, byte for byte. */
  get text(): string {
    return this.bytes.toString('utf8', this.start, this.end);
  }

  /** The string's characters. Only for strings. */
  string(): string {
    const kind = this.#cell(0);
    if (kind === STRING) return this.bytes.toString('utf8', this.start + 1, this.end - 1);
    if (kind === ESCAPED) return JSON.parse(this.text) as string;
    throw new JsonFieldError(this.path, 'must be a string');
  }

  /** The number as a double; `text` keeps what a double cannot. Only for numbers. */
  number(): number {
    if (this.#cell(0) !== NUMBER) throw new JsonFieldError(this.path, 'must be a number');
    return Number(this.text);
  }

  /** The field of this name, which must be ASCII as in the vendors' APIs, or undefined. Throws where it stands twice: two readers might each take another one. */
  get(key: string): JsonNode | undefined {
    this.#mustBe(OBJECT, 'an object');
    const { tape } = this.#document;
    let found: JsonNode | undefined;
    const behind = this.#cell(3);
    for (let entry = this.#entry + STRIDE; entry < behind;) {
      const value = entry + STRIDE;
      if (this.#keyIs(entry, key)) {
        if (found !== undefined) throw new JsonFieldError(found.path, 'stands twice');
        found = new JsonNode(this.#document, value, this, key);
      }
      entry = tape[value + 3] as number;
    }
    return found;
  }

  /** All fields in their order, repeated ones included. `key` is the node of the name itself. */
  *fields(): Generator<{ key: JsonNode; value: JsonNode }> {
    this.#mustBe(OBJECT, 'an object');
    const behind = this.#cell(3);
    for (let entry = this.#entry + STRIDE; entry < behind;) {
      const key = new JsonNode(this.#document, entry, this, '');
      const value = new JsonNode(this.#document, entry + STRIDE, this, key.string());
      yield { key, value };
      entry = this.#document.tape[entry + STRIDE + 3] as number;
    }
  }

  /** The values of an array. */
  items(): JsonNode[] {
    this.#mustBe(ARRAY, 'an array');
    const nodes: JsonNode[] = [];
    const behind = this.#cell(3);
    for (let entry = this.#entry + STRIDE; entry < behind; entry = this.#document.tape[entry + 3] as number) {
      nodes.push(new JsonNode(this.#document, entry, this, nodes.length));
    }
    return nodes;
  }

  #cell(offset: number): number {
    return this.#document.tape[this.#entry + offset] as number;
  }

  #mustBe(kind: number, what: string): void {
    if (this.#cell(0) !== kind) throw new JsonFieldError(this.path, `must be ${what}`);
  }

  #keyIs(entry: number, key: string): boolean {
    const { bytes, tape } = this.#document;
    const start = tape[entry + 1] as number;
    const end = tape[entry + 2] as number;
    if (tape[entry] === ESCAPED) return JSON.parse(bytes.toString('utf8', start, end)) === key;
    if (end - start - 2 !== key.length) return false;
    for (let at = 0; at < key.length; at++) if (bytes[start + 1 + at] !== key.charCodeAt(at)) return false;
    return true;
  }
}

/** Walks the bytes once, without recursion, and writes the tape. */
class Scanner {
  readonly #bytes: Buffer;
  readonly #maxDepth: number;
  readonly #maxValues: number;
  #tape = new Int32Array(256);
  #used = 0;
  #at = 0;

  constructor(bytes: Buffer, maxDepth: number, maxValues: number) {
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
    this.#maxValues = maxValues;
  }

  scan(): Int32Array {
    const open: number[] = []; // tape entries of the containers around us
    this.#space();
    for (;;) {
      const container = this.#value();
      if (container !== undefined) {
        if (open.length >= this.#maxDepth) throw new JsonSyntaxError(`nested deeper than ${this.#maxDepth} levels`, this.#at - 1);
        open.push(container);
        if (!this.#closes(container)) {
          if (this.#tape[container] === OBJECT) this.#key();
          continue;
        }
        open.pop();
      }
      if (this.#unwind(open)) return this.#tape.subarray(0, this.#used);
    }
  }

  /** After a complete value: a comma leads to the next one, brackets close what is open. True at the end of the document. */
  #unwind(open: number[]): boolean {
    for (;;) {
      this.#space();
      const container = open.at(-1);
      if (container === undefined) {
        if (this.#at < this.#bytes.length) this.#fail('text behind the end');
        return true;
      }
      if (this.#bytes[this.#at] === 0x2c /* , */) {
        this.#at++;
        this.#space();
        if (this.#tape[container] === OBJECT) this.#key();
        return false;
      }
      if (!this.#closes(container)) this.#fail('expected a comma or a closing bracket');
      open.pop();
    }
  }

  /** Reads a scalar, or the opening bracket of a container, whose tape entry it returns. */
  #value(): number | undefined {
    switch (this.#bytes[this.#at]) {
      case 0x7b /* { */:
        return this.#opens(OBJECT);
      case 0x5b /* [ */:
        return this.#opens(ARRAY);
      case 0x22 /* " */:
        this.#string();
        return undefined;
      case 0x74 /* t */:
        this.#word('true', TRUE);
        return undefined;
      case 0x66 /* f */:
        this.#word('false', FALSE);
        return undefined;
      case 0x6e /* n */:
        this.#word('null', NULL);
        return undefined;
      default:
        this.#number();
        return undefined;
    }
  }

  #opens(kind: number): number {
    const entry = this.#push(kind, this.#at, 0);
    this.#at++;
    this.#space();
    return entry;
  }

  /** Closes the container if its bracket is next. */
  #closes(entry: number): boolean {
    if (this.#bytes[this.#at] !== (this.#tape[entry] === OBJECT ? 0x7d /* } */ : 0x5d) /* ] */) return false;
    this.#at++;
    this.#tape[entry + 2] = this.#at;
    this.#tape[entry + 3] = this.#used;
    return true;
  }

  #key(): void {
    if (this.#bytes[this.#at] !== 0x22) this.#fail('expected a field name');
    this.#string();
    this.#space();
    if (this.#bytes[this.#at] !== 0x3a /* : */) this.#fail('expected a colon');
    this.#at++;
    this.#space();
  }

  #string(): void {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start + 1;
    let kind = STRING;
    for (;;) {
      const byte = bytes[at];
      if (byte === 0x22) break;
      if (byte === undefined) this.#fail('unfinished string', at);
      if (byte === 0x5c /* \ */) {
        kind = ESCAPED;
        at = this.#escape(at + 1);
      } else if (byte < 0x20) {
        this.#fail('control character in a string', at);
      } else {
        at++;
      }
    }
    this.#at = at + 1;
    this.#push(kind, start, this.#at);
  }

  /** `at` is behind the backslash; returns what follows the escape. */
  #escape(at: number): number {
    const byte = this.#bytes[at];
    if (byte === 0x75 /* u */) {
      for (let digit = at + 1; digit <= at + 4; digit++) if (!isHex(this.#bytes[digit])) this.#fail('bad \\u escape', digit);
      return at + 5;
    }
    if (byte === undefined || !'"\\/bfnrt'.includes(String.fromCharCode(byte))) this.#fail('bad escape', at);
    return at + 1;
  }

  #number(): void {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    if (bytes[at] === 0x2d /* - */) at++;
    if (bytes[at] === 0x30 /* 0 */) at++;
    else at = this.#digits(at);
    if (bytes[at] === 0x2e /* . */) at = this.#digits(at + 1);
    if (bytes[at] === 0x65 || bytes[at] === 0x45 /* e E */) {
      at++;
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++;
      at = this.#digits(at);
    }
    this.#at = at;
    this.#push(NUMBER, start, at);
  }

  #digits(from: number): number {
    let at = from;
    while (isDigit(this.#bytes[at])) at++;
    if (at === from) this.#fail('expected a value', from);
    return at;
  }

  #word(word: string, kind: number): void {
    const end = this.#at + word.length;
    if (this.#bytes.toString('latin1', this.#at, end) !== word) this.#fail('expected a value');
    this.#push(kind, this.#at, end);
    this.#at = end;
  }

  #space(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let byte = bytes[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = bytes[at]) at++;
    this.#at = at;
  }

  #push(kind: number, start: number, end: number): number {
    const entry = this.#used;
    if (entry >= this.#maxValues * STRIDE) throw new JsonSyntaxError(`more than ${this.#maxValues} values`, start);
    if (entry + STRIDE > this.#tape.length) {
      const larger = new Int32Array(this.#tape.length * 2);
      larger.set(this.#tape);
      this.#tape = larger;
    }
    this.#tape[entry] = kind;
    this.#tape[entry + 1] = start;
    this.#tape[entry + 2] = end;
    this.#tape[entry + 3] = entry + STRIDE;
    this.#used = entry + STRIDE;
    return entry;
  }

  #fail(message: string, at = this.#at): never {
    throw new JsonSyntaxError(at >= this.#bytes.length ? 'unexpected end' : message, at);
  }
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;
const isHex = (byte: number | undefined): boolean => isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
