import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson, type JsonNode } from '../framing/json.ts';
import { fields, kept, schema, textSpots, type Shape } from './text-spots.ts';

const described = (json: string, shape: Shape) =>
  textSpots(parseJson(Buffer.from(json)), shape).map(({ node, kind }) => `${kind} ${node.path} ${node.text}`);

test('an unknown field is text with all it holds, and so is its name', () => {
  expect(described('{"known":"k","a@b.de":"x","n2":4111111111111111,"deep":[{"k":["v"]}],"flag":true}', fields({ known: kept }))).toEqual([
    'text  "a@b.de"',
    'text a@b.de "x"',
    'text  "n2"',
    'tree n2 4111111111111111',
    'text  "deep"',
    'tree deep [{"k":["v"]}]',
    'text  "flag"',
  ]);
});

test('an object or an array in the place of a string hides nothing', () => {
  expect(described('{"known":{"a":"b"},"known":["c"]}', fields({ known: kept }))).toEqual(['tree known {"a":"b"}', 'tree known ["c"]']);
});

test('fields of one type of object do not hide those of another, nor of one that names two types', () => {
  const shape: Shape = { ...fields({ type: kept }), fieldOfType: (type, key) => (type === 'sealed' && key === 'data' ? kept : undefined) };
  expect(described('{"type":"sealed","data":"x"}', shape)).toEqual([]);
  expect(described('{"type":"open","data":"x"}', shape)).toEqual(['text  "data"', 'text data "x"']);
  expect(described('{"type":"sealed","type":"open","data":"x"}', shape)).toEqual(['text  "data"', 'text data "x"']);
});

test('of a JSON Schema, what explains and what may be chosen is text, structure is not', () => {
  const json = JSON.stringify({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    title: 'A title',
    required: ['description', 'kind'],
    dependentRequired: { kind: ['description'] },
    properties: {
      description: { type: 'string', description: 'Of a property named description', pattern: '^\\d+$', default: 'a default' },
      kind: { enum: ['alpha', 4111111111111111], 'x-note': 'a note', examples: ['beta'] },
      list: { type: ['array', 'null'], items: { anyOf: [{ const: 'gamma', title: 'Deep' }, { $ref: '#/$defs/other' }] } },
    },
    $defs: { other: { format: 'email', $comment: 'a comment' } },
    if: { maximum: 5, not: true },
  });
  expect(described(json, schema)).toEqual([
    'text title "A title"',
    'text properties.description.description "Of a property named description"',
    'text properties.description.default "a default"',
    'text properties.kind.enum[0] "alpha"',
    'tree properties.kind.enum[1] 4111111111111111',
    'text properties.kind. "x-note"',
    'text properties.kind.x-note "a note"',
    'tree properties.kind.examples ["beta"]',
    'text properties.list.items.anyOf[0].const "gamma"',
    'text properties.list.items.anyOf[0].title "Deep"',
    'text $defs.other.$comment "a comment"',
  ]);
});

test('whatever is put under a field that nobody knows is covered', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const body = parseJson(Buffer.from(JSON.stringify({ vendor: value, known: value })));
      const covered = new Set(textSpots(body, fields({ known: {} })).map(({ node }) => node.start));
      const visit = (node: JsonNode): void => {
        if (covered.has(node.start)) return;
        if (node.type === 'object') for (const field of node.fields()) visit(field.value);
        else if (node.type === 'array') for (const item of node.items()) visit(item);
        else expect(['true', 'false', 'null']).toContain(node.type);
      };
      visit(body);
    }),
  );
});
