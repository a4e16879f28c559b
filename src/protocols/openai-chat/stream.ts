import { parseJson, type JsonNode } from '../../framing/json.ts';
import { replaceValue, splice } from '../../framing/splice.ts';
import type { StreamEvent, WrittenEvent } from '../../framing/event.ts';
import { isTextPart, type Part } from '../../llm/part.ts';
import type { Usage } from '../../llm/usage.ts';
import { aroundText } from '../around-text.ts';
import { brokenEvent, clientErrorOf } from '../failure.ts';
import { noArguments } from '../object-text.ts';
import type { ClientError, EncoderOptions, LocatedPart, StreamDecoder, StreamEncoder, TextEvent } from '../protocol.ts';
import { replaceText } from '../text-place.ts';
import { isObject } from '../untrusted.ts';
import { encodeStreamError } from './error.ts';
import { writeLogprobs } from './wire-logprobs.ts';
import { finishWord } from './response.ts';
import { createAnswerState, readAnswer, type AnswerState } from './response-read.ts';
import { writeTier, writeUsage } from './wire.ts';

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
  // OpenAI's SDK takes an event of this name for an error, in the envelope or bare.
  const bare = name === 'error' && chunk['error'] === undefined && chunk['choices'] === undefined;
  return readAnswer(state, bare ? { error: chunk } : chunk, 'delta');
}

/** Strings of a chunk that stand once in a choice or a tool call; some clients join what comes twice (the Python SDK's accumulators do). */
const onceOnly = new Set(['role', 'id', 'name']);

/** A copy of a chunk with one of its texts, blank in the others and in what stands once, without log probabilities. */
export function heldTextEvent({ event, texts, place }: TextEvent, text: string): WrittenEvent {
  const chunk = parseJson(Buffer.from(event.data));
  const edits = texts.map((each) => replaceText(chunk, each.place, each.place === place ? text : ''));
  const choices = itemsAt(chunk, 'choices');
  const logprobs = choices.flatMap((choice) => choice.get('logprobs') ?? []);
  const names = choices.flatMap((choice) => {
    const delta = choice.get('delta');
    if (delta?.type !== 'object') return [];
    const calls = itemsAt(delta, 'tool_calls');
    return [delta, ...calls, ...calls.flatMap((call) => call.get('function') ?? [])].flatMap(stringsOnceOnly);
  });
  const blank = [...names.map((node) => replaceValue(node, '""')), ...logprobs.map((node) => replaceValue(node, 'null'))];
  return { name: event.name, data: splice(chunk.bytes, [...edits, ...blank]).toString('utf8') };
}

const itemsAt = (object: JsonNode, key: string): JsonNode[] => {
  const node = object.get(key);
  return node?.type === 'array' ? node.items().filter(({ type }) => type === 'object') : [];
};

const stringsOnceOnly = (object: JsonNode): JsonNode[] =>
  object.type === 'object'
    ? [...object.fields()].filter(({ value }) => onceOnly.has(String(value.name)) && value.type === 'string').map(({ value }) => value)
    : [];

/** How far one client stream has been written. */
interface EncoderState {
  wantsUsage: boolean;
  createdAt: number;
  id: string;
  model: string;
  /** What every chunk begins with, up to its choices. */
  head: string;
  /** What every chunk but the last ends with. */
  tail: string;
  run: Run | undefined;
  choices: Map<number, WrittenChoice>;
  usage: Usage | undefined;
  over: boolean;
}

/** The deltas that are being written: nearly each is like the one before, but for its text. */
interface Run {
  choice: number;
  around: Around;
  format: (text: string) => string;
}

/** What stands around the text of a delta, within the delta. */
type Around = readonly [before: string, after: string];

interface WrittenChoice {
  /** The chunk that names the role is written. */
  begun: boolean;
  refused: boolean;
  /** Tool calls by block, with what stands around their arguments. */
  calls: Map<number, { around: Around; hasArguments: boolean }>;
}

/** Writes one client stream. */
export function createEncoder({ wantsUsage, createdAt }: EncoderOptions): StreamEncoder {
  const state: EncoderState = {
    wantsUsage,
    createdAt,
    id: '',
    model: '',
    head: headOf('', '', createdAt),
    // With usage asked for, all chunks have the field: null but in the last (ChatCompletionStreamOptions.include_usage).
    tail: wantsUsage ? ',"usage":null}' : '}',
    run: undefined,
    choices: new Map(),
    usage: undefined,
    over: false,
  };
  return {
    push(part) {
      if (state.over || (isTextPart(part) && part.text === '')) return [];
      const write = writers[part.type] as (state: EncoderState, part: Part) => WrittenEvent[];
      return write(state, part);
    },
    stop: (error) => stop(state, error),
  };
}

function stop(state: EncoderState, error: ClientError): WrittenEvent[] {
  if (state.over) return [];
  state.over = true;
  const { id, model, createdAt, wantsUsage, choices } = state;
  return encodeStreamError(error, { id, model, createdAt, usage: wantsUsage ? state.usage : undefined, events: choices.size, openBlocks: [] });
}

type Writers = { [Type in Part['type']]: (state: EncoderState, part: Extract<Part, { type: Type }>) => WrittenEvent[] };

const writers: Writers = {
  start(state, { id, model }) {
    state.id = id;
    state.model = model;
    state.head = headOf(id, model, state.createdAt);
    state.run = undefined;
    return [];
  },
  text: (state, { choice, text }) => writeText(state, choice, aroundContent, text),
  reasoning: (state, { choice, text }) => writeText(state, choice, aroundReasoning, text),
  refusal(state, { choice, text }) {
    choiceOf(state, choice).refused = true;
    return writeText(state, choice, aroundRefusal, text);
  },
  'tool-call'(state, { choice, block, id, name }) {
    const { calls } = choiceOf(state, choice);
    const index = calls.size;
    calls.set(block, { around: [`{"tool_calls":[{"index":${index},"function":{"arguments":`, '}}]}'], hasArguments: false });
    return writeDelta(state, choice, { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] });
  },
  'tool-arguments'(state, { choice, block, text }) {
    const call = choiceOf(state, choice).calls.get(block);
    if (call === undefined) return [];
    call.hasArguments = true;
    return writeText(state, choice, call.around, text);
  },
  'block-end': () => [],
  'reasoning-state': () => [],
  logprobs: (state, { choice, tokens }) => writeDelta(state, choice, {}, { logprobs: writeLogprobs(tokens, choiceOf(state, choice).refused) }),
  embedding: () => [],
  ranking: () => [],
  usage(state, { usage }) {
    state.usage = usage;
    return [];
  },
  finish(state, { choice, reason }) {
    const { calls, refused } = choiceOf(state, choice);
    const events: WrittenEvent[] = [];
    for (const { around, hasArguments } of calls.values()) if (!hasArguments) events.push(...writeText(state, choice, around, noArguments));
    return [...events, ...writeDelta(state, choice, {}, { finish_reason: finishWord(reason, refused) })];
  },
  end(state) {
    state.over = true;
    if (!state.wantsUsage || state.usage === undefined) return [{ data: done }];
    const ending = JSON.stringify({ usage: writeUsage(state.usage), ...writeTier(state.usage) });
    return [{ data: `${state.head}[],${ending.slice(1)}` }, { data: done }];
  },
  error(state, { failure }) {
    state.over = true;
    return encodeStreamError(clientErrorOf(failure));
  },
};

const headOf = (id: string, model: string, createdAt: number): string =>
  `{"id":${JSON.stringify(id)},"object":"chat.completion.chunk","created":${createdAt},"model":${JSON.stringify(model)},"choices":`;

const aroundContent: Around = ['{"content":', '}'];
const aroundReasoning: Around = ['{"reasoning_content":', '}'];
const aroundRefusal: Around = ['{"refusal":', '}'];

function writeText(state: EncoderState, choice: number, around: Around, text: string): WrittenEvent[] {
  if (state.run?.choice !== choice || state.run.around !== around) state.run = startRun(state, choice, around);
  return begun(state, choice, { data: state.run.format(text) });
}

function startRun({ head, tail }: EncoderState, choice: number, around: Around): Run {
  const [before, after] = around;
  const format = aroundText([head, '[{"index":', choice, ',"delta":', before], [after, ',"logprobs":null,"finish_reason":null}]', tail]);
  return { choice, around, format };
}

const writeDelta = (state: EncoderState, choice: number, delta: object, more: ChunkFields = {}): WrittenEvent[] =>
  begun(state, choice, formatChunk(state, choice, delta, more));

/** A chunk of a choice, and before its first one the chunk that names the role. */
function begun(state: EncoderState, index: number, chunk: WrittenEvent): WrittenEvent[] {
  const choice = choiceOf(state, index);
  if (choice.begun) return [chunk];
  choice.begun = true;
  return [formatChunk(state, index, { role: 'assistant', content: '', refusal: null }), chunk];
}

/** What a choice says beside its delta; null where nothing is given. */
interface ChunkFields {
  logprobs?: object;
  finish_reason?: string;
}

const formatChunk = ({ head, tail }: EncoderState, index: number, delta: object, more: ChunkFields = {}): WrittenEvent => ({
  data: `${head}${JSON.stringify([{ index, delta, logprobs: more.logprobs ?? null, finish_reason: more.finish_reason ?? null }])}${tail}`,
});

function choiceOf(state: EncoderState, index: number): WrittenChoice {
  let choice = state.choices.get(index);
  if (choice === undefined) {
    choice = { begun: false, refused: false, calls: new Map() };
    state.choices.set(index, choice);
  }
  return choice;
}
