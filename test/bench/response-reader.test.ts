import { expect, test } from 'vitest';
import { ResponseReader, type ReadResponse } from './response-reader.ts';

const events = ['data: {"a":1}\n\n', 'data: {"text":"ä\\n"}\n\n', 'data: [DONE]\n\n'];
const body = events.join('');
const chunked = events.map((event) => `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`).join('');
const responses: [string, Buffer][] = [
  ['with a length', Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\nx-a: b\r\n\r\n${body}`)],
  ['in chunks', Buffer.from(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunked}0\r\n\r\n`)],
];
const whole: ReadResponse = { status: 200, bodyBytes: Buffer.byteLength(body), blankLines: 3 };

test.each(responses)('a response %s reads the same wherever it is cut, and the next one after it', (_, bytes) => {
  for (let cut = 0; cut <= bytes.length; cut++) {
    const seen: Buffer[] = [];
    const reader = new ResponseReader((piece) => seen.push(piece));
    const early = cut === 0 ? undefined : reader.push(bytes.subarray(0, cut));
    expect(early).toEqual(cut === bytes.length ? whole : undefined);
    if (cut < bytes.length) expect(reader.push(bytes.subarray(cut))).toEqual(whole);
    expect(Buffer.concat(seen).toString()).toBe(body);
    expect(reader.push(bytes)).toEqual(whole);
  }
});

test.each(responses)('a response %s reads byte by byte', (_, bytes) => {
  const reader = new ResponseReader();
  const read = [...bytes].map((byte) => reader.push(Buffer.from([byte])));
  expect(read.at(-1)).toEqual(whole);
  expect(read.slice(0, -1).every((response) => response === undefined)).toBe(true);
});

test('an empty body is a response', () => {
  expect(new ResponseReader().push(Buffer.from('HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n'))).toEqual({
    status: 429,
    bodyBytes: 0,
    blankLines: 0,
  });
});

test('what has neither a length nor chunks, or something behind it, is refused', () => {
  expect(() => new ResponseReader().push(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))).toThrow('not a response');
  expect(() => new ResponseReader().push(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab'))).toThrow('1 bytes behind');
});
