import { expect, test } from 'vitest';
import { answers } from '../../../test/recordings/gemini-generate/answers.ts';
import type { Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { withoutPlaces } from '../protocol.contract.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';

const decode = (answer: unknown) => withoutPlaces(decodeAnswer(Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer))));
const encode = (parts: Part[], model?: string) => JSON.parse(encodeAnswer(parts, model === undefined ? {} : { model })) as Record<string, unknown>;

test('an answer with thoughts, text and a signed call', () => {
  const state = { origin: 'google', kind: 'signature', value: 'EqQBCqEBAb4+9vs=' };
  expect(decode(answers['thoughts, text and a call'])).toEqual([
    { type: 'start', id: 'a2Yxabcd', model: 'gemini-3-pro-preview' },
    { type: 'reasoning', choice: 0, block: 0, text: 'Looking for the tool' },
    { type: 'block-end', choice: 0, block: 0 },
    { type: 'text', choice: 0, block: 1, text: 'One moment.' },
    { type: 'block-end', choice: 0, block: 1 },
    { type: 'tool-call', choice: 0, block: 2, id: 'p0', name: 'find', state },
    { type: 'tool-arguments', choice: 0, block: 2, text: '{"room":"north","floor":2}' },
    { type: 'block-end', choice: 0, block: 2 },
    { type: 'finish', choice: 0, reason: { unified: 'tool-calls', raw: 'STOP' } },
    {
      type: 'usage',
      usage: { ...noUsage, inputTokens: 118, cacheReadTokens: 64, inputAudioTokens: 18, outputTokens: 77, reasoningTokens: 57 },
    },
    { type: 'end' },
  ]);
});

test('a prompt that is blocked has been filtered', () => {
  expect(decode(answers['a prompt that is blocked'])).toMatchObject([
    { type: 'start' },
    { type: 'usage' },
    { type: 'finish', choice: 0, reason: { unified: 'content-filter', raw: 'SAFETY' } },
    { type: 'end' },
  ]);
});

test.each([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content-filter'],
  ['RECITATION', 'content-filter'],
  ['BLOCKLIST', 'content-filter'],
  ['PROHIBITED_CONTENT', 'content-filter'],
  ['SPII', 'content-filter'],
  ['MALFORMED_FUNCTION_CALL', 'other'],
  ['CONTINUATION', 'pause'],
  ['BRAND_NEW', 'other'],
])('the end %s is %s, and goes out under its own name', (finishReason, unified) => {
  const parts = decode({ candidates: [{ content: { parts: [{ text: 'A' }] }, finishReason }] });
  expect(parts).toContainEqual({ type: 'finish', choice: 0, reason: { unified, raw: finishReason } });
  const known = finishReason === 'BRAND_NEW' ? 'OTHER' : finishReason;
  expect(encode(parts)).toMatchObject({ candidates: [{ finishReason: known }] });
});

test('calls without an id get one that no other answer has; arguments keep what JSON.parse would spoil', () => {
  const parts = decode(
    '{"responseId":"r1","candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"n": 9007199254740993}}},{"functionCall":{"name":"g"}}]}}]}',
  );
  expect(parts.filter(({ type }) => type.startsWith('tool'))).toEqual([
    { type: 'tool-call', choice: 0, block: 0, id: 'call_r1_1', name: 'f' },
    { type: 'tool-arguments', choice: 0, block: 0, text: '{"n": 9007199254740993}' },
    { type: 'tool-call', choice: 0, block: 1, id: 'call_r1_2', name: 'g' },
  ]);
});

test('log probabilities are those of the text', () => {
  const logprobsResult = {
    chosenCandidates: [{ token: 'A', tokenId: 5, logProbability: -0.5 }, { token: 'B' }],
    topCandidates: [{ candidates: [{ token: 'A', logProbability: -0.5 }] }],
  };
  const parts = decode({ candidates: [{ content: { parts: [{ text: 'AB' }] }, logprobsResult, finishReason: 'STOP' }] });
  const tokens = [
    { token: 'A', logprob: -0.5, top: [{ token: 'A', logprob: -0.5 }] },
    { token: 'B', logprob: 0, top: [] },
  ];
  expect(parts).toContainEqual({ type: 'logprobs', choice: 0, block: 0, tokens });
  expect(encode(parts)).toMatchObject({
    candidates: [
      {
        avgLogprobs: -0.25,
        logprobsResult: {
          chosenCandidates: [
            { token: 'A', logProbability: -0.5 },
            { token: 'B', logProbability: 0 },
          ],
        },
      },
    ],
  });
});

test('images and code of an answer have no part', () => {
  const parts = [{ text: 'A' }, { inlineData: { mimeType: 'image/png', data: 'AA==' } }, { executableCode: { code: '1' } }, { text: 'B' }];
  expect(decode({ candidates: [{ content: { parts }, finishReason: 'STOP' }] }).filter(({ type }) => type === 'text')).toEqual([
    { type: 'text', choice: 0, block: 0, text: 'A' },
    { type: 'text', choice: 0, block: 1, text: 'B' },
  ]);
});

test.each(['{"candidates":[]}', '{}', '[]', '"x"', '{"promptFeedback":{}}'])('%s is no answer', (body) => {
  expect(() => decode(body)).toThrow(expect.objectContaining({ name: 'JsonFieldError' }));
});

test('a candidate that does not say why it ended is an answer all the same', () => {
  expect(decode({ candidates: [{ content: { parts: [{ text: 'A' }] } }] })).toMatchObject([
    { type: 'start' },
    { type: 'text' },
    { type: 'block-end' },
    { type: 'finish', reason: { unified: 'other', raw: '' } },
    { type: 'end' },
  ]);
});

test('an answer of another provider', () => {
  const place = { choice: 0, block: 1 };
  expect(
    encode(
      [
        { type: 'start', id: 'msg_1', model: '' },
        { type: 'reasoning', choice: 0, block: 0, text: 'Hm' },
        { type: 'reasoning-state', choice: 0, block: 0, state: { origin: 'anthropic', kind: 'signature', value: 'rmr1_abc' } },
        { type: 'tool-call', ...place, id: 'toolu_1', name: 'f' },
        { type: 'tool-arguments', ...place, text: '{"a":' },
        { type: 'tool-arguments', ...place, text: '1' },
        { type: 'refusal', choice: 0, block: 2, text: 'No.' },
        { type: 'usage', usage: { ...noUsage, inputTokens: 9, cacheWriteTokens: 4, outputTokens: 5, outputAudioTokens: 2 } },
        { type: 'finish', choice: 0, reason: { unified: 'refusal', raw: 'refusal' } },
        { type: 'end' },
      ],
      'fast',
    ),
  ).toEqual({
    candidates: [
      {
        content: {
          role: 'model',
          parts: [
            { text: 'Hm', thought: true, thoughtSignature: Buffer.from('rmr1_abc').toString('base64') },
            { functionCall: { id: 'toolu_1', name: 'f', args: { invalid_json: '{"a":1' } } },
            { text: 'No.' },
          ],
        },
        finishReason: 'SAFETY',
        index: 0,
      },
    ],
    usageMetadata: {
      promptTokenCount: 9,
      candidatesTokenCount: 5,
      totalTokenCount: 14,
      candidatesTokensDetails: [
        { modality: 'TEXT', tokenCount: 3 },
        { modality: 'AUDIO', tokenCount: 2 },
      ],
    },
    modelVersion: 'fast',
    responseId: 'msg_1',
  });
});
