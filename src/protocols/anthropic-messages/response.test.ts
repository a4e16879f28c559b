import type { Message } from '@anthropic-ai/sdk/resources/messages/messages';
import { expect, test } from 'vitest';
import { answers } from '../../../test/recordings/anthropic-messages/answers.ts';
import { JsonFieldError } from '../../framing/json.ts';
import { isTextPart, type Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { withoutPlaces } from '../protocol.contract.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';

/** The parts of an answer, without their places. */
const decode = (body: string | object): Part[] => withoutPlaces(decodeAnswer(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))));
const encoded = (parts: readonly Part[]) => JSON.parse(encodeAnswer(parts)) as Message;
const usage = { ...noUsage, inputTokens: 2310, cacheReadTokens: 2000, cacheWriteTokens: 300, outputTokens: 40, reasoningTokens: 31 };

test('decodes text, tool calls and the end of an answer', () => {
  expect(decode(answers['parallel tools'])).toEqual([
    { type: 'start', id: 'msg_02tools', model: 'claude-haiku-4-5-20251001' },
    { type: 'text', choice: 0, block: 0, text: 'I look both up.' },
    { type: 'block-end', choice: 0, block: 0 },
    { type: 'tool-call', choice: 0, block: 1, id: 'toolu_02A', name: 'get_weather' },
    { type: 'tool-arguments', choice: 0, block: 1, text: '{"city":"Paris"}' },
    { type: 'block-end', choice: 0, block: 1 },
    { type: 'tool-call', choice: 0, block: 2, id: 'toolu_02B', name: 'get_time' },
    { type: 'tool-arguments', choice: 0, block: 2, text: '{}' },
    { type: 'block-end', choice: 0, block: 2 },
    { type: 'usage', usage },
    { type: 'finish', choice: 0, reason: { unified: 'tool-calls', raw: 'tool_use' } },
    { type: 'end' },
  ]);
});

test('thinking is reasoning with its signature, redacted thinking a state alone', () => {
  expect(decode(answers.thinking).slice(1, -3)).toEqual([
    { type: 'reasoning', choice: 0, block: 0, text: 'Two and two.' },
    { type: 'reasoning-state', choice: 0, block: 0, state: { origin: 'anthropic', kind: 'signature', value: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3h' } },
    { type: 'block-end', choice: 0, block: 0 },
    { type: 'reasoning-state', choice: 0, block: 1, state: { origin: 'anthropic', kind: 'encrypted', value: 'EmwKAhgBEgy3va3pzix/LafPsn4a' } },
    { type: 'block-end', choice: 0, block: 1 },
    { type: 'text', choice: 0, block: 2, text: 'Four.' },
    { type: 'block-end', choice: 0, block: 2 },
  ]);
});

test('thinking comes back as it was, shown, hidden or redacted', () => {
  for (const answer of [answers.thinking, answers['thinking that is not shown']]) expect(encoded(decode(answer)).content).toEqual(answer.content);
});

test('blocks that have no part keep their number', () => {
  const parts = decode({
    content: [
      { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
      { type: 'text', text: 'Four.' },
    ],
  });
  expect(parts.filter(isTextPart)).toEqual([{ type: 'text', choice: 0, block: 1, text: 'Four.' }]);
});

test('tool input keeps its own JSON text', () => {
  const input = '{ "id":9007199254740993,"a":1.0 }';
  const parts = decode(`{"content":[{"type":"tool_use","id":"t","name":"f","input":${input}}]}`);
  expect(parts).toContainEqual({ type: 'tool-arguments', choice: 0, block: 0, text: input });
  expect(encodeAnswer(parts)).toContain(`"input":${input}`);
});

test.each([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool-calls'],
  ['refusal', 'refusal'],
  ['pause_turn', 'pause'],
  ['constructor', 'other'],
])('the stop reason %s means %s, and is written as it came', (raw, unified) => {
  const parts = decode({ content: [], stop_reason: raw });
  expect(parts).toContainEqual({ type: 'finish', choice: 0, reason: { unified, raw } });
  expect(encoded(parts).stop_reason).toBe(unified === 'other' ? 'end_turn' : raw);
});

test('a stop sequence is carried both ways', () => {
  const parts = decode(answers['stop sequence']);
  expect(parts).toContainEqual({ type: 'finish', choice: 0, reason: { unified: 'stop', raw: 'stop_sequence', stopSequence: 'three' } });
  expect(encoded(parts)).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'three' });
});

test.each([
  [
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
    { status: 529, type: 'overloaded_error', message: 'Overloaded' },
  ],
  [{ error: { message: 'Busy', code: 503 } }, { status: 503, type: '', message: 'Busy' }],
  [{ error: 'Broken' }, { status: 502, type: '', message: 'Broken' }],
  [{ type: 'error' }, { status: 502, type: '', message: 'The provider ended its answer with an error.' }],
])('the error body %j is an error', (body, failure) => {
  expect(decode(body)).toEqual([{ type: 'error', failure }]);
});

test.each<[string, unknown, string]>([
  ['no content', {}, 'content'],
  ['content that is no array', { content: 'Hi' }, 'content'],
  ['a block without a type', { content: [{}] }, 'content[0].type'],
  ['text that is none', { content: [{ type: 'text', text: 1 }] }, 'content[0].text'],
  ['a tool call without input', { content: [{ type: 'tool_use', id: 'a', name: 'b' }] }, 'content[0].input'],
])('refuses an answer with %s', (_what, body, field) => {
  expect(() => decode(body as object)).toThrow(expect.objectContaining({ name: JsonFieldError.name, field }));
});

test('an answer without usage has no usage part', () => {
  expect(decode({ content: [] }).map(({ type }) => type)).toEqual(['start', 'finish', 'end']);
});

test('encodes a message with all that the SDK promises', () => {
  const { text } = answers;
  expect(encoded(decode(text))).toEqual({ ...text, usage: { ...text.usage, cache_creation: null, service_tier: null } });
});

test('a call without arguments has an empty input, one with broken arguments keeps their text', () => {
  const call = (block: number, text: string): Part[] => [
    { type: 'tool-call', choice: 0, block, id: `c${block}`, name: 'f' },
    { type: 'tool-arguments', choice: 0, block, text },
    { type: 'block-end', choice: 0, block },
  ];
  const message = encoded([{ type: 'start', id: 'x', model: 'm' }, ...call(0, ''), ...call(4, '{"a":'), { type: 'end' }]);
  expect(message.content).toMatchObject([
    { id: 'c0', input: {} },
    { id: 'c4', input: { invalid_json: '{"a":' } },
  ]);
});
