import { isObject } from './shape.ts';

const maxDepth = 6;

/**
 * Makes arguments that fit a JSON Schema: its required properties, or all where none is required.
 * Strings are taken from `quoted`, which is used up in order, so that a person can say what is called with what.
 */
export function toolArguments(schema: unknown, quoted: string[]): unknown {
  return exampleOf(isObject(schema) ? { type: 'object', ...schema } : { type: 'object' }, quoted, 0);
}

function exampleOf(schema: unknown, quoted: string[], depth: number): unknown {
  if (!isObject(schema) || depth > maxDepth) return null;
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const variants: unknown = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(variants)) return exampleOf(variants[0], quoted, depth + 1);
  const type: unknown = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  const example = typeof type === 'string' ? examples[type] : undefined;
  return example ? example(schema, quoted, depth) : (quoted.shift() ?? 'demo');
}

const examples: Readonly<Record<string, (schema: Record<string, unknown>, quoted: string[], depth: number) => unknown>> = {
  null: () => null,
  boolean: () => true,
  string: (_schema, quoted) => quoted.shift() ?? 'demo',
  number: ({ minimum }) => (typeof minimum === 'number' ? minimum : 1.5),
  integer: ({ minimum }) => (typeof minimum === 'number' ? Math.ceil(minimum) : 1),
  array: ({ items }, quoted, depth) => (isObject(items) ? [exampleOf(items, quoted, depth + 1)] : []),
  object({ properties, required }, quoted, depth) {
    if (!isObject(properties)) return {};
    const names = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : Object.keys(properties);
    return Object.fromEntries(names.map((name) => [name, exampleOf(properties[name], quoted, depth + 1)]));
  },
};
