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

test('the model is told how much to think in its own measure', () => {
  const thinking = (model: string) => set({}, { reasoningEffort: 'low' }, model).body;
  expect(thinking('gemini-3-flash')).toEqual({ generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } });
  expect(thinking('gemini-2.5-flash')).toEqual({ generationConfig: { thinkingConfig: { thinkingBudget: 2048 } } });
  expect(set({}, { reasoningEffort: 'low' }, 'gemini-2.0-flash')).toEqual({ body: {}, warnings: ['reasoning'] });
});

test('a level and a budget never stand together, nor thoughts to show beside none', () => {
  const thinkingConfig = { includeThoughts: true, thinkingBudget: 100, later: 1 };
  const after = (parameters: ChatParameters, model: string) =>
    set({ generationConfig: { thinkingConfig } }, parameters, model).body['generationConfig'];
  expect(after({ reasoningEffort: 'high' }, 'gemini-3-flash')).toEqual({
    thinkingConfig: { includeThoughts: true, thinkingLevel: 'HIGH', later: 1 },
  });
  expect(after({ reasoningEffort: 'none' }, 'gemini-2.5-flash')).toEqual({ thinkingConfig: { thinkingBudget: 0, later: 1 } });
  expect(after({ topP: 0.5 }, 'gemini-3-flash')).toEqual({ thinkingConfig, topP: 0.5 });
});

test('fields keep the names that the client has for them', () => {
  const client = { generation_config: { top_p: 1, max_output_tokens: 9, thinking_config: { thinking_budget: 5 } } };
  const { body } = set(client, { topP: 0.5, maxTokens: 7, temperature: 0.5, reasoningEffort: 'low' }, 'gemini-2.5-flash');
  expect(body).toEqual({ generation_config: { top_p: 0.5, max_output_tokens: 7, temperature: 0.5, thinking_config: { thinking_budget: 2048 } } });
});

test('an empty config takes several fields at once', () => {
  const { body } = set({ generationConfig: {} }, { topP: 0.5, maxTokens: 7, reasoningEffort: 'low' }, 'gemini-3-flash');
  expect(body).toEqual({ generationConfig: { maxOutputTokens: 7, topP: 0.5, thinkingConfig: { thinkingLevel: 'LOW' } } });
});
