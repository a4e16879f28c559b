import { JsonFieldError } from '../framing/json.ts';
import { budgetOf } from '../llm/reasoning.ts';
import type { ChatRequest } from '../llm/request.ts';
import { noUsage, type Usage } from '../llm/usage.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import { defaultMaxTokens } from '../protocols/protocol.ts';

/** Bytes of text per token: fewer than most tokens have, so that an estimate is rather too high. */
const bytesPerToken = 3;

/** The most that a request is expected to use: its bytes as input, and its own maximum of output, or the default with what it lets the model think. */
export function mostUsage(request: ClientRequest): Usage {
  const { maxTokens, choices } = request.facts;
  return tokens(estimateTokens(request.bytes.length), maxTokens ?? (defaultMaxTokens + thinkingTokens(request)) * choices);
}

function thinkingTokens(request: ClientRequest): number {
  if (request.protocol.operation !== 'chat') return 0;
  try {
    const { reasoning = {} } = request.decoded().value as ChatRequest; // what protocols of chat decode to
    return budgetOf(reasoning) ?? 0;
  } catch (error) {
    if (error instanceof JsonFieldError) return 0; // cannot be translated, so its provider decides
    throw error;
  }
}

/** What is known of a provider's answer when it is over. */
export interface EndedAnswer {
  /** `complete` where it ended as its protocol says, `failed` where an error came. */
  end: 'complete' | 'failed' | 'refused' | 'cut' | 'left';
  /** HTTP status; 0 for none. */
  status: number;
  /** The provider's own; undefined where it reported none. */
  usage: Usage | undefined;
  /** Bytes of the request that the provider was sent. */
  requestBytes: number;
  /** UTF-8 bytes of content that the provider delivered. */
  deliveredBytes: number;
  /** Input tokens that the request was reckoned to have; where they are absent, its bytes tell. */
  inputTokens?: number | undefined;
  /** Most output tokens that the provider was asked for; absent where it could give any number. */
  maxOutputTokens?: number | undefined;
  /** Output tokens per delivered byte, as `Habits` know them; absent for a third. */
  tokensPerByte?: number | undefined;
  /** The tier of service that was asked for; absent for the usual one. An estimate is charged at it. */
  serviceTier?: string | undefined;
}

/**
 * The usage to charge. The provider's own where the answer is complete.
 * An answer that stopped midway has at best a count of its beginning (Anthropic opens a stream with one), so what was delivered counts where it is more; one that was left or cut is an estimate in any case.
 * Without any usage: nothing where an error came instead of an answer; else what was sent and delivered, also where nobody waited for the first byte, because the provider bills what it has read.
 * An estimate of output is never more than a token per delivered byte, nor more than was asked for.
 */
export function chargedUsage(answer: EndedAnswer): { usage: Usage; estimated: boolean } {
  const { end, status, usage, requestBytes, deliveredBytes, inputTokens, serviceTier = '' } = answer;
  const delivered = deliveredTokens(answer);
  if (usage !== undefined && isTelling(usage, deliveredBytes)) {
    if (end === 'complete') return { usage, estimated: false };
    const estimated = end === 'left' || end === 'cut' || delivered > usage.outputTokens;
    return { usage: { ...usage, outputTokens: Math.max(usage.outputTokens, delivered) }, estimated };
  }
  if (end === 'failed' && status >= 400 && deliveredBytes === 0) return { usage: noUsage, estimated: false };
  return { usage: { ...tokens(inputTokens ?? estimateTokens(requestBytes), delivered), serviceTier }, estimated: true };
}

/** Whether a provider's usage can be what was used: it is possible, and what delivered something has some output. */
const isTelling = (usage: Usage, deliveredBytes: number): boolean => isPossible(usage) && (usage.outputTokens > 0 || deliveredBytes === 0);

/** Whether no count of a usage is negative or beyond all measure. */
export function isPossible(usage: Usage): boolean {
  for (const name of countNames) {
    const count = usage[name];
    if (!Number.isSafeInteger(count) || count < 0 || count > largestCount) return false;
  }
  return true;
}

/** What of a usage is counted. */
const countNames = Object.keys(noUsage).filter((name): name is Exclude<keyof Usage, 'serviceTier'> => name !== 'serviceTier');

/** More tokens than any answer has. */
const largestCount = 1_000_000_000;

/** Output tokens that so many delivered bytes are reckoned to be. */
export function deliveredTokens({
  deliveredBytes,
  maxOutputTokens = Infinity,
  tokensPerByte = 1 / bytesPerToken,
}: Pick<EndedAnswer, 'deliveredBytes' | 'maxOutputTokens' | 'tokensPerByte'>): number {
  return Math.min(Math.ceil(deliveredBytes * Math.min(tokensPerByte, 1)), maxOutputTokens);
}

const estimateTokens = (bytes: number): number => Math.ceil(bytes / bytesPerToken);
const tokens = (inputTokens: number, outputTokens: number): Usage => ({ ...noUsage, inputTokens, outputTokens });
