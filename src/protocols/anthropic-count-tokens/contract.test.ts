import type { MessageTokensCount } from '@anthropic-ai/sdk/resources/messages/messages';
import { expect, test } from 'vitest';
import { countTokens } from '../../../test/recordings/anthropic-count-tokens/requests.ts';
import { parseJson } from '../../framing/json.ts';
import type { ChatRequest } from '../../llm/request.ts';
import { noUsage } from '../../llm/usage.ts';
import { ClientRequest } from '../client-request.ts';
import { requestContract } from '../protocol.contract.ts';
import { anthropicCountTokens } from './index.ts';

const messages = [{ role: 'user', content: 'Hi' }];

requestContract(anthropicCountTokens, {
  request: { model: 'fast', messages },
  requiredFields: ['model', 'messages'],
  faults: [
    [{ model: '' }, 'model'],
    [{ messages: [] }, 'messages'],
    [{ messages: [{ content: 'Hi' }] }, 'messages[0].role'],
  ],
  places: {
    'a system message': (value) => ({ system: value }),
    'the text of a message': (value) => ({ messages: [{ role: 'user', content: value }] }),
    'the description of a tool': (value) => ({ tools: [{ name: 'mail', description: value, input_schema: {} }] }),
  },
});

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const answer: MessageTokensCount = { input_tokens: 2095 };

test('a count is usage, and written as it was read', () => {
  const parts = anthropicCountTokens.decodeAnswer(bytes(answer));
  expect(parts).toEqual([{ type: 'start', id: '', model: '' }, { type: 'usage', usage: { ...noUsage, inputTokens: 2095 } }, { type: 'end' }]);
  const usage = { ...noUsage, inputTokens: 2095 };
  expect(JSON.parse(anthropicCountTokens.encodeAnswer([{ type: 'usage', usage }, { type: 'end' }], { wantsUsage: true, createdAt: 0 }))).toEqual(
    answer,
  );
});

test('an error in place of a count is one', () => {
  const body = bytes({ type: 'error', error: { type: 'overloaded_error', message: 'Busy.' } });
  expect(anthropicCountTokens.decodeAnswer(body)).toEqual([{ type: 'error', failure: { status: 529, type: 'overloaded_error', message: 'Busy.' } }]);
});

test.each([[{}], [{ input_tokens: null }], [{ input_tokens: -1 }], [{ input_tokens: '7' }]])('%j is no count', (body) => {
  expect(() => anthropicCountTokens.decodeAnswer(bytes(body))).toThrow(expect.objectContaining({ name: 'JsonFieldError' }));
});

test('nothing is generated, so nothing is kept for output', () => {
  expect(anthropicCountTokens.facts(parseJson(bytes(countTokens)), {})).toMatchObject({ model: 'fast', maxTokens: 0, stream: false });
});

test('what decodes encodes to the same request, and how an answer is made is not sent', () => {
  const { value, warnings } = anthropicCountTokens.decodeRequest(parseJson(bytes(countTokens)), {
    model: 'fast',
    stream: false,
    maxTokens: 0,
    choices: 1,
    wantsUsage: true,
  });
  expect(warnings).toEqual([]);
  const request: ChatRequest = { ...value, stream: true, maxTokens: 10_000, temperature: 0.5, stop: ['END'], seed: 1, user: 'u' };
  const encoded = anthropicCountTokens.encodeRequest(request, { model: 'claude-haiku-4-5', quirks: {} });
  expect(JSON.parse(encoded.value)).toEqual({
    ...countTokens,
    model: 'claude-haiku-4-5',
    messages: [{ role: 'user', content: 'Who is Bob?' }],
  });
  expect(encoded.warnings).toEqual([]);
});

test('at a cloud the version comes into the body, and the model stays there', () => {
  const target = { model: 'claude-opus-5', quirks: { bodyVersion: 'vertex-2023-10-16' } };
  const request = new ClientRequest(anthropicCountTokens, bytes({ model: 'fast', messages }));
  const expected = { anthropic_version: 'vertex-2023-10-16', model: 'claude-opus-5', messages };
  expect(JSON.parse(request.retargeted(target).value.toString())).toEqual(expected);
  const { value } = anthropicCountTokens.encodeRequest(
    { stream: false, messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }], tools: [], stop: [] },
    target,
  );
  expect(JSON.parse(value)).toEqual(expected);
});
