import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RawJson, writeJson } from './json-write.ts';

test('writes what JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(writeJson(value as never)).toBe(JSON.stringify(value));
    }),
  );
});

test('embeds raw JSON untouched and leaves undefined fields out', () => {
  expect(writeJson({ a: new RawJson('{"n":12345678901234567890, "n":1}'), b: undefined, c: [new RawJson('1.0')] })).toBe(
    '{"a":{"n":12345678901234567890, "n":1},"c":[1.0]}',
  );
});
