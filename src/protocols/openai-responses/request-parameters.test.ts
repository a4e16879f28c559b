import { expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import { splice } from '../../framing/splice.ts';
import type { ChatParameters } from '../chat-parameters.ts';
import { parameterEdits } from './request-parameters.ts';

const smallest = { model: 'fast', input: 'Hi' };

function set(body: object, parameters: ChatParameters, model: string): { body: Record<string, unknown>; warnings: string[] } {
  const node = parseJson(Buffer.from(JSON.stringify({ ...smallest, ...body })));
  const { value, warnings } = parameterEdits(node, parameters, { model, quirks: {} });
  return { body: JSON.parse(splice(node.bytes, value).toString()), warnings: warnings.map(({ field }) => field) };
}

const logprobs = 'message.output_text.logprobs';
const sampling = { temperature: 0.9, top_p: 0.9, top_logprobs: 2, include: ['file_search_call.results', logprobs] };

test.each(['gpt-5-mini', 'o3', 'gpt-6-sol'])('%s takes no sampling option: neither a rule’s nor, beside one, the client’s', (model) => {
  expect(set({}, { temperature: 0.5, topP: 0.5, maxTokens: 20 }, model)).toEqual({
    body: { ...smallest, max_output_tokens: 20 },
    warnings: ['temperature', 'top_p'],
  });
  expect(set(sampling, { topP: 0.5 }, model)).toEqual({
    body: { ...smallest, include: ['file_search_call.results'] },
    warnings: ['temperature', 'top_p', 'logprobs'],
  });
  expect(set({ include: [logprobs] }, { topP: 0.5 }, model).body).toEqual(smallest);
});

test('a model that may reason or sample does what the rule says', () => {
  expect(set({ temperature: 0.9, reasoning: { summary: 'auto' } }, { reasoningEffort: 'low' }, 'gpt-5.1')).toEqual({
    body: { ...smallest, reasoning: { summary: 'auto', effort: 'low' } },
    warnings: ['temperature'],
  });
  expect(set({ temperature: 0.9 }, { reasoningEffort: 'none' }, 'gpt-5.1')).toEqual({
    body: { ...smallest, temperature: 0.9, reasoning: { effort: 'none' } },
    warnings: [],
  });
});

test.each(['gpt-4o', 'gpt-4.1-mini'])('nothing about reasoning is said to %s, which does none', (model) => {
  const low = { body: { ...smallest, temperature: 0.9 }, warnings: ['reasoning'] };
  expect(set({ temperature: 0.9 }, { reasoningEffort: 'low' }, model)).toEqual(low);
  expect(set({ temperature: 0.9, reasoning: { summary: 'auto', effort: 'high' } }, { reasoningEffort: 'low' }, model)).toEqual(low);
  expect(set({ reasoning: { effort: 'high' } }, { reasoningEffort: 'none' }, model)).toEqual({ body: smallest, warnings: [] });
});

test('the output is as long as the API and the model let it be', () => {
  expect(set({}, { maxTokens: 5 }, 'gpt-4o')).toEqual({ body: { ...smallest, max_output_tokens: 16 }, warnings: ['max_tokens'] });
  expect(set({}, { maxTokens: 64_000 }, 'gpt-4o')).toEqual({ body: { ...smallest, max_output_tokens: 16_384 }, warnings: ['max_tokens'] });
});

test("the client's own options stay, even wrong ones, where the rule is about something else", () => {
  const client = { ...sampling, reasoning: { effort: 'none' } };
  expect(set(client, { maxTokens: 20 }, 'gpt-5')).toEqual({ body: { ...smallest, ...client, max_output_tokens: 20 }, warnings: [] });
});

test('a model that nobody knows gets all of it', () => {
  expect(set(sampling, { temperature: 0.5, reasoningEffort: 'max' }, 'my-deployment')).toEqual({
    body: { ...smallest, ...sampling, temperature: 0.5, reasoning: { effort: 'max' } },
    warnings: [],
  });
});
