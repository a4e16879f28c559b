import { JsonFieldError, type JsonNode } from './json.ts';

/** Readers for the fields of an object. "Optional" ones take `null` for absent, as the vendors' APIs do; a wrong type throws JsonFieldError naming the path. */
export function optional(object: JsonNode, key: string): JsonNode | undefined {
  const node = object.get(key);
  return node?.type === 'null' ? undefined : node;
}

export function required(object: JsonNode, key: string): JsonNode {
  const node = optional(object, key);
  if (node === undefined) throw new JsonFieldError(object.path === '' ? key : `${object.path}.${key}`, 'is required');
  return node;
}

export const requiredString = (object: JsonNode, key: string): string => required(object, key).string();
export const optionalString = (object: JsonNode, key: string): string | undefined => optional(object, key)?.string();
export const optionalNumber = (object: JsonNode, key: string): number | undefined => optional(object, key)?.number();

/** A whole number of at least `min`. */
export function optionalCount(object: JsonNode, key: string, min = 0): number | undefined {
  const node = optional(object, key);
  if (node === undefined) return undefined;
  const value = node.number();
  if (!Number.isSafeInteger(value) || value < min) throw new JsonFieldError(node.path, `must be a whole number of at least ${min}`);
  return value;
}

export function optionalBoolean(object: JsonNode, key: string): boolean | undefined {
  const node = optional(object, key);
  if (node === undefined) return undefined;
  if (node.type !== 'true' && node.type !== 'false') throw new JsonFieldError(node.path, 'must be true or false');
  return node.type === 'true';
}

/** The objects of an array; none for anything else. */
export const objectsIn = (list: JsonNode | undefined): JsonNode[] =>
  list?.type === 'array' ? list.items().filter(({ type }) => type === 'object') : [];
