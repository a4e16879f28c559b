import { expect, test } from 'vitest';
import { toolArguments } from './tool-arguments.ts';

const strings = { type: 'string' };

test.each([
  ['nothing, where the tool takes nothing', undefined, [], {}],
  ['what is required alone', { properties: { a: strings, b: strings }, required: ['b'] }, ['x'], { b: 'x' }],
  ['all, where nothing is said to be required', { properties: { a: strings, b: strings } }, ['x'], { a: 'x', b: 'demo' }],
  [
    'a value of each type',
    { properties: { n: { type: 'number' }, i: { type: 'integer', minimum: 3 }, b: { type: 'boolean' }, z: { type: 'null' } } },
    [],
    { n: 1.5, i: 3, b: true, z: null },
  ],
  [
    'the first of several',
    { properties: { e: { enum: ['c', 'f'] }, k: { const: 7 }, t: { type: ['string', 'null'] }, v: { anyOf: [strings, {}] } } },
    ['p', 'q'],
    { e: 'c', k: 7, t: 'p', v: 'q' },
  ],
  [
    'what is inside',
    { properties: { l: { type: 'array', items: strings }, o: { type: 'object', properties: { s: strings } } } },
    ['x', 'y'],
    { l: ['x'], o: { s: 'y' } },
  ],
  ['a property that the schema does not describe', { required: ['a'], properties: {} }, [], { a: null }],
])('gives %s', (_name, schema, quoted, expected) => {
  expect(toolArguments(schema, [...quoted])).toEqual(expected);
});

test('ends in a schema that contains itself', () => {
  const schema: Record<string, unknown> = { type: 'object' };
  schema['properties'] = { self: schema };
  expect(JSON.stringify(toolArguments(schema, []))).toMatch(/null\}+$/);
});
