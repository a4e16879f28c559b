import { isObject } from './shape.ts';

const maxDepth = 8;
const maxItems = 8;

/** What an example is made from. */
interface Source {
  /** The whole schema, in which `$ref` points. */
  root: Record<string, unknown>;
  /** What the next strings are. */
  quoted: string[];
}

/**
 * Makes arguments that fit a JSON Schema: its required properties, or all where none is required.
 * Strings are taken from `quoted`, which is used up in order, so that a person can say what is called with what.
 */
export function toolArguments(schema: unknown, quoted: string[]): unknown {
  const root = isObject(schema) ? { type: 'object', ...schema } : { type: 'object' };
  return exampleOf(root, { root, quoted }, 0);
}

function exampleOf(schema: unknown, source: Source, depth: number): unknown {
  if (!isObject(schema) || depth > maxDepth) return null;
  if (typeof schema['$ref'] === 'string') return exampleOf(resolve(schema['$ref'], source.root), source, depth + 1);
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const variants: unknown = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(variants)) return exampleOf(variants[0], source, depth + 1);
  const type: unknown = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  const example = typeof type === 'string' ? examples[type] : undefined;
  return example ? example(schema, source, depth) : (source.quoted.shift() ?? 'demo');
}

/** What a `$ref` within the same document points to (RFC 6901); undefined for nothing. */
function resolve(pointer: string, root: Record<string, unknown>): unknown {
  const keys = pointer.split('/').slice(1);
  let found: unknown = pointer.startsWith('#') ? root : undefined;
  for (const key of keys) found = isObject(found) ? found[key.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  return found;
}

const formats: Readonly<Record<string, string>> = {
  date: '2030-01-01',
  'date-time': '2030-01-01T00:00:00Z',
  email: 'demo@example.org',
  time: '00:00:00Z',
  uri: 'https://example.org/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

const examples: Readonly<Record<string, (schema: Record<string, unknown>, source: Source, depth: number) => unknown>> = {
  null: () => null,
  boolean: () => true,
  string({ format, minLength }, { quoted }) {
    const word = (typeof format === 'string' ? formats[format] : undefined) ?? quoted.shift() ?? 'demo';
    return typeof minLength === 'number' ? word.padEnd(minLength, '.') : word;
  },
  number: ({ minimum }) => (typeof minimum === 'number' ? minimum : 1.5),
  integer: ({ minimum }) => (typeof minimum === 'number' ? Math.ceil(minimum) : 1),
  array({ items, minItems }, source, depth) {
    if (!isObject(items)) return [];
    const length = Math.min(maxItems, Math.max(1, typeof minItems === 'number' ? minItems : 1));
    return Array.from({ length }, () => exampleOf(items, source, depth + 1));
  },
  object({ properties, required }, source, depth) {
    if (!isObject(properties)) return {};
    const names = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : Object.keys(properties);
    return Object.fromEntries(names.map((name) => [name, exampleOf(properties[name], source, depth + 1)]));
  },
};
