import type { FinishReason, TextPart } from '../../llm/part.ts';
import { readLogprobs } from '../openai-chat/wire-logprobs.ts';
import type { LocatedPart, TextPlace } from '../protocol.ts';
import { isObject, itemsOf, textOf, type WireObject } from '../untrusted.ts';
import { failureIn } from './error.ts';
import { readUsage } from './wire.ts';

type Path = TextPlace['path'];

/** How far one answer has been read. A JSON answer is read like the event that ends a stream of which nothing else came. */
export interface AnswerState {
  started: boolean;
  /** The answer has ended, well or not: what follows says nothing. */
  ended: boolean;
  /** Blocks opened so far. */
  blocks: number;
  /** Items of the output by their index there. */
  items: Map<number, ItemState>;
  /** The block that takes more text; undefined between blocks. */
  open: BlockState | undefined;
  called: boolean;
  refused: boolean;
}

/** An item of the output, with the blocks that its texts are. */
export interface ItemState {
  id: string;
  /** Texts of a message, or of reasoning that is not summed up; the input of a custom tool. */
  content: BlockState[];
  summary: BlockState[];
  call: BlockState | undefined;
  hasState: boolean;
}

/** A text of an item. What was said of it once is only repeated in later events. */
export interface BlockState {
  block: number;
  said: boolean;
  hasLogprobs: boolean;
}

export const createAnswerState = (): AnswerState => ({
  started: false,
  ended: false,
  blocks: 0,
  items: new Map(),
  open: undefined,
  called: false,
  refused: false,
});

/** A text as it stands in an event or an answer. `isWhole`: not one more piece, but all of it. */
export interface Saying {
  type: TextPart['type'];
  text: string;
  path: Path;
  kind: TextPlace['kind'];
  isWhole: boolean;
}

/** The item at a place in the output; one with this id stands where it stood before, whatever a server counts. */
export function itemAt(state: AnswerState, index: number, id = ''): ItemState {
  let item = id === '' ? undefined : [...state.items.values()].find((known) => known.id === id);
  item ??= state.items.get(index);
  if (item === undefined) {
    item = { id, content: [], summary: [], call: undefined, hasState: false };
    state.items.set(index, item);
  }
  return item;
}

/** A text of a list of texts: the content of a message, or the summary of what was thought. */
export function sayInList(state: AnswerState, list: BlockState[], index: number, saying: Saying, parts: LocatedPart[]): BlockState | undefined {
  if (saying.text === '') return list[index];
  list[index] ??= openBlock(state, parts);
  if (saying.type === 'refusal') state.refused = true;
  say(list[index], saying, parts);
  return list[index];
}

/** Text is new until all of it was said. */
export function say(block: BlockState, { type, text, path, kind, isWhole }: Saying, parts: LocatedPart[]): void {
  if (text === '') return;
  if (isWhole && block.said) {
    parts.push({ type: 'echo', of: type, text, place: { path, kind } });
    return;
  }
  block.said = true;
  parts.push({ type, choice: 0, block: block.block, text, place: { path, kind } });
}

/** The log probabilities of a text, unless its pieces had them already. */
export function readTextLogprobs(block: BlockState | undefined, value: unknown, isWhole: boolean, parts: LocatedPart[]): void {
  if (block === undefined || (isWhole && block.hasLogprobs) || !Array.isArray(value) || value.length === 0) return;
  block.hasLogprobs = true;
  parts.push({ type: 'logprobs', choice: 0, block: block.block, tokens: readLogprobs({ content: value }) });
}

function openBlock(state: AnswerState, parts: LocatedPart[]): BlockState {
  closeBlock(state, parts);
  state.open = { block: state.blocks++, said: false, hasLogprobs: false };
  return state.open;
}

export function closeBlock(state: AnswerState, parts: LocatedPart[]): void {
  if (state.open !== undefined) parts.push({ type: 'block-end', choice: 0, block: state.open.block });
  state.open = undefined;
}

/** The texts of content, by its type. */
const contentTexts = new Map<unknown, { field: string; type: TextPart['type'] }>([
  ['output_text', { field: 'text', type: 'text' }],
  ['refusal', { field: 'refusal', type: 'refusal' }],
  ['reasoning_text', { field: 'text', type: 'reasoning' }],
  ['summary_text', { field: 'text', type: 'reasoning' }],
]);

/** The text of a part of a message or of reasoning; undefined where it has none that is known. */
export function contentSaying(value: unknown, at: Path): Saying | undefined {
  if (!isObject(value)) return undefined;
  const source = contentTexts.get(value['type']);
  if (source === undefined) return undefined;
  return { type: source.type, text: textOf(value[source.field]), path: [...at, source.field], kind: 'text', isWhole: true };
}

/** An item that is done: all its texts that no event has said before, the others as echoes. */
export function readItem(state: AnswerState, value: WireObject, index: number, at: Path, parts: LocatedPart[]): void {
  const item = itemAt(state, index, textOf(value['id']));
  switch (value['type']) {
    case 'message':
      readList(state, item.content, value['content'], [...at, 'content'], parts);
      break;
    case 'reasoning':
      readList(state, item.summary, value['summary'], [...at, 'summary'], parts);
      readList(state, item.content, value['content'], [...at, 'content'], parts);
      readState(state, item, value, parts);
      break;
    case 'function_call': {
      const call = openCall(state, item, value, parts);
      say(call, { type: 'tool-arguments', text: textOf(value['arguments']), path: [...at, 'arguments'], kind: 'json', isWhole: true }, parts);
      break;
    }
    case 'custom_tool_call':
      readCustomCall(state, item, value, at, parts);
      break;
    default:
      return;
  }
  closeBlock(state, parts);
}

function readList(state: AnswerState, list: BlockState[], content: unknown, at: Path, parts: LocatedPart[]): void {
  itemsOf(content).forEach((value, position) => {
    const saying = contentSaying(value, [...at, position]);
    if (saying === undefined) return;
    const block = sayInList(state, list, position, saying, parts);
    if (isObject(value)) readTextLogprobs(block, value['logprobs'], true, parts);
  });
}

/** What OpenAI needs to take its reasoning back, in the last block of it; in one of its own where nobody may see what was thought. */
function readState(state: AnswerState, item: ItemState, { id, encrypted_content: value }: WireObject, parts: LocatedPart[]): void {
  if (item.hasState || textOf(value) === '') return;
  item.hasState = true;
  const isOpen = state.open !== undefined && [...item.summary, ...item.content].includes(state.open);
  const { block } = (isOpen ? state.open : undefined) ?? openBlock(state, parts);
  const named = textOf(id) === '' ? {} : { id: textOf(id) };
  parts.push({ type: 'reasoning-state', choice: 0, block, state: { origin: 'openai', kind: 'encrypted', value: textOf(value), ...named } });
}

/** The block of a function call, which begins with its name. */
export function openCall(state: AnswerState, item: ItemState, value: WireObject, parts: LocatedPart[]): BlockState {
  if (item.call !== undefined) return item.call;
  item.call = openBlock(state, parts);
  state.called = true;
  const { block } = item.call;
  const id = textOf(value['call_id']) || textOf(value['id']) || `call_${block}`;
  parts.push({ type: 'tool-call', choice: 0, block, id, name: textOf(value['name']) });
  return item.call;
}

/** The input of a custom tool is free text. No translated request has such tools, so it needs no form of its own, but policies must see it. */
function readCustomCall(state: AnswerState, item: ItemState, value: WireObject, at: Path, parts: LocatedPart[]): void {
  state.called = true;
  const saying: Saying = { type: 'text', text: textOf(value['input']), path: [...at, 'input'], kind: 'text', isWhole: true };
  sayInList(state, item.content, 0, saying, parts);
}

/** The beginning of an answer, told once, and what of the request it repeats. */
export function readBeginning(state: AnswerState, response: WireObject, at: Path): LocatedPart[] {
  const parts: LocatedPart[] = [];
  if (!state.started) parts.push({ type: 'start', id: textOf(response['id']), model: textOf(response['model']) });
  state.started = true;
  addRequestEchoes(response, at, parts);
  return parts;
}

/** Texts of the request that OpenAI says again. Redacted there, they must be restored here. */
const requestTexts = ['instructions', 'user', 'safety_identifier', 'prompt_cache_key'];

function addRequestEchoes(response: WireObject, at: Path, parts: LocatedPart[]): void {
  for (const field of requestTexts) addEcho(response[field], [...at, field], parts);
  const { metadata } = response;
  if (isObject(metadata)) for (const [key, value] of Object.entries(metadata)) addEcho(value, [...at, 'metadata', key], parts);
}

function addEcho(value: unknown, path: Path, parts: LocatedPart[]): void {
  if (textOf(value) !== '') parts.push({ type: 'echo', of: 'text', text: textOf(value), place: { path, kind: 'text' } });
}

/** A response that has ended: what nothing said before, its usage, and how it ended. */
export function readEnding(state: AnswerState, response: WireObject, at: Path, hasFailed = response['status'] === 'failed'): LocatedPart[] {
  const parts = readBeginning(state, response, at);
  itemsOf(response['output']).forEach((item, index) => {
    if (isObject(item)) readItem(state, item, index, [...at, 'output', index], parts);
  });
  addEcho(response['output_text'], [...at, 'output_text'], parts);
  closeBlock(state, parts);
  state.ended = true;
  const usage = readUsage(response['usage'], response['service_tier']);
  if (usage !== undefined) parts.push({ type: 'usage', usage });
  if (hasFailed) parts.push({ type: 'error', failure: failureIn({ error: response['error'] ?? undefined }) });
  else parts.push({ type: 'finish', choice: 0, reason: finishReason(state, response) }, { type: 'end' });
  return parts;
}

const incompleteReasons = new Map<string, FinishReason['unified']>([
  ['max_output_tokens', 'length'],
  ['content_filter', 'content-filter'],
]);

/** OpenAI has one word for all good ends; agents need to know whether tools are called. */
function finishReason({ called, refused }: AnswerState, { status, incomplete_details: details }: WireObject): FinishReason {
  const raw = textOf(status);
  if (raw === 'incomplete') {
    const reason = isObject(details) ? textOf(details['reason']) : '';
    return { unified: incompleteReasons.get(reason) ?? 'other', raw: reason === '' ? raw : reason };
  }
  if (raw !== 'completed' && raw !== '') return { unified: 'other', raw };
  if (called) return { unified: 'tool-calls', raw };
  return { unified: refused ? 'refusal' : 'stop', raw };
}
