import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventTooLargeError, type StreamEvent } from './event.ts';
import { formatSse, SseParser, withData } from './sse.ts';

function parseAll(chunks: readonly Buffer[]): StreamEvent[] {
  const parser = new SseParser();
  const events = chunks.flatMap((chunk) => parser.push(chunk));
  const rest = parser.end();
  return rest === undefined ? events : [...events, rest];
}

/** What a reader sees: comments, and the LF of a CRLF whose CR came in an earlier chunk, are no events to it. */
const shape = (events: readonly StreamEvent[]) => events.filter(({ data }) => data !== '').map(({ name, data }) => ({ name, data }));
const cutAt = (bytes: Buffer, at: number): Buffer[] => [bytes.subarray(0, at), bytes.subarray(at)];

describe('a stream cut anywhere gives the same events', () => {
  for (const [ending, newline] of [
    ['LF', '\n'],
    ['CR', '\r'],
    ['CRLF', '\r\n'],
  ] as const) {
    const text = ['event: a', 'data: {"x":"grüße 😀"}', '', ': comment', '', 'data: one', 'data:two', 'id: 7', '', 'data: [DONE]', '', ''].join(
      newline,
    );
    const bytes = Buffer.from(text);
    const expected = [
      { name: 'a', data: '{"x":"grüße 😀"}' },
      { name: '', data: 'one\ntwo' },
      { name: '', data: '[DONE]' },
    ];

    test(`with ${ending} line ends`, () => {
      for (let at = 0; at <= bytes.length; at++) expect(shape(parseAll(cutAt(bytes, at))), `cut at ${at}`).toEqual(expected);
      expect(shape(parseAll([...bytes].map((byte) => Buffer.from([byte]))))).toEqual(expected);
    });
  }

  test('and the events together are the bytes of the stream', () => {
    const line = fc.constantFrom('data: x', 'event: y', ': c', '', '', 'data', 'data: ü');
    fc.assert(
      fc.property(fc.array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n'))), fc.array(fc.nat()), (lines, cuts) => {
        const bytes = Buffer.from(lines.map(([text, end]) => text + end).join(''));
        const places = cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b);
        const chunks = [0, ...places].map((place, index) => bytes.subarray(place, places[index] ?? bytes.length));
        expect(Buffer.concat(parseAll(chunks).map(({ raw }) => raw)).equals(bytes)).toBe(true);
      }),
    );
  });
});

test('an event that no blank line completes comes at the end', () => {
  const parser = new SseParser();
  expect(parser.push(Buffer.from('data: [DONE]'))).toEqual([]);
  expect(parser.pendingBytes).toBe(12);
  expect(parser.end()?.data).toBe('[DONE]');
  expect(parser.end()).toBeUndefined();
});

test('refuses an event that grows past the limit', () => {
  const parser = new SseParser({ maxEventBytes: 10 });
  parser.push(Buffer.from('data: 1\n\n'));
  expect(() => parser.push(Buffer.from('data: 12345'))).toThrow(EventTooLargeError);
});

test('an event with other data keeps its name, id and comments', () => {
  const [event] = parseAll([Buffer.from('event: delta\nid: 4\ndata: {"a":1}\n\n')]);
  expect(withData(event as StreamEvent, '{"a":2}')).toBe('event: delta\nid: 4\ndata: {"a":2}\n\n');
});

test('data of several lines is read back as it was written', () => {
  const [event] = parseAll([Buffer.from(formatSse('a\nb', 'x'))]);
  expect(event).toMatchObject({ name: 'x', data: 'a\nb' });
});
