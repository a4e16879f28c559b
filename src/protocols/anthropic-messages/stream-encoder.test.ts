import Anthropic, { APIError } from '@anthropic-ai/sdk';
import type { Message, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages/messages';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf, streams } from '../../../test/recordings/anthropic-messages/streams.ts';
import type { WrittenEvent as Written } from '../../framing/event.ts';
import { formatSse, SseParser } from '../../framing/sse.ts';
import type { Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { withoutPlaces } from '../protocol.contract.ts';
import { encodeAnswer } from './response.ts';
import { createDecoder, createEncoder } from './stream.ts';
import type { WrittenEvent } from './wire.ts';

/** Compiles only as long as the SDK's types take what we write. */
const asSdkEvent = (event: WrittenEvent): RawMessageStreamEvent => event;

const start: Part = { type: 'start', id: 'msg_1', model: 'fast' };
const finish = (unified: 'stop' | 'tool-calls' | 'length' | 'content-filter'): Part => ({
  type: 'finish',
  choice: 0,
  reason: { unified, raw: 'theirs' },
});
const text = (block: number, value: string, type: 'text' | 'refusal' | 'reasoning' | 'tool-arguments' = 'text'): Part => ({
  type,
  choice: 0,
  block,
  text: value,
});
const call = (block: number): Part => ({ type: 'tool-call', choice: 0, block, id: `call_${block}`, name: 'f' });
const close = (block: number): Part => ({ type: 'block-end', choice: 0, block });

const asText = (events: readonly Written[]): string => events.map(({ name, data }) => formatSse(data, name)).join('');

function encode(parts: readonly Part[]): string {
  const encoder = createEncoder();
  return parts.map((part) => asText(encoder.push(part))).join('');
}

const eventsOf = (stream: string): WrittenEvent[] =>
  new SseParser().push(Buffer.from(stream)).map(({ name, data }) => {
    const event = JSON.parse(data) as WrittenEvent;
    expect(name).toBe(event.type);
    return asSdkEvent(event) as WrittenEvent;
  });

/** What the vendor's own SDK makes of a stream. */
function finalMessage(stream: string): Promise<Message> {
  const response = () => new Response(stream, { headers: { 'content-type': 'text/event-stream' } });
  const client = new Anthropic({ apiKey: 'none', baseURL: 'http://gateway.test', maxRetries: 0, fetch: async () => response() });
  return client.messages.stream({ model: 'fast', max_tokens: 1, messages: [{ role: 'user', content: 'Hi' }] }).finalMessage();
}

test('writes text event by event, the message as soon as it starts', () => {
  const encoder = createEncoder();
  expect(asText(encoder.push(start))).toMatch(
    /^event: message_start\ndata: \{"type":"message_start","message":\{"id":"msg_1","type":"message","role":"assistant","model":"fast","content":\[\]/,
  );
  expect(asText(encoder.push(text(3, 'Hi')))).toBe(
    'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"","citations":null}}\n\n' +
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}\n\n',
  );
  expect(asText(encoder.push(close(3)))).toBe('event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n');
  expect(asText(encoder.push(finish('stop')))).toBe('');
  expect(asText(encoder.push({ type: 'end' }))).toMatch(
    /^event: message_delta\n.*"stop_reason":"end_turn".*\n\nevent: message_stop\ndata: \{"type":"message_stop"\}\n\n$/,
  );
  expect(asText(encoder.push(text(3, 'late')))).toBe('');
});

test('the SDK reads text, reasoning, refusal and parallel tools', async () => {
  const message = await finalMessage(
    encode([
      start,
      text(0, 'Let me '),
      text(0, 'see.'),
      close(0),
      text(1, 'Hmm.', 'reasoning'),
      close(1),
      call(5),
      text(5, '{"city":', 'tool-arguments'),
      text(5, '"Paris"}', 'tool-arguments'),
      close(5),
      call(7),
      close(7),
      text(0, 'No.', 'refusal'),
      finish('tool-calls'),
      { type: 'end' },
    ]),
  );
  expect(message).toMatchObject({
    id: 'msg_1',
    model: 'fast',
    role: 'assistant',
    stop_reason: 'tool_use',
    stop_sequence: null,
    content: [
      { type: 'text', text: 'Let me see.' },
      { type: 'thinking', thinking: 'Hmm.', signature: '' },
      { type: 'tool_use', id: 'call_5', name: 'f', input: { city: 'Paris' } },
      { type: 'tool_use', id: 'call_7', name: 'f', input: {} },
      { type: 'text', text: 'No.' },
    ],
  });
});

const state = (block: number, value: string, origin: 'anthropic' | 'openai' = 'anthropic', kind: 'signature' | 'encrypted' = 'signature'): Part => ({
  type: 'reasoning-state',
  choice: 0,
  block,
  state: { origin, kind, value },
});

test('the SDK reads signatures and redacted thinking, and any other state as the signature of thinking', async () => {
  const message = await finalMessage(
    encode([
      start,
      text(0, 'Hmm.', 'reasoning'),
      state(0, 'sig'),
      close(0),
      state(1, 'hidden'),
      close(1),
      state(2, 'redacted', 'anthropic', 'encrypted'),
      close(2),
      state(3, 'rmr1_sealed', 'openai', 'encrypted'),
      close(3),
      text(4, 'Summary.', 'reasoning'),
      state(4, 'rmr1_more', 'openai', 'encrypted'),
      close(4),
      text(5, 'Yes.'),
      close(5),
      finish('stop'),
      { type: 'end' },
    ]),
  );
  expect(message.content).toEqual([
    { type: 'thinking', thinking: 'Hmm.', signature: 'sig' },
    { type: 'thinking', thinking: '', signature: 'hidden' },
    { type: 'redacted_thinking', data: 'redacted' },
    { type: 'thinking', thinking: '', signature: 'rmr1_sealed' },
    { type: 'thinking', thinking: 'Summary.', signature: 'rmr1_more' },
    { type: 'text', text: 'Yes.', citations: null },
  ]);
});

test('usage that comes before, between or after the finish is in the final message, and only its last totals', async () => {
  const usage = (outputTokens: number): Part => ({
    type: 'usage',
    usage: { ...noUsage, inputTokens: 100, cacheReadTokens: 60, cacheWriteTokens: 30, outputTokens, reasoningTokens: 2 },
  });
  const message = await finalMessage(encode([start, usage(1), text(0, 'Hi'), finish('stop'), usage(5), { type: 'end' }]));
  expect(message.usage).toMatchObject({
    input_tokens: 10,
    cache_read_input_tokens: 60,
    cache_creation_input_tokens: 30,
    output_tokens: 5,
    output_tokens_details: { thinking_tokens: 2 },
  });
});

test('an answer that says nothing is a whole message all the same', async () => {
  const message = await finalMessage(encode([start, { type: 'usage', usage: noUsage }, finish('length'), { type: 'end' }]));
  expect(message).toMatchObject({ content: [], stop_reason: 'max_tokens' });
});

test('late arguments reach their own call, though its block has ended', async () => {
  const parts = [
    start,
    call(0),
    text(0, '{"a":', 'tool-arguments'),
    close(0),
    call(1),
    text(1, '{"b":2}', 'tool-arguments'),
    text(0, '1}', 'tool-arguments'),
  ];
  const message = await finalMessage(encode([...parts, finish('tool-calls'), { type: 'end' }]));
  expect(message.content).toMatchObject([{ input: { a: 1 } }, { input: { b: 2 } }]);
});

test('late text opens a block of its own', async () => {
  const message = await finalMessage(encode([start, text(0, 'a'), close(0), call(1), close(1), text(0, 'b'), finish('stop'), { type: 'end' }]));
  expect(message.content).toMatchObject([{ text: 'a' }, { type: 'tool_use' }, { text: 'b' }]);
});

test('an answer with tool calls that merely stopped tells the client to run them', () => {
  expect(encode([start, call(0), close(0), finish('stop'), { type: 'end' }])).toContain('"stop_reason":"tool_use"');
});

test('filtered content is a refusal', () => {
  expect(encode([start, finish('content-filter'), { type: 'end' }])).toContain('"stop_reason":"refusal"');
});

test('other choices, empty texts and arguments of no call are left out', () => {
  const other: Part[] = [
    { type: 'text', choice: 1, block: 9, text: 'other' },
    { type: 'finish', choice: 1, reason: { unified: 'length', raw: 'length' } },
  ];
  const noise = [text(4, ''), text(4, '', 'reasoning'), text(4, '{}', 'tool-arguments')];
  expect(encode([start, ...noise, ...other, text(0, 'Hi'), finish('stop'), { type: 'end' }])).toBe(
    encode([start, text(0, 'Hi'), finish('stop'), { type: 'end' }]),
  );
});

test('an error in the stream is one that the SDK throws', async () => {
  const stream = encode([
    start,
    text(0, 'Hi'),
    { type: 'error', failure: { status: 503, type: 'overloaded', message: 'Too busy.' } },
    { type: 'end' },
  ]);
  expect(stream).not.toContain('message_stop');
  const error = await finalMessage(stream).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(APIError);
  expect(error).toMatchObject({ type: 'api_error', error: { error: { message: 'Too busy.', code: 'overloaded' } } });
});

test.each(Object.entries(streams).filter(([name]) => name !== 'error midway'))(
  'the JSON answer says what the SDK collects from the stream: %s',
  async (_name, events) => {
    const decoder = createDecoder();
    const parts = withoutPlaces(new SseParser().push(bytesOf(events)).flatMap((event) => decoder.push(event)));
    const collected = await finalMessage(encode(parts));
    const { parsed_output: _ofTheSdk, ...message }: Message & { parsed_output?: unknown } = collected;
    expect(JSON.parse(encodeAnswer(parts))).toEqual(JSON.parse(JSON.stringify(message)));
  },
);

test('whatever the parts, blocks are numbered from 0 without a gap, open once, and end before the message does', () => {
  const place = { choice: fc.constantFrom(0, 0, 0, 1), block: fc.nat(3) };
  const part = fc.oneof(
    fc.record({ type: fc.constantFrom('text', 'refusal', 'reasoning', 'tool-arguments'), ...place, text: fc.constantFrom('', 'a', '{"b":1}') }),
    fc.record({ type: fc.constant('tool-call'), ...place, id: fc.constant('c'), name: fc.constant('f') }),
    fc.record({
      type: fc.constant('reasoning-state'),
      ...place,
      state: fc.record({ origin: fc.constantFrom('anthropic', 'openai'), kind: fc.constantFrom('signature', 'encrypted'), value: fc.constant('s') }),
    }),
    fc.record({ type: fc.constant('block-end'), ...place }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
      const events = eventsOf(encode([start, ...(parts as Part[]), finish('stop'), { type: 'end' }]));
      let open: number | undefined;
      let next = 0;
      for (const event of events) {
        if (event.type === 'content_block_start') {
          expect([open, event.index]).toEqual([undefined, next++]);
          open = event.index;
        }
        if (event.type === 'content_block_delta') expect(event.index).toBeLessThan(next);
        if (event.type === 'content_block_stop') {
          expect(event.index).toBe(open);
          open = undefined;
        }
        if (event.type === 'message_delta') expect(open).toBeUndefined();
      }
      expect(events.at(-1)?.type).toBe('message_stop');
    }),
  );
});
