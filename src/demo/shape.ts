/** One step into a JSON value: a key, an index, or the variant of a tagged union (`messages.0.content.1.tool_use.name`). */
export type Step = string | number | { variant: string };
export type Path = readonly Step[];

/** What is wrong with a value; each vendor words it its own way. */
export type Fault =
  | { kind: 'missing' }
  | { kind: 'unknown' }
  | { kind: 'type'; expected: string; got: string }
  | { kind: 'value'; expected: readonly string[]; got: string }
  | { kind: 'pattern'; pattern: string }
  | { kind: 'below' | 'above'; of: 'decimal' | 'integer' | 'array' | 'string'; limit: number };

export interface Problem {
  path: Path;
  fault: Fault;
}

/** Looks at one value of a request and says the first thing that is wrong with it. */
export type Shape = (value: unknown, path: Path) => Problem | undefined;
export type Fields = Readonly<Record<string, Shape>>;

interface Limits {
  min?: number;
  max?: number;
}

/** The JSON type of a parsed value, in the words of RFC 8259. */
function jsonType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** True for a JSON object, which is then readable by key. */
export const isObject = (value: unknown): value is Record<string, unknown> => jsonType(value) === 'object';

const wrongType = (path: Path, expected: string, value: unknown): Problem => ({ path, fault: { kind: 'type', expected, got: jsonType(value) } });

function outside(path: Path, of: 'decimal' | 'integer' | 'array' | 'string', got: number, { min, max }: Limits): Problem | undefined {
  if (min !== undefined && got < min) return { path, fault: { kind: 'below', of, limit: min } };
  if (max !== undefined && got > max) return { path, fault: { kind: 'above', of, limit: max } };
  return undefined;
}

export const anything: Shape = () => undefined;

export const flag: Shape = (value, path) => (typeof value === 'boolean' ? undefined : wrongType(path, 'boolean', value));

/** A JSON object whose inside is the client's own affair (a JSON Schema, tool arguments). */
export const openObject: Shape = (value, path) => (isObject(value) ? undefined : wrongType(path, 'object', value));

export function text({ pattern, ...limits }: Limits & { pattern?: RegExp } = {}): Shape {
  return (value, path) => {
    if (typeof value !== 'string') return wrongType(path, 'string', value);
    if (pattern && !pattern.test(value)) return { path, fault: { kind: 'pattern', pattern: pattern.source } };
    return outside(path, 'string', value.length, limits);
  };
}

export function decimal(limits: Limits = {}): Shape {
  return (value, path) => (typeof value === 'number' ? outside(path, 'decimal', value, limits) : wrongType(path, 'number', value));
}

export function integer(limits: Limits = {}): Shape {
  return (value, path) => (Number.isInteger(value) ? outside(path, 'integer', Number(value), limits) : wrongType(path, 'integer', value));
}

export function oneOf(...expected: string[]): Shape {
  return (value, path) => {
    if (typeof value !== 'string') return wrongType(path, 'string', value);
    return expected.includes(value) ? undefined : { path, fault: { kind: 'value', expected, got: value } };
  };
}

export function list(item: Shape, limits: Limits = {}): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return wrongType(path, 'array', value);
    return outside(path, 'array', value.length, limits) ?? first(value.entries(), ([index, entry]) => item(entry, [...path, index]));
  };
}

/** An object with just these fields; any other is a fault. */
export function record(required: Fields, optional: Fields = {}): Shape {
  return (value, path) => {
    if (!isObject(value)) return wrongType(path, 'object', value);
    const unknown = Object.keys(value).find((key) => !Object.hasOwn(required, key) && !Object.hasOwn(optional, key));
    if (unknown !== undefined) return { path: [...path, unknown], fault: { kind: 'unknown' } };
    const missing = Object.keys(required).find((key) => value[key] === undefined);
    if (missing !== undefined) return { path: [...path, missing], fault: { kind: 'missing' } };
    return first(Object.entries({ ...required, ...optional }), ([key, shape]) =>
      value[key] === undefined ? undefined : shape(value[key], [...path, key]),
    );
  };
}

export function nullable(shape: Shape): Shape {
  return (value, path) => (value === null ? undefined : shape(value, path));
}

/** A value whose shape depends on its JSON type, as in "a string or an array of parts". */
export function byType(shapes: Fields): Shape {
  return (value, path) =>
    shapes[jsonType(value)]?.(value, path) ??
    (Object.hasOwn(shapes, jsonType(value)) ? undefined : wrongType(path, Object.keys(shapes).join(' or '), value));
}

/** An object whose shape depends on one of its fields; `otherwise` names the variant of an object without that field. */
export function tagged(key: string, variants: Fields, otherwise?: string): Shape {
  return (value, path) => {
    if (!isObject(value)) return wrongType(path, 'object', value);
    const tag = value[key] ?? otherwise;
    if (tag === undefined) return { path: [...path, key], fault: { kind: 'missing' } };
    if (typeof tag !== 'string') return wrongType([...path, key], 'string', tag);
    const shape = Object.hasOwn(variants, tag) ? variants[tag] : undefined;
    if (!shape) return { path: [...path, key], fault: { kind: 'value', expected: Object.keys(variants), got: tag } };
    return shape(value, [...path, { variant: tag }]);
  };
}

function first<Item>(items: Iterable<Item>, check: (item: Item) => Problem | undefined): Problem | undefined {
  for (const item of items) {
    const problem = check(item);
    if (problem) return problem;
  }
  return undefined;
}
