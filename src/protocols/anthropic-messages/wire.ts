import type { FinishReason, TextPart } from '../../llm/part.ts';
import type { OpaqueState } from '../../llm/state.ts';

/**
 * The shapes of the Anthropic Messages API that we read and write.
 * Source: the types of the vendor's SDK (`@anthropic-ai/sdk`, resources/messages/messages.d.ts); a test holds what we write against them.
 */

/** Token counts as a provider sends them; a count that is missing or null says nothing. */
export interface WireUsage {
  input_tokens?: unknown;
  output_tokens?: unknown;
  cache_read_input_tokens?: unknown;
  cache_creation_input_tokens?: unknown;
  cache_creation?: { ephemeral_1h_input_tokens?: unknown } | null;
  output_tokens_details?: { thinking_tokens?: unknown } | null;
  service_tier?: unknown;
  speed?: unknown;
}

/** A content block as it opens in a stream. */
export interface WireBlock {
  type?: unknown;
  text?: unknown;
  thinking?: unknown;
  /** Of thinking. */
  signature?: unknown;
  /** Of redacted thinking. */
  data?: unknown;
  id?: unknown;
  name?: unknown;
  input?: unknown;
}

/** Where a block has text of its own, and which part that becomes. */
export const blockTexts = {
  text: { field: 'text', part: 'text' },
  thinking: { field: 'thinking', part: 'reasoning' },
} as const satisfies Record<string, { field: keyof WireBlock; part: TextPart['type'] }>;

/** The signature of thinking, or redacted thinking, in our terms; undefined for an empty one, which stands for none. */
export const stateOf = (kind: OpaqueState['kind'], value: unknown): OpaqueState | undefined =>
  typeof value === 'string' && value !== '' ? { origin: 'anthropic', kind, value } : undefined;

/** The step of a block. Which field holds text goes by `type`. */
export interface WireDelta {
  type?: unknown;
  text?: unknown;
  thinking?: unknown;
  signature?: unknown;
  partial_json?: unknown;
}

/** A provider's stream events by name, as far as we read them. Nothing in them is trusted: other vendors send their own versions. */
export interface WireEvents {
  message_start: { message?: { id?: unknown; model?: unknown; usage?: WireUsage | null } | null };
  content_block_start: { index?: unknown; content_block?: WireBlock | null };
  content_block_delta: { index?: unknown; delta?: WireDelta | null };
  content_block_stop: { index?: unknown };
  message_delta: { delta?: { stop_reason?: unknown; stop_sequence?: unknown } | null; usage?: WireUsage | null };
  message_stop: object;
  ping: object;
  error: object;
}

/** Usage as we write it, all required fields filled in. `input_tokens` leaves out what the prompt cache gave or took. */
export interface WrittenUsage extends WrittenDetails {
  input_tokens: number;
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
  output_tokens: number;
  output_tokens_details: { thinking_tokens: number } | null;
  server_tool_use: null;
}

/** What usage says only where it is not as usual. */
export interface WrittenDetails {
  cache_creation?: { ephemeral_1h_input_tokens: number; ephemeral_5m_input_tokens: number };
  service_tier?: 'priority' | 'batch';
  speed?: 'fast';
}

/** Usage of a whole message, which names more than that of a `message_delta`. */
export type WrittenMessageUsage = Omit<WrittenUsage, keyof WrittenDetails> & {
  [Field in keyof WrittenDetails]-?: WrittenDetails[Field] | null;
} & { inference_geo: null };

export type WrittenBlock =
  | { type: 'text'; text: string; citations: null }
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'redacted_thinking'; data: string }
  | { type: 'tool_use'; id: string; name: string; input: Record<string, never>; caller: { type: 'direct' } };

export type WrittenDelta =
  | { type: 'text_delta'; text: string }
  | { type: 'thinking_delta'; thinking: string }
  | { type: 'signature_delta'; signature: string }
  | { type: 'input_json_delta'; partial_json: string };

/** Which field of a delta has its text. */
export const deltaFields = {
  text_delta: 'text',
  thinking_delta: 'thinking',
  signature_delta: 'signature',
  input_json_delta: 'partial_json',
} as const;

/** The text of a delta. */
export function deltaText(delta: WrittenDelta): string {
  switch (delta.type) {
    case 'text_delta':
      return delta.text;
    case 'thinking_delta':
      return delta.thinking;
    case 'signature_delta':
      return delta.signature;
    case 'input_json_delta':
      return delta.partial_json;
  }
}

export interface WrittenStop {
  stop_reason: StopReason;
  stop_sequence: string | null;
  stop_details: null;
  container: null;
}

/** A message as it stands when its stream opens. */
export interface WrittenMessage {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  content: [];
  stop_reason: null;
  stop_sequence: null;
  stop_details: null;
  container: null;
  diagnostics: null;
  usage: WrittenMessageUsage;
}

/** The events we write; `type` is also the name of the event. */
export type WrittenEvent =
  | { type: 'message_start'; message: WrittenMessage }
  | { type: 'content_block_start'; index: number; content_block: WrittenBlock }
  | { type: 'content_block_delta'; index: number; delta: WrittenDelta }
  | { type: 'content_block_stop'; index: number }
  | { type: 'message_delta'; delta: WrittenStop; usage: WrittenUsage }
  | { type: 'message_stop' };

/** Anthropic's reasons to stop, in our terms. */
const stopReasons = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  refusal: 'refusal',
  pause_turn: 'pause',
} as const satisfies Record<string, FinishReason['unified']>;

export type StopReason = keyof typeof stopReasons;

const isStopReason = (raw: string): raw is StopReason => Object.hasOwn(stopReasons, raw);

/** A provider's `stop_reason` and `stop_sequence` in our terms. */
export function toFinishReason(stopReason: unknown, stopSequence: unknown): FinishReason {
  const raw = typeof stopReason === 'string' ? stopReason : '';
  const unified = isStopReason(raw) ? stopReasons[raw] : 'other';
  return typeof stopSequence === 'string' ? { unified, raw, stopSequence } : { unified, raw };
}

const written: Record<FinishReason['unified'], StopReason> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
  refusal: 'refusal',
  pause: 'pause_turn',
  other: 'end_turn',
};

/**
 * Our reason in Anthropic's words: its own word where the answer came with one.
 * An answer with tool calls that merely says `stop` becomes `tool_use`: clients of this protocol run tools only then, and some servers do not tell the two apart.
 */
export function toStopReason({ unified, raw, stopSequence }: FinishReason, hasToolCalls: boolean): StopReason {
  if (isStopReason(raw) && stopReasons[raw] === unified) return raw;
  if (unified !== 'stop') return written[unified];
  if (stopSequence !== undefined) return 'stop_sequence';
  return hasToolCalls ? 'tool_use' : 'end_turn';
}
