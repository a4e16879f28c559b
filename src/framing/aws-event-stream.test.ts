import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { EventStreamCodec, Int64, type Message, type MessageHeaders } from '@smithy/eventstream-codec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AwsEventStreamParser, awsEventStream, formatAwsEvent, withAwsData, type AwsEvent } from './aws-event-stream.ts';
import { EventTooLargeError, FramingError } from './event.ts';

/** AWS's own codec, the measure of ours. */
const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  (text) => Buffer.from(text),
);
const encode = (headers: MessageHeaders, body = ''): Buffer => Buffer.from(codec.encode({ headers, body: Buffer.from(body) }));
const decode = (bytes: Buffer): Message => codec.decode(bytes);
const string = (value: string) => ({ type: 'string', value }) as const;

function parseAll(chunks: readonly Buffer[]): AwsEvent[] {
  const parser = new AwsEventStreamParser();
  const events = chunks.flatMap((chunk) => parser.push(chunk));
  const rest = parser.end();
  return rest === undefined ? events : [...events, rest];
}

const words = fc.string({ unit: 'grapheme', maxLength: 40 });
const headerValue: fc.Arbitrary<MessageHeaders[string]> = fc.oneof(
  fc.boolean().map((value) => ({ type: 'boolean' as const, value })),
  fc.integer({ min: -128, max: 127 }).map((value) => ({ type: 'byte' as const, value })),
  fc.integer({ min: -32768, max: 32767 }).map((value) => ({ type: 'short' as const, value })),
  fc.integer().map((value) => ({ type: 'integer' as const, value })),
  fc.maxSafeInteger().map((value) => ({ type: 'long' as const, value: Int64.fromNumber(value) })),
  fc.uint8Array({ maxLength: 300 }).map((value) => ({ type: 'binary' as const, value })),
  words.map(string),
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }).map((value) => ({ type: 'timestamp' as const, value })),
  fc.uuid().map((value) => ({ type: 'uuid' as const, value })),
);
const strangeHeaders = fc.dictionary(fc.stringMatching(/^[a-z][a-z-]{0,20}$/), headerValue, { maxKeys: 5 });

describe('held against AWS’s own codec', () => {
  test('reads what it writes, past headers of every type', () => {
    fc.assert(
      fc.property(strangeHeaders, strangeHeaders, words, words, (before, after, name, body) => {
        const bytes = encode({ ...before, ':event-type': string(name), ':message-type': string('event'), ...after }, body);
        expect(parseAll([bytes])).toEqual([{ name, data: body, raw: bytes, messageType: 'event' }]);
      }),
    );
  });

  test('writes what it reads', () => {
    fc.assert(
      fc.property(words, words, fc.constantFrom('event' as const, 'exception' as const), (name, data, messageType) => {
        const { headers, body } = decode(formatAwsEvent({ name, data, messageType }));
        expect(headers).toEqual({
          [`:${messageType}-type`]: string(name),
          ':content-type': string('application/json'),
          ':message-type': string(messageType),
        });
        expect(Buffer.from(body).toString()).toBe(data);
      }),
    );
  });

  test('other data leaves the headers as they are', () => {
    fc.assert(
      fc.property(strangeHeaders, words, words, (headers, body, data) => {
        const [event] = parseAll([encode(headers, body)]);
        const changed = decode(withAwsData(event as AwsEvent, data));
        expect(changed.headers).toEqual(decode(encode(headers)).headers);
        expect(Buffer.from(changed.body).toString()).toBe(data);
      }),
    );
  });
});

describe('a stream cut anywhere', () => {
  const messages = [
    formatAwsEvent({ name: 'messageStart', data: '{"role":"assistant"}' }),
    formatAwsEvent({ name: 'contentBlockDelta', data: '{"delta":{"text":"grüße 😀"}}' }),
    formatAwsEvent({ name: 'ping', data: '' }),
    formatAwsEvent({ name: 'throttlingException', data: '{"message":"slow down"}', messageType: 'exception' }),
  ];
  const bytes = Buffer.concat(messages);
  const whole = parseAll([bytes]);

  test('gives the same events', () => {
    expect(whole.map(({ name, messageType }) => [name, messageType])).toEqual([
      ['messageStart', 'event'],
      ['contentBlockDelta', 'event'],
      ['ping', 'event'],
      ['throttlingException', 'exception'],
    ]);
    expect(whole.map(({ raw }) => raw)).toEqual(messages);
    for (let at = 0; at <= bytes.length; at++) expect(parseAll([bytes.subarray(0, at), bytes.subarray(at)]), `cut at ${at}`).toEqual(whole);
    expect(parseAll([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
  });

  test('even in several places', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
        const places = cuts.toSorted((a, b) => a - b);
        expect(parseAll([0, ...places].map((place, index) => bytes.subarray(place, places[index] ?? bytes.length)))).toEqual(whole);
      }),
    );
  });

  test('and ended early keeps its bytes, without an event that was cut', () => {
    for (let length = 0; length < bytes.length; length++) {
      const events = parseAll([bytes.subarray(0, length)]);
      expect(Buffer.concat(events.map(({ raw }) => raw))).toEqual(bytes.subarray(0, length));
      expect(events.filter(({ name }) => name !== '')).toEqual(
        whole.filter((_, index) => Buffer.concat(messages.slice(0, index + 1)).length <= length),
      );
    }
  });
});

test('says how much it keeps of a message that is not complete', () => {
  const parser = new AwsEventStreamParser();
  parser.push(formatAwsEvent({ name: 'a', data: '{}' }).subarray(0, 20));
  expect(parser.pendingBytes).toBe(20);
  expect(parser.end()).toEqual({
    name: '',
    data: '',
    raw: formatAwsEvent({ name: 'a', data: '{}' }).subarray(0, 20),
    messageType: 'event',
    isCut: true,
  });
  expect(parser.pendingBytes).toBe(0);
});

test('an error that comes without a payload has its message from the header', () => {
  const headers = { ':message-type': string('error'), ':error-code': string('InternalFailure'), ':error-message': string('it broke') };
  expect(parseAll([encode(headers)])).toMatchObject([{ name: 'InternalFailure', data: 'it broke', messageType: 'error' }]);
  expect(parseAll([encode(headers, '{"message":"more"}')])).toMatchObject([{ data: '{"message":"more"}' }]);
});

test('a changed byte anywhere is noticed', () => {
  const bytes = formatAwsEvent({ name: 'contentBlockDelta', data: '{"delta":{"text":"a"}}' });
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    expect(() => parseAll([changed]), `byte ${at}`).toThrow(FramingError);
  }
});

/** A message of these headers whose checksums are right, whatever else is wrong with it. */
function forge(headers: Buffer, { headersBytes = headers.length, payload = '' } = {}): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(12), headers, Buffer.from(payload), Buffer.alloc(4)]);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(headersBytes, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

test.each([
  ['headers longer than the message', forge(Buffer.alloc(0), { headersBytes: 1 })],
  ['a header of an unknown type', forge(Buffer.from([1, 97, 10, 0, 0]))],
  ['a header without a type', forge(Buffer.from([1, 97]))],
  ['a name longer than the headers', forge(Buffer.from([9, 97, 7, 0, 0]))],
  ['a value longer than the headers', forge(Buffer.from([1, 97, 7, 0, 9, 97]), { payload: 'behind them' })],
  ['a value without its length', forge(Buffer.from([1, 97, 7]))],
  ['a value whose length is cut', forge(Buffer.from([1, 97, 6, 0]), { payload: '' })],
])('refuses %s', (_, bytes) => {
  expect(() => parseAll([bytes])).toThrow(FramingError);
});

test('refuses a message beyond the bound as soon as its prelude is there', () => {
  const parser = new AwsEventStreamParser({ maxEventBytes: 100 });
  expect(parser.push(formatAwsEvent({ name: 'a', data: '' }))).toHaveLength(1);
  const large = formatAwsEvent({ name: 'a', data: 'x'.repeat(100) });
  expect(parser.push(large.subarray(0, 11))).toEqual([]);
  expect(() => parser.push(large.subarray(11, 12))).toThrow(EventTooLargeError);
});

test('the bound is AWS’s 16 MiB where none is given', () => {
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE((16 << 20) + 1, 0);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  expect(() => new AwsEventStreamParser().push(prelude)).toThrow(EventTooLargeError);
});

test('as a framing it parses what it writes', () => {
  const writer = awsEventStream.createWriter();
  const bytes = Buffer.concat([writer.write({ name: 'a', data: '1' }), writer.write({ name: 'b', data: '2' })].map((piece) => Buffer.from(piece)));
  expect(awsEventStream.createParser().push(bytes)).toMatchObject([
    { name: 'a', data: '1' },
    { name: 'b', data: '2' },
  ]);
  expect(writer.end()).toBe('');
});
