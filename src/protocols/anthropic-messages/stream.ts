import { JsonSyntaxError, parseJson, type JsonNode } from '../../framing/json.ts';
import { replaceValue, splice } from '../../framing/splice.ts';
import { formatSse, withData, type SseEvent } from '../../framing/sse.ts';
import type { Part, TextPart } from '../../llm/part.ts';
import type { StreamDecoder, StreamEncoder, TextSpot } from '../protocol.ts';
import { AnswerEvents } from './response-events.ts';
import { encodeStreamError, eventFailure } from './error.ts';
import { mergeCounts, noCounts, toUsage, type Counts } from './wire-usage.ts';
import { toFinishReason, type WireBlock, type WireDelta, type WireEvents } from './wire.ts';

/**
 * Where a block that opens, or a delta, has its text, and which part that becomes. The decoder and `eventTexts` both go by these tables:
 * they must name the same texts of an event, or changed text would be put in the wrong place.
 */
const blockTexts: ReadonlyMap<unknown, { field: keyof WireBlock; part: TextPart['type'] }> = new Map([
  ['text', { field: 'text', part: 'text' }],
  ['thinking', { field: 'thinking', part: 'reasoning' }],
]);
const deltaTexts: ReadonlyMap<unknown, { field: keyof WireDelta; part: TextPart['type']; kind: TextSpot['kind'] }> = new Map([
  ['text_delta', { field: 'text', part: 'text', kind: 'text' }],
  ['thinking_delta', { field: 'thinking', part: 'reasoning', kind: 'text' }],
  ['input_json_delta', { field: 'partial_json', part: 'tool-arguments', kind: 'json' }],
]);

interface State {
  counts: Counts;
  /** The block that has begun and not ended. */
  open: number | undefined;
  /**
   * Blocks whose deltas are no text of the answer: a tool call that came with its whole input, which deltas can only repeat, and blocks of types we do not read.
   * Their deltas yield empty text, because `eventTexts` cannot know of them.
   */
  mute: Set<number>;
  finished: boolean;
}

/** State for reading one Anthropic stream. */
export function createDecoder(): StreamDecoder {
  const state: State = { counts: noCounts, open: undefined, mute: new Set(), finished: false };
  return {
    push(event) {
      try {
        return decodeEvent(state, event);
      } catch (error) {
        if (error instanceof SyntaxError || error instanceof JsonSyntaxError) return [brokenEvent];
        throw error;
      }
    },
  };
}

const brokenEvent: Part = { type: 'error', failure: { status: 502, type: '', message: 'The provider sent an event that is not JSON.' } };

function decodeEvent(state: State, { name, data }: SseEvent): Part[] {
  if (!data.startsWith('{')) return []; // a keep-alive, or the [DONE] that some servers send
  const event = JSON.parse(data) as WireEvents[keyof WireEvents] & { type?: unknown };
  const type = name === 'error' ? name : event.type;
  return isKnown(type) ? dispatch(type, state, event, data) : [];
}

const isKnown = (type: unknown): type is keyof WireEvents => typeof type === 'string' && Object.hasOwn(handlers, type);

const dispatch = <Name extends keyof WireEvents>(name: Name, state: State, event: WireEvents[Name], data: string): Part[] =>
  handlers[name](state, event, data);

/** What each event does. `data` is its text, for what JSON.parse would spoil. */
const handlers: { [Name in keyof WireEvents]: (state: State, event: WireEvents[Name], data: string) => Part[] } = {
  message_start(state, { message }) {
    const start: Part = { type: 'start', id: stringOr(message?.id, ''), model: stringOr(message?.model, '') };
    if (message?.usage == null) return [start];
    state.counts = mergeCounts(state.counts, message.usage);
    return [start, { type: 'usage', usage: toUsage(state.counts) }];
  },

  content_block_start(state, event, data) {
    const block = toBlock(event.index);
    const parts = closeBlock(state);
    state.mute.delete(block);
    const type = event.content_block?.type;
    if (type === 'tool_use') return [...parts, ...openTool(state, block, event.content_block ?? {}, data)];
    const source = blockTexts.get(type);
    if (source === undefined) {
      state.mute.add(block);
      return parts;
    }
    state.open = block;
    const text = event.content_block?.[source.field];
    return isText(text) ? [...parts, { type: source.part, choice: 0, block, text }] : parts;
  },

  content_block_delta(state, { index, delta }) {
    const source = deltaTexts.get(delta?.type);
    const text = source && delta?.[source.field];
    if (source === undefined || typeof text !== 'string') return [];
    const block = toBlock(index);
    if (state.mute.has(block)) return [{ type: 'text', choice: 0, block, text: '' }];
    state.open ??= block;
    return [{ type: source.part, choice: 0, block, text }];
  },

  content_block_stop: (state, { index }) => (state.open === toBlock(index) ? closeBlock(state) : []),

  // Counts are running totals: a later event replaces, never adds. Some servers name them only here.
  message_delta(state, { delta, usage }) {
    const ends = isText(delta?.stop_reason);
    const parts = ends ? closeBlock(state) : [];
    if (usage != null) {
      state.counts = mergeCounts(state.counts, usage);
      parts.push({ type: 'usage', usage: toUsage(state.counts) });
    }
    return ends ? [...parts, ...finish(state, delta?.stop_reason, delta?.stop_sequence)] : parts;
  },

  message_stop: (state) => [...closeBlock(state), ...finish(state, undefined, undefined), { type: 'end' }],
  ping: () => [],
  error: (_state, { error }) => [{ type: 'error', failure: eventFailure(error) }],
};

function openTool(state: State, block: number, { id, name, input }: WireBlock, data: string): Part[] {
  state.open = block;
  const call: Part = { type: 'tool-call', choice: 0, block, id: stringOr(id, ''), name: stringOr(name, '') };
  if (typeof input !== 'object' || input === null || Array.isArray(input) || Object.keys(input).length === 0) return [call];
  state.mute.add(block);
  const text = parseJson(Buffer.from(data)).get('content_block')?.get('input')?.text ?? '';
  return [call, { type: 'tool-arguments', choice: 0, block, text }];
}

/** An answer ends once, however often a server says so. */
function finish(state: State, stopReason: unknown, stopSequence: unknown): Part[] {
  if (state.finished) return [];
  state.finished = true;
  return [{ type: 'finish', choice: 0, reason: toFinishReason(stopReason, stopSequence) }];
}

function closeBlock(state: State): Part[] {
  if (state.open === undefined) return [];
  const block = state.open;
  state.open = undefined;
  return [{ type: 'block-end', choice: 0, block }];
}

const toBlock = (index: unknown): number => (typeof index === 'number' ? index : 0);
const stringOr = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Where an event's data holds the texts that the decoder yields for it. */
export function eventTexts(data: JsonNode): TextSpot[] {
  if (data.type !== 'object') return [];
  switch (stringIn(data, 'type')) {
    case 'content_block_start':
      return blockSpots(data.get('content_block'));
    case 'content_block_delta':
      return deltaSpots(data.get('delta'));
    default:
      return [];
  }
}

/** A delta like the last one of the block; after an event that opened the block, its first delta. */
export function heldTextEvent(last: SseEvent, at: number, text: string): string {
  const data = parseJson(Buffer.from(last.data));
  const spot = eventTexts(data)[at];
  if (spot !== undefined && stringIn(data, 'type') === 'content_block_delta') {
    return withData(last, splice(data.bytes, [replaceValue(spot.node, JSON.stringify(text))]).toString('utf8'));
  }
  const index = data.get('index')?.text ?? '0';
  const delta = spot?.kind === 'tree' ? { type: 'input_json_delta', partial_json: text } : { type: 'text_delta', text };
  return formatSse(`{"type":"content_block_delta","index":${index},"delta":${JSON.stringify(delta)}}`, 'content_block_delta');
}

function blockSpots(block: JsonNode | undefined): TextSpot[] {
  if (block?.type !== 'object') return [];
  const type = stringIn(block, 'type');
  if (type === 'tool_use') {
    const input = block.get('input');
    return input?.type === 'object' && input.fields().next().done !== true ? [{ node: input, kind: 'tree' }] : [];
  }
  const source = blockTexts.get(type);
  const node = source && block.get(source.field);
  return node?.type === 'string' && node.string() !== '' ? [{ node, kind: 'text' }] : [];
}

function deltaSpots(delta: JsonNode | undefined): TextSpot[] {
  if (delta?.type !== 'object') return [];
  const source = deltaTexts.get(stringIn(delta, 'type'));
  const node = source && delta.get(source.field);
  return source !== undefined && node?.type === 'string' ? [{ node, kind: source.kind }] : [];
}

function stringIn(object: JsonNode, key: string): string | undefined {
  const node = object.get(key);
  return node?.type === 'string' ? node.string() : undefined;
}

/** State for writing one Anthropic stream. What came too late for `message_start`, such as usage, is told before the end. */
export function createEncoder(): StreamEncoder {
  const events = new AnswerEvents();
  let ended = false;
  return {
    push(part) {
      if (ended) return '';
      ended = part.type === 'end' || part.type === 'error';
      if (part.type === 'error') return encodeStreamError({ status: part.failure.status, code: part.failure.type, message: part.failure.message });
      let text = '';
      for (const event of events.push(part)) text += formatSse(JSON.stringify(event), event.type);
      return text;
    },
  };
}
