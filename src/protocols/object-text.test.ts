import { expect, test } from 'vitest';
import { parseJson } from '../framing/json.ts';
import { argumentsObject, objectText } from './object-text.ts';

test.each([
  ['{"b":9007199254740993, "a":1.0}', '{"b":9007199254740993, "a":1.0}', true],
  ['', '{}', true],
  [' \n', '{}', true],
  ['{"a":', '{"invalid_json":"{\\"a\\":"}', false],
  ['[1]', '{"invalid_json":"[1]"}', false],
  ['"x"', '{"invalid_json":"\\"x\\""}', false],
])('arguments %j are the object %s', (text, value, isValid) => {
  expect(argumentsObject(text)).toEqual({ value, isValid });
});

test('an object keeps its own text; anything else is refused by its path', () => {
  const body = parseJson(Buffer.from('{"a":{ "n":1e2 },"b":[]}'));
  const [a, b] = [...body.fields()].map(({ value }) => value);
  expect(a && objectText(a)).toBe('{ "n":1e2 }');
  expect(() => b && objectText(b)).toThrow('b must be an object');
});
