import { expect, test } from 'vitest';
import { rulesOf } from './request-models.ts';

const thinkingOf = (model: string): string => {
  const { manual, adaptive, byDefault, off } = rulesOf(model).thinking;
  return [manual && 'manual', adaptive && 'adaptive', byDefault && 'by default', off].filter(Boolean).join(', ');
};

test.each([
  ['claude-instant-1.2', ''],
  ['anthropic.claude-v2:1', ''],
  ['claude-3-haiku-20240307', ''],
  ['claude-3-5-sonnet-v2@20241022', ''],
  ['us.anthropic.claude-3-7-sonnet-20250219-v1:0', 'manual, disabled'],
  ['claude-opus-4-20250514', 'manual, disabled'],
  ['claude-opus-4-1@20250805', 'manual, disabled'],
  ['eu.anthropic.claude-haiku-4-5-20251001-v1:0', 'manual, disabled'],
  ['anthropic.claude-opus-4-6-v1', 'manual, adaptive, disabled'],
  ['claude-sonnet-4-6', 'manual, adaptive, disabled'],
  ['claude-opus-4-7', 'adaptive, disabled'],
  ['claude-opus-4-8', 'adaptive, disabled'],
  ['claude-sonnet-5', 'adaptive, by default, disabled'],
  ['claude-opus-5', 'adaptive, by default, disabled'],
  ['claude-haiku-5-5', 'adaptive, by default, disabled'],
  ['claude-sonnet-5-5', 'adaptive, by default, between_tools'],
  ['claude-opus-5-5', 'adaptive, by default'],
  ['claude-fable-5', 'adaptive, by default'],
  ['claude-mythos-preview', 'adaptive, by default'],
  ['claude-mythos-5-2', 'adaptive, by default'],
  ['claude-opus-6', 'adaptive, by default'],
  ['kimi-k3', 'manual, by default, disabled'],
])('%s thinks: %s', (model, expected) => {
  expect(thinkingOf(model)).toBe(expected);
});

test.each([
  ['claude-opus-4-5', 3],
  ['claude-haiku-4-5', 0],
  ['claude-sonnet-4-6', 4],
  ['claude-opus-5', 5],
])('%s has %i efforts', (model, count) => {
  expect(rulesOf(model).efforts).toHaveLength(count);
});

test('tools cannot be forced from Fable 5.1 and the others of its time on', () => {
  expect(['claude-fable-5-1', 'claude-opus-5-5', 'claude-sonnet-5-5'].map((model) => rulesOf(model).forcedTools)).toEqual([false, false, false]);
  expect(['claude-fable-5', 'claude-opus-5', 'claude-haiku-5-5'].map((model) => rulesOf(model).forcedTools)).toEqual([true, true, true]);
});

test('answers can be held to a schema from 4.5 on', () => {
  expect(['claude-opus-4-1', 'claude-sonnet-4-5', 'claude-opus-5', 'glm-5'].map((model) => rulesOf(model).schemas)).toEqual([
    false,
    true,
    true,
    false,
  ]);
});
