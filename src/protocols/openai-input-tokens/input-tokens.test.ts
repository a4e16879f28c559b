import type { InputTokenCountResponse } from 'openai/resources/responses/input-tokens';
import { expect, test } from 'vitest';
import { everyTranslatableField } from '../../../test/recordings/openai-responses/requests.ts';
import { parseJson } from '../../framing/json.ts';
import { splice } from '../../framing/splice.ts';
import { noUsage } from '../../llm/usage.ts';
import { openaiInputTokens } from './index.ts';

const parsed = (body: object) => parseJson(Buffer.from(JSON.stringify(body)));
const counted: InputTokenCountResponse = { object: 'response.input_tokens', input_tokens: 42 };
const parts = [{ type: 'start', id: '', model: '' }, { type: 'usage', usage: { ...noUsage, inputTokens: 42 } }, { type: 'end' }] as const;
const options = { wantsUsage: true, createdAt: 0 };

test('is asked for at the paths of the SDK', () => {
  const match = (path: string) => openaiInputTokens.matchPath(path, new URLSearchParams());
  expect(match('/v1/responses/input_tokens')).toEqual({});
  expect(match('/openai/v1/responses/input_tokens')).toEqual({});
  expect(match('/v1/responses')).toBeUndefined();
});

test('generates nothing, so nothing is stored or streamed', () => {
  expect(openaiInputTokens.facts(parsed({ model: 'fast', input: 'Hi' }), {})).toEqual({
    model: 'fast',
    stream: false,
    maxTokens: 0,
    choices: 1,
    wantsUsage: true,
  });
  expect(() => openaiInputTokens.facts(parsed({ model: 'fast' }), {})).toThrow('input is required');
});

test('a request for OpenAI has what the model would read, and nothing else', () => {
  const body = parsed(everyTranslatableField);
  const { value } = openaiInputTokens.decodeRequest(body, openaiInputTokens.facts(body, {}));
  const { value: text } = openaiInputTokens.encodeRequest(value, { model: 'gpt-5-mini', quirks: {} });
  expect(Object.keys(JSON.parse(text) as object).toSorted()).toEqual([
    ...['input', 'instructions', 'model', 'parallel_tool_calls', 'reasoning', 'text', 'tool_choice', 'tools'],
  ]);
});

test('a request of this protocol changes in its model alone', () => {
  const body = parsed({ model: 'fast', input: 'Hi', personality: 'friendly' });
  const { value, warnings } = openaiInputTokens.retarget(body, openaiInputTokens.facts(body, {}), { model: 'gpt-5', quirks: {} });
  expect(splice(body.bytes, value).toString()).toBe('{"model":"gpt-5","input":"Hi","personality":"friendly"}');
  expect(warnings).toEqual([]);
});

test('a count becomes usage, and usage a count', () => {
  expect(openaiInputTokens.decodeAnswer(Buffer.from(JSON.stringify(counted)))).toEqual(parts);
  expect(JSON.parse(openaiInputTokens.encodeAnswer(parts, options))).toEqual(counted);
});

test('an error in place of a count is one, and anything else cannot be read', () => {
  const error = { error: { message: 'Busy.', type: 'server_error', param: null, code: null } };
  expect(openaiInputTokens.decodeAnswer(Buffer.from(JSON.stringify(error)))).toEqual([
    { type: 'error', failure: { status: 500, type: 'server_error', message: 'Busy.' } },
  ]);
  expect(() => openaiInputTokens.decodeAnswer(Buffer.from('{"object":"x"}'))).toThrow('input_tokens is required');
});

test('what people write is found as in a request for an answer', () => {
  const spots = openaiInputTokens.requestTexts(parsed({ model: 'fast', input: 'Hi', instructions: 'Help' }));
  expect(spots.map(({ node }) => node.path)).toEqual(['input', 'instructions']);
});
