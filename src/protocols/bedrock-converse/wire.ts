import type { FinishReason } from '../../llm/part.ts';
import type { OpaqueState } from '../../llm/state.ts';
import { isObject } from '../untrusted.ts';

/**
 * The shapes of Bedrock's Converse API that we read and write, as they are in JSON: bytes are base64.
 * Source: the types of the vendor's SDK (`@aws-sdk/client-bedrock-runtime`, models/models_0.d.ts); a test holds what we write against them.
 */

/** Token counts as a provider sends them. */
export interface WireUsage {
  inputTokens?: unknown;
  outputTokens?: unknown;
  cacheReadInputTokens?: unknown;
  cacheWriteInputTokens?: unknown;
  cacheDetails?: unknown;
}

/** The tier of service, which stands beside the usage. */
export interface WireTier {
  type?: unknown;
}

/** A tool use as it opens in a stream. */
export interface WireToolUse {
  toolUseId?: unknown;
  name?: unknown;
  /** `server_tool_use` where Bedrock itself runs the tool. */
  type?: unknown;
}

/** The step of a block: one of its fields is there. */
export interface WireDelta {
  text?: unknown;
  toolUse?: { input?: unknown } | null;
  reasoningContent?: { text?: unknown; signature?: unknown; redactedContent?: unknown } | null;
}

/** A provider's stream events by name, as far as we read them. */
export interface WireEvents {
  messageStart: object;
  contentBlockStart: { contentBlockIndex?: unknown; start?: { toolUse?: WireToolUse | null } | null };
  contentBlockDelta: { contentBlockIndex?: unknown; delta?: WireDelta | null };
  contentBlockStop: { contentBlockIndex?: unknown };
  messageStop: { stopReason?: unknown; additionalModelResponseFields?: unknown };
  metadata: { usage?: WireUsage | null; serviceTier?: WireTier | null };
}

/** What only Claude writes, in our terms; undefined for an empty one, which stands for none. */
export const stateOf = (kind: OpaqueState['kind'], value: unknown): OpaqueState | undefined =>
  typeof value === 'string' && value !== '' ? { origin: 'anthropic', kind, value } : undefined;

export type WrittenDelta =
  | { text: string }
  | { toolUse: { input: string } }
  | { reasoningContent: { text: string } | { signature: string } | { redactedContent: string } };

/** Usage as we write it. `inputTokens` leaves out what the prompt cache gave or took. */
export interface WrittenUsage {
  inputTokens: number;
  outputTokens: number;
  totalTokens: number;
  cacheReadInputTokens: number;
  cacheWriteInputTokens: number;
  cacheDetails?: { ttl: '1h' | '5m'; inputTokens: number }[];
}

export interface WrittenTier {
  type: 'flex' | 'priority' | 'reserved';
}

export interface WrittenStop {
  stopReason: StopReason;
  additionalModelResponseFields?: { stop_sequence: string };
}

/** How an answer ends: nobody here knows how long the model took. */
export interface WrittenTotals {
  usage: WrittenUsage;
  metrics: { latencyMs: number };
  serviceTier?: WrittenTier;
}

/** The events we write, by name. */
export type WrittenEvent =
  | { name: 'messageStart'; data: { role: 'assistant' } }
  | { name: 'contentBlockStart'; data: { contentBlockIndex: number; start: { toolUse: { toolUseId: string; name: string } } } }
  | { name: 'contentBlockDelta'; data: { contentBlockIndex: number; delta: WrittenDelta } }
  | { name: 'contentBlockStop'; data: { contentBlockIndex: number } }
  | { name: 'messageStop'; data: WrittenStop }
  | { name: 'metadata'; data: WrittenTotals };

/** Converse's reasons to stop, in our terms. */
const stopReasons = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  content_filtered: 'content-filter',
  guardrail_intervened: 'content-filter',
  malformed_model_output: 'other',
  malformed_tool_use: 'other',
} as const satisfies Record<string, FinishReason['unified']>;

export type StopReason = keyof typeof stopReasons;

/** Claude's own words, which no type of the SDK names. */
const foreignReasons = new Map<string, FinishReason['unified']>([
  ['refusal', 'refusal'],
  ['pause_turn', 'pause'],
]);

const isStopReason = (raw: string): raw is StopReason => Object.hasOwn(stopReasons, raw);

/** A provider's `stopReason` in our terms. Claude names the sequence that it stopped at among the fields of its own answer, if it was asked to. */
export function toFinishReason(stopReason: unknown, additional: unknown): FinishReason {
  const raw = typeof stopReason === 'string' ? stopReason : '';
  const unified = isStopReason(raw) ? stopReasons[raw] : (foreignReasons.get(raw) ?? 'other');
  const stopSequence = isObject(additional) ? additional['stop_sequence'] : undefined;
  return typeof stopSequence === 'string' ? { unified, raw, stopSequence } : { unified, raw };
}

const written: Record<FinishReason['unified'], StopReason> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'content_filtered',
  refusal: 'content_filtered',
  pause: 'end_turn',
  other: 'end_turn',
};

/**
 * Our reason in Converse's words: its own word where the answer came with one.
 * An answer with tool calls that merely says `stop` becomes `tool_use`: clients of this protocol run tools only then, and some servers do not tell the two apart.
 */
export function toStop({ unified, raw, stopSequence }: FinishReason, hasToolCalls: boolean): WrittenStop {
  const stopReason = ((): StopReason => {
    if (isStopReason(raw) && stopReasons[raw] === unified) return raw;
    if (unified !== 'stop') return written[unified];
    if (stopSequence !== undefined) return 'stop_sequence';
    return hasToolCalls ? 'tool_use' : 'end_turn';
  })();
  return stopSequence === undefined ? { stopReason } : { stopReason, additionalModelResponseFields: { stop_sequence: stopSequence } };
}
