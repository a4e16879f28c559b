import type { ChatModel } from 'openai/resources/shared';

/** Provider models that the fake OpenAI knows. */
export const openAIModels = [
  'gpt-5',
  'gpt-5-mini',
  'gpt-5-nano',
  'gpt-5-2025-08-07',
  'gpt-5-mini-2025-08-07',
  'gpt-5.1',
  'gpt-5.2',
  'gpt-5.4',
  'gpt-5.4-mini',
  'gpt-5.5',
  'gpt-5.6-sol',
  'gpt-6-sol',
  'gpt-6-luna',
  'gpt-4.1',
  'gpt-4.1-mini',
  'gpt-4.1-nano',
  'gpt-4o',
  'gpt-4o-2024-08-06',
  'gpt-4o-mini',
  'gpt-4o-mini-2024-07-18',
  'o3',
  'o4-mini',
] as const satisfies readonly ChatModel[];

/** Models that reason: they take `max_completion_tokens` alone. */
export const isReasoningModel = (model: string): boolean => /^(o\d|gpt-[5-9])/.test(model);

/** Models that reason always, so that nothing about sampling can be set. From gpt-5.1 on it can, where reasoning is off. */
export const hasFixedSampling = (model: string): boolean => /^(o\d|gpt-[6-9]|gpt-5(-mini|-nano)?(-\d{4}|$))/.test(model);

/** Most output tokens (https://platform.openai.com/docs/models); undefined for models of a test's own. */
export function maxOutputTokens(model: string): number | undefined {
  if (/^o\d/.test(model)) return 100_000;
  if (/^gpt-[5-9]/.test(model)) return 128_000;
  if (model.startsWith('gpt-4.1')) return 32_768;
  return model.startsWith('gpt-4o') ? 16_384 : undefined;
}
