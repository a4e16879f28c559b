import { serviceTierOf } from '../../llm/service-tier.ts';
import { noUsage, type Usage } from '../../llm/usage.ts';
import { isObject, itemsOf } from '../untrusted.ts';
import type { WireTier, WireUsage, WrittenTier, WrittenUsage } from './wire.ts';

const count = (value: unknown): number => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0);

/** A provider's counts in our terms, with the tier that stands beside them. Its `inputTokens` leave out what the prompt cache gave or took. */
export function toUsage(
  { inputTokens, outputTokens, cacheReadInputTokens, cacheWriteInputTokens, cacheDetails }: WireUsage,
  tier?: WireTier | null,
): Usage {
  const cacheReadTokens = count(cacheReadInputTokens);
  const cacheWriteTokens = count(cacheWriteInputTokens);
  return {
    ...noUsage,
    inputTokens: count(inputTokens) + cacheReadTokens + cacheWriteTokens,
    cacheReadTokens,
    cacheWriteTokens,
    cacheWrite1hTokens: Math.min(cacheWriteTokens, writtenFor1h(cacheDetails)),
    outputTokens: count(outputTokens),
    serviceTier: serviceTierOf(tier?.type),
  };
}

const writtenFor1h = (details: unknown): number =>
  itemsOf(details).reduce<number>((sum, detail) => sum + (isObject(detail) && detail['ttl'] === '1h' ? count(detail['inputTokens']) : 0), 0);

/** Usage as an answer carries it; what was written for how long only where that is not the usual time. */
export function writeUsage({ inputTokens, cacheReadTokens, cacheWriteTokens, cacheWrite1hTokens, outputTokens }: Usage): WrittenUsage {
  const usual = cacheWriteTokens - cacheWrite1hTokens;
  const details: WrittenUsage['cacheDetails'] = [{ ttl: '1h', inputTokens: cacheWrite1hTokens }];
  if (usual > 0) details.push({ ttl: '5m', inputTokens: usual });
  return {
    inputTokens: Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens),
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    cacheReadInputTokens: cacheReadTokens,
    cacheWriteInputTokens: cacheWriteTokens,
    ...(cacheWrite1hTokens > 0 && { cacheDetails: details }),
  };
}

/** The tier of service as it stands beside the usage; nothing for the usual one, and for one that Bedrock does not have. */
export const writeTier = ({ serviceTier: type }: Usage): { serviceTier?: WrittenTier } =>
  type === 'flex' || type === 'priority' || type === 'reserved' ? { serviceTier: { type } } : {};
