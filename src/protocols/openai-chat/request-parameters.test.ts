import { describe, expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import { splice } from '../../framing/splice.ts';
import type { ChatParameters } from '../chat-parameters.ts';
import { parameterEdits } from './request-parameters.ts';

const smallest = { model: 'fast', messages: [{ role: 'user', content: 'Hi' }] };

function set(body: object, parameters: ChatParameters, model: string): { body: Record<string, unknown>; warnings: string[] } {
  const node = parseJson(Buffer.from(JSON.stringify({ ...smallest, ...body })));
  const { value, warnings } = parameterEdits(node, parameters, { model, quirks: {} });
  return { body: JSON.parse(splice(node.bytes, value).toString()), warnings: warnings.map(({ field }) => field) };
}

const sampling = { temperature: 0.9, top_p: 0.9, frequency_penalty: 0.1, presence_penalty: 0.1, logprobs: true, top_logprobs: 2, stop: 'x' };
const samplingFields = ['temperature', 'top_p', 'frequency_penalty', 'presence_penalty', 'logprobs', 'stop'];

test.each(['gpt-5-mini', 'o3', 'openai/gpt-6-sol'])('%s takes no sampling option: neither a rule’s nor, beside one, the client’s', (model) => {
  expect(set({}, { temperature: 0.5, topP: 0.5, maxTokens: 20 }, model)).toEqual({
    body: { ...smallest, max_completion_tokens: 20 },
    warnings: ['temperature', 'top_p'],
  });
  expect(set(sampling, { temperature: 0.5 }, model)).toEqual({ body: smallest, warnings: samplingFields });
});

test('a model that may reason or sample does what the rule says', () => {
  expect(set(sampling, { reasoningEffort: 'low' }, 'gpt-5.1')).toEqual({ body: { ...smallest, reasoning_effort: 'low' }, warnings: samplingFields });
  const client = { reasoning_effort: 'high', temperature: 0.9 };
  expect(set(client, { reasoningEffort: 'none' }, 'gpt-5.1')).toEqual({ body: { ...smallest, ...client, reasoning_effort: 'none' }, warnings: [] });
  expect(set({ reasoning_effort: 'high' }, { temperature: 0.5 }, 'gpt-5.1')).toEqual({
    body: { ...smallest, reasoning_effort: 'high' },
    warnings: ['temperature'],
  });
});

describe('how much the model thinks', () => {
  test.each(['gpt-4o', 'gpt-4.1-mini'])('is not said to %s, which does not', (model) => {
    const low = set({ temperature: 0.9 }, { reasoningEffort: 'low', maxTokens: 3000 }, model);
    expect(low).toEqual({ body: { ...smallest, temperature: 0.9, max_completion_tokens: 3000 }, warnings: ['reasoning_effort'] });
    expect(set({ reasoning_effort: 'high' }, { reasoningEffort: 'none' }, model)).toEqual({ body: smallest, warnings: [] });
    expect(set({ reasoning_effort: 'of-the-client' }, { reasoningEffort: 'low' }, model).body).toEqual(smallest);
  });

  test('is the nearest that the model has', () => {
    expect(set({}, { reasoningEffort: 'none' }, 'gpt-5')).toEqual({
      body: { ...smallest, reasoning_effort: 'minimal' },
      warnings: ['reasoning_effort'],
    });
  });
});

test('no more output is asked for than the model gives', () => {
  expect(set({ max_tokens: 5 }, { maxTokens: 64_000 }, 'gpt-4o')).toEqual({ body: { ...smallest, max_tokens: 16_384 }, warnings: ['max_tokens'] });
});

test("the client's own options stay, even wrong ones, where the rule is about something else", () => {
  const client = { ...sampling, reasoning_effort: 'none', max_completion_tokens: 9 };
  expect(set(client, { maxTokens: 10 }, 'gpt-5')).toEqual({ body: { ...smallest, ...client, max_completion_tokens: 10 }, warnings: [] });
});

test('a model that nobody knows gets all of it', () => {
  const told = set({ ...sampling, reasoning_effort: 'of-the-server' }, { temperature: 0.5, topP: 0.5, maxTokens: 1_000_000 }, 'my-deployment');
  expect(told).toEqual({
    body: { ...smallest, ...sampling, reasoning_effort: 'of-the-server', temperature: 0.5, top_p: 0.5, max_completion_tokens: 1_000_000 },
    warnings: [],
  });
  expect(set(sampling, { reasoningEffort: 'max' }, 'my-deployment').body).toEqual({ ...smallest, ...sampling, reasoning_effort: 'max' });
});
