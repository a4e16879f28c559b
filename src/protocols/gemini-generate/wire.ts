import type { FinishReason } from '../../llm/part.ts';

/**
 * The words of the Gemini API that we read and write. Sources: https://ai.google.dev/api/generate-content and the types of the vendor's SDK (`@google/genai`).
 * Nothing that a provider sends is trusted, so what is read has no shape of its own: see `response-read.ts`.
 */
const finishReasons = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  BLOCKLIST: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  SPII: 'content-filter',
  IMAGE_SAFETY: 'content-filter',
  IMAGE_PROHIBITED_CONTENT: 'content-filter',
  IMAGE_RECITATION: 'content-filter',
  LANGUAGE: 'other',
  OTHER: 'other',
  MALFORMED_FUNCTION_CALL: 'other',
  UNEXPECTED_TOOL_CALL: 'other',
  TOO_MANY_TOOL_CALLS: 'other',
  MALFORMED_RESPONSE: 'other',
  NO_IMAGE: 'other',
  IMAGE_OTHER: 'other',
  CONTINUATION: 'pause',
} as const satisfies Record<string, FinishReason['unified']>;

/** Google's word for why a candidate ended. */
export type WireFinishReason = keyof typeof finishReasons;

const isFinishReason = (raw: string): raw is WireFinishReason => Object.hasOwn(finishReasons, raw);

/** A provider's `finishReason` in our terms. The API has no word of its own for calls. */
export function toFinishReason(raw: string, hasCalls: boolean): FinishReason {
  const unified = isFinishReason(raw) ? finishReasons[raw] : 'other';
  return { unified: unified === 'stop' && hasCalls ? 'tool-calls' : unified, raw };
}

/** Why a prompt was blocked (`promptFeedback.blockReason`), in our terms. */
export const toBlockedReason = (raw: string): FinishReason => ({ unified: 'content-filter', raw });

const written: Record<FinishReason['unified'], WireFinishReason> = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  'tool-calls': 'STOP',
  'content-filter': 'SAFETY',
  refusal: 'SAFETY',
  pause: 'OTHER',
  other: 'OTHER',
};

/** Our reason in Google's words: its own word where the answer came with one. */
export function finishWord({ unified, raw }: FinishReason): WireFinishReason {
  return isFinishReason(raw) && finishReasons[raw] === unified ? raw : written[unified];
}
