import { expect, test } from 'vitest';
import { ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { clientServed } from '../../../test/recordings/bedrock-converse/sdk.ts';
import type { Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';

const place = { choice: 0, block: 0 } as const;

test('an answer is read by the SDK as it was meant', async () => {
  const parts: Part[] = [
    { type: 'reasoning', ...place, text: 'Hm.' },
    { type: 'reasoning-state', ...place, state: { origin: 'anthropic', kind: 'signature', value: 'sig' } },
    { type: 'block-end', ...place },
    { type: 'reasoning-state', choice: 0, block: 1, state: { origin: 'anthropic', kind: 'encrypted', value: 'AAEC' } },
    { type: 'block-end', choice: 0, block: 1 },
    { type: 'refusal', choice: 0, block: 2, text: 'No.' },
    { type: 'tool-call', choice: 0, block: 3, id: 'c', name: 'f' },
    { type: 'tool-arguments', choice: 0, block: 3, text: '{"id":9007199254740993}' },
    { type: 'usage', usage: { ...noUsage, inputTokens: 5, outputTokens: 2 } },
    { type: 'finish', choice: 0, reason: { unified: 'stop', raw: 'stop' } },
  ];
  const json = encodeAnswer(parts);
  expect(json).toContain('"input":{"id":9007199254740993}');
  const { $metadata: _, ...answer } = await clientServed({ headers: { 'content-type': 'application/json' }, body: json }).send(
    new ConverseCommand({ modelId: 'fast', messages: [] }),
  );
  expect(answer).toMatchObject({
    output: {
      message: {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'sig' } } },
          { reasoningContent: { redactedContent: new Uint8Array([0, 1, 2]) } },
          { text: 'No.' },
          { toolUse: { toolUseId: 'c', name: 'f', input: { id: 9_007_199_254_740_993n } } },
        ],
      },
    },
    stopReason: 'tool_use',
    usage: { inputTokens: 5, outputTokens: 2, totalTokens: 7, cacheReadInputTokens: 0, cacheWriteInputTokens: 0 },
    metrics: { latencyMs: 0 },
  });
});

test('arguments that are no JSON object are kept as the text they are', () => {
  const parts: Part[] = [
    { type: 'tool-call', ...place, id: 'c', name: 'f' },
    { type: 'tool-arguments', ...place, text: '{"x":' },
  ];
  expect(JSON.parse(encodeAnswer(parts))).toMatchObject({ output: { message: { content: [{ toolUse: { input: { invalid_json: '{"x":' } } }] } } });
});

test('an answer’s 64-bit integers come through', () => {
  const json = '{"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"c","name":"f","input":{"id":9007199254740993}}}]}}}';
  expect(decodeAnswer(Buffer.from(json))).toMatchObject([{ type: 'start' }, { type: 'tool-call' }, { text: '{"id":9007199254740993}' }, {}, {}, {}]);
});

test.each([
  [
    { message: 'No.', __type: 'com.amazon#ThrottlingException' },
    { status: 429, type: 'ThrottlingException', message: 'No.' },
  ],
  [{ Message: 'Who?' }, { status: 502, type: '', message: 'Who?' }],
])('an error in place of an answer is one: %j', (body, failure) => {
  expect(decodeAnswer(Buffer.from(JSON.stringify(body)))).toEqual([{ type: 'error', failure }]);
});

test.each([{}, { output: {} }, { output: { message: {} } }, { output: { message: { content: [{ text: 7 }] } } }, []])('%j is no answer', (body) => {
  expect(() => decodeAnswer(Buffer.from(JSON.stringify(body)))).toThrow(expect.objectContaining({ name: 'JsonFieldError' }));
});
