import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from './json.ts';
import { addField, replaceValue, splice } from './splice.ts';

const document = '{ "a" : 1,"a":2 , "model":"x", "big":12345678901234567890, "e":"\\u0041" }';

test('leaves every byte outside the edits as it is', () => {
  const body = parseJson(Buffer.from(document));
  const model = body.get('model');
  expect(splice(body.bytes, model === undefined ? [] : [replaceValue(model, '"gpt-5"')]).toString()).toBe(document.replace('"x"', '"gpt-5"'));
});

test('adds a field to full and empty objects', () => {
  for (const text of ['{"b":1}', '{}', '{ }', ' { "b" : 1 } ']) {
    const body = parseJson(Buffer.from(text));
    const added = splice(body.bytes, [addField(body, 'a', '[2]')]).toString();
    expect(JSON.parse(added)).toEqual({ ...JSON.parse(text), a: [2] });
  }
});

test('applies many edits in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), fc.array(fc.string(), { minLength: 1 }), (before, after) => {
      const body = parseJson(Buffer.from(JSON.stringify(before)));
      const edits = body.items().map((node, index) => replaceValue(node, JSON.stringify(after[index % after.length])));
      expect(JSON.parse(splice(body.bytes, edits.toReversed()).toString())).toEqual(before.map((_, index) => after[index % after.length]));
    }),
  );
});

test('refuses edits that overlap', () => {
  const bytes = Buffer.from('[1,2]');
  expect(() =>
    splice(bytes, [
      { start: 1, end: 3, text: '' },
      { start: 2, end: 4, text: '' },
    ]),
  ).toThrow('overlap');
});
