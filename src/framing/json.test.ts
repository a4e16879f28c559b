import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonFieldError, JsonSyntaxError, parseJson, type JsonNode } from './json.ts';

const parse = (text: string): JsonNode => parseJson(Buffer.from(text));

/** The value as JSON.parse would give it, read through the nodes alone. */
function valueOf(node: JsonNode): unknown {
  switch (node.type) {
    case 'object':
      return Object.fromEntries([...node.fields()].map(({ key, value }) => [key.string(), valueOf(value)]));
    case 'array':
      return node.items().map(valueOf);
    case 'string':
      return node.string();
    case 'number':
      return node.number();
    case 'null':
      return null;
    default:
      return node.type === 'true';
  }
}

test('reads every document as JSON.parse does', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t'), (text, space) => {
      const spaced = JSON.stringify(JSON.parse(text), undefined, space);
      expect(valueOf(parse(spaced))).toEqual(JSON.parse(spaced));
    }),
  );
});

test('agrees with JSON.parse on what is JSON at all, also after a byte of a document was changed', () => {
  const alphabet = fc.constantFrom(...'{}[]",:\\0123456789eE+-.truefalsn u\n\t\u0001');
  fc.assert(
    fc.property(fc.json(), fc.nat(), alphabet, (text, at, char) => {
      const changed = text.slice(0, at % (text.length + 1)) + char + text.slice((at % (text.length + 1)) + 1);
      let isJson = true;
      try {
        JSON.parse(changed);
      } catch {
        isJson = false;
      }
      if (isJson) expect(() => parse(changed)).not.toThrow();
      else expect(() => parse(changed)).toThrow(JsonSyntaxError);
    }),
    { numRuns: 2000 },
  );
});

describe('refuses', () => {
  for (const text of [
    '',
    ' ',
    '{',
    '[1,]',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '01',
    '-',
    '1.',
    '1e',
    '[1]x',
    '"\u0001"',
    '"\\x"',
    '"\\u12g4"',
    '"open',
    'nul',
    "'a'",
    '[[]',
    '\ufeff{}',
  ]) {
    test(JSON.stringify(text), () => expect(() => parse(text)).toThrow(JsonSyntaxError));
  }

  test('bytes that are not UTF-8', () => expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow('invalid UTF-8'));

  test('documents nested deeper than the limit, without a recursion that they could exhaust', () => {
    expect(() => parse('['.repeat(1_000_000))).toThrow('nested deeper than 128 levels');
    expect(() => parse(`${'['.repeat(128)}${']'.repeat(128)}`)).not.toThrow();
  });
});

test('refuses documents of more values than the limit: what is kept of them would outgrow their bytes', () => {
  expect(() => parse(`[${'0,'.repeat(1_000_000)}0]`)).toThrow('more than 1000000 values');
  expect(() => parseJson(Buffer.from('[1,2,3]'), { maxValues: 4 })).not.toThrow();
});

test('names the byte at which a document goes wrong', () => {
  expect(() => parse('{"a":tru}')).toThrow('expected a value at byte 5');
  expect(() => parse('{"a":1')).toThrow('unexpected end at byte 6');
});

test('gives a value its own text, so that integers beyond 2^53 and escapes survive', () => {
  const body = parse('{"id": 12345678901234567890, "s": "caf\\u00e9 \\ud83d\\ude00", "o": {"b":1,  "a":[ ]}}');
  expect(body.get('id')?.text).toBe('12345678901234567890');
  expect(body.get('s')?.text).toBe('"caf\\u00e9 \\ud83d\\ude00"');
  expect(body.get('s')?.string()).toBe('café 😀');
  expect(body.get('o')?.text).toBe('{"b":1,  "a":[ ]}');
});

test('finds a field whose name is written with escapes', () => {
  expect(parse('{"m\\u006fdel":"x"}').get('model')?.string()).toBe('x');
});

test('refuses a field that is read and stands twice, however it is spelt', () => {
  expect(() => parse('{"model":"a","other":1,"model":"b"}').get('model')).toThrow(new JsonFieldError('model', 'stands twice'));
  expect(() => parse('{"model":"a","m\\u006fdel":"b"}').get('model')).toThrow('model stands twice');
  expect(parse('{"x":1,"x":2,"model":"a"}').get('model')?.string()).toBe('a');
});

test('knows where a value stands', () => {
  const node = parse('{"messages":[{"content":[{"text":"a"},{"text":7}]}]}').get('messages')?.items()[0]?.get('content')?.items()[1]?.get('text');
  expect(node?.path).toBe('messages[0].content[1].text');
  expect(() => node?.string()).toThrow('messages[0].content[1].text must be a string');
});
