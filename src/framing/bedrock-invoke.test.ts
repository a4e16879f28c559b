import { InvokeModelWithResponseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { describe, expect, test } from 'vitest';
import { clientServed } from '../../test/recordings/bedrock-converse/sdk.ts';
import { bytesOf as sseBytes, streams } from '../../test/recordings/anthropic-messages/streams.ts';
import { message } from '../../test/recordings/bedrock-converse/streams.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/index.ts';
import { bedrockInvoke, BedrockInvokeParser } from './bedrock-invoke.ts';
import { EventTooLargeError, FramingError, type Framing } from './event.ts';

const chunk = (inner: unknown): Buffer =>
  message('event', 'chunk', { bytes: Buffer.from(typeof inner === 'string' ? inner : JSON.stringify(inner)).toString('base64'), p: 'abc' });

const parts = (framing: Framing, ...chunks: Buffer[]) => {
  const parser = framing.createParser();
  const decoder = anthropicMessages.createDecoder();
  return chunks.flatMap((each) => parser.push(each)).flatMap((event) => decoder.push(event));
};

/** Everything of a stream but pings, which Bedrock does not send. */
const recorded = Object.entries(streams).map(([name, events]) => [name, events.filter(({ type }) => type !== 'ping')] as const);

test.each(recorded.filter(([name]) => name !== 'error midway'))('Claude’s stream "%s" reads as it does from its own address', (_, events) => {
  const bytes = Buffer.concat(events.map(chunk));
  const expected = parts(anthropicMessages.framing, sseBytes(events));
  expect(parts(bedrockInvoke, bytes)).toEqual(expected);
  expect(parts(bedrockInvoke, ...Array.from(bytes, (_each, at) => bytes.subarray(at, at + 1)))).toEqual(expected);
});

test('an event has the name of what is inside, wherever that stands', () => {
  const [first, second, third] = new BedrockInvokeParser().push(
    Buffer.concat([
      chunk({ type: 'message_stop', 'amazon-bedrock-invocationMetrics': {} }),
      chunk({ index: 0, type: 'content_block_stop' }),
      chunk('[7]'),
    ]),
  );
  expect([first?.name, second?.name, third]).toMatchObject(['message_stop', 'content_block_stop', { name: '', data: '[7]' }]);
});

test('what is no chunk says nothing', () => {
  expect(parts(bedrockInvoke, message('event', 'initial-response', {}), message('event', 'chunk', { bytes: 7 }))).toEqual([]);
});

test('a chunk that holds no JSON object breaks the answer', () => {
  expect(parts(bedrockInvoke, chunk('{oops'))).toMatchObject([{ type: 'error', failure: { status: 502 } }]);
});

describe('an exception is an error of Claude’s own', () => {
  test.each([
    ['throttlingException', { message: 'Too much.' }, 429, 'rate_limit_error', 'Too much.'],
    ['validationException', { message: 'No.' }, 400, 'invalid_request_error', 'No.'],
    ['serviceUnavailableException', { message: 'Busy.' }, 529, 'overloaded_error', 'Busy.'],
    ['modelTimeoutException', { message: 'Late.' }, 504, 'timeout_error', 'Late.'],
    ['internalServerException', { message: 'Oops.' }, 500, 'api_error', 'Oops.'],
    ['modelStreamErrorException', { originalMessage: 'Out.' }, 500, 'api_error', 'Out.'],
  ])('%s', (name, payload, status, type, said) => {
    expect(parts(bedrockInvoke, message('exception', name, payload))).toEqual([{ type: 'error', failure: { status, type, message: said } }]);
  });
});

test('broken and oversized messages are refused, cut ones are told', () => {
  const bytes = chunk({ type: 'ping' });
  const parser = new BedrockInvokeParser();
  expect(parser.push(bytes.subarray(0, 20))).toEqual([]);
  expect(parser.pendingBytes).toBe(20);
  expect(parser.end()).toMatchObject({ isCut: true, data: '' });
  expect(parser.end()).toBeUndefined();
  expect(() => new BedrockInvokeParser().push(Buffer.alloc(20))).toThrow(FramingError);
  expect(() => new BedrockInvokeParser({ maxEventBytes: 30 }).push(bytes)).toThrow(EventTooLargeError);
});

describe('what is written', () => {
  const read = async (...messages: (Buffer | string)[]): Promise<unknown[]> => {
    const body = Buffer.concat(messages.map((each) => Buffer.from(each)));
    const client = clientServed({ headers: { 'content-type': bedrockInvoke.contentType }, body });
    const answer = await client.send(new InvokeModelWithResponseStreamCommand({ modelId: 'm', body: '{}' }));
    const chunks: unknown[] = [];
    for await (const each of answer.body ?? []) chunks.push(JSON.parse(Buffer.from(each.chunk?.bytes ?? []).toString()));
    return chunks;
  };
  const writer = bedrockInvoke.createWriter();

  test('is read by the SDK', async () => {
    expect(await read(writer.write({ name: 'ping', data: '{"type":"ping","é":1}' }), writer.end())).toEqual([{ type: 'ping', é: 1 }]);
    const exception = writer.write({ name: 'throttlingException', data: '{"message":"No."}', messageType: 'exception' });
    await expect(read(exception)).rejects.toMatchObject({ name: 'ThrottlingException', message: 'No.' });
  });

  test('in the place of another event’s data keeps its headers', async () => {
    const [event] = new BedrockInvokeParser().push(chunk({ type: 'ping' }));
    expect(event && (await read(bedrockInvoke.withData(event, '{"type":"pong"}')))).toEqual([{ type: 'pong' }]);
  });
});
