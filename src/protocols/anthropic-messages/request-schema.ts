import { parseJson, type JsonNode } from '../../framing/json.ts';
import { addField, removeFields, renameField, replaceValue, splice, type Edit } from '../../framing/splice.ts';
import type { ObjectText } from '../../llm/request.ts';

/** A schema as the API can hold a model to it. */
export interface FittedSchema {
  schema: ObjectText;
  /** Keywords whose meaning is lost. */
  lost: string[];
}

/** Keywords that the API refuses. Source: https://platform.claude.com/docs/en/build-with-claude/structured-outputs, and the SDK's own helper. */
const refused = new Set([
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['minLength', 'maxLength', 'maxItems', 'uniqueItems', 'contains', 'minContains', 'maxContains'],
  ...['minProperties', 'maxProperties', 'patternProperties', 'propertyNames', 'unevaluatedProperties', 'unevaluatedItems'],
  ...['not', 'if', 'then', 'else', 'dependentRequired', 'dependentSchemas'],
]);
/** They go without a word: they constrain nothing. */
const idle = new Set(['$schema', '$id', '$comment']);

const namedSchemas = new Set(['properties', '$defs', 'definitions']);
const listedSchemas = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems']);

/** Fits a schema into the subset of JSON Schema that the API enforces: its text stays but for what has to go. Every object is closed, as the API demands. */
export function fitSchema(schema: ObjectText): FittedSchema {
  const root = parseJson(Buffer.from(schema));
  const edits: Edit[] = [];
  const lost = new Set<string>();
  fit(root, edits, lost);
  return { schema: splice(root.bytes, edits).toString() as ObjectText, lost: [...lost] };
}

function fit(schema: JsonNode, edits: Edit[], lost: Set<string>): void {
  if (schema.type !== 'object') return;
  const removed = new Set<string>();
  const keywords = new Set([...schema.fields()].map(({ value }) => String(value.name)));
  for (const { key, value } of schema.fields()) {
    const keyword = String(value.name);
    if (idle.has(keyword)) removed.add(keyword);
    else if (refused.has(keyword) || (keyword === 'minItems' && Number(value.text) > 1)) {
      removed.add(keyword);
      lost.add(keyword);
    } else if (keyword === 'additionalProperties') close(value, edits, lost);
    else if (keyword === 'oneOf' && !keywords.has('anyOf')) {
      edits.push(renameField(key, 'anyOf'));
      fitAll(value, edits, lost);
    } else if (namedSchemas.has(keyword) && value.type === 'object') for (const field of value.fields()) fit(field.value, edits, lost);
    else if (listedSchemas.has(keyword)) fitAll(value, edits, lost);
    else if (keyword === 'items') fit(value, edits, lost);
  }
  edits.push(...removeFields(schema, removed));
  if (keywords.has('additionalProperties') || !isObjectSchema(schema)) return;
  edits.push(addField(schema, 'additionalProperties', 'false'));
  if (!keywords.has('properties')) lost.add('additionalProperties'); // an object of anything is now one of nothing
}

function fitAll(list: JsonNode, edits: Edit[], lost: Set<string>): void {
  if (list.type === 'array') for (const item of list.items()) fit(item, edits, lost);
}

function close(additional: JsonNode, edits: Edit[], lost: Set<string>): void {
  if (additional.type === 'false') return;
  lost.add('additionalProperties');
  edits.push(replaceValue(additional, 'false'));
}

function isObjectSchema(schema: JsonNode): boolean {
  const type = [...schema.fields()].find(({ value }) => value.name === 'type')?.value;
  if (type?.type === 'array') return type.items().some((item) => item.text === '"object"');
  return type?.text === '"object"' || (type === undefined && [...schema.fields()].some(({ value }) => value.name === 'properties'));
}
