import type { StreamEvent, WrittenEvent } from '../../framing/event.ts';
import { parseJson } from '../../framing/json.ts';
import { replaceValue, splice } from '../../framing/splice.ts';
import { isTextPart, type Part, type TokenLogprob } from '../../llm/part.ts';
import type { Usage } from '../../llm/usage.ts';
import { brokenEvent, clientErrorOf } from '../failure.ts';
import { encodeStreamError } from './error.ts';
import { writeUsage } from '../openai-chat/wire.ts';
import type { ClientError, EncoderOptions, LocatedPart, StreamDecoder, StreamEncoder, TextEvent } from '../protocol.ts';
import { replaceText } from '../text-place.ts';
import { isObject } from '../untrusted.ts';
import { createAnswerState, readAnswer, type AnswerState } from './response-read.ts';
import { finishWord } from './response.ts';
import { writeLogprobs } from './wire.ts';

const done = '[DONE]';

/** Reads one provider stream. */
export function createDecoder(): StreamDecoder {
  const state = createAnswerState();
  return { push: (event) => decodeEvent(state, event) };
}

function decodeEvent(state: AnswerState, { name, data }: StreamEvent): LocatedPart[] {
  if (data === '') return [];
  if (data.startsWith(done)) return state.failed ? [] : [{ type: 'end' }];
  let chunk: unknown;
  try {
    chunk = JSON.parse(data);
  } catch {
    state.failed = true;
    return [brokenEvent];
  }
  if (!isObject(chunk)) return [];
  const bare = name === 'error' && chunk['error'] === undefined && chunk['choices'] === undefined;
  return readAnswer(state, bare ? { error: chunk } : chunk, false);
}

/** A copy of a chunk with one of its texts, blank in the others, without log probabilities. */
export function heldTextEvent({ event, texts, place }: TextEvent, text: string): WrittenEvent {
  const chunk = parseJson(Buffer.from(event.data));
  const edits = texts.map((each) => replaceText(chunk, each.place, each.place === place ? text : ''));
  const choices = chunk.get('choices');
  const logprobs =
    choices?.type === 'array' ? choices.items().flatMap((choice) => (choice.type === 'object' ? (choice.get('logprobs') ?? []) : [])) : [];
  const data = splice(chunk.bytes, [...edits, ...logprobs.map((node) => replaceValue(node, 'null'))]).toString('utf8');
  return { name: event.name, data };
}

/** How far one client stream has been written. */
interface EncoderState {
  wantsUsage: boolean;
  createdAt: number;
  id: string;
  model: string;
  /** What every chunk begins with, up to its choices. */
  head: string;
  /** Characters of each choice so far. */
  written: Map<number, number>;
  usage: Usage | undefined;
  over: boolean;
}

/** Writes one client stream. */
export function createEncoder({ wantsUsage, createdAt }: EncoderOptions): StreamEncoder {
  const head = headOf('', '', createdAt);
  const state: EncoderState = { wantsUsage, createdAt, id: '', model: '', head, written: new Map(), usage: undefined, over: false };
  return {
    push: (part) => (state.over || (isTextPart(part) && part.text === '') ? [] : write(state, part)),
    stop: (error) => stop(state, error),
  };
}

function stop(state: EncoderState, error: ClientError): WrittenEvent[] {
  if (state.over) return [];
  state.over = true;
  const { id, model, createdAt, wantsUsage, written } = state;
  return encodeStreamError(error, { id, model, createdAt, usage: wantsUsage ? state.usage : undefined, events: written.size, openBlocks: [] });
}

/** Reasoning and tools have no place in a text completion; a refusal is its text. */
function write(state: EncoderState, part: Part): WrittenEvent[] {
  switch (part.type) {
    case 'start':
      state.id = part.id;
      state.model = part.model;
      state.head = headOf(part.id, part.model, state.createdAt);
      return [];
    case 'text':
    case 'refusal':
      state.written.set(part.choice, writtenOf(state, part.choice) + part.text.length);
      return [formatChunk(state, part.choice, { text: part.text })];
    case 'logprobs':
      return [formatChunk(state, part.choice, { tokens: part.tokens })];
    case 'finish':
      return [formatChunk(state, part.choice, { finish: finishWord(part.reason, writtenOf(state, part.choice) > 0) })];
    case 'usage':
      state.usage = part.usage;
      return [];
    case 'end':
      state.over = true;
      if (!state.wantsUsage || state.usage === undefined) return [{ data: done }];
      return [{ data: `${state.head}[],"usage":${JSON.stringify(writeUsage(state.usage))}}` }, { data: done }];
    case 'error':
      state.over = true;
      return encodeStreamError(clientErrorOf(part.failure));
    default:
      return [];
  }
}

const writtenOf = (state: EncoderState, choice: number): number => state.written.get(choice) ?? 0;

const headOf = (id: string, model: string, createdAt: number): string =>
  `{"id":${JSON.stringify(id)},"object":"text_completion","created":${createdAt},"model":${JSON.stringify(model)},"choices":`;

interface ChunkFields {
  text?: string;
  tokens?: readonly TokenLogprob[];
  finish?: string;
}

/** With usage asked for, all chunks have the field: null but in the last. */
function formatChunk(state: EncoderState, index: number, { text = '', tokens, finish }: ChunkFields): WrittenEvent {
  const logprobs = tokens === undefined ? null : writeLogprobs(tokens, Math.max(0, writtenOf(state, index) - lengthOf(tokens)));
  const choice = { text, index, logprobs, finish_reason: finish ?? null };
  return { data: `${state.head}${JSON.stringify([choice])}${state.wantsUsage ? ',"usage":null}' : '}'}` };
}

const lengthOf = (tokens: readonly TokenLogprob[]): number => tokens.reduce((sum, { token }) => sum + token.length, 0);
