import { parseJson, type JsonNode } from '../../framing/json.ts';
import { RawJson, type Writable } from '../../framing/json-write.ts';
import type { ObjectText } from '../../llm/request.ts';

/**
 * What Gemini obeys of JSON Schema in `responseJsonSchema` (https://ai.google.dev/api/generate-content#GenerationConfig).
 * Other keywords may be sent and do nothing.
 */
const obeyed: ReadonlySet<string> = new Set([
  ...['$id', '$defs', '$ref', '$anchor', 'type', 'format', 'title', 'description', 'enum', 'items', 'prefixItems', 'minItems', 'maxItems'],
  ...['minimum', 'maximum', 'anyOf', 'oneOf', 'properties', 'additionalProperties', 'required', 'propertyOrdering'],
  ...['$schema', '$comment', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly'], // bind nobody
]);

/** A schema as Gemini takes it. */
export interface WrittenSchema {
  schema: { readonly [keyword: string]: Writable };
  /** Keywords in it that do nothing. */
  ignored: string[];
}

/**
 * Says a JSON Schema in the keywords that Gemini obeys, where that changes nothing: `const` as `enum`, `definitions` as `$defs`, an `allOf` of one as `anyOf`.
 * Beside `$ref` nothing may stand, so the reference moves into an `anyOf` of its own.
 */
export function writeSchema(text: ObjectText): WrittenSchema {
  const ignored = new Set<string>();
  return { schema: rewritten(parseJson(Buffer.from(text)), ignored), ignored: [...ignored].toSorted() };
}

type Schema = Record<string, Writable>;

function rewritten(schema: JsonNode, ignored: Set<string>): Schema {
  const written: Schema = {};
  const hasAnyOf = schema.get('anyOf') !== undefined;
  for (const { value } of schema.fields()) {
    const name = String(value.name);
    const [keyword, json] = name === 'allOf' && hasAnyOf ? unobeyed(name, value, ignored) : rewrittenField(name, value, ignored);
    if (keyword !== undefined) written[keyword] = json;
  }
  return withLonelyReference(written, ignored);
}

function unobeyed(keyword: string, value: JsonNode, ignored: Set<string>): readonly [keyword: string, json: Writable] {
  ignored.add(keyword);
  return [keyword, new RawJson(value.text)];
}

function rewrittenField(keyword: string, value: JsonNode, ignored: Set<string>): readonly [keyword: string | undefined, json: Writable] {
  switch (keyword) {
    case '$schema':
      return [undefined, undefined];
    case '$ref':
      return [keyword, value.type === 'string' ? value.string().replace(/^#\/definitions\//, '#/$defs/') : new RawJson(value.text)];
    case 'definitions':
      return ['$defs', namedSchemas(value, ignored)];
    case '$defs':
    case 'properties':
      return [keyword, namedSchemas(value, ignored)];
    case 'const':
      if (value.type === 'string' || value.type === 'number') return ['enum', [new RawJson(value.text)]];
      break;
    case 'allOf':
      if (value.type === 'array' && value.items().length === 1) return ['anyOf', schemas(value, ignored)];
      break;
    case 'anyOf':
    case 'oneOf':
    case 'prefixItems':
    case 'items':
    case 'additionalProperties':
      return [keyword, schemas(value, ignored)];
  }
  return obeyed.has(keyword) ? [keyword, new RawJson(value.text)] : unobeyed(keyword, value, ignored);
}

/** A schema, several, or whatever else stands there. */
function schemas(value: JsonNode, ignored: Set<string>): Writable {
  if (value.type === 'array') return value.items().map((item) => schemas(item, ignored));
  return value.type === 'object' ? rewritten(value, ignored) : new RawJson(value.text);
}

const namedSchemas = (value: JsonNode, ignored: Set<string>): Writable =>
  value.type === 'object'
    ? Object.fromEntries([...value.fields()].map((property) => [String(property.value.name), schemas(property.value, ignored)]))
    : new RawJson(value.text);

/** Where `anyOf` stands beside a reference already, the reference holds. */
function withLonelyReference(schema: Schema, ignored: Set<string>): Schema {
  const { $ref, ...rest } = schema;
  const others = Object.keys(rest).filter((keyword) => !keyword.startsWith('$'));
  if ($ref === undefined || others.length === 0) return schema;
  if ('anyOf' in rest) ignored.add('anyOf');
  return { ...rest, anyOf: [{ $ref }] };
}
