import { isObject } from '../shape.ts';

const forbidden = ['allOf', 'not', 'oneOf', 'if', 'then', 'else', 'dependentRequired', 'dependentSchemas', 'patternProperties'];

/** What keeps a JSON Schema from being followed strictly (https://platform.openai.com/docs/guides/structured-outputs#supported-schemas); undefined for nothing. */
export function strictSchemaFault(schema: unknown): string | undefined {
  if (!isObject(schema) || schema['type'] !== 'object') return 'the schema itself must have "type": "object".';
  return faultAt(schema, []);
}

function faultAt(schema: unknown, path: readonly string[]): string | undefined {
  if (!isObject(schema)) return undefined;
  const at = `at (${path.join(', ')}): `;
  const keyword = forbidden.find((name) => name in schema);
  if (keyword !== undefined) return `${at}'${keyword}' is not permitted.`;
  const types: unknown[] = Array.isArray(schema['type']) ? schema['type'] : [schema['type']];
  if (types.includes('object')) {
    const fault = objectFault(schema);
    if (fault) return at + fault;
  }
  for (const [name, inner] of inside(schema)) {
    const fault = faultAt(inner, [...path, name]);
    if (fault) return fault;
  }
  return undefined;
}

function objectFault({ additionalProperties, properties, required }: Record<string, unknown>): string | undefined {
  if (additionalProperties !== false) return "'additionalProperties' must be there, and be false.";
  const names = Object.keys(isObject(properties) ? properties : {});
  const listed: unknown[] = Array.isArray(required) ? required : [];
  const missing = names.find((name) => !listed.includes(name));
  if (missing !== undefined) return `'required' must name every property; '${missing}' is missing.`;
  const extra = listed.find((name) => typeof name !== 'string' || !names.includes(name));
  return extra === undefined ? undefined : `'required' names ${JSON.stringify(extra)}, which is no property.`;
}

function inside(schema: Record<string, unknown>): [name: string, schema: unknown][] {
  const named = ['properties', '$defs', 'definitions'].flatMap((key) => (isObject(schema[key]) ? Object.entries(schema[key]) : []));
  const variants: unknown[] = Array.isArray(schema['anyOf']) ? schema['anyOf'] : [];
  return [...named, ['items', schema['items']], ...variants.map((variant, index): [string, unknown] => [String(index), variant])];
}
