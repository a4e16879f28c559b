import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventTooLargeError, FramingError, type StreamEvent } from './event.ts';
import { JsonArrayParser, jsonArrayStream, withElement } from './json-array-stream.ts';

function parseAll(chunks: readonly Buffer[]): StreamEvent[] {
  const parser = new JsonArrayParser();
  const events = chunks.flatMap((chunk) => parser.push(chunk));
  const rest = parser.end();
  return rest === undefined ? events : [...events, rest];
}

const elementsOf = (events: readonly StreamEvent[]): string[] => events.map(({ data }) => data).filter((data) => data !== '');
const rawOf = (events: readonly StreamEvent[]): Buffer => Buffer.concat(events.map(({ raw }) => raw));
const parse = (text: string): string[] => elementsOf(parseAll([Buffer.from(text)]));

describe('a stream cut anywhere gives the same elements', () => {
  const elements = [
    '{"text":"grüße 😀 } ] \\" \\\\"}',
    '{}',
    '{"a":[{"b":[]},[1,2,"\\\\\\""]],"c":{"d":null}}',
    '{\n  "candidates": [\n    {}\n  ]\n}',
  ];
  const bytes = Buffer.from(`[${elements.join('\n,\r\n')}\n]\n`);

  test('in one place, and in all', () => {
    for (let at = 0; at <= bytes.length; at++) {
      const events = parseAll([bytes.subarray(0, at), bytes.subarray(at)]);
      expect(elementsOf(events), `cut at ${at}`).toEqual(elements);
      expect(rawOf(events)).toEqual(bytes);
    }
    const events = parseAll([...bytes].map((byte) => Buffer.from([byte])));
    expect(elementsOf(events)).toEqual(elements);
    expect(rawOf(events)).toEqual(bytes);
  });

  test('whatever the elements are', () => {
    const element = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()).map((value) => JSON.stringify(value));
    const blank = fc.constantFrom('', ' ', '\n', '\r\n', '\t');
    fc.assert(
      fc.property(fc.array(fc.tuple(element, blank, blank)), blank, fc.array(fc.nat()), (parts, edge, cuts) => {
        const whole = Buffer.from(`${edge}[${edge}${parts.map(([text, before, behind]) => before + text + behind).join(',')}]${edge}`);
        const places = cuts.map((cut) => cut % (whole.length + 1)).toSorted((a, b) => a - b);
        const events = parseAll([0, ...places].map((place, index) => whole.subarray(place, places[index] ?? whole.length)));
        expect(elementsOf(events)).toEqual(parts.map(([text]) => text));
        expect(rawOf(events)).toEqual(whole);
      }),
    );
  });
});

test('an element comes with the byte that closes it', () => {
  const parser = new JsonArrayParser();
  expect(parser.push(Buffer.from('[{"a":1'))).toEqual([]);
  expect(parser.pendingBytes).toBe(7);
  expect(parser.push(Buffer.from('}'))).toEqual([{ name: '', data: '{"a":1}', raw: Buffer.from('[{"a":1}') }]);
  expect(parser.pendingBytes).toBe(0);
  expect(parser.push(Buffer.from('\n,'))).toEqual([]);
  expect(parser.push(Buffer.from('{}]'))).toEqual([{ name: '', data: '{}', raw: Buffer.from('\n,{}') }]);
  expect(parser.end()).toEqual({ name: '', data: '', raw: Buffer.from(']') });
  expect(parser.end()).toBeUndefined();
});

test('an array may be empty, and a stream too', () => {
  expect(parse(' [ ] ')).toEqual([]);
  expect(parseAll([])).toEqual([]);
});

test('an element that was cut is no element', () => {
  const events = parseAll([Buffer.from('[{"a":1},{"b"')]);
  expect(elementsOf(events)).toEqual(['{"a":1}']);
  expect(events.at(-1)).toEqual({ name: '', data: '', raw: Buffer.from(',{"b"'), isCut: true });
});

test.each([
  ['{"error":{}}', 'its "["'],
  ['<html>', 'its "["'],
  ['\ufeff[]', 'its "["'],
  ['[1]', 'an object or "]"'],
  ['["{}"]', 'an object or "]"'],
  ['[,{}]', 'an object or "]"'],
  ['[[{}]]', 'an object or "]"'],
  ['[{}{}]', '"," or "]"'],
  ['[{},]', 'an object'],
  ['[{},,{}]', 'an object'],
  ['[{}] {}', 'nothing more'],
  ['[][]', 'nothing more'],
])('refuses %s', (text, place) => {
  expect(() => parse(text)).toThrow(FramingError);
  expect(() => parse(text)).toThrow(`where ${place} should be`);
});

test('refuses an element, or blanks, that grow past the limit', () => {
  for (const [begin, more] of [
    ['[{"a":', '"12345'],
    ['[{},    ', '      '],
  ] as const) {
    const parser = new JsonArrayParser({ maxEventBytes: 10 });
    parser.push(Buffer.from(begin));
    expect(() => parser.push(Buffer.from(more))).toThrow(EventTooLargeError);
  }
});

test('an element with other data keeps what stands before it', () => {
  const [, second] = parseAll([Buffer.from('[{"a":1}\n,\n{"b":"ü"}]')]);
  expect(withElement(second as StreamEvent, '{"b":2}').toString()).toBe('\n,\n{"b":2}');
});

describe('the writer', () => {
  const write = (...elements: string[]): string => {
    const writer = jsonArrayStream.createWriter();
    return elements.map((data) => String(writer.write({ data }))).join('') + String(writer.end());
  };

  test('gives one array, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), (values) => {
        const elements = values.map((value) => JSON.stringify(value));
        expect(JSON.parse(write(...elements))).toEqual(JSON.parse(`[${elements.join()}]`));
        expect(parse(write(...elements))).toEqual(elements);
      }),
    );
  });

  test('writes between events that pass, which bring their own brackets', () => {
    const writer = jsonArrayStream.createWriter();
    const [first, bracket] = parseAll([Buffer.from('[{"a":1}\n]')]);
    writer.passed();
    const between = String(writer.write({ data: '{"b":2}' }));
    writer.passed();
    expect(`${first?.raw.toString()}${between}${bracket?.raw.toString()}${String(writer.end())}`).toBe('[{"a":1},\n{"b":2}\n]');
  });

  test('closes what a provider left open behind an event of ours', () => {
    const writer = jsonArrayStream.createWriter();
    writer.passed();
    expect(`[{"a":1}${String(writer.write({ data: '{"error":{}}' }))}${String(writer.end())}`).toBe('[{"a":1},\n{"error":{}}]');
  });
});
