import type { Model } from '@anthropic-ai/sdk/resources/messages/messages';

/** Provider models that the fake Anthropic knows. */
export const anthropicModels = [
  'claude-haiku-4-5',
  'claude-haiku-4-5-20251001',
  'claude-sonnet-4-5',
  'claude-sonnet-4-5-20250929',
  'claude-opus-4-5',
  'claude-opus-4-5-20251101',
  'claude-sonnet-4-6',
  'claude-opus-4-6',
  'claude-opus-4-7',
  'claude-opus-4-8',
  'claude-sonnet-5',
  'claude-opus-5',
  'claude-haiku-5-5',
  'claude-sonnet-5-5',
  'claude-opus-5-5',
] as const satisfies readonly Model[];

const is45 = (model: string): boolean => /^claude-(haiku|sonnet|opus)-4-5/.test(model);
const is46 = (model: string): boolean => /^claude-(sonnet|opus)-4-6/.test(model);
const isClaude = (model: string): boolean => model.startsWith('claude-');

/** Models that let `temperature`, `top_p` and `top_k` be set (https://platform.claude.com/docs/en/build-with-claude/thinking). */
export const takesSampling = (model: string): boolean => is45(model) || is46(model) || !isClaude(model);

/** Models that take `thinking.type` `enabled` with a budget. */
export const takesThinkingBudget = (model: string): boolean => takesSampling(model);

/** Models that decide themselves how much to think. */
export const takesAdaptiveThinking = (model: string): boolean => !is45(model);

/** Models that show what they think unless told not to; the others show it only where told to. */
export const showsThinking = (model: string): boolean => takesSampling(model);

/** Models that continue an assistant message that the client began. */
export const takesPrefill = (model: string): boolean => is45(model) || !isClaude(model);

/** Models that take a `system` message after a user's (https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages). */
export const takesSystemMessages = (model: string): boolean =>
  isClaude(model) && !takesPrefill(model) && !is46(model) && !model.startsWith('claude-opus-4-7');

/** Most output tokens (https://platform.claude.com/docs/en/about-claude/models/overview); undefined for models of a test's own. */
export function maxOutputTokens(model: string): number | undefined {
  if (!isClaude(model)) return undefined;
  return is45(model) || model === 'claude-sonnet-4-6' ? 64_000 : 128_000;
}
