import { expect, test } from 'vitest';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import { fitToModel } from './request-models.ts';

const sampling = { temperature: 0.5, topP: 0.9, frequencyPenalty: 0.1, presencePenalty: 0.2, stop: ['x'], logprobs: { top: 2 } };
const samplingFields = ['temperature', 'top_p', 'frequency_penalty', 'presence_penalty', 'logprobs', 'stop'];
const fit = (model: string, fields: Partial<ChatRequest>) => {
  const warnings: Warning[] = [];
  const request = fitToModel({ stream: false, messages: [], tools: [], stop: [], ...fields }, model, warnings);
  return { request, warned: warnings.map(({ field }) => field) };
};

test.each(['o3', 'gpt-5', 'openai/gpt-5-mini', 'gpt-5-nano-2025-08-07', 'gpt-6-sol'])('%s always reasons, so that nothing is sampled', (model) => {
  const { request, warned } = fit(model, sampling);
  expect(request).toEqual({ stream: false, messages: [], tools: [], stop: [] });
  expect(warned).toEqual(samplingFields);
  expect(fit(model, { temperature: 1, topP: 1, presencePenalty: 0 }).warned).toEqual([]);
});

test.each(['gpt-5.1', 'gpt-5.4-mini', 'gpt-5.6-sol'])('%s samples as long as it does not reason', (model) => {
  expect(fit(model, sampling)).toMatchObject({ request: sampling, warned: [] });
  expect(fit(model, { ...sampling, reasoning: { effort: 'none' } })).toMatchObject({ request: sampling, warned: [] });
  expect(fit(model, { ...sampling, reasoning: { effort: 'low' } }).warned).toEqual(samplingFields);
});

test.each(['gpt-4o', 'gpt-4.1-mini', 'gpt-4-turbo', 'gpt-3.5-turbo', 'gpt-5-chat-latest'])('%s does not reason', (model) => {
  const { request, warned } = fit(model, { ...sampling, reasoning: { effort: 'low', show: true } });
  expect(request).toEqual({ stream: false, messages: [], tools: [], ...sampling });
  expect(warned).toEqual(['reasoning']);
  expect(fit(model, { reasoning: { show: true } }).warned).toEqual(['reasoning']);
  const none = fit(model, { reasoning: { effort: 'none' } });
  expect([none.request.reasoning, none.warned]).toEqual([undefined, []]);
});

test.each([
  ['gpt-5', 'none', 'minimal'],
  ['gpt-5.1', 'minimal', 'none'],
  ['gpt-5.2', 'max', 'xhigh'],
  ['o3', 'xhigh', 'high'],
] as const)('%s has no effort %s; the nearest is %s', (model, effort, nearest) => {
  expect(fit(model, { reasoning: { effort } })).toMatchObject({ request: { reasoning: { effort: nearest } }, warned: ['reasoning'] });
});

test('a budget becomes the nearest effort without a word', () => {
  expect(fit('o3', { reasoning: { budgetTokens: 99_999 } })).toMatchObject({ request: { reasoning: { effort: 'high' } }, warned: [] });
});

test('no more output is asked for than the model gives', () => {
  expect(fit('gpt-4o', { maxTokens: 64_000 })).toMatchObject({ request: { maxTokens: 16_384 }, warned: ['max_tokens'] });
  expect(fit('gpt-5', { maxTokens: 64_000 })).toMatchObject({ request: { maxTokens: 64_000 }, warned: [] });
});

test.each(['llama-3.3-70b', 'openai/gpt-oss-120b', 'my-deployment', 'mistral-large-latest'])('%s is sent all there is', (model) => {
  const everything = { ...sampling, reasoning: { effort: 'max' as const }, maxTokens: 1_000_000 };
  expect(fit(model, everything)).toMatchObject({ request: everything, warned: [] });
});
