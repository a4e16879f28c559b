/** Tokens of one answer as running totals: a later report replaces an earlier one, it is never added. */
export interface Usage {
  /** All input tokens, those read from and written to the prompt cache included. */
  inputTokens: number;
  /** Of `inputTokens`, those read from the provider's prompt cache. */
  cacheReadTokens: number;
  /** Of `inputTokens`, those written to the provider's prompt cache. */
  cacheWriteTokens: number;
  /** Of `cacheWriteTokens`, those that the cache keeps for an hour. */
  cacheWrite1hTokens: number;
  /** Of `inputTokens`, those of audio. */
  inputAudioTokens: number;
  /** All output tokens, hidden reasoning included. */
  outputTokens: number;
  /** Of `outputTokens`, those of reasoning. */
  reasoningTokens: number;
  /** Of `outputTokens`, those of audio. */
  outputAudioTokens: number;
  /** The tier of service that the provider says it served at, by its own name, such as `flex`; empty for the usual one, and where it says nothing. */
  serviceTier: string;
}

/** Nothing used, at the usual tier. */
export const noUsage: Usage = {
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  cacheWrite1hTokens: 0,
  inputAudioTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  outputAudioTokens: 0,
  serviceTier: '',
};
