import { expect, test } from 'vitest';
import type { ObjectText } from '../../llm/request.ts';
import { fitsStrictMode } from './request-strict-schema.ts';

const fits = (schema: object): boolean => fitsStrictMode(JSON.stringify(schema) as ObjectText);
const closed = (properties: object, more: object = {}) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});

test.each([
  closed({}),
  closed({ a: { type: 'string', enum: ['x'] }, b: { type: ['integer', 'null'], maximum: 3 } }),
  closed({ list: { type: 'array', items: closed({ x: { type: 'number' } }) } }),
  closed({ one: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/two' }] } }, { $defs: { two: closed({}) } }),
])('strict mode takes %j', (schema) => {
  expect(fits(schema)).toBe(true);
});

test.each([
  { type: 'array', items: {} },
  { type: 'object', properties: {} },
  closed({ a: { type: 'string' } }, { additionalProperties: true }),
  closed({ a: { type: 'string' } }, { required: [] }),
  closed({ a: { type: 'object' } }),
  closed({ a: { type: ['object', 'null'], properties: {} } }),
  closed({ list: { type: 'array', items: { properties: { x: {} } } } }),
  closed({ one: { oneOf: [{ type: 'null' }] } }),
  closed({ one: true }),
  closed({}, { anyOf: [closed({})] }),
  closed({}, { $defs: { two: { type: 'object' } } }),
])('strict mode refuses %j', (schema) => {
  expect(fits(schema)).toBe(false);
});
