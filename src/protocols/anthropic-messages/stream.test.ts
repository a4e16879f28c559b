import { expect, test } from 'vitest';
import { streams } from '../../../test/recordings/anthropic-messages/streams.ts';
import { formatSse, SseParser } from '../../framing/sse.ts';
import { isTextPart, type Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { withoutPlaces } from '../protocol.contract.ts';
import { createDecoder } from './stream.ts';

function decodeChunks(chunks: readonly Buffer[]): Part[] {
  const parser = new SseParser();
  const decoder = createDecoder();
  return withoutPlaces(chunks.flatMap((chunk) => parser.push(chunk)).flatMap((event) => decoder.push(event)));
}

const decodeEvents = (...events: object[]): Part[] =>
  decodeChunks(events.map((event) => Buffer.from(formatSse(JSON.stringify(event), 'type' in event ? String(event.type) : ''))));

const textOf = (parts: readonly Part[], type: Part['type']): string =>
  parts
    .filter(isTextPart)
    .filter((part) => part.type === type)
    .map(({ text }) => text)
    .join('');

const usageOf = (parts: readonly Part[]) => parts.flatMap((part) => (part.type === 'usage' ? [part.usage] : [])).at(-1);
const typesOf = (parts: readonly Part[]) => parts.map(({ type }) => type);

test('decodes text', () => {
  expect(decodeEvents(...streams.text)).toEqual([
    { type: 'start', id: 'msg_01text', model: 'claude-haiku-4-5-20251001' },
    { type: 'usage', usage: { ...noUsage, inputTokens: 25, outputTokens: 1 } },
    { type: 'text', choice: 0, block: 0, text: 'Grüße' },
    { type: 'text', choice: 0, block: 0, text: ' aus 東京 ' },
    { type: 'text', choice: 0, block: 0, text: '👩‍🚀!' },
    { type: 'block-end', choice: 0, block: 0 },
    { type: 'usage', usage: { ...noUsage, inputTokens: 25, outputTokens: 15 } },
    { type: 'finish', choice: 0, reason: { unified: 'stop', raw: 'end_turn' } },
    { type: 'end' },
  ]);
});

test('decodes parallel tools, one with no arguments', () => {
  const parts = decodeEvents(...streams['parallel tools']);
  expect(typesOf(parts).slice(4)).toEqual([
    ...['tool-call', 'tool-arguments', 'tool-arguments', 'block-end'],
    ...['tool-call', 'block-end', 'usage', 'finish', 'end'],
  ]);
  expect(textOf(parts, 'tool-arguments')).toBe('{"city": "Paris", "id": 9007199254740993}');
});

test('decodes thinking, its signature once its block ends, and redacted thinking', () => {
  const parts = decodeEvents(...streams.thinking);
  expect(parts.slice(2, -3)).toEqual([
    { type: 'reasoning', choice: 0, block: 0, text: 'Two and ' },
    { type: 'reasoning', choice: 0, block: 0, text: 'two.' },
    { type: 'reasoning-state', choice: 0, block: 0, state: { origin: 'anthropic', kind: 'signature', value: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3h' } },
    { type: 'block-end', choice: 0, block: 0 },
    { type: 'reasoning-state', choice: 0, block: 1, state: { origin: 'anthropic', kind: 'encrypted', value: 'EmwKAhgBEgy3va3pzix/LafPsn4a' } },
    { type: 'block-end', choice: 0, block: 1 },
    { type: 'text', choice: 0, block: 2, text: 'Four.' },
    { type: 'block-end', choice: 0, block: 2 },
  ]);
  expect(usageOf(parts)).toMatchObject({ outputTokens: 40, reasoningTokens: 31 });
});

test('a signature that the block opens with holds until another one comes, and is told once', () => {
  const open = { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: 'Hm.', signature: 'first' } };
  const stop = { type: 'content_block_stop', index: 0 };
  const statesOf = (...events: object[]) => decodeEvents(...events).flatMap((part) => (part.type === 'reasoning-state' ? [part.state.value] : []));
  expect(statesOf(open, stop)).toEqual(['first']);
  expect(statesOf(open, { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'second' } }, stop)).toEqual([
    'second',
  ]);
  expect(statesOf(open)).toEqual([]);
});

test('thinking without a signature has no state', () => {
  const open = { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: 'Hm.', signature: '' } };
  expect(typesOf(decodeEvents(open, { type: 'content_block_stop', index: 0 }))).toEqual(['reasoning', 'block-end']);
});

test('counts repeated in message_delta replace those before, they are not added', () => {
  expect(usageOf(decodeEvents(...streams['cached prompt']))).toEqual({
    ...noUsage,
    inputTokens: 2310,
    cacheReadTokens: 2000,
    cacheWriteTokens: 300,
    outputTokens: 4,
  });
});

test('usage that comes only with message_delta counts', () => {
  const parts = decodeEvents(
    { type: 'message_start', message: { id: 'm', model: 'x' } },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { input_tokens: 9000, output_tokens: 38 } },
    { type: 'message_stop' },
  );
  expect(typesOf(parts)).toEqual(['start', 'usage', 'finish', 'end']);
  expect(usageOf(parts)).toMatchObject({ inputTokens: 9000, outputTokens: 38 });
});

test('counts that are null, missing or nonsense leave those before', () => {
  const parts = decodeEvents(
    { type: 'message_start', message: { usage: { input_tokens: 5, cache_read_input_tokens: 2, output_tokens: 1 } } },
    { type: 'message_delta', usage: { input_tokens: null, cache_read_input_tokens: -3, output_tokens: '7' } },
  );
  expect(usageOf(parts)).toMatchObject({ inputTokens: 7, cacheReadTokens: 2, outputTokens: 1 });
});

test('a tool call that comes with its whole input loses none of it, digits included', () => {
  const start = '{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{ "id":9007199254740993 }}}';
  const parts = decodeChunks([Buffer.from(`data: ${start}\n\ndata: {"type":"content_block_stop","index":0}\n\n`)]);
  expect(parts).toEqual([
    { type: 'tool-call', choice: 0, block: 0, id: 't', name: 'f' },
    { type: 'tool-arguments', choice: 0, block: 0, text: '{ "id":9007199254740993 }' },
    { type: 'block-end', choice: 0, block: 0 },
  ]);
});

test('deltas that repeat the whole input are not taken twice', () => {
  const parts = decodeEvents(
    { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } } },
    { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"a":1}' } },
  );
  expect(textOf(parts, 'tool-arguments')).toBe('{"a":1}');
});

test('text that stands in content_block_start already is not lost', () => {
  const parts = decodeEvents(
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'Hel' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'lo' } },
  );
  expect(textOf(parts, 'text')).toBe('Hello');
});

test('what a server tool asks is no part of the answer', () => {
  const parts = decodeEvents(...streams['server tool']);
  expect(parts.filter(isTextPart).map(({ text }) => text)).toEqual(['Sunny.']);
  expect(typesOf(parts)).not.toContain('tool-call');
  expect(parts).toContainEqual({ type: 'finish', choice: 0, reason: { unified: 'pause', raw: 'pause_turn' } });
});

test('an error in the stream keeps its type, which tells the status', () => {
  expect(decodeEvents(...streams['error midway']).at(-1)).toEqual({
    type: 'error',
    failure: { status: 529, type: 'overloaded_error', message: 'Overloaded' },
  });
});

test.each<[keyof typeof streams, object]>([
  ['refusal', { unified: 'refusal', raw: 'refusal' }],
  ['max tokens', { unified: 'length', raw: 'max_tokens' }],
  ['context full', { unified: 'length', raw: 'model_context_window_exceeded' }],
  ['stop sequence', { unified: 'stop', raw: 'stop_sequence', stopSequence: 'three' }],
])('says why the answer ended: %s', (name, reason) => {
  expect(decodeEvents(...streams[name])).toContainEqual({ type: 'finish', choice: 0, reason });
});

test('an open block ends before the next one opens, and before the finish', () => {
  const start = (index: number) => ({ type: 'content_block_start', index, content_block: { type: 'text', text: 'x' } });
  const parts = decodeEvents(start(0), start(1), { type: 'message_delta', delta: { stop_reason: 'end_turn' } }, { type: 'message_stop' });
  expect(typesOf(parts)).toEqual(['text', 'block-end', 'text', 'block-end', 'finish', 'end']);
});

test('an answer finishes once, also where the server never says why', () => {
  expect(typesOf(decodeEvents({ type: 'message_stop' }))).toEqual(['finish', 'end']);
  const delta = { type: 'message_delta', delta: { stop_reason: 'end_turn' } };
  expect(typesOf(decodeEvents(delta, delta, { type: 'message_stop' }))).toEqual(['finish', 'end']);
});

test('what is not known is ignored', () => {
  const odd = [
    { type: 'future_event' },
    { type: 'toString' },
    { type: 7 },
    {},
    { type: 'content_block_delta', index: 0, delta: { type: 'future_delta', text: 'x' } },
  ];
  const empty = ['message_delta', 'content_block_delta', 'content_block_stop', 'ping'].map((type) => ({ type, delta: null, usage: null }));
  expect(decodeEvents(...odd, ...empty)).toEqual([]);
  expect(decodeChunks([Buffer.from('data: [DONE]\n\n: comment\n\ndata: null\n\n')])).toEqual([]);
});

test('an event that is broken JSON ends the answer with an error', () => {
  expect(decodeChunks([Buffer.from('data: {"type":"content_block_delta","delta"\n\n')])).toMatchObject([{ type: 'error', failure: { status: 502 } }]);
});
