import { noUsage, type Usage } from '../../llm/usage.ts';
import type { WireUsage, WrittenUsage } from './wire.ts';

const count = (value: unknown): number => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0);

/** A provider's counts in our terms. Its `inputTokens` leave out what the prompt cache gave or took. */
export function toUsage({ inputTokens, outputTokens, cacheReadInputTokens, cacheWriteInputTokens }: WireUsage): Usage {
  const cacheReadTokens = count(cacheReadInputTokens);
  const cacheWriteTokens = count(cacheWriteInputTokens);
  return {
    ...noUsage,
    inputTokens: count(inputTokens) + cacheReadTokens + cacheWriteTokens,
    cacheReadTokens,
    cacheWriteTokens,
    outputTokens: count(outputTokens),
  };
}

export const writeUsage = ({ inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens }: Usage): WrittenUsage => ({
  inputTokens: Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens),
  outputTokens,
  totalTokens: inputTokens + outputTokens,
  cacheReadInputTokens: cacheReadTokens,
  cacheWriteInputTokens: cacheWriteTokens,
});
