import type { Usage } from '../../llm/usage.ts';
import type { WireUsage, WrittenMessageUsage, WrittenUsage } from './wire.ts';

/** Anthropic's counts as far as an answer has named them. Its `input` leaves out what the prompt cache gave or took. */
export interface Counts {
  input: number;
  cacheRead: number;
  cacheWrite: number;
  output: number;
  reasoning: number;
}

export const noCounts: Counts = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };

const count = (value: unknown, before: number): number => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : before);

/** The counts after a further report: each one that it names replaces the one before, none is added. */
export function mergeCounts(before: Counts, usage: WireUsage): Counts {
  return {
    input: count(usage.input_tokens, before.input),
    cacheRead: count(usage.cache_read_input_tokens, before.cacheRead),
    cacheWrite: count(usage.cache_creation_input_tokens, before.cacheWrite),
    output: count(usage.output_tokens, before.output),
    reasoning: count(usage.output_tokens_details?.thinking_tokens, before.reasoning),
  };
}

export const toUsage = ({ input, cacheRead, cacheWrite, output, reasoning }: Counts): Usage => ({
  inputTokens: input + cacheRead + cacheWrite,
  cacheReadTokens: cacheRead,
  cacheWriteTokens: cacheWrite,
  inputAudioTokens: 0,
  outputTokens: output,
  reasoningTokens: reasoning,
  outputAudioTokens: 0,
});

/** Usage as a `message_delta` carries it. */
export const writeUsage = (usage: Usage): WrittenUsage => ({
  input_tokens: Math.max(0, usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens),
  cache_creation_input_tokens: usage.cacheWriteTokens,
  cache_read_input_tokens: usage.cacheReadTokens,
  output_tokens: usage.outputTokens,
  output_tokens_details: usage.reasoningTokens > 0 ? { thinking_tokens: usage.reasoningTokens } : null,
  server_tool_use: null,
});

/** Usage as a message carries it. */
export const writeMessageUsage = (usage: Usage): WrittenMessageUsage => ({
  ...writeUsage(usage),
  cache_creation: null,
  inference_geo: null,
  service_tier: null,
  speed: null,
});
