import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encode, json } from '../../../test/recordings/anthropic-messages/encoding.ts';
import { fitSchema } from './request-schema.ts';

const fit = (schema: object) => {
  const fitted = fitSchema(json(JSON.stringify(schema)));
  return { schema: JSON.parse(fitted.schema) as unknown, lost: fitted.lost };
};
const closed = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false };

test('a schema that the API takes keeps its text', () => {
  const text = json('{ "type":"object", "properties":{"n":{"const":12345678901234567890}}, "additionalProperties":false }');
  expect(fitSchema(text)).toEqual({ schema: text, lost: [] });
});

test('every object is closed, and where that changes what it means it is named', () => {
  const { additionalProperties: _, ...open } = closed;
  expect(fit(open)).toEqual({ schema: closed, lost: [] });
  expect(fit({ ...closed, additionalProperties: { type: 'string' } })).toEqual({ schema: closed, lost: ['additionalProperties'] });
  expect(fit({ type: 'array', items: open })).toEqual({ schema: { type: 'array', items: closed }, lost: [] });
  expect(fit({ type: ['object', 'null'], properties: {} }).schema).toMatchObject({ additionalProperties: false });
  expect(fit({ type: 'object' }).lost).toEqual(['additionalProperties']);
});

test('keywords that the API refuses are left out and named, wherever they stand', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...closed,
    properties: {
      minimum: { type: 'integer', minimum: 1, maximum: 9 },
      list: { type: 'array', minItems: 2, items: { anyOf: [{ type: 'string', maxLength: 3 }, { $ref: '#/$defs/one' }] } },
      some: { type: 'array', minItems: 1 },
    },
    $defs: { one: { type: 'object', properties: {}, minProperties: 1 } },
  };
  expect(fit(schema)).toEqual({
    schema: {
      ...closed,
      properties: {
        minimum: { type: 'integer' },
        list: { type: 'array', items: { anyOf: [{ type: 'string' }, { $ref: '#/$defs/one' }] } },
        some: { type: 'array', minItems: 1 },
      },
      $defs: { one: { type: 'object', properties: {}, additionalProperties: false } },
    },
    lost: ['minimum', 'maximum', 'minItems', 'maxLength', 'minProperties'],
  });
});

test('oneOf is anyOf to the API', () => {
  expect(fit({ oneOf: [{ type: 'string', minLength: 1 }, { type: 'null' }] })).toEqual({
    schema: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    lost: ['minLength'],
  });
});

test('whatever a schema holds, fitting gives JSON, and fitting again changes nothing', () => {
  const keyword = fc.constantFrom(
    'type',
    'properties',
    'items',
    'anyOf',
    'oneOf',
    'minimum',
    'additionalProperties',
    '$defs',
    '$schema',
    'not',
    'minItems',
    'x',
  );
  const leaf = fc.constantFrom('object', 1, true, null);
  const schemaOf = (depth: number): fc.Arbitrary<object> => {
    const inner = depth === 0 ? leaf : fc.oneof(leaf, fc.array(schemaOf(depth - 1), { maxLength: 2 }), schemaOf(depth - 1));
    return fc.dictionary(keyword, inner, { maxKeys: 4 });
  };
  fc.assert(
    fc.property(schemaOf(3), (value) => {
      const once = fitSchema(json(JSON.stringify(value))).schema;
      JSON.parse(once);
      expect(fitSchema(once).schema).toBe(once);
    }),
  );
});

const format = { type: 'json-schema', name: 'person', description: 'A person', schema: json(JSON.stringify(closed)), strict: true } as const;

test('the form of the answer is a schema, with its description inside', () => {
  const { body, fields } = encode({ responseFormat: format });
  expect(body['output_config']).toEqual({ format: { type: 'json_schema', schema: { description: 'A person', ...closed } } });
  expect(fields).toEqual([]);
});

test('a schema that loses something, a model that has none, and JSON mode are named', () => {
  const schema = json('{"type":"object","properties":{"a":{"type":"string","maxLength":3}}}');
  expect(encode({ responseFormat: { ...format, schema } }).warnings).toEqual([
    { field: 'response_format', detail: expect.stringContaining('maxLength') as unknown },
  ]);
  for (const [request, model] of [
    [{ responseFormat: format }, 'claude-opus-4-1'],
    [{ responseFormat: format }, 'glm-5'],
    [{ responseFormat: { type: 'json-object' } }, 'claude-opus-5'],
  ] as const) {
    const { body, fields } = encode(request, model);
    expect([body['output_config'], fields]).toEqual([undefined, ['response_format']]);
  }
});

test('a server says itself whether it has schemas', () => {
  expect(encode({ responseFormat: format }, 'glm-5', { jsonSchema: true })).toMatchObject({ body: { output_config: {} }, fields: [] });
  expect(encode({ responseFormat: format }, 'claude-opus-5', { jsonSchema: false }).fields).toEqual(['response_format']);
});

test('the arguments of a strict tool are held to the same subset', () => {
  const parameters = json('{"type":"object","properties":{"n":{"type":"integer","minimum":1}}}');
  const tools = [{ name: 'f', parameters, strict: true }];
  expect(encode({ tools })).toMatchObject({
    body: { tools: [{ strict: true, input_schema: { type: 'object', properties: { n: { type: 'integer' } }, additionalProperties: false } }] },
    fields: ['tools[0]'],
  });
  const { body, fields } = encode({ tools }, 'claude-opus-4-1');
  expect(body['tools']).toEqual([{ name: 'f', input_schema: JSON.parse(parameters) as unknown }]);
  expect(fields).toEqual(['tools[0]']);
});
