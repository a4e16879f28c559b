import { isObject } from '../shape.ts';

/** Keywords that Claude cannot be held to (https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations). */
const unsupported = [
  'exclusiveMaximum',
  'exclusiveMinimum',
  'maxItems',
  'maxLength',
  'maximum',
  'minLength',
  'minimum',
  'multipleOf',
  'not',
  'oneOf',
  'patternProperties',
];

/** What keeps a JSON Schema from being followed; undefined for nothing. */
export function outputSchemaFault(schema: unknown): string | undefined {
  if (!isObject(schema)) return undefined;
  const keyword = unsupported.find((name) => name in schema);
  if (keyword !== undefined) return `'${keyword}' is not supported`;
  const { type, minItems, additionalProperties } = schema;
  if (typeof minItems === 'number' && minItems > 1) return "'minItems' may be 0 or 1";
  if ((type === 'object' || 'properties' in schema) && additionalProperties !== false) return "'additionalProperties' of an object must be false";
  for (const inner of inside(schema)) {
    const fault = outputSchemaFault(inner);
    if (fault) return fault;
  }
  return undefined;
}

function inside(schema: Record<string, unknown>): unknown[] {
  const named = ['properties', '$defs', 'definitions'].flatMap((key) => (isObject(schema[key]) ? Object.values(schema[key]) : []));
  const variants = ['anyOf', 'allOf'].flatMap((key): unknown[] => (Array.isArray(schema[key]) ? schema[key] : []));
  return [...named, schema['items'], ...variants];
}
