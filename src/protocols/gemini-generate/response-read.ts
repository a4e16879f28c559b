import { parseJson } from '../../framing/json.ts';
import type { OpaqueState } from '../../llm/state.ts';
import type { Usage } from '../../llm/usage.ts';
import type { LocatedPart, TextPlace } from '../protocol.ts';
import { nodeAt } from '../text-place.ts';
import { isObject, itemsOf, textOf, type WireObject } from '../untrusted.ts';
import { failureIn } from './error.ts';
import { readLogprobs } from './wire-logprobs.ts';
import { isPlaceholder, readSignature } from './wire-signature.ts';
import { isSameUsage, mergeUsage } from './wire-usage.ts';
import { toBlockedReason, toFinishReason } from './wire.ts';

/** How far an answer has been read, in one response or in the many of a stream, which have the same shape. */
export interface AnswerState {
  /** The id of the answer; undefined until it began. */
  id: string | undefined;
  failed: boolean;
  nextBlock: number;
  calls: number;
  usage: Usage | undefined;
  readonly choices: Map<number, ChoiceState>;
}

interface ChoiceState {
  /** The block whose text goes on. */
  open: { type: 'text' | 'reasoning'; block: number } | undefined;
  /** The last block of text: log probabilities are of it. */
  textBlock: number | undefined;
  hasCalls: boolean;
  finished: boolean;
}

export const createAnswerState = (): AnswerState => ({ id: undefined, failed: false, nextBlock: 0, calls: 0, usage: undefined, choices: new Map() });

/** The parts of one response. `source` is its JSON text, for what JSON.parse would spoil. */
export function readResponse(state: AnswerState, response: WireObject, source: string | Buffer): LocatedPart[] {
  const failure = failureIn(response);
  if (failure !== undefined) {
    state.failed = true;
    return [{ type: 'error', failure }];
  }
  const parts: LocatedPart[] = [];
  if (state.id === undefined) {
    state.id = textOf(response['responseId']);
    parts.push({ type: 'start', id: state.id, model: textOf(response['modelVersion']) });
  }
  const candidates = itemsOf(response['candidates']);
  for (const [at, candidate] of candidates.entries()) if (isObject(candidate)) readCandidate({ state, parts, source }, candidate, at);
  readUsage(state, parts, response['usageMetadata']);
  if (candidates.length === 0) readBlocked(state, parts, response['promptFeedback']);
  return parts;
}

function readUsage(state: AnswerState, parts: LocatedPart[], metadata: unknown): void {
  if (!isObject(metadata)) return;
  const usage = mergeUsage(state.usage, metadata);
  if (state.usage !== undefined && isSameUsage(state.usage, usage)) return;
  state.usage = usage;
  parts.push({ type: 'usage', usage });
}

/** A prompt that is blocked has no candidates. */
function readBlocked(state: AnswerState, parts: LocatedPart[], feedback: unknown): void {
  const reason = isObject(feedback) ? textOf(feedback['blockReason']) : '';
  if (reason === '') return;
  const choice = choiceOf(state, 0);
  if (choice.finished) return;
  choice.finished = true;
  closeBlock(parts, 0, choice);
  parts.push({ type: 'finish', choice: 0, reason: toBlockedReason(reason) });
}

interface Reading {
  state: AnswerState;
  parts: LocatedPart[];
  source: string | Buffer;
}

function readCandidate(reading: Reading, candidate: WireObject, at: number): void {
  const { state, parts } = reading;
  const index = typeof candidate['index'] === 'number' ? candidate['index'] : at;
  const choice = choiceOf(state, index);
  const content = candidate['content'];
  const items = isObject(content) ? itemsOf(content['parts']) : [];
  for (let place = 0; place < items.length; place++) {
    const item = items[place];
    if (isObject(item)) readPart(reading, item, { choice, index, candidate: at, part: place });
  }
  const tokens = readLogprobs(candidate['logprobsResult']);
  if (tokens.length > 0 && choice.textBlock !== undefined) parts.push({ type: 'logprobs', choice: index, block: choice.textBlock, tokens });
  const reason = textOf(candidate['finishReason']);
  if (reason === '' || reason === 'FINISH_REASON_UNSPECIFIED' || choice.finished) return;
  choice.finished = true;
  closeBlock(parts, index, choice);
  parts.push({ type: 'finish', choice: index, reason: toFinishReason(reason, choice.hasCalls) });
}

/** Where a part stands: its choice, and the two indices that lead to it. */
interface PartPlace {
  choice: ChoiceState;
  index: number;
  candidate: number;
  part: number;
}

function readPart(reading: Reading, item: WireObject, place: PartPlace): void {
  const { parts } = reading;
  const { choice, index } = place;
  const call = item['functionCall'];
  const text = item['text'];
  const state = stateOf(item['thoughtSignature']);
  if (isObject(call)) readCall(reading, call, state, place);
  else if (typeof text !== 'string') closeBlock(parts, index, choice);
  else if (item['thought'] === true) readThought(reading, text, state, place);
  else {
    if (text !== '') pushText(reading, 'text', text, place, state);
    else if (state !== undefined) pushState(reading, state, place);
  }
}

function stateOf(signature: unknown): OpaqueState | undefined {
  const value = textOf(signature);
  return value === '' || isPlaceholder(value) ? undefined : { origin: 'google', kind: 'signature', value: readSignature(value) };
}

function readThought(reading: Reading, text: string, state: OpaqueState | undefined, place: PartPlace): void {
  if (text !== '') pushText(reading, 'reasoning', text, place);
  if (state !== undefined) pushState(reading, state, place);
}

/** A signature of text belongs to the thinking before it, where that is still open; else it stands for thinking that nobody sees. */
function pushText(reading: Reading, type: 'text' | 'reasoning', text: string, place: PartPlace, state?: OpaqueState): void {
  const { parts } = reading;
  const { choice, index, candidate, part } = place;
  const signsThinking = state !== undefined && choice.open?.type === 'reasoning';
  if (signsThinking) pushState(reading, state, place);
  if (choice.open?.type !== type) {
    closeBlock(parts, index, choice);
    choice.open = { type, block: reading.state.nextBlock++ };
    if (type === 'text') choice.textBlock = choice.open.block;
  }
  parts.push({ type, choice: index, block: choice.open.block, text, place: textPlace(candidate, part) });
  if (state !== undefined && !signsThinking) pushState(reading, state, place);
}

/** Ends its block: what is thought after it has a signature of its own. */
function pushState({ state: answer, parts }: Reading, state: OpaqueState, { choice, index }: PartPlace): void {
  if (choice.open?.type !== 'reasoning') {
    closeBlock(parts, index, choice);
    choice.open = { type: 'reasoning', block: answer.nextBlock++ };
  }
  parts.push({ type: 'reasoning-state', choice: index, block: choice.open.block, state });
  closeBlock(parts, index, choice);
}

/** A call comes whole. One without a name goes on with a call whose arguments are streamed, which only a client of this protocol asks for. */
function readCall({ state: answer, parts, source }: Reading, call: WireObject, state: OpaqueState | undefined, place: PartPlace): void {
  const { choice, index, candidate, part } = place;
  const name = textOf(call['name']);
  closeBlock(parts, index, choice);
  if (name === '') return;
  const block = answer.nextBlock++;
  const id = textOf(call['id']) || callId(answer);
  choice.hasCalls = true;
  parts.push({ type: 'tool-call', choice: index, block, id, name, ...(state !== undefined && { state }) });
  if (isObject(call['args'])) {
    const args: TextPlace = { path: ['candidates', candidate, 'content', 'parts', part, 'functionCall', 'args'], kind: 'tree' };
    const { text } = nodeAt(parseJson(Buffer.from(source)), args.path);
    parts.push({ type: 'tool-arguments', choice: index, block, text, place: args });
  }
  parts.push({ type: 'block-end', choice: index, block });
}

/** Older models give calls no id. Clients of other protocols send it back in later turns, so it must be one of its own there too. */
const callId = (answer: AnswerState): string => `call_${answer.id ? `${answer.id}_` : ''}${++answer.calls}`;

function closeBlock(parts: LocatedPart[], index: number, choice: ChoiceState): void {
  if (choice.open === undefined) return;
  parts.push({ type: 'block-end', choice: index, block: choice.open.block });
  choice.open = undefined;
}

/** Where nearly all text of streams stands. */
const usualPlace: TextPlace = { path: ['candidates', 0, 'content', 'parts', 0, 'text'], kind: 'text' };

const textPlace = (candidate: number, part: number): TextPlace =>
  candidate === 0 && part === 0 ? usualPlace : { path: ['candidates', candidate, 'content', 'parts', part, 'text'], kind: 'text' };

function choiceOf(state: AnswerState, index: number): ChoiceState {
  let choice = state.choices.get(index);
  if (choice === undefined) {
    choice = { open: undefined, textBlock: undefined, hasCalls: false, finished: false };
    state.choices.set(index, choice);
  }
  return choice;
}
