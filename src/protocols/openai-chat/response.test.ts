import fc from 'fast-check';
import type { ChatCompletion } from 'openai/resources/chat/completions';
import { expect, test } from 'vitest';
import { answers } from '../../../test/recordings/openai-chat/answers.ts';
import { parseJson } from '../../framing/json.ts';
import { nodeAt } from '../text-place.ts';
import { isTextPart, type FinishReason, type Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { withoutPlaces } from '../protocol.contract.ts';
import { hasPlace } from '../protocol.ts';
import { openaiChat } from './index.ts';

const read = (answer: unknown) => openaiChat.decodeAnswer(Buffer.from(JSON.stringify(answer)));
/** The parts of an answer, without their places. */
const decode = (answer: unknown): Part[] => withoutPlaces(read(answer));
const encode = (parts: Part[]) => JSON.parse(openaiChat.encodeAnswer(parts, { wantsUsage: true, createdAt: 1_700_000_000 })) as ChatCompletion;
const choice = (message: object, finish: string | null = 'stop') => ({ choices: [{ index: 0, message, finish_reason: finish }] });
const usage: Part = { type: 'usage', usage: { ...noUsage, inputTokens: 82, cacheReadTokens: 64, outputTokens: 17, reasoningTokens: 5 } };
const start = (id: string): Part => ({ type: 'start', id, model: 'gpt-5-mini-2025-08-07' });
const at = { choice: 0, block: 0 };
const finished = (unified: FinishReason['unified'], raw = 'stop', index = 0): Part => ({ type: 'finish', choice: index, reason: { unified, raw } });

test('a text answer', () => {
  expect(decode(answers.text)).toEqual([
    start('chatcmpl-text'),
    { type: 'text', ...at, text: 'Grüße, "Welt" 👋' },
    { type: 'block-end', ...at },
    finished('stop'),
    usage,
    { type: 'end' },
  ]);
});

test('tool calls keep the exact text of their arguments', () => {
  expect(decode(answers.parallelTools).slice(1, -2)).toEqual([
    { type: 'tool-call', ...at, id: 'call_a', name: 'find_order' },
    { type: 'tool-arguments', ...at, text: '{"order":9223372036854775807, "note":"\\u00e9"}' },
    { type: 'block-end', ...at },
    { type: 'tool-call', choice: 0, block: 1, id: 'call_b', name: 'list_orders' },
    { type: 'tool-arguments', choice: 0, block: 1, text: '{}' },
    { type: 'block-end', choice: 0, block: 1 },
    finished('tool-calls', 'tool_calls'),
  ]);
});

test('choices have blocks of their own', () => {
  expect(decode(answers.twoChoices).slice(1, -2)).toEqual([
    { type: 'text', ...at, text: 'Heads' },
    { type: 'block-end', ...at },
    finished('stop'),
    { type: 'text', choice: 1, block: 1, text: 'Tails' },
    { type: 'block-end', choice: 1, block: 1 },
    finished('length', 'length', 1),
  ]);
});

test('a refusal is told apart from a plain stop', () => {
  expect(decode(answers.refusal)).toContainEqual(finished('refusal'));
});

test('a call that the client forced ends with stop, and is told apart too', () => {
  expect(decode(choice({ tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] }))).toContainEqual(
    finished('tool-calls'),
  );
});

test.each([
  ['reasoning_content', { reasoning_content: 'Hm', reasoning: 'Hm', content: 'Hi' }],
  ['reasoning', { reasoning: 'Hm', content: 'Hi' }],
  [
    'content in pieces',
    {
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] },
        { type: 'text', text: 'Hi' },
      ],
    },
  ],
])('reasoning of compatible servers, in %s, comes before the text', (_, message) => {
  expect(decode(choice(message)).filter(isTextPart)).toEqual([
    { type: 'reasoning', ...at, text: 'Hm' },
    { type: 'text', choice: 0, block: 1, text: 'Hi' },
  ]);
});

test('several calls without index and id stay apart', () => {
  const call = (name: string) => ({ type: 'function', function: { name, arguments: '{}' } });
  expect(decode({ id: 'x', ...choice({ tool_calls: [call('f'), call('f')] }) }).filter(({ type }) => type === 'tool-call')).toEqual([
    { type: 'tool-call', ...at, id: 'call_x_0', name: 'f' },
    { type: 'tool-call', choice: 0, block: 1, id: 'call_x_1', name: 'f' },
  ]);
});

test('the older function_call is a call', () => {
  expect(decode({ id: 'x', ...choice({ function_call: { name: 'f', arguments: '{"a":1}' } }, 'function_call') }).slice(1, -2)).toEqual([
    { type: 'tool-call', ...at, id: 'call_x_0', name: 'f' },
    { type: 'tool-arguments', ...at, text: '{"a":1}' },
    { type: 'block-end', ...at },
  ]);
});

test('a word for the end that nobody knows is kept', () => {
  expect(decode(choice({ content: 'Hi' }, 'abort'))).toContainEqual(finished('other', 'abort'));
  expect(decode(choice({ content: 'Hi' }, null))).toContainEqual(finished('other', ''));
});

test.each([
  [
    'cached tokens beside the others',
    { prompt_tokens: 10, completion_tokens: 2, prompt_cache_hit_tokens: 4 },
    { cacheReadTokens: 4, outputTokens: 2 },
  ],
  [
    'reasoning outside the completion tokens',
    { prompt_tokens: 10, completion_tokens: 2, total_tokens: 17, completion_tokens_details: { reasoning_tokens: 5 } },
    { outputTokens: 7, reasoningTokens: 5 },
  ],
  ['no details', { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: null }, { inputTokens: 10, outputTokens: 2, cacheReadTokens: 0 }],
  ['tokens written to the cache', { prompt_tokens: 10, prompt_tokens_details: { cache_write_tokens: 6 } }, { cacheWriteTokens: 6 }],
])('reads usage with %s', (_, reported, expected) => {
  const parts = decode({ ...choice({ content: 'Hi' }), usage: reported });
  expect(parts.find((part) => part.type === 'usage')?.usage).toMatchObject(expected);
});

test('usage that counts nothing is no usage', () => {
  expect(decode({ ...choice({ content: 'Hi' }), usage: {} }).map(({ type }) => type)).not.toContain('usage');
});

test('an error that came with status 200 is an error', () => {
  expect(decode({ error: { message: 'Too busy', code: 503 } })).toEqual([{ type: 'error', failure: { status: 503, type: '', message: 'Too busy' } }]);
});

test.each([[[]], [{}], [{ choices: [] }], [{ choices: 'x' }]])('%j is no answer', (answer) => {
  expect(() => decode(answer)).toThrow(expect.objectContaining({ name: 'JsonFieldError' }));
});

test.each(['text', 'parallelTools', 'twoChoices', 'refusal'] as const)('the recording %s, decoded and encoded, says the same', (name) => {
  const { id, object, model, choices, usage: counted } = answers[name];
  const encoded = encode(decode(answers[name]));
  expect(encoded).toMatchObject({ id, object, model, usage: { prompt_tokens: counted.prompt_tokens, total_tokens: counted.total_tokens } });
  const { annotations: _, ...message } = { annotations: [], ...choices[0]?.message };
  expect(encoded.choices[0]).toEqual({ ...choices[0], message });
  expect(encoded.choices).toHaveLength(choices.length);
});

test('a call without arguments has the empty object, for clients parse it', () => {
  const parts: Part[] = [{ type: 'tool-call', ...at, id: 'c', name: 'f' }, { type: 'block-end', ...at }, finished('tool-calls')];
  expect(encode(parts).choices[0]?.message.tool_calls).toEqual([{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }]);
});

test('reasoning goes where compatible servers have it', () => {
  expect(encode([{ type: 'reasoning', ...at, text: 'Hm' }, finished('stop')]).choices[0]?.message).toEqual({
    role: 'assistant',
    content: null,
    refusal: null,
    reasoning_content: 'Hm',
  });
});

test.each([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool-calls', 'tool_calls'],
  ['content-filter', 'content_filter'],
  ['refusal', 'content_filter'],
  ['pause', 'stop'],
  ['other', 'stop'],
] as const)('the end %s is %s', (unified, word) => {
  expect(encode([finished(unified, 'x')]).choices[0]?.finish_reason).toBe(word);
});

test.each([
  ['<html>', 'expected a value at byte 0'],
  ['{"choices":[}', 'expected a value at byte 12'],
])('%s is no answer, and says where', (body, message) => {
  expect(() => openaiChat.decodeAnswer(Buffer.from(body))).toThrow(expect.objectContaining({ name: 'JsonSyntaxError', message }));
});

test('whatever a server sends, each text stands at its place and nothing breaks', () => {
  const noise = fc.oneof(fc.constantFrom('', 'a', '"ä👋'), fc.jsonValue({ maxDepth: 2 }));
  const call = fc.record(
    { index: noise, id: noise, function: fc.record({ name: noise, arguments: noise }), custom: fc.record({ input: noise }) },
    { requiredKeys: [] },
  );
  const message = fc.record(
    {
      content: noise,
      reasoning: noise,
      reasoning_content: noise,
      refusal: noise,
      audio: fc.record({ transcript: noise }),
      tool_calls: fc.oneof(noise, fc.array(fc.oneof(noise, call))),
      function_call: fc.record({ arguments: noise }),
    },
    { requiredKeys: [] },
  );
  const anyChoice = fc.record({ index: noise, message: fc.oneof(noise, message), finish_reason: noise }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.array(anyChoice, { minLength: 1 }), (choices) => {
      const body = parseJson(Buffer.from(JSON.stringify({ choices })));
      for (const { text, place } of read({ choices }).filter(hasPlace)) expect(nodeAt(body, place.path).string()).toBe(text);
    }),
  );
});

test('log probabilities are carried both ways, those of a refusal as such', () => {
  const tokens = [
    {
      token: 'H',
      logprob: -0.25,
      bytes: [72],
      top: [
        { token: 'H', logprob: -0.25, bytes: [72] },
        { token: 'h', logprob: -1.5, bytes: [104] },
      ],
    },
    { token: 'é', logprob: -0.5, bytes: [195, 169], top: [] },
  ];
  const parts = decode(answers.logprobs);
  expect(parts).toContainEqual({ type: 'logprobs', ...at, tokens });
  expect(encode(parts).choices[0]?.logprobs).toEqual(answers.logprobs.choices[0]?.logprobs);
  const refused = encode([
    { type: 'refusal', ...at, text: 'No' },
    { type: 'logprobs', ...at, tokens: [{ token: 'No', logprob: -1, top: [] }] },
  ]);
  expect(refused.choices[0]?.logprobs).toEqual({ content: null, refusal: [{ token: 'No', logprob: -1, bytes: null, top_logprobs: [] }] });
  expect(decode(refused)).toContainEqual({ type: 'logprobs', ...at, tokens: [{ token: 'No', logprob: -1, top: [] }] });
});

test('tokens of audio are counted both ways', () => {
  const parts = decode(answers.logprobs);
  expect(parts).toContainEqual({ type: 'usage', usage: expect.objectContaining({ inputAudioTokens: 40, outputAudioTokens: 6 }) });
  expect(encode(parts).usage).toMatchObject({ prompt_tokens_details: { audio_tokens: 40 }, completion_tokens_details: { audio_tokens: 6 } });
});

test("xAI's reasoning beside the completion is output too", () => {
  const counts = { prompt_tokens: 12, completion_tokens: 1, total_tokens: 303, completion_tokens_details: { reasoning_tokens: 290 } };
  expect(decode({ ...choice({ content: 'x' }), usage: counts })).toContainEqual({
    type: 'usage',
    usage: { ...noUsage, inputTokens: 12, outputTokens: 291, reasoningTokens: 290 },
  });
});

test.each([
  ['eos', 'stop'],
  ['stop_sequence', 'stop'],
  ['model_length', 'length'],
] as const)('the word %s of compatible servers means %s', (word, unified) => {
  expect(decode(choice({ content: 'x' }, word))).toContainEqual(finished(unified, word));
});

test.each([
  ['insufficient_system_resource', 503],
  ['error', 502],
])('an answer that ends with %s has failed', (word, status) => {
  const parts = decode(choice({ content: 'x' }, word));
  expect(parts.filter(({ type }) => type === 'finish' || type === 'end' || type === 'error')).toEqual([
    { type: 'error', failure: { status, type: word, message: 'The provider broke the answer off.' } },
  ]);
});

test('an error beside the word says more', () => {
  const parts = decode({ ...choice({ content: 'x' }, 'error'), error: { code: 429, message: 'Slow down' } });
  expect(parts.filter(({ type }) => type === 'error')).toEqual([{ type: 'error', failure: { status: 429, type: '', message: 'Slow down' } }]);
});

test('calls that a server gives the same id get each their own', () => {
  const call = { id: '0', type: 'function', function: { name: 'f', arguments: '{}' } };
  const ids = decode({ id: 'x', ...choice({ tool_calls: [call, call] }) }).flatMap((part) => (part.type === 'tool-call' ? [part.id] : []));
  expect(ids).toEqual(['0', 'call_x_1']);
});
