import { isObject } from '../shape.ts';

/** Which of Google's two APIs is spoken; some fields exist in only one of them. */
export type Dialect = 'Gemini' | 'Vertex';

/** One thing in a body that the message it stands for cannot hold. */
export interface Violation {
  /** Where, in the names of the protocol buffer: `contents[0].parts[1].inline_data`; empty for the body itself. */
  field: string;
  description: string;
}

/** What is known while a body is read. */
export interface Reading {
  dialect: Dialect;
  violations: Violation[];
}

/** Reads a value of proto3 JSON (https://protobuf.dev/programming-guides/json/): notes what is wrong with it, and gives it under its lowerCamelCase names. */
export type Reader = (value: unknown, field: string, reading: Reading) => unknown;

/** Readers of a message's fields, by their lowerCamelCase names. */
export type Readers<Message> = Readonly<Record<keyof Message, Reader>>;

interface MessageOptions {
  /** Fields of which a message may have one at most. */
  oneof?: { name: string; fields: readonly string[] };
  /** Fields that exist in one of the two APIs alone. */
  only?: Readonly<Partial<Record<Dialect, readonly string[]>>>;
}

/** Any value: google.protobuf.Value. `null` is a value too. */
export const anyValue: Reader = (value) => value;

/** A JSON object whose inside is the client's own affair: google.protobuf.Struct, and messages that the fake does not look into. */
export const struct: Reader = (value, field, reading) => (isObject(value) ? value : mismatch('TYPE_MESSAGE', value, field, reading));

export const string: Reader = (value, field, reading) => (typeof value === 'string' ? value : mismatch('TYPE_STRING', value, field, reading));

export const bool: Reader = (value, field, reading) => (typeof value === 'boolean' ? value : mismatch('TYPE_BOOL', value, field, reading));

/** Bytes in base64, of the standard or of the URL-safe alphabet, padded or not. */
export const bytes: Reader = (value, field, reading) =>
  typeof value === 'string' && isBase64(value) ? value : mismatch('TYPE_BYTES', value, field, reading);

/** A number, which may come as a string. */
export const float: Reader = (value, field, reading) => readNumber(value) ?? mismatch('TYPE_FLOAT', value, field, reading);

export const int32: Reader = (value, field, reading) => {
  const read = readNumber(value);
  return read !== undefined && Number.isInteger(read) && Math.abs(read) < 2 ** 31 ? read : mismatch('TYPE_INT32', value, field, reading);
};

/** A whole number of 64 bits, which JSON has as a string. */
export const int64: Reader = (value, field, reading) =>
  /^-?\d+$/.test(String(value)) && !Array.isArray(value) ? String(value) : mismatch('TYPE_INT64', value, field, reading);

/** One of the names, in whatever case. */
export function enumOf(type: string, ...names: readonly string[]): Reader {
  return (value, field, reading) => names.find((name) => name.toLowerCase() === String(value).toLowerCase()) ?? mismatch(type, value, field, reading);
}

/** A repeated field. A value that stands alone is a list of one, as the vendor's own examples have it. */
export function listOf(item: Reader): Reader {
  return (value, field, reading) =>
    Array.isArray(value) ? value.map((entry, index) => item(entry, `${field}[${index}]`, reading)) : [item(value, `${field}[0]`, reading)];
}

/** A map, by its keys. */
export function mapOf(item: Reader): Reader {
  return (value, field, reading) => {
    if (!isObject(value)) return mismatch('TYPE_MESSAGE', value, field, reading);
    return Object.fromEntries(Object.entries(value).map(([key, entry], index) => [key, item(entry, `${field}[${index}].value`, reading)]));
  };
}

/** Puts off looking for a reader until it is needed: for messages that hold messages of their own kind. */
export function lazy(reader: () => Reader): Reader {
  return (value, field, reading) => reader()(value, field, reading);
}

/** A message with just these fields, each under its lowerCamelCase or its snake_case name. */
export function message(fields: Readonly<Record<string, Reader>>, { oneof, only = {} }: MessageOptions = {}): Reader {
  const byName = new Map(Object.keys(fields).flatMap((name) => [[name, name] as const, [toSnakeCase(name), name] as const]));
  const nameIn = (dialect: Dialect, key: string): string | undefined => {
    const name = byName.get(key);
    const isElsewhere = name !== undefined && Boolean(only[dialect === 'Gemini' ? 'Vertex' : 'Gemini']?.includes(name));
    return isElsewhere ? undefined : name;
  };
  return (value, field, reading) => {
    if (!isObject(value)) return mismatch('TYPE_MESSAGE', value, field, reading);
    const read = new Map<string, unknown>();
    for (const [key, entry] of Object.entries(value)) {
      const name = nameIn(reading.dialect, key);
      const reader = name === undefined ? undefined : fields[name];
      if (name === undefined || !reader) refuseName(key, field, 'Cannot find field.', reading);
      else if (entry !== null || reader === anyValue) read.set(name, reader(entry, join(field, toSnakeCase(name)), reading));
    }
    const [first, second] = oneof?.fields.filter((name) => read.has(name)) ?? [];
    if (second !== undefined) {
      refuseName(second, field, `Oneof field '${oneof?.name}' already holds '${first}'; it cannot hold '${second}' as well.`, reading);
    }
    return Object.fromEntries(read);
  };
}

export const toSnakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const join = (parent: string, name: string): string => (parent === '' ? name : `${parent}.${name}`);

function readNumber(value: unknown): number | undefined {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof read === 'number' && !Number.isNaN(read) ? read : undefined;
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) && text.replace(/=+$/, '').length % 4 !== 1;
}

function refuseName(name: string, field: string, reason: string, { violations }: Reading): void {
  const place = field === '' ? '' : ` at '${field}'`;
  violations.push({ field, description: `Invalid JSON payload received. Unknown name "${name}"${place}: ${reason}` });
}

function mismatch(type: string, value: unknown, field: string, reading: Reading): undefined {
  const [, parent = '', name = field] = /^(?:(.*)\.)?([^.]*)$/.exec(field) ?? [];
  if (Array.isArray(value)) refuseName(name, parent, 'Proto field is not repeating, cannot start list.', reading);
  else reading.violations.push({ field, description: `Invalid value at '${field}' (${type}), ${JSON.stringify(value)}` });
  return undefined;
}
