import { optional } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';

/** A field's name as its .proto file has it: `inlineData` is `inline_data`. */
export const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Names of fields in both of the ways that proto3 JSON takes (https://protobuf.dev/programming-guides/json/). */
export const bothCases = (names: readonly string[]): string[] => [...new Set(names.flatMap((name) => [name, snakeCase(name)]))];

/** The field of this lowerCamelCase name, under it or its snake_case one; null stands for absent. Throws JsonFieldError where both stand: a provider might take the other one. */
export function field(object: JsonNode, name: string): JsonNode | undefined {
  const camel = optional(object, name);
  const snake = snakeCase(name);
  if (snake === name) return camel;
  const other = optional(object, snake);
  if (camel !== undefined && other !== undefined) throw new JsonFieldError(other.path, 'stands twice');
  return camel ?? other;
}

export const stringField = (object: JsonNode, name: string): string | undefined => field(object, name)?.string();

/** The name of an enum's value; those that say nothing (`…_UNSPECIFIED`) are undefined. */
export function enumField(object: JsonNode, name: string): string | undefined {
  const value = stringField(object, name)?.toUpperCase();
  return value === undefined || value === 'UNSPECIFIED' || value.endsWith('_UNSPECIFIED') ? undefined : value;
}

/** A number, which proto3 JSON may have as a string. */
export function numberField(object: JsonNode, name: string): number | undefined {
  const node = field(object, name);
  if (node?.type !== 'string') return node?.number();
  const value = Number(node.string());
  if (node.string().trim() === '' || Number.isNaN(value)) throw new JsonFieldError(node.path, 'must be a number');
  return value;
}

/** A whole number of at least `min`. */
export function countField(object: JsonNode, name: string, min = 0): number | undefined {
  const value = numberField(object, name);
  if (value !== undefined && (!Number.isSafeInteger(value) || value < min)) {
    throw new JsonFieldError(field(object, name)?.path ?? name, `must be a whole number of at least ${min}`);
  }
  return value;
}

export function booleanField(object: JsonNode, name: string): boolean | undefined {
  const node = field(object, name);
  if (node === undefined || node.type === 'true' || node.type === 'false') return node && node.type === 'true';
  throw new JsonFieldError(node.path, 'must be true or false');
}

/** The values of a repeated field. A value that stands alone is a list of one, as in some of the vendor's own examples. */
export function listField(object: JsonNode, name: string): JsonNode[] {
  const node = field(object, name);
  if (node === undefined) return [];
  return node.type === 'array' ? node.items() : [node];
}
