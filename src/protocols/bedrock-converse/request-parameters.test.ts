import { expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import { splice } from '../../framing/splice.ts';
import type { ChatParameters } from '../chat-parameters.ts';
import { parameterEdits } from './request-parameters.ts';

function set(body: object, parameters: ChatParameters, model: string): { body: Record<string, unknown>; warnings: string[] } {
  const node = parseJson(Buffer.from(JSON.stringify(body)));
  const { value, warnings } = parameterEdits(node, parameters, { model, quirks: {} });
  return { body: JSON.parse(splice(node.bytes, value).toString()), warnings: warnings.map(({ field }) => field) };
}

test.each([
  ['anthropic.claude-opus-4-8', { additionalModelRequestFields: { thinking: { type: 'adaptive' } }, outputConfig: { effort: 'medium' } }],
  ['amazon.nova-2-lite-v1:0', { additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'medium' } } }],
  ['openai.gpt-oss-120b-1:0', { additionalModelRequestFields: { reasoning_effort: 'medium' } }],
])('%s is told how much to think in the fields of its maker', (model, expected) => {
  expect(set({}, { reasoningEffort: 'medium' }, model)).toEqual({ body: expected, warnings: [] });
});

test('a model that cannot be told how much to think is not', () => {
  expect(set({}, { reasoningEffort: 'high', maxTokens: 5 }, 'meta.llama3-1-70b-instruct-v1:0')).toEqual({
    body: { inferenceConfig: { maxTokens: 5 } },
    warnings: ['reasoning'],
  });
});

test("fields of other makers for it go, and the client's other fields stay", () => {
  const client = {
    additionalModelRequestFields: {
      top_k: 3,
      reasoning_effort: 'low',
      output_config: { effort: 'low', format: { type: 'json_schema', schema: {} } },
    },
    outputConfig: { effort: 'max' },
  };
  expect(set(client, { reasoningEffort: 'medium' }, 'amazon.nova-2-lite-v1:0').body).toEqual({
    additionalModelRequestFields: {
      top_k: 3,
      output_config: { format: { type: 'json_schema', schema: {} } },
      reasoningConfig: { type: 'enabled', maxReasoningEffort: 'medium' },
    },
    outputConfig: {},
  });
});

test('options that the model refuses are not set', () => {
  expect(set({}, { temperature: 0.5 }, 'anthropic.claude-opus-4-8')).toEqual({ body: {}, warnings: ['temperature'] });
  expect(set({ inferenceConfig: { temperature: 0.9 } }, { topP: 0.5 }, 'anthropic.claude-haiku-4-5')).toEqual({
    body: { inferenceConfig: { topP: 0.5 } },
    warnings: ['temperature'],
  });
  expect(set({}, { temperature: 1.5 }, 'mistral.mistral-large-2407-v1:0')).toEqual({
    body: { inferenceConfig: { temperature: 1 } },
    warnings: ['temperature'],
  });
});
