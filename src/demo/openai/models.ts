import type { EmbeddingModel } from 'openai/resources/embeddings';
import type { ChatModel } from 'openai/resources/shared';
import type { Refusal } from '../vendor.ts';
import { openAIRefusal } from './error.ts';

/** Provider models that the fake OpenAI chats with. */
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

/** Provider models of the legacy completions. */
export const completionModels = ['gpt-3.5-turbo-instruct', 'davinci-002', 'babbage-002'] as const;

/** Provider models that give embeddings, and how many numbers they give. */
export const embeddingSizes: Readonly<Record<EmbeddingModel, number>> = {
  'text-embedding-ada-002': 1536,
  'text-embedding-3-small': 1536,
  'text-embedding-3-large': 3072,
};

/** Provider models of the other endpoints. */
const otherModels = ['gpt-image-1', 'dall-e-3', 'whisper-1', 'gpt-4o-transcribe', 'omni-moderation-latest'] as const;

/** Every provider model that the fake OpenAI lists. */
export const allOpenAIModels: readonly string[] = [...openAIModels, ...completionModels, ...Object.keys(embeddingSizes), ...otherModels];

/** The refusal of a model that is not there. */
export const unknownModel = (model: string): Refusal => ({
  ...openAIRefusal(404),
  message: `There is no model '${model}', or not for this key.`,
  code: 'model_not_found',
});

/** Models that only the endpoints of `models` serve; those of a test's own are served everywhere. */
export const servesOther = (model: string, models: readonly string[]): boolean => allOpenAIModels.includes(model) && !models.includes(model);

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

/** The efforts that a model that reasons takes (https://platform.openai.com/docs/guides/reasoning); undefined where it may take any. */
export function reasoningEfforts(model: string): readonly string[] | undefined {
  if (/^o\d/.test(model)) return ['low', 'medium', 'high'];
  if (/^gpt-5(-mini|-nano)?(-\d{4}|$)/.test(model)) return ['minimal', 'low', 'medium', 'high'];
  if (model.startsWith('gpt-5.1')) return ['none', 'low', 'medium', 'high'];
  return /^gpt-5\.[2-5]/.test(model) ? ['none', 'low', 'medium', 'high', 'xhigh'] : undefined;
}

/** Models that say how much of a prompt they wrote to the cache, since it is paid for. */
export const paysCacheWrites = (model: string): boolean => /^gpt-(5\.[6-9]|[6-9])/.test(model);
