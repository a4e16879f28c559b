import { expect, test } from 'vitest';
import { bytesOf, streams } from '../../../test/recordings/gemini-generate/streams.ts';
import type { StreamEvent } from '../../framing/event.ts';
import { jsonArrayStream } from '../../framing/json-array-stream.ts';
import { sse } from '../../framing/sse.ts';
import type { Part } from '../../llm/part.ts';
import { withoutPlaces } from '../protocol.contract.ts';
import type { LocatedText, TextEvent } from '../protocol.ts';
import { createStreamRelay } from '../relay.ts';
import { geminiGenerate } from './index.ts';
import { createDecoder, createEncoder, heldTextEvent } from './stream.ts';

const event = (data: unknown): StreamEvent => ({ name: '', data: JSON.stringify(data), raw: Buffer.alloc(0) });
const says = (parts: object[], more: object = {}) => ({ candidates: [{ content: { parts, role: 'model' }, index: 0, ...more }] });

function decode(...responses: unknown[]): Part[] {
  const decoder = createDecoder();
  return withoutPlaces(responses.flatMap((response) => decoder.push(event(response))));
}

const decodeBytes = (bytes: Buffer): Part[] => {
  const decoder = createDecoder();
  return withoutPlaces(
    sse
      .createParser()
      .push(bytes)
      .flatMap((each) => decoder.push(each)),
  );
};

test('thoughts and text: the signature of the text after a thought closes the thought', () => {
  const parts = decodeBytes(bytesOf(streams['thoughts and text']));
  expect(parts.filter(({ type }) => type !== 'usage')).toEqual([
    { type: 'start', id: '3vYwaezI', model: 'gemini-2.5-flash' },
    { type: 'reasoning', choice: 0, block: 0, text: '**Weighing**' },
    { type: 'reasoning', choice: 0, block: 0, text: ' the words\n' },
    { type: 'reasoning-state', choice: 0, block: 0, state: { origin: 'google', kind: 'signature', value: 'CpgBAdHtim9t' } },
    { type: 'block-end', choice: 0, block: 0 },
    { type: 'text', choice: 0, block: 1, text: 'Grüße' },
    { type: 'text', choice: 0, block: 1, text: ' aus 東京 ' },
    { type: 'text', choice: 0, block: 1, text: '👩‍🚀!' },
    { type: 'block-end', choice: 0, block: 1 },
    { type: 'finish', choice: 0, reason: { unified: 'stop', raw: 'STOP' } },
  ]);
});

test('usage is told again only where it changed, as running totals', () => {
  const usages = decodeBytes(bytesOf(streams['parallel calls'])).filter((part) => part.type === 'usage');
  expect(usages.map(({ usage: { inputTokens, outputTokens, reasoningTokens } }) => [inputTokens, outputTokens, reasoningTokens])).toEqual([
    [72, 5, 0],
    [72, 49, 18],
  ]);
});

test('a count that a later report leaves out stays', () => {
  const [, last] = decode({ usageMetadata: { promptTokenCount: 7, totalTokenCount: 7 } }, { usageMetadata: { candidatesTokenCount: 3 } }).filter(
    (part) => part.type === 'usage',
  );
  expect(last).toMatchObject({ usage: { inputTokens: 7, outputTokens: 3 } });
});

test('a signature at the end is state of thinking that nobody sees', () => {
  expect(decodeBytes(bytesOf(streams['a signature at the end'])).filter(({ type }) => type !== 'usage')).toMatchObject([
    { type: 'start' },
    { type: 'text', block: 0, text: 'Done' },
    { type: 'block-end', block: 0 },
    { type: 'reasoning-state', block: 1, state: { value: 'EpICCo8C' } },
    { type: 'block-end', block: 1 },
    { type: 'finish' },
  ]);
});

test('calls are whole, each a block of its own; arguments that are streamed are no further call', () => {
  const parts = decode(
    says([{ functionCall: { id: 'a', name: 'f', willContinue: true } }]),
    says([{ functionCall: { partialArgs: [{ jsonPath: '$.x', stringValue: 'y' }], willContinue: true } }]),
    says([{ functionCall: { id: 'b', name: 'g', args: {} } }], { finishReason: 'STOP' }),
  );
  expect(parts).toEqual([
    { type: 'start', id: '', model: '' },
    { type: 'tool-call', choice: 0, block: 0, id: 'a', name: 'f' },
    { type: 'block-end', choice: 0, block: 0 },
    { type: 'tool-call', choice: 0, block: 1, id: 'b', name: 'g' },
    { type: 'tool-arguments', choice: 0, block: 1, text: '{}' },
    { type: 'block-end', choice: 0, block: 1 },
    { type: 'finish', choice: 0, reason: { unified: 'tool-calls', raw: 'STOP' } },
  ]);
});

test('candidates are choices; each ends once', () => {
  const parts = decodeBytes(bytesOf(streams['two candidates']));
  const textOf = (choice: number): string => parts.flatMap((part) => (part.type === 'text' && part.choice === choice ? [part.text] : [])).join('');
  expect([textOf(0), textOf(1)]).toEqual(['One too.', 'Another more.']);
  expect(parts.filter(({ type }) => type === 'finish')).toEqual([
    { type: 'finish', choice: 0, reason: { unified: 'length', raw: 'MAX_TOKENS' } },
    { type: 'finish', choice: 1, reason: { unified: 'stop', raw: 'STOP' } },
  ]);
  expect(decode(says([], { finishReason: 'STOP' }), says([], { finishReason: 'STOP' })).filter(({ type }) => type === 'finish')).toHaveLength(1);
});

test('an error inside of a stream', () => {
  expect(decodeBytes(bytesOf(streams['error midway'])).at(-1)).toEqual({
    type: 'error',
    failure: { status: 503, type: 'UNAVAILABLE', message: 'The model is overloaded. Please try again later.' },
  });
});

test.each([
  null,
  5,
  [],
  {},
  { candidates: 'x' },
  { candidates: [null, { content: { parts: [null, { text: 5 }, {}] } }] },
  { usageMetadata: { promptTokenCount: 'x' } },
])('the odd event %j says nothing', (odd) => {
  expect(decode(odd).filter(({ type }) => type !== 'start' && type !== 'usage')).toEqual([]);
});

const held = (response: object, part: number, text: string): unknown => {
  const shown = event(response);
  const texts = createDecoder()
    .push(shown)
    .filter((each): each is LocatedText => 'place' in each && each.type !== 'echo');
  const { place } = texts[part] as LocatedText;
  const last: TextEvent = { event: shown, texts, place };
  return JSON.parse(heldTextEvent(last, text).data);
};

test('text that was held back stands alone, as what it was', () => {
  const response = {
    ...says([{ text: 'A', thought: true }, { text: 'B' }, { functionCall: { name: 'f', args: {} } }], { index: 1 }),
    responseId: 'r',
    usageMetadata: {},
  };
  expect(held(response, 0, 'x "y"')).toEqual({ ...says([{ text: 'x "y"', thought: true }], { index: 1 }), responseId: 'r' });
  expect(held(response, 1, 'x')).toEqual({ ...says([{ text: 'x' }], { index: 1 }), responseId: 'r' });
});

const encode = (...parts: Part[]): unknown[] => {
  const encoder = createEncoder({});
  return parts.flatMap((part) => encoder.push(part)).map(({ data }) => JSON.parse(data) as unknown);
};

test('a call goes out whole when its block ends, or at the latest when the answer does', () => {
  const at = (block: number) => ({ choice: 0, block });
  const finish: Part = { type: 'finish', choice: 0, reason: { unified: 'tool-calls', raw: 'tool_use' } };
  const written = encode(
    { type: 'start', id: 'x', model: 'm' },
    { type: 'tool-call', ...at(0), id: 'a', name: 'f', state: { origin: 'google', kind: 'signature', value: 'c2ln' } },
    { type: 'tool-call', ...at(1), id: 'b', name: 'g' },
    { type: 'tool-arguments', ...at(0), text: '{"n":9007199254740991,' },
    { type: 'tool-arguments', ...at(0), text: '"a":1}' },
    { type: 'block-end', ...at(0) },
    finish,
    { type: 'end' },
  );
  const tail = { modelVersion: 'm', responseId: 'x' };
  expect(written).toEqual([
    { ...says([{ functionCall: { id: 'a', name: 'f', args: { n: 9007199254740991, a: 1 } }, thoughtSignature: 'c2ln' }]), ...tail },
    { ...says([{ functionCall: { id: 'b', name: 'g', args: {} } }]), ...tail },
    { ...says([{ text: '' }], { finishReason: 'STOP' }), ...tail },
  ]);
});

test('why candidates ended and what they cost is said once, at the end', () => {
  const finish = (choice: number): Part => ({ type: 'finish', choice, reason: { unified: 'length', raw: 'length' } });
  const usage = {
    inputTokens: 9,
    cacheReadTokens: 2,
    cacheWriteTokens: 0,
    cacheWrite1hTokens: 0,
    inputAudioTokens: 0,
    outputTokens: 6,
    reasoningTokens: 4,
    outputAudioTokens: 0,
    serviceTier: '',
  };
  const token = { token: 'A', logprob: -1, top: [] };
  const written = encode(
    { type: 'text', choice: 1, block: 0, text: 'A' },
    { type: 'logprobs', choice: 1, block: 0, tokens: [token] },
    finish(1),
    finish(0),
    { type: 'usage', usage },
    { type: 'end' },
    { type: 'text', choice: 1, block: 0, text: 'too late' },
  );
  expect(written).toMatchObject([
    says([{ text: 'A' }], { index: 1 }),
    {
      candidates: [
        { finishReason: 'MAX_TOKENS', index: 0 },
        { content: { parts: [{ text: '' }] }, finishReason: 'MAX_TOKENS', index: 1, avgLogprobs: -1 },
      ],
      usageMetadata: { promptTokenCount: 9, cachedContentTokenCount: 2, candidatesTokenCount: 2, thoughtsTokenCount: 4, totalTokenCount: 15 },
    },
  ]);
});

test.each(Object.entries(streams))('the stream "%s" reaches a client as one JSON array, if it wants it so', (_, recorded) => {
  const side = { protocol: geminiGenerate, framing: sse };
  const relay = createStreamRelay(
    {
      from: side,
      to: { ...side, framing: jsonArrayStream },
      finish: (part) => [part],
      observe: () => {},
      filter: undefined,
      isRewritten: false,
      storedIds: undefined,
      options: { wantsUsage: true, createdAt: 0 },
    },
    { cut: () => [], failed: () => [] },
  );
  const sent = [bytesOf(recorded), Buffer.alloc(0)].map((chunk, at) => String(relay.push(chunk, at === 1)));
  expect(JSON.parse(sent.join(''))).toEqual(recorded);
});

test('an answer that stops before its end never says why it ended', () => {
  const text: Part = { type: 'text', choice: 0, block: 0, text: 'A' };
  expect(JSON.stringify(encode(text, { type: 'finish', choice: 0, reason: { unified: 'stop', raw: '' } }))).not.toContain('finishReason');
});
