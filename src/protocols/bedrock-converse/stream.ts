import type { StreamEvent, WrittenEvent } from '../../framing/event.ts';
import { parseJson } from '../../framing/json.ts';
import { splice } from '../../framing/splice.ts';
import type { OpaqueState } from '../../llm/state.ts';
import { aroundText } from '../around-text.ts';
import { brokenEvent, clientErrorOf } from '../failure.ts';
import type { LocatedPart, LocatedText, StreamDecoder, StreamEncoder, TextEvent, TextPlace } from '../protocol.ts';
import { replaceText } from '../text-place.ts';
import { isObject, textOf } from '../untrusted.ts';
import { encodeStreamError, failureOfException } from './error.ts';
import { AnswerEvents } from './response-events.ts';
import { toUsage } from './wire-usage.ts';
import { stateOf, toFinishReason, type WireDelta, type WireEvents, type WrittenDelta, type WrittenEvent as AnswerEvent } from './wire.ts';

const places = {
  text: { path: ['delta', 'text'], kind: 'text' },
  reasoning: { path: ['delta', 'reasoningContent', 'text'], kind: 'text' },
  'tool-arguments': { path: ['delta', 'toolUse', 'input'], kind: 'json' },
} as const satisfies Partial<Record<LocatedText['type'], TextPlace>>;

interface State {
  /** The block that has begun and not ended. */
  open: number | undefined;
  /** What the open block is signed with, or holds that is redacted: it is told once, when the block ends. */
  opaque: OpaqueState | undefined;
  /** Blocks of kinds that no part stands for, such as a tool that Bedrock itself runs. */
  mute: Set<number>;
  finished: boolean;
}

/** State for reading one stream of `converse-stream`. */
export function createDecoder(): StreamDecoder {
  const state: State = { open: undefined, opaque: undefined, mute: new Set(), finished: false };
  return { push: (event) => decodeEvent(state, event) };
}

function decodeEvent(state: State, { name, data, messageType }: StreamEvent): LocatedPart[] {
  if (messageType === 'exception' || messageType === 'error') return [{ type: 'error', failure: failureOfException(name, data) }];
  if (data === '') return [];
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    return [brokenEvent];
  }
  return isObject(event) && isKnown(name) ? dispatch(name, state, event) : [];
}

const isKnown = (name: string): name is keyof WireEvents => Object.hasOwn(handlers, name);

const dispatch = <Name extends keyof WireEvents>(name: Name, state: State, event: WireEvents[Name]): LocatedPart[] => handlers[name](state, event);

/** What each event does. */
const handlers: { [Name in keyof WireEvents]: (state: State, event: WireEvents[Name]) => LocatedPart[] } = {
  messageStart: () => [{ type: 'start', id: '', model: '' }],

  contentBlockStart(state, { contentBlockIndex, start }) {
    const block = toBlock(contentBlockIndex);
    const parts = closeBlock(state);
    const toolUse = start?.toolUse;
    if (toolUse == null || textOf(toolUse.type) !== '') {
      state.mute.add(block);
      return parts;
    }
    state.open = block;
    return [...parts, { type: 'tool-call', choice: 0, block, id: textOf(toolUse.toolUseId), name: textOf(toolUse.name) }];
  },

  contentBlockDelta(state, { contentBlockIndex, delta }) {
    const block = toBlock(contentBlockIndex);
    if (delta == null || state.mute.has(block)) return [];
    const parts = state.open === block ? [] : closeBlock(state);
    state.open = block;
    const text = textIn(delta);
    if (text === undefined) noteState(state, delta);
    else if (text.text !== '') parts.push({ choice: 0, block, ...text });
    return parts;
  },

  contentBlockStop: (state, { contentBlockIndex }) => (state.open === toBlock(contentBlockIndex) ? closeBlock(state) : []),

  messageStop(state, { stopReason, additionalModelResponseFields }) {
    const parts = closeBlock(state);
    if (state.finished) return parts;
    state.finished = true;
    return [...parts, { type: 'finish', choice: 0, reason: toFinishReason(stopReason, additionalModelResponseFields) }];
  },

  // The last event of all. Before the message has stopped it would end nothing.
  metadata(state, { usage, serviceTier }) {
    const parts: LocatedPart[] = usage == null ? [] : [{ type: 'usage', usage: toUsage(usage, serviceTier) }];
    return state.finished ? [...parts, { type: 'end' }] : parts;
  },
};

/** The text of a delta, and its place; undefined for one that is none. */
function textIn({ text, toolUse, reasoningContent }: WireDelta): Pick<LocatedText, 'type' | 'text' | 'place'> | undefined {
  if (typeof text === 'string') return { type: 'text', text, place: places.text };
  if (typeof toolUse?.input === 'string') return { type: 'tool-arguments', text: toolUse.input, place: places['tool-arguments'] };
  if (typeof reasoningContent?.text === 'string') return { type: 'reasoning', text: reasoningContent.text, place: places.reasoning };
  return undefined;
}

/** State may come in pieces, as any content may; pieces of redacted content are bytes each. */
function noteState(state: State, { reasoningContent }: WireDelta): void {
  const { signature, redactedContent } = reasoningContent ?? {};
  const before = state.opaque?.value;
  if (typeof signature === 'string') state.opaque = stateOf('signature', (before ?? '') + signature);
  else if (typeof redactedContent === 'string') {
    state.opaque = stateOf('encrypted', before === undefined ? redactedContent : joinedBytes(before, redactedContent));
  }
}

const joinedBytes = (...pieces: string[]): string => Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'base64'))).toString('base64');

function closeBlock(state: State): LocatedPart[] {
  if (state.open === undefined) return [];
  const { open: block, opaque } = state;
  state.open = undefined;
  state.opaque = undefined;
  const end: LocatedPart = { type: 'block-end', choice: 0, block };
  return opaque === undefined ? [end] : [{ type: 'reasoning-state', choice: 0, block, state: opaque }, end];
}

const toBlock = (index: unknown): number => (typeof index === 'number' ? index : 0);

/** A delta like the last one of the block: it has nothing beside its text. */
export function heldTextEvent({ event, place }: TextEvent, text: string): WrittenEvent {
  const data = parseJson(Buffer.from(event.data));
  return { name: event.name, data: splice(data.bytes, [replaceText(data, place, text)]).toString('utf8') };
}

/** State for writing one stream. */
export function createEncoder(): StreamEncoder {
  const events = new AnswerEvents();
  const format = createFormat();
  let ended = false;
  return {
    push(part) {
      if (ended) return [];
      ended = part.type === 'end' || part.type === 'error';
      if (part.type === 'error') return encodeStreamError(clientErrorOf(part.failure));
      return events.push(part).map((event): WrittenEvent => ({ name: event.name, data: format(event) }));
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
  let run: { index: number; kind: TextKind; format: (text: string) => string } | undefined;
  return (event) => {
    const found = event.name === 'contentBlockDelta' ? textOfDelta(event.data.delta) : undefined;
    if (event.name !== 'contentBlockDelta' || found === undefined) return JSON.stringify(event.data);
    const { contentBlockIndex: index } = event.data;
    if (run?.index !== index || run.kind !== found.kind) run = { index, kind: found.kind, format: formatOf(index, found.kind) };
    return run.format(found.text);
  };
}

type TextKind = keyof typeof around;

/** What stands around the text of each kind of delta. */
const around = {
  text: ['{"text":', '}'],
  input: ['{"toolUse":{"input":', '}}'],
  reasoning: ['{"reasoningContent":{"text":', '}}'],
} as const;

function textOfDelta(delta: WrittenDelta): { kind: TextKind; text: string } | undefined {
  if ('text' in delta) return { kind: 'text', text: delta.text };
  if ('toolUse' in delta) return { kind: 'input', text: delta.toolUse.input };
  return 'text' in delta.reasoningContent ? { kind: 'reasoning', text: delta.reasoningContent.text } : undefined;
}

const formatOf = (index: number, kind: TextKind): ((text: string) => string) =>
  aroundText(['{"contentBlockIndex":', index, ',"delta":', around[kind][0]], [around[kind][1], '}']);
