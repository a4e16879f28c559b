import { JsonSyntaxError, parseJson } from '../../framing/json.ts';
import { splice } from '../../framing/splice.ts';
import type { StreamEvent, WrittenEvent } from '../../framing/event.ts';
import type { TextPart } from '../../llm/part.ts';
import type { OpaqueState } from '../../llm/state.ts';
import { aroundText } from '../around-text.ts';
import { brokenEvent, clientErrorOf } from '../failure.ts';
import type { LocatedPart, StreamDecoder, StreamEncoder, TextEvent, TextPlace } from '../protocol.ts';
import { nodeAt, replaceText } from '../text-place.ts';
import { encodeStreamError, failureIn } from './error.ts';
import { AnswerEvents } from './response-events.ts';
import { mergeCounts, noCounts, toUsage, type Counts } from './wire-usage.ts';
import {
  blockTexts,
  deltaFields,
  deltaText,
  stateOf,
  toFinishReason,
  type WireBlock,
  type WireDelta,
  type WireEvents,
  type WrittenDelta,
  type WrittenEvent as AnswerEvent,
} from './wire.ts';

/** Where a block that opens, or a delta, has its text, and which part that becomes. */
const openingTexts = new Map<unknown, { field: keyof WireBlock; part: TextPart['type']; place: TextPlace }>(
  Object.entries(blockTexts).map(([type, source]) => [type, { ...source, place: { path: ['content_block', source.field], kind: 'text' } }]),
);
const textOfDelta = (part: TextPart['type'], field: keyof WireDelta, kind: TextPlace['kind']) => ({
  part,
  field,
  place: { path: ['delta', field], kind },
});
const deltaTexts = new Map<unknown, ReturnType<typeof textOfDelta>>([
  ['text_delta', textOfDelta('text', 'text', 'text')],
  ['thinking_delta', textOfDelta('reasoning', 'thinking', 'text')],
  ['input_json_delta', textOfDelta('tool-arguments', 'partial_json', 'json')],
]);
const openingInput: TextPlace = { path: ['content_block', 'input'], kind: 'tree' };

interface State {
  counts: Counts;
  /** The block that has begun and not ended. */
  open: number | undefined;
  /** What the open block is signed with, or holds that is redacted: it is told once, when the block ends. */
  opaque: OpaqueState | undefined;
  /** Blocks whose deltas are no text of the answer: a tool call that came with its whole input, which deltas can only repeat, and blocks of types we do not read. */
  mute: Set<number>;
  finished: boolean;
}

/** State for reading one Anthropic stream. */
export function createDecoder(): StreamDecoder {
  const state: State = { counts: noCounts, open: undefined, opaque: undefined, mute: new Set(), finished: false };
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

function decodeEvent(state: State, { name, data }: StreamEvent): LocatedPart[] {
  if (!data.startsWith('{')) return []; // a keep-alive, or the [DONE] that some servers send
  const event = JSON.parse(data) as WireEvents[keyof WireEvents] & { type?: unknown };
  const type = name === 'error' ? name : event.type;
  return isKnown(type) ? dispatch(type, state, event, data) : [];
}

const isKnown = (type: unknown): type is keyof WireEvents => typeof type === 'string' && Object.hasOwn(handlers, type);

const dispatch = <Name extends keyof WireEvents>(name: Name, state: State, event: WireEvents[Name], data: string): LocatedPart[] =>
  handlers[name](state, event, data);

/** What each event does. `data` is its text, for what JSON.parse would spoil. */
const handlers: { [Name in keyof WireEvents]: (state: State, event: WireEvents[Name], data: string) => LocatedPart[] } = {
  message_start(state, { message }) {
    const start: LocatedPart = { type: 'start', id: stringOr(message?.id, ''), model: stringOr(message?.model, '') };
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
    const source = openingTexts.get(type);
    if (source === undefined && type !== 'redacted_thinking') {
      state.mute.add(block);
      return parts;
    }
    state.open = block;
    if (source === undefined) {
      state.opaque = stateOf('encrypted', event.content_block?.data);
      return parts;
    }
    if (type === 'thinking') state.opaque = stateOf('signature', event.content_block?.signature);
    const text = event.content_block?.[source.field];
    return isText(text) ? [...parts, { type: source.part, choice: 0, block, text, place: source.place }] : parts;
  },

  content_block_delta(state, { index, delta }) {
    const block = toBlock(index);
    if (delta?.type === 'signature_delta') {
      if (state.open === block) state.opaque = stateOf('signature', delta.signature) ?? state.opaque;
      return [];
    }
    const source = deltaTexts.get(delta?.type);
    const text = source && delta?.[source.field];
    if (source === undefined || !isText(text) || state.mute.has(block)) return [];
    state.open ??= block;
    return [{ type: source.part, choice: 0, block, text, place: source.place }];
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
  error: (_state, event) => [{ type: 'error', failure: failureIn(event) }],
};

function openTool(state: State, block: number, { id, name, input }: WireBlock, data: string): LocatedPart[] {
  state.open = block;
  const call: LocatedPart = { type: 'tool-call', choice: 0, block, id: stringOr(id, ''), name: stringOr(name, '') };
  if (typeof input !== 'object' || input === null || Array.isArray(input) || Object.keys(input).length === 0) return [call];
  state.mute.add(block);
  const { text } = nodeAt(parseJson(Buffer.from(data)), openingInput.path);
  return [call, { type: 'tool-arguments', choice: 0, block, text, place: openingInput }];
}

/** An answer ends once, however often a server says so. */
function finish(state: State, stopReason: unknown, stopSequence: unknown): LocatedPart[] {
  if (state.finished) return [];
  state.finished = true;
  return [{ type: 'finish', choice: 0, reason: toFinishReason(stopReason, stopSequence) }];
}

function closeBlock(state: State): LocatedPart[] {
  if (state.open === undefined) return [];
  const { open: block, opaque } = state;
  state.open = undefined;
  state.opaque = undefined;
  const end: LocatedPart = { type: 'block-end', choice: 0, block };
  return opaque === undefined ? [end] : [{ type: 'reasoning-state', choice: 0, block, state: opaque }, end];
}

const toBlock = (index: unknown): number => (typeof index === 'number' ? index : 0);
const stringOr = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** A delta like the last one of the block; after an event that opened the block, its first delta. */
export function heldTextEvent({ event, place }: TextEvent, text: string): WrittenEvent {
  const data = parseJson(Buffer.from(event.data));
  if (place.path[0] === 'delta') return { name: event.name, data: splice(data.bytes, [replaceText(data, place, text)]).toString('utf8') };
  const index = data.get('index')?.text ?? '0';
  return { name: 'content_block_delta', data: `{"type":"content_block_delta","index":${index},"delta":${JSON.stringify(firstDelta(place, text))}}` };
}

function firstDelta({ path, kind }: TextPlace, text: string): WrittenDelta {
  if (kind === 'tree') return { type: 'input_json_delta', partial_json: text };
  return path.at(-1) === 'thinking' ? { type: 'thinking_delta', thinking: text } : { type: 'text_delta', text };
}

/** State for writing one Anthropic stream. What came too late for `message_start`, such as usage, is told before the end. */
export function createEncoder(): StreamEncoder {
  const events = new AnswerEvents();
  const format = createFormat();
  let ended = false;
  return {
    push(part) {
      if (ended) return [];
      ended = part.type === 'end' || part.type === 'error';
      if (part.type === 'error') return encodeStreamError(clientErrorOf(part.failure));
      return events.push(part).map((event): WrittenEvent => ({ name: event.type, data: format(event) }));
    },
    stop(error) {
      if (ended) return [];
      ended = true;
      return encodeStreamError(error, events.soFar());
    },
  };
}

/** Writes events as JSON. Nearly each is a delta like the one before, but for its text. */
function createFormat(): (event: AnswerEvent) => string {
  let run: { index: number; type: WrittenDelta['type']; format: (text: string) => string } | undefined;
  return (event) => {
    if (event.type !== 'content_block_delta') return JSON.stringify(event);
    const { index, delta } = event;
    if (run?.index !== index || run.type !== delta.type) run = { index, type: delta.type, format: formatOf(index, delta.type) };
    return run.format(deltaText(delta));
  };
}

const formatOf = (index: number, type: WrittenDelta['type']): ((text: string) => string) =>
  aroundText(['{"type":"content_block_delta","index":', index, ',"delta":{"type":"', type, '","', deltaFields[type], '":'], ['}}']);
