import { serviceTierOf } from '../../llm/service-tier.ts';
import { noUsage, type Usage } from '../../llm/usage.ts';
import { isObject, itemsOf, type WireObject } from '../untrusted.ts';

/** Usage after a further `usageMetadata`: each count that it names replaces the one before, none is added. What is nothing, proto3 JSON may leave out. */
export function mergeUsage(before: Usage | undefined, metadata: WireObject): Usage {
  const last = before ?? noUsage;
  const prompt = count(metadata['promptTokenCount']);
  const toolUse = count(metadata['toolUsePromptTokenCount']) ?? 0;
  const candidates = count(metadata['candidatesTokenCount']);
  const reasoningTokens = count(metadata['thoughtsTokenCount']) ?? last.reasoningTokens;
  const tier = metadata['serviceTier'] ?? metadata['trafficType']; // the Gemini API has the one, Vertex AI the other
  const lastCandidates = last.outputTokens - last.reasoningTokens;
  return {
    inputTokens: prompt === undefined ? last.inputTokens : prompt + toolUse,
    cacheReadTokens: count(metadata['cachedContentTokenCount']) ?? last.cacheReadTokens,
    cacheWriteTokens: 0,
    cacheWrite1hTokens: 0,
    inputAudioTokens: audioIn(metadata['promptTokensDetails']) ?? last.inputAudioTokens,
    outputTokens: (candidates ?? lastCandidates) + reasoningTokens,
    reasoningTokens,
    outputAudioTokens: audioIn(metadata['candidatesTokensDetails']) ?? last.outputAudioTokens,
    serviceTier: tier === undefined ? last.serviceTier : serviceTierOf(tier),
  };
}

const count = (value: unknown): number | undefined => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined);

/** Tokens of audio in a breakdown by modality; undefined where there is no breakdown. */
function audioIn(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined;
  const audio = itemsOf(details).find((detail) => isObject(detail) && detail['modality'] === 'AUDIO');
  return isObject(audio) ? count(audio['tokenCount']) : 0;
}

/** Whether two reports say the same. */
export const isSameUsage = (a: Usage, b: Usage): boolean =>
  a.outputTokens === b.outputTokens &&
  a.inputTokens === b.inputTokens &&
  a.reasoningTokens === b.reasoningTokens &&
  a.cacheReadTokens === b.cacheReadTokens &&
  a.inputAudioTokens === b.inputAudioTokens &&
  a.outputAudioTokens === b.outputAudioTokens &&
  a.serviceTier === b.serviceTier;

/** Tokens of one modality. */
interface WrittenModality {
  modality: 'TEXT' | 'AUDIO';
  tokenCount: number;
}

interface WrittenUsage {
  promptTokenCount: number;
  cachedContentTokenCount?: number;
  candidatesTokenCount: number;
  thoughtsTokenCount?: number;
  totalTokenCount: number;
  promptTokensDetails?: WrittenModality[];
  candidatesTokensDetails?: WrittenModality[];
  serviceTier?: 'flex' | 'priority';
}

/** Usage as an answer carries it; counts of what there was none of are left out. */
export function writeUsage(usage: Usage): WrittenUsage {
  const { inputTokens, outputTokens, reasoningTokens, cacheReadTokens, inputAudioTokens, outputAudioTokens, serviceTier } = usage;
  const candidates = Math.max(0, outputTokens - reasoningTokens);
  return {
    promptTokenCount: inputTokens,
    ...(cacheReadTokens > 0 && { cachedContentTokenCount: cacheReadTokens }),
    candidatesTokenCount: candidates,
    ...(reasoningTokens > 0 && { thoughtsTokenCount: reasoningTokens }),
    totalTokenCount: inputTokens + outputTokens,
    ...(inputAudioTokens > 0 && { promptTokensDetails: byModality(inputTokens, inputAudioTokens) }),
    ...(outputAudioTokens > 0 && { candidatesTokensDetails: byModality(candidates, outputAudioTokens) }),
    ...((serviceTier === 'flex' || serviceTier === 'priority') && { serviceTier }),
  };
}

const byModality = (all: number, audio: number): WrittenModality[] => [
  { modality: 'TEXT', tokenCount: Math.max(0, all - audio) },
  { modality: 'AUDIO', tokenCount: audio },
];
