import { expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import { bedrockConverse } from './index.ts';

const arn = 'arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0';

test.each([
  ['/model/fast/converse', { model: 'fast', stream: false }],
  ['/model/fast/converse-stream', { model: 'fast', stream: true }],
  [`/model/${encodeURIComponent(arn)}/converse-stream`, { model: arn, stream: true }],
  ['/model/anthropic.claude-v2%3A1/converse', { model: 'anthropic.claude-v2:1', stream: false }],
  ['/model/a/b/converse', undefined],
  ['/model//converse', undefined],
  ['/model/fast/invoke', undefined],
  ['/v1/model/fast/converse', undefined],
])('the path %s says %j', (path, facts) => {
  expect(bedrockConverse.matchPath(path, new URLSearchParams())).toEqual(facts);
});

const body = parseJson(Buffer.from('{"messages":[{"role":"user","content":[]}],"inferenceConfig":{"maxTokens":7}}'));

test('model and stream come from the path, the maximum from the body', () => {
  expect(bedrockConverse.facts(body, { model: 'fast', stream: true })).toEqual({
    model: 'fast',
    stream: true,
    maxTokens: 7,
    choices: 1,
    wantsUsage: true,
  });
  expect(() => bedrockConverse.facts(body, {})).toThrow(expect.objectContaining({ name: 'JsonFieldError', field: 'model' }));
});

test('a client’s own bytes go on as they are', () => {
  const facts = bedrockConverse.facts(body, { model: 'fast' });
  expect(bedrockConverse.retarget(body, facts, { model: 'amazon.nova-lite-v1:0', quirks: {} })).toEqual({ value: [], warnings: [] });
});

test('state is found in ids and signatures', () => {
  const content = [
    { toolUse: { toolUseId: 'a', name: 'f', input: {} } },
    { toolResult: { toolUseId: 'b', content: [] } },
    { reasoningContent: { reasoningText: { text: '', signature: 'c' } } },
    { reasoningContent: { redactedContent: 'ZA==' } },
    { text: 'e' },
    { toolUse: 7 },
    'f',
  ];
  const spots = bedrockConverse.stateSpots(parseJson(Buffer.from(JSON.stringify({ messages: [{ role: 'user', content }, { role: 'user' }, 7] }))));
  expect(spots.map(({ kind, node }) => [kind, node.string()])).toEqual([
    ['call-id', 'a'],
    ['call-id', 'b'],
    ['state', 'c'],
  ]);
});
