import type { OpaqueState } from './state.ts';
import type { Usage } from './usage.ts';

/** Why an answer ended: one of ours, and the provider's own word. */
export interface FinishReason {
  unified: 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'refusal' | 'pause' | 'other';
  /** The provider's own word, such as `end_turn`; empty where it gave none. */
  raw: string;
  /** The stop sequence that was met, where the provider names it. */
  stopSequence?: string;
}

/** An error of a provider, in the terms that every protocol can render. */
export interface ProviderFailure {
  /** HTTP status, or the one that fits where the error came inside a 200 stream. */
  status: number;
  /** The provider's own type or code, such as `overloaded_error`; empty where it gave none. */
  type: string;
  message: string;
}

/** How likely a token of the answer was, and what else was likely in its place. */
export interface TokenLogprob {
  token: string;
  logprob: number;
  bytes?: readonly number[];
  top: readonly { token: string; logprob: number; bytes?: readonly number[] }[];
}

/** Where content belongs: `choice` counts alternative answers (0 unless `n` was asked), `block` counts content blocks, unique within the answer. */
interface Place {
  choice: number;
  block: number;
}

/** A part that carries text of the answer: what policies see and may change. */
export type TextPart = Place & { type: 'text' | 'refusal' | 'reasoning' | 'tool-arguments'; text: string };

/**
 * One canonical step of an answer. A JSON answer is the collected stream of these; both are decoded and encoded through them.
 *
 * Order: `start`, then content, `usage` at any point (running totals), one `finish` per choice, `end`.
 * `tool-call` opens a block whose arguments follow as `tool-arguments`: JSON text, cut anywhere.
 * `reasoning-state` belongs to the reasoning block it stands in, after its text; alone in a block it stands for reasoning that nobody may see.
 * `embedding` and `ranking` are what answers are made of that are no chat.
 * `block-end` closes a block before the next of its choice opens, and before `finish`.
 * `end` says that the answer is complete; an answer that stops without it was cut.
 */
export type Part =
  | { type: 'start'; id: string; model: string }
  | TextPart
  | (Place & { type: 'reasoning-state'; state: OpaqueState })
  | (Place & { type: 'tool-call'; id: string; name: string; state?: OpaqueState })
  | (Place & { type: 'logprobs'; tokens: readonly TokenLogprob[] })
  | (Place & { type: 'block-end' })
  | { type: 'embedding'; index: number; vector: readonly number[] }
  | { type: 'ranking'; index: number; score: number; document?: string }
  | { type: 'usage'; usage: Usage }
  | { type: 'finish'; choice: number; reason: FinishReason }
  | { type: 'error'; failure: ProviderFailure }
  | { type: 'end' };

export const isTextPart = (part: Part): part is TextPart =>
  part.type === 'text' || part.type === 'tool-arguments' || part.type === 'reasoning' || part.type === 'refusal';
