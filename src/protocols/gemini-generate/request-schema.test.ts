import { expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import { writeJson } from '../../framing/json-write.ts';
import type { ObjectText } from '../../llm/request.ts';
import { jsonSchemaOf } from './request-schema-decode.ts';
import { writeSchema } from './request-schema-encode.ts';

const toJsonSchema = (schema: object): string => jsonSchemaOf(parseJson(Buffer.from(JSON.stringify(schema))));

test.each([
  [{ type: 'STRING' }, '{"type":"string"}'],
  [{ type: 'string', nullable: true }, '{"type":["string","null"]}'],
  [{ type: 'TYPE_UNSPECIFIED', description: 'x' }, '{"description":"x"}'],
  [{ type: 'STRING', format: 'enum', enum: ['a', 'b'] }, '{"type":"string","enum":["a","b"]}'],
  [{ type: 'STRING', format: 'date-time', nullable: true, enum: ['a'] }, '{"type":["string","null"],"format":"date-time","enum":["a",null]}'],
  [{ type: 'INTEGER', enum: ['101', '202'] }, '{"type":"integer","enum":[101,202]}'],
  [
    { type: 'ARRAY', items: { type: 'NUMBER', minimum: 0.5 }, minItems: '1', max_items: 3 },
    '{"type":"array","minItems":1,"maxItems":3,"items":{"type":"number","minimum":0.5}}',
  ],
  [{ anyOf: [{ type: 'STRING' }], nullable: true }, '{"anyOf":[{"type":"string"},{"type":"null"}]}'],
  [{ any_of: [{ type: 'STRING' }, { type: 'NULL' }] }, '{"anyOf":[{"type":"string"},{"type":"null"}]}'],
  [
    { type: 'STRING', example: 'Oslo', default: 'Rome', title: 'City', pattern: '^[A-Z]' },
    '{"type":"string","title":"City","pattern":"^[A-Z]","default":"Rome","examples":["Oslo"]}',
  ],
])('Google’s schema %j', (schema, json) => {
  expect(toJsonSchema(schema)).toBe(json);
});

test('properties stand in the order that Google’s schema gives them', () => {
  const properties = { c: { type: 'STRING' }, b: { type: 'STRING' }, a: { type: 'STRING' } };
  expect(toJsonSchema({ type: 'OBJECT', properties, propertyOrdering: ['a', 'b'], required: ['a'] })).toBe(
    '{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"},"c":{"type":"string"}},"required":["a"]}',
  );
});

const written = (schema: string): { json: string; ignored: string[] } => {
  const { schema: value, ignored } = writeSchema(schema as ObjectText);
  return { json: writeJson(value), ignored };
};

test.each([
  ['{"type":"object","properties":{"n":{"type":["integer","null"],"maximum":9007199254740993}},"additionalProperties":false}', undefined],
  ['{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"string"}', '{"type":"string"}'],
  ['{"const":"a"}', '{"enum":["a"]}'],
  ['{"allOf":[{"type":"string"}],"title":"T"}', '{"anyOf":[{"type":"string"}],"title":"T"}'],
  [
    '{"definitions":{"a":{"const":1}},"properties":{"x":{"$ref":"#/definitions/a"}}}',
    '{"$defs":{"a":{"enum":[1]}},"properties":{"x":{"$ref":"#/$defs/a"}}}',
  ],
  ['{"properties":{"x":{"$ref":"#/$defs/a","description":"An a"}}}', '{"properties":{"x":{"description":"An a","anyOf":[{"$ref":"#/$defs/a"}]}}}'],
  ['{"properties":{"const":{"type":"string"},"pattern":{"type":"string"}}}', undefined],
  ['{"items":[{"const":"a"}],"prefixItems":[true]}', '{"items":[{"enum":["a"]}],"prefixItems":[true]}'],
])('JSON Schema %s is said so that Gemini obeys all of it', (schema, expected) => {
  expect(written(schema)).toEqual({ json: expected ?? schema, ignored: [] });
});

test('keywords that Gemini does not obey are sent and named', () => {
  const schema = '{"type":"string","pattern":"^a","minLength":2,"not":{"const":"b"},"properties":{"x":{"minLength":1,"exclusiveMinimum":0}}}';
  expect(written(schema)).toEqual({ json: schema, ignored: ['exclusiveMinimum', 'minLength', 'not', 'pattern'] });
});

test.each([
  ['{"anyOf":[{"type":"string"}],"allOf":[{"title":"T"}]}', undefined, 'allOf'],
  ['{"$ref":"#","anyOf":[{"type":"string"}]}', '{"anyOf":[{"$ref":"#"}]}', 'anyOf'],
])('what %s says with two keywords is not said with one', (schema, json, ignored) => {
  expect(written(schema)).toEqual({ json: json ?? schema, ignored: [ignored] });
});
