import type { JsonNode } from '../../framing/json.ts';
import { RawJson, writeJson, type Writable } from '../../framing/json-write.ts';
import type { ObjectText } from '../../llm/request.ts';
import { booleanField, countField, enumField, field, listField, stringField } from './wire-fields.ts';

type Schema = Record<string, Writable>;

/** Google's Schema message as JSON Schema (https://ai.google.dev/api/caching#Schema). */
export const jsonSchemaOf = (schema: JsonNode): ObjectText => writeJson(toSchema(schema)) as ObjectText;

/** Keywords that mean the same in both; their values stay as they are written. */
const alike = ['title', 'description', 'pattern', 'minimum', 'maximum', 'default'];
/** Counts, which proto3 JSON has as strings: they are 64 bits wide. */
const counts = ['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties'];

function toSchema(schema: JsonNode): Schema {
  const type = enumField(schema, 'type')?.toLowerCase();
  const isNullable = booleanField(schema, 'nullable') === true && type !== 'null';
  const anyOf = listField(schema, 'anyOf').map(toSchema);
  const items = field(schema, 'items');
  const required = listField(schema, 'required').map((name) => name.string());
  const example = field(schema, 'example');
  return {
    ...(type !== undefined && { type: isNullable ? [type, 'null'] : type }),
    ...kept(schema),
    ...formatOf(schema),
    ...enumOf(schema, type, isNullable),
    ...(items !== undefined && { items: toSchema(items) }),
    ...propertiesOf(schema),
    ...(required.length > 0 && { required }),
    ...(anyOf.length > 0 && { anyOf: isNullable && type === undefined ? [...anyOf, { type: 'null' }] : anyOf }),
    ...(example !== undefined && { examples: [new RawJson(example.text)] }),
  };
}

function kept(schema: JsonNode): Schema {
  const found: Schema = {};
  for (const keyword of alike) {
    const value = field(schema, keyword);
    if (value !== undefined) found[keyword] = new RawJson(value.text);
  }
  for (const keyword of counts) {
    const count = countField(schema, keyword);
    if (count !== undefined) found[keyword] = count;
  }
  return found;
}

/** `enum` is no format, but Google's mark of a string that has one. */
function formatOf(schema: JsonNode): Schema {
  const format = stringField(schema, 'format');
  return format === undefined || format === 'enum' ? {} : { format };
}

/** The values are strings, also where they are meant as numbers. */
function enumOf(schema: JsonNode, type: string | undefined, isNullable: boolean): Schema {
  const isNumeric = type === 'integer' || type === 'number';
  const values = listField(schema, 'enum').map((value): Writable =>
    isNumeric && value.type === 'string' ? toNumber(value.string()) : new RawJson(value.text),
  );
  if (values.length === 0) return {};
  return { enum: isNullable ? [...values, null] : values };
}

const toNumber = (text: string): Writable => (text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text));

/** Models write properties in the order that they are declared in, so an order of its own is kept that way. */
function propertiesOf(schema: JsonNode): Schema {
  const properties = field(schema, 'properties');
  if (properties === undefined) return {};
  const order = listField(schema, 'propertyOrdering').map((name) => name.string());
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const named = [...properties.fields()].map(({ value }) => [String(value.name), toSchema(value)] as const);
  return { properties: Object.fromEntries(named.toSorted(([a], [b]) => place(a) - place(b))) };
}
