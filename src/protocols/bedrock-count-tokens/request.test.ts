import { CountTokensCommand } from '@aws-sdk/client-bedrock-runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countTokens } from '../../../test/recordings/bedrock-converse/requests.ts';
import { clientServed } from '../../../test/recordings/bedrock-converse/sdk.ts';
import { startFakeBedrock, type FakeBedrock } from '../../demo/bedrock.ts';
import { parseJson, type JsonNode } from '../../framing/json.ts';
import { noUsage } from '../../llm/usage.ts';
import { requestContract } from '../protocol.contract.ts';
import { bedrockCountTokens } from './index.ts';

let fake: FakeBedrock;
beforeAll(async () => {
  fake = await startFakeBedrock();
});
afterAll(() => fake.stop());

const model = 'eu.anthropic.claude-haiku-4-5-20251001-v1:0';
const parsed = (body: object): JsonNode => parseJson(Buffer.from(JSON.stringify(body)));
const path = { model: 'fast', stream: false };

const counting = (converse: object): object => ({ input: { converse: { ...countTokens.input.converse, ...converse } } });

requestContract(bedrockCountTokens, {
  request: counting({}) as Record<string, unknown>,
  path,
  requiredFields: ['input'],
  places: {
    'the system prompt': (value) => counting({ system: [{ text: value }] }),
    'the text of a message': (value) => counting({ messages: [{ role: 'user', content: [{ text: value }] }] }),
    'an unknown field of what is counted': (value) => counting({ vendor: value }),
    'the description of a tool': (value) =>
      counting({ toolConfig: { tools: [{ toolSpec: { name: 'look', description: value, inputSchema: { json: {} } } }] } }),
  },
});

test('a request is counted by Bedrock as it was decoded', async () => {
  const body = parsed(countTokens);
  const facts = bedrockCountTokens.facts(body, path);
  expect(facts).toMatchObject({ model: 'fast', stream: false, maxTokens: 0 });
  const { value, warnings } = bedrockCountTokens.decodeRequest(body, facts);
  expect(warnings).toEqual([]);
  const encoded = bedrockCountTokens.encodeRequest(value, { model, quirks: {} });
  expect(JSON.parse(encoded.value)).toMatchObject(countTokens);
  const headers = { authorization: `Bearer ${fake.apiKey}`, 'content-type': 'application/json' };
  const response = await fetch(`${fake.url}/model/${encodeURIComponent(model)}/count-tokens`, { method: 'POST', headers, body: encoded.value });
  const parts = bedrockCountTokens.decodeAnswer(Buffer.from(await response.arrayBuffer()));
  expect(parts).toMatchObject([
    { type: 'start' },
    { type: 'usage', usage: { inputTokens: expect.any(Number) as unknown, outputTokens: 0 } },
    { type: 'end' },
  ]);
});

test('the path names the model', () => {
  expect(bedrockCountTokens.matchPath('/model/fast/count-tokens', new URLSearchParams())).toEqual({ model: 'fast', stream: false });
});

describe('facts name the field at fault', () => {
  test.each([
    [{}, 'input'],
    [{ input: {} }, 'input.converse'],
    [{ input: { converse: {} } }, 'input.converse.messages'],
    [{ input: { converse: { messages: [] } } }, 'input.converse.messages'],
    [{ input: { invokeModel: { body: 'e30=' } } }, 'input.invokeModel'],
  ])('in %j', (body, field) => {
    expect(() => bedrockCountTokens.facts(parsed(body), path)).toThrow(
      expect.objectContaining({ name: 'JsonFieldError', field: expect.stringContaining(field) as unknown }),
    );
  });
});

test('texts and state are found in the request inside', () => {
  const messages = [{ role: 'assistant', content: [{ text: 'Bob' }, { toolUse: { toolUseId: 'a', name: 'f', input: {} } }] }];
  const body = parsed({ input: { converse: { messages } } });
  expect(bedrockCountTokens.requestTexts(body).map(({ node }) => node.text)).toEqual(['"Bob"', '{}']);
  expect(bedrockCountTokens.stateSpots(body).map(({ node }) => node.string())).toEqual(['a']);
});

test('a count is read by the SDK', async () => {
  const body = bedrockCountTokens.encodeAnswer([{ type: 'usage', usage: { ...noUsage, inputTokens: 42 } }], { wantsUsage: true, createdAt: 0 });
  const client = clientServed({ headers: { 'content-type': 'application/json' }, body });
  const { inputTokens } = await client.send(new CountTokensCommand({ modelId: 'fast', input: { converse: { messages: [] } } }));
  expect(inputTokens).toBe(42);
});

test('an error in place of a count is one, and anything else is refused', () => {
  expect(bedrockCountTokens.decodeAnswer(Buffer.from('{"message":"No."}'))).toMatchObject([{ type: 'error', failure: { message: 'No.' } }]);
  for (const body of ['{}', '[]', '{"inputTokens":-1}']) {
    expect(() => bedrockCountTokens.decodeAnswer(Buffer.from(body))).toThrow(expect.objectContaining({ name: 'JsonFieldError' }));
  }
});
