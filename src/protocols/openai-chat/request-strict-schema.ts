import type { ObjectText } from '../../llm/request.ts';
import { isObject, itemsOf, type WireObject } from '../untrusted.ts';

/** Keywords that strict mode refuses. */
const refused = [
  ...['allOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentRequired', 'dependentSchemas'],
  ...['patternProperties', 'propertyNames', 'unevaluatedProperties', 'unevaluatedItems', 'contains', 'prefixItems'],
];

/**
 * Whether OpenAI takes a JSON Schema in strict mode: every object names all its properties as required and permits no others, and some keywords are not used
 * (https://platform.openai.com/docs/guides/structured-outputs#supported-schemas). Other makers' rules are looser.
 */
export function fitsStrictMode(schema: ObjectText): boolean {
  const root: unknown = JSON.parse(schema);
  return isObject(root) && root['type'] === 'object' && root['anyOf'] === undefined && fits(root);
}

function fits(schema: unknown): boolean {
  if (!isObject(schema) || refused.some((keyword) => schema[keyword] !== undefined)) return false;
  if (isOfObjects(schema) && !isClosed(schema)) return false;
  const inner = [
    ...['properties', '$defs', 'definitions'].flatMap((keyword) => valuesOf(schema[keyword])),
    ...itemsOf(schema['anyOf']),
    ...(schema['items'] === undefined ? [] : [schema['items']]),
  ];
  return inner.every(fits);
}

const isOfObjects = ({ type, properties }: WireObject): boolean => type === 'object' || itemsOf(type).includes('object') || properties !== undefined;

function isClosed({ properties, required, additionalProperties }: WireObject): boolean {
  const names = new Set(itemsOf(required));
  return additionalProperties === false && (isObject(properties) ? Object.keys(properties) : []).every((name) => names.has(name));
}

const valuesOf = (value: unknown): unknown[] => (isObject(value) ? Object.values(value) : []);
