import { serviceTierOf } from '../../llm/service-tier.ts';
import type { Usage } from '../../llm/usage.ts';
import type { WireUsage, WrittenDetails, WrittenMessageUsage, WrittenUsage } from './wire.ts';

/** Anthropic's counts as far as an answer has named them. Its `input` leaves out what the prompt cache gave or took. */
export interface Counts {
  input: number;
  cacheRead: number;
  cacheWrite: number;
  /** Of `cacheWrite`, what is kept for an hour. */
  cacheWrite1h: number;
  output: number;
  reasoning: number;
  /** Tier of service, or `fast` for the speed of that name; empty for the usual one. */
  tier: string;
}

export const noCounts: Counts = { input: 0, cacheRead: 0, cacheWrite: 0, cacheWrite1h: 0, output: 0, reasoning: 0, tier: '' };

const count = (value: unknown, before: number): number => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : before);

/** The counts after a further report: each one that it names replaces the one before, none is added. */
export function mergeCounts(before: Counts, usage: WireUsage): Counts {
  return {
    input: count(usage.input_tokens, before.input),
    cacheRead: count(usage.cache_read_input_tokens, before.cacheRead),
    cacheWrite: count(usage.cache_creation_input_tokens, before.cacheWrite),
    cacheWrite1h: count(usage.cache_creation?.ephemeral_1h_input_tokens, before.cacheWrite1h),
    output: count(usage.output_tokens, before.output),
    reasoning: count(usage.output_tokens_details?.thinking_tokens, before.reasoning),
    tier: tierOf(usage, before.tier),
  };
}

/** A speed has a price of its own at every tier. A report that names neither changes neither. */
function tierOf({ service_tier: tier, speed }: WireUsage, before: string): string {
  if (speed === 'fast') return speed;
  return tier === undefined || tier === null ? before : serviceTierOf(tier);
}

export const toUsage = ({ input, cacheRead, cacheWrite, cacheWrite1h, output, reasoning, tier }: Counts): Usage => ({
  inputTokens: input + cacheRead + cacheWrite,
  cacheReadTokens: cacheRead,
  cacheWriteTokens: cacheWrite,
  cacheWrite1hTokens: Math.min(cacheWrite, cacheWrite1h),
  inputAudioTokens: 0,
  outputTokens: output,
  reasoningTokens: reasoning,
  outputAudioTokens: 0,
  serviceTier: tier,
});

/** Usage as a `message_delta` carries it; with what only messages have where there is something to say of it: it may not have been known when the message began. */
export const writeUsage = (usage: Usage): WrittenUsage => ({ ...writeCounts(usage), ...writeDetails(usage) });

/** Usage as a message carries it. */
export const writeMessageUsage = (usage: Usage): WrittenMessageUsage => ({
  ...writeCounts(usage),
  cache_creation: null,
  inference_geo: null,
  service_tier: null,
  speed: null,
  ...writeDetails(usage),
});

const writeCounts = (usage: Usage): Omit<WrittenUsage, keyof WrittenDetails> => ({
  input_tokens: Math.max(0, usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens),
  cache_creation_input_tokens: usage.cacheWriteTokens,
  cache_read_input_tokens: usage.cacheReadTokens,
  output_tokens: usage.outputTokens,
  output_tokens_details: usage.reasoningTokens > 0 ? { thinking_tokens: usage.reasoningTokens } : null,
  server_tool_use: null,
});

function writeDetails({ cacheWriteTokens, cacheWrite1hTokens, serviceTier }: Usage): WrittenDetails {
  const details: WrittenDetails = {};
  if (cacheWrite1hTokens > 0) {
    details.cache_creation = {
      ephemeral_1h_input_tokens: cacheWrite1hTokens,
      ephemeral_5m_input_tokens: cacheWriteTokens - cacheWrite1hTokens,
    };
  }
  if (serviceTier === 'priority' || serviceTier === 'batch') details.service_tier = serviceTier;
  if (serviceTier === 'fast') details.speed = serviceTier;
  return details;
}
