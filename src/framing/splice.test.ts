import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from './json.ts';
import { addField, removeFields, renameField, replaceValue, splice } from './splice.ts';

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

test('takes fields out wherever they stand, and leaves the others as they were', () => {
  const body = parseJson(Buffer.from('{ "a":1, "b" : {"a":2} ,"a":3,\n"c":"\\u0041", "d":5 }'));
  const without = (...names: string[]) => splice(body.bytes, removeFields(body, new Set(names))).toString();
  expect(without('a')).toBe('{ "b" : {"a":2},\n"c":"\\u0041", "d":5 }');
  expect(without('c', 'd')).toBe('{ "a":1, "b" : {"a":2} ,"a":3 }');
  expect(without('a', 'b')).toBe('{ "c":"\\u0041", "d":5 }');
  expect(without('a', 'b', 'c', 'd')).toBe('{  }');
  expect(without('x')).toBe(body.text);
});

test('what is left without some fields is what JSON.parse has without them, and takes further ones', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.json()), fc.array(fc.string()), (object, others) => {
      const keys = Object.keys(object);
      const removed = new Set([...keys.filter((_, index) => index % 2 === 1), ...others.filter((name) => name !== keys[0])]);
      const body = parseJson(Buffer.from(JSON.stringify(object)));
      const edits = [...removeFields(body, removed), addField(body, 'added by us', '1')];
      const expected = Object.fromEntries(Object.entries(object).filter(([key]) => !removed.has(key)));
      expect(Object.entries(JSON.parse(splice(body.bytes, edits).toString()) as object)).toEqual(
        expect.arrayContaining([...Object.entries(expected), ['added by us', 1]]),
      );
    }),
  );
});

test('renames a field', () => {
  const body = parseJson(Buffer.from('{"a" : 1e2}'));
  const [field] = body.fields();
  expect(splice(body.bytes, field === undefined ? [] : [renameField(field.key, 'b')]).toString()).toBe('{"b" : 1e2}');
});
