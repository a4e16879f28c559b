import { expect, test } from 'vitest';
import { scaleOf, tokensAt } from './scale.ts';

test.each([
  ['gpt-5-mini', 1],
  ['openai/gpt-4o', 1],
  ['global.openai.gpt-6-sol', 1],
  ['o3', 1],
  ['openai/gpt-oss-120b', 1],
  ['gpt-4-turbo', 1.05],
  ['claude-3-5-sonnet-20241022', 1.2],
  ['claude-opus-4-20250514', 1.2],
  ['claude-opus-4-6', 1.2],
  ['claude-haiku-4-5-20251001', 1.2],
  ['claude-opus-4-7', 1.5],
  ['claude-sonnet-5', 1.5],
  ['eu.anthropic.claude-opus-5-5', 1.5],
  ['anthropic/claude-fable-5-1', 1.5],
  ['publishers/google/models/gemini-2.5-pro', 1.1],
  ['llama-3.3-70b-versatile', 1.05],
  ['co3-large', 1.05],
])('%s makes %d tokens of one of OpenAI', (model, usual) => {
  expect(scaleOf(model).usual).toBe(usual);
});

test.each(['gpt-5', 'claude-opus-5', 'claude-3-haiku', 'gemini-3-flash', 'llama-4'])('%s surely makes fewer than it usually does', (model) => {
  expect(scaleOf(model).least).toBeLessThan(scaleOf(model).usual);
});

test('what a request costs somewhere is reckoned in whole tokens', () => {
  expect(tokensAt({ model: 'claude-opus-5' }, 101)).toBe(152);
  expect(tokensAt({ model: 'gpt-5' }, 101)).toBe(101);
});
