import fc from 'fast-check';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { bytesOf, streams } from '../../../test/recordings/openai-chat/streams.ts';
import { parseJson } from '../../framing/json.ts';
import type { WrittenEvent } from '../../framing/event.ts';
import { sse, SseParser } from '../../framing/sse.ts';
import type { FinishReason, Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { withoutPlaces } from '../protocol.contract.ts';
import { hasPlace } from '../protocol.ts';
import { nodeAt } from '../text-place.ts';
import { openaiChat } from './index.ts';

/** The parts of a stream, without their places. */
function decode(bytes: Buffer, cuts: readonly number[] = []): Part[] {
  const parser = new SseParser();
  const decoder = openaiChat.createDecoder();
  const bounds = [0, ...cuts, bytes.length];
  const parts = bounds.slice(1).flatMap((end, index) => parser.push(bytes.subarray(bounds[index], end)).flatMap((event) => decoder.push(event)));
  return withoutPlaces(parts);
}

const decodeChunks = (...chunks: unknown[]): Part[] => decode(bytesOf(chunks));
const chunk = (delta: object, finish: string | null = null, index = 0) => ({
  id: 'x',
  model: 'm',
  choices: [{ index, delta, finish_reason: finish }],
});
const calls = (...toolCalls: object[]) => chunk({ tool_calls: toolCalls });
const place = (block: number, choice = 0) => ({ choice, block });
const finished = (unified: FinishReason['unified'], raw: string, choice = 0): Part => ({ type: 'finish', choice, reason: { unified, raw } });
const usage: Part = { type: 'usage', usage: { ...noUsage, inputTokens: 82, cacheReadTokens: 64, outputTokens: 17, reasoningTokens: 5 } };

/** Each call's arguments by its name. */
function argumentsIn(parts: readonly Part[]): Record<string, string> {
  const found: Record<string, string> = {};
  const names = new Map<number, string>();
  for (const part of parts) {
    if (part.type === 'tool-call') names.set(part.block, `${part.name} ${part.id}`);
    if (part.type === 'tool-arguments') found[names.get(part.block) ?? '?'] = (found[names.get(part.block) ?? '?'] ?? '') + part.text;
  }
  return found;
}

test('a text stream', () => {
  expect(decodeChunks(...streams.text)).toEqual([
    { type: 'start', id: 'chatcmpl-text', model: 'gpt-5-mini-2025-08-07' },
    { type: 'text', ...place(0), text: 'Grüße, ' },
    { type: 'text', ...place(0), text: '"Welt" 👋' },
    { type: 'block-end', ...place(0) },
    finished('stop', 'stop'),
    usage,
    { type: 'end' },
  ]);
});

test('text and parallel calls are blocks, each ended before the next', () => {
  expect(decodeChunks(...streams.parallelTools).slice(1, -2)).toEqual([
    { type: 'text', ...place(0), text: 'Looking.' },
    { type: 'block-end', ...place(0) },
    { type: 'tool-call', ...place(1), id: 'call_a', name: 'find_order' },
    { type: 'tool-arguments', ...place(1), text: '{"order":92233' },
    { type: 'tool-arguments', ...place(1), text: '72036854775807}' },
    { type: 'block-end', ...place(1) },
    { type: 'tool-call', ...place(2), id: 'call_b', name: 'list_orders' },
    { type: 'tool-arguments', ...place(2), text: '{}' },
    { type: 'block-end', ...place(2) },
    finished('tool-calls', 'tool_calls'),
  ]);
});

test('choices that come in turn have blocks of their own', () => {
  expect(decodeChunks(...streams.twoChoices).slice(1, -2)).toEqual([
    { type: 'text', ...place(0, 0), text: 'Hea' },
    { type: 'text', ...place(1, 1), text: 'Tai' },
    { type: 'text', ...place(0, 0), text: 'ds' },
    { type: 'text', ...place(1, 1), text: 'ls' },
    { type: 'block-end', ...place(1, 1) },
    finished('length', 'length', 1),
    { type: 'block-end', ...place(0, 0) },
    finished('stop', 'stop', 0),
  ]);
});

test('text, its end and the reason may share a chunk', () => {
  expect(decodeChunks(...streams.length).slice(2, -2)).toEqual([
    { type: 'text', ...place(0), text: ' time' },
    { type: 'block-end', ...place(0) },
    finished('length', 'length'),
  ]);
});

test('a refusal is told apart from a plain stop', () => {
  expect(decodeChunks(...streams.refusal)).toContainEqual(finished('refusal', 'stop'));
});

test('the usage chunk is a usage part and nothing else', () => {
  const decoder = openaiChat.createDecoder();
  const parser = new SseParser();
  const perEvent = parser.push(bytesOf(streams.text)).map((event) => decoder.push(event));
  expect(perEvent.at(-2)).toEqual([usage]);
});

test('chunks without choices, comments, unknown shapes and a missing start are no trouble', () => {
  const bytes = Buffer.from(
    ': keep-alive\n\ndata: {"id":"","model":"","choices":[],"prompt_filter_results":[]}\n\ndata: null\n\ndata: 5\n\ndata: {"object":"ping"}\n\n' +
      'data: {"id":"x","model":"m","choices":[7,{"delta":null},{"index":0,"delta":{"content":"Hi","new":[]}}]}\n\ndata: [DONE] \n\n',
  );
  expect(decode(bytes)).toEqual([{ type: 'start', id: 'x', model: 'm' }, { type: 'text', ...place(0), text: 'Hi' }, { type: 'end' }]);
});

test('usage in every chunk is passed on as totals', () => {
  const counted = (tokens: number) => ({ ...chunk({ content: 'a' }), usage: { prompt_tokens: 3, completion_tokens: tokens } });
  const totals = decodeChunks(counted(1), counted(2)).flatMap((part) => (part.type === 'usage' ? [part.usage.outputTokens] : []));
  expect(totals).toEqual([1, 2]);
});

test.each<[string, object[], Record<string, string>]>([
  [
    'index and id left out after the first delta',
    [calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }), calls({ function: { arguments: '}' } })],
    { 'f a': '{}' },
  ],
  [
    'index, id and name repeated',
    [calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }), calls({ index: 0, id: 'a', function: { name: 'f', arguments: '}' } })],
    { 'f a': '{}' },
  ],
  [
    'a fresh id in each delta (old vLLM)',
    [calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }), calls({ index: 0, id: 'b', function: { arguments: '}' } })],
    { 'f a': '{}' },
  ],
  [
    'the same index for all calls (Gemini)',
    [calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }), calls({ index: 0, id: 'b', function: { name: 'f', arguments: '[]' } })],
    { 'f a': '{}', 'f b': '[]' },
  ],
  [
    'ids alone, and the last one meant where there is none',
    [
      calls({ id: 'a', function: { name: 'f', arguments: '{' } }),
      calls({ id: 'b', function: { name: 'g', arguments: '[' } }),
      calls({ function: { arguments: ']' } }),
      calls({ id: 'a', function: { arguments: '}' } }),
    ],
    { 'f a': '{}', 'g b': '[]' },
  ],
  [
    'the id before the name',
    [calls({ index: 0, id: 'a', type: 'function' }), calls({ index: 0, function: { name: 'f', arguments: '{}' } })],
    { 'f a': '{}' },
  ],
  [
    'neither index nor id',
    [calls({ function: { name: 'f', arguments: '{}' } }, { function: { name: 'g', arguments: '[]' } })],
    { 'f call_x_0': '{}', 'g call_x_1': '[]' },
  ],
  [
    'arguments of two calls in turn',
    [
      calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }, { index: 1, id: 'b', function: { name: 'g', arguments: '[' } }),
      calls({ index: 0, function: { arguments: '}' } }, { index: 1, function: { arguments: ']' } }),
    ],
    { 'f a': '{}', 'g b': '[]' },
  ],
])('no arguments are lost with %s', (_, chunks, expected) => {
  expect(argumentsIn(decodeChunks(...chunks, chunk({}, 'tool_calls')))).toEqual(expected);
});

test('every block ends once, before the finish of its choice', () => {
  const parts = decodeChunks(
    calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }, { index: 1, id: 'b', function: { name: 'g', arguments: '[' } }),
    calls({ index: 0, function: { arguments: '}' } }),
    chunk({ content: 'x' }),
    chunk({}, 'tool_calls'),
    chunk({}, 'tool_calls'),
  );
  const ends = parts.filter((part) => part.type === 'block-end' || part.type === 'finish');
  expect(ends).toEqual([...[0, 1, 2].map((block) => ({ type: 'block-end', ...place(block) })), finished('tool-calls', 'tool_calls')]);
});

test.each([
  ['{"error":{"message":"Busy","type":"server_error","code":null}}', { status: 500, type: 'server_error', message: 'Busy' }],
  ['{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}', { status: 429, type: 'rate_limit_exceeded', message: 'Slow down' }],
  ['{"error":{"message":"Busy","code":503}}', { status: 503, type: '', message: 'Busy' }],
  ['{"error":"Broken"}', { status: 502, type: '', message: 'Broken' }],
  ['{"error":{"reason":7}}', { status: 502, type: '', message: '{"reason":7}' }],
  ['{oops', { status: 502, type: '', message: 'The provider sent an event that is not JSON.' }],
])('the event %s fails the answer, which [DONE] does not complete', (data, failure) => {
  const parts = decode(Buffer.from(`data: ${JSON.stringify(chunk({ content: 'Hi' }))}\n\ndata: ${data}\n\ndata: [DONE]\n\n`));
  expect(parts.slice(2)).toEqual([{ type: 'error', failure }]);
});

test('an event named error needs no envelope', () => {
  const parts = decode(Buffer.from('event: error\ndata: {"message":"Busy","type":"overloaded_error"}\n\n'));
  expect(parts).toEqual([{ type: 'error', failure: { status: 503, type: 'overloaded_error', message: 'Busy' } }]);
});

test('whatever a server sends, each text stands at its place in its event', () => {
  const noise = fc.oneof(fc.constantFrom('', 'a', '"ä👋'), fc.jsonValue({ maxDepth: 1 }));
  const call = fc.record(
    {
      index: fc.constantFrom(0, 1, 2),
      id: fc.constantFrom('', 'a', 'b'),
      function: fc.record({ name: noise, arguments: noise }),
      custom: fc.record({ input: noise }),
    },
    { requiredKeys: [] },
  );
  const delta = fc.record({ content: noise, reasoning: noise, refusal: noise, tool_calls: fc.array(call) }, { requiredKeys: [] });
  const choice = fc.record({ index: fc.constantFrom(0, 1), delta: fc.oneof(noise, delta), finish_reason: fc.constantFrom(null, 'stop') });
  const anyChunk = fc.record({ choices: fc.array(choice), error: fc.constantFrom(null, 'x'), usage: noise }, { requiredKeys: ['choices'] });
  fc.assert(
    fc.property(fc.array(anyChunk), (chunks) => {
      const decoder = openaiChat.createDecoder();
      for (const event of new SseParser().push(bytesOf(chunks, ''))) {
        const data = parseJson(Buffer.from(event.data));
        for (const part of decoder.push(event).filter(hasPlace)) {
          const { path, kind } = part.place;
          expect([nodeAt(data, path).string(), kind]).toEqual([part.text, part.type === 'tool-arguments' ? 'json' : 'text']);
        }
      }
    }),
  );
});

test('of a field that stands twice the last one is read, and is the place', () => {
  const data = '{"choices":[],"choices":[{"delta":{"content":"a","content":"b"}}]}';
  const texts = openaiChat
    .createDecoder()
    .push({ name: '', data, raw: Buffer.alloc(0) })
    .filter(hasPlace);
  expect(texts.map(({ text, place: { path } }) => [text, nodeAt(parseJson(Buffer.from(data)), path).text])).toEqual([['b', '"b"']]);
});

const written = (events: readonly WrittenEvent[]): string => events.map((event) => sse.createWriter().write(event).toString()).join('');

const encode = (parts: readonly Part[], wantsUsage = false): string => {
  const encoder = openaiChat.createEncoder({ wantsUsage, createdAt: 1_700_000_000 });
  return written(parts.flatMap((part) => encoder.push(part)));
};

/** What OpenAI's own client makes of a stream's bytes. */
const readBySdk = (text: string) => {
  const fetch = () => Promise.resolve(new Response(text, { headers: { 'content-type': 'text/event-stream' } }));
  return new OpenAI({ apiKey: 'x', baseURL: 'http://gateway.example', maxRetries: 0, fetch }).chat.completions.stream({ model: 'm', messages: [] });
};

test.each(Object.entries(streams))("OpenAI's client reads the stream %s, decoded and encoded, as it reads the original", async (_, chunks) => {
  const original = await readBySdk(bytesOf(chunks).toString()).finalChatCompletion();
  const ours = await readBySdk(encode(decodeChunks(...chunks), true)).finalChatCompletion();
  expect(ours.choices.map(({ message, finish_reason }) => ({ ...message, content: message.content ?? '', finish_reason }))).toEqual(
    original.choices.map(({ message, finish_reason }) => ({ ...message, content: message.content ?? '', finish_reason })),
  );
  expect(ours.id).toBe(original.id);
  expect(ours.usage).toMatchObject({ prompt_tokens: 82, completion_tokens: 17, total_tokens: 99, prompt_tokens_details: { cached_tokens: 64 } });
});

test('the first delta of a choice names the role; usage comes last, to those who asked', () => {
  const parts = decodeChunks(...streams.text);
  const chunks = new SseParser()
    .push(Buffer.from(encode(parts, true)))
    .slice(0, -1)
    .map(({ data }) => JSON.parse(data) as Record<string, unknown>);
  const counted = {
    prompt_tokens: 82,
    completion_tokens: 17,
    total_tokens: 99,
    prompt_tokens_details: { cached_tokens: 64, cache_write_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 5, audio_tokens: 0 },
  };
  const head = { id: 'chatcmpl-text', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'gpt-5-mini-2025-08-07' };
  const said = (delta: object, finish: string | null = null) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    usage: null,
  });
  expect(chunks).toEqual([
    said({ role: 'assistant', content: '', refusal: null }),
    said({ content: 'Grüße, ' }),
    said({ content: '"Welt" 👋' }),
    said({}, 'stop'),
    { ...head, choices: [], usage: counted },
  ]);
  expect(encode(parts)).not.toContain('usage');
  expect(encode(parts)).toMatch(/\n\ndata: \[DONE\]\n\n$/);
});

test('calls are counted within their choice, and one without arguments gets the empty object before the finish', () => {
  const parts: Part[] = [
    { type: 'text', ...place(0), text: 'x' },
    { type: 'block-end', ...place(0) },
    { type: 'tool-call', ...place(1), id: 'a', name: 'f' },
    { type: 'block-end', ...place(1) },
    { type: 'tool-call', ...place(2), id: 'b', name: 'g' },
    { type: 'tool-arguments', ...place(2), text: '[]' },
    { type: 'block-end', ...place(2) },
    finished('tool-calls', 'tool_use'),
    { type: 'end' },
  ];
  expect(argumentsIn(decode(Buffer.from(encode(parts))))).toEqual({ 'f a': '{}', 'g b': '[]' });
});

test('log probabilities come with a chunk of their choice', () => {
  const tokens = [{ token: 'H', logprob: -0.25, top: [{ token: 'h', logprob: -1.5 }] }];
  const parts: Part[] = [
    { type: 'text', ...place(0), text: 'H' },
    { type: 'logprobs', ...place(0), tokens },
  ];
  expect(decode(Buffer.from(encode(parts)))).toContainEqual({ type: 'logprobs', ...place(0), tokens });
});

test('text held back does not repeat the log probabilities of the event that moulds it', () => {
  const logprobs = { content: [{ token: 'H', logprob: -1, bytes: null, top_logprobs: [] }], refusal: null };
  const data = JSON.stringify({ choices: [{ index: 0, delta: { role: 'assistant', content: 'H' }, logprobs }] });
  const event = { name: '', data, raw: Buffer.alloc(0) };
  const texts = openaiChat.createDecoder().push(event).filter(hasPlace);
  const [first] = texts;
  if (first === undefined) throw new Error('no text was read');
  expect(JSON.parse(openaiChat.heldTextEvent({ event, texts, place: first.place }, 'held').data)).toEqual({
    choices: [{ index: 0, delta: { role: '', content: 'held' }, logprobs: null }],
  });
});

test("Groq's error inside a stream is found", () => {
  const failed = { type: 'error', failure: { status: 502, type: '', message: 'over capacity' } };
  expect(decodeChunks({ id: 'x', choices: [], x_groq: { error: 'over capacity' } })).toContainEqual(failed);
});

test('reasoning goes where compatible servers have it', () => {
  expect(encode([{ type: 'reasoning', ...place(0), text: 'Hm' }])).toContain('{"reasoning_content":"Hm"}');
});

test("an error part makes OpenAI's client throw, and ends the stream", async () => {
  const failed = encode([
    { type: 'text', ...place(0), text: 'Hi' },
    { type: 'error', failure: { status: 503, type: 'overloaded_error', message: 'Busy' } },
    { type: 'text', ...place(0), text: 'more' },
    { type: 'end' },
  ]);
  expect(failed).not.toContain('more');
  expect(failed).not.toContain('[DONE]');
  await expect(readBySdk(failed).finalChatCompletion()).rejects.toMatchObject({
    code: 'overloaded_error',
    type: 'server_error',
    error: { message: 'Busy' },
  });
});

test('an error of ours in a stream reads like one of a provider', async () => {
  const event = openaiChat.encodeStreamError({ status: 502, code: 'provider-cut', message: 'The answer ended early.' });
  const text = encode([{ type: 'text', ...place(0), text: 'Hi' }]) + written(event);
  await expect(readBySdk(text).finalChatCompletion()).rejects.toMatchObject({ code: 'provider-cut', message: 'The answer ended early.' });
});
