import { crc32 } from 'node:zlib';

/** One message of an AWS event stream (https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html) with string headers. */
export function toMessage(headers: Readonly<Record<string, string>>, payload: string): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const text = Buffer.from(value);
      return Buffer.concat([uint(1, name.length), Buffer.from(name), uint(1, 7), uint(2, text.length), text]);
    }),
  );
  const body = Buffer.from(payload);
  const lengths = Buffer.concat([uint(4, 16 + head.length + body.length), uint(4, head.length)]);
  const message = Buffer.concat([lengths, uint(4, crc32(lengths)), head, body]);
  return Buffer.concat([message, uint(4, crc32(message))]);
}

function uint(bytes: 1 | 2 | 4, value: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}
