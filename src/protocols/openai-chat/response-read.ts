import type { FinishReason, ProviderFailure } from '../../llm/part.ts';
import { serviceTierOf } from '../../llm/service-tier.ts';
import type { LocatedPart } from '../protocol.ts';
import { isObject, itemsOf, textOf, type WireObject } from '../untrusted.ts';
import { failureIn } from './error.ts';
import { readLogprobs } from './wire-logprobs.ts';
import { readUsage, sayings, type CallSaying, type TextSaying } from './wire.ts';

/** Where a choice holds what it says: the only difference between a JSON answer and a chunk of a stream that matters here. */
export type Holder = 'message' | 'delta';

/** How far one answer has been read. A JSON answer is read like a stream of one chunk. */
export interface AnswerState {
  id: string;
  started: boolean;
  /** An error came: what follows does not complete the answer. */
  failed: boolean;
  /** What a choice ended with that is no end of an answer, for want of an error that says more. */
  finishedBadly: ProviderFailure | undefined;
  /** Blocks opened so far. */
  blocks: number;
  /** Ids of the tool calls so far. */
  callIds: Set<string>;
  /** The tier of service that the answer names; empty for the usual one. */
  serviceTier: string;
  choices: Map<number, ChoiceState>;
}

interface ChoiceState {
  index: number;
  /** The block that takes more text; undefined between blocks. */
  open: { block: number; source: string } | undefined;
  calls: CallState[];
  refused: boolean;
  finished: boolean;
}

interface CallState {
  index: number | undefined;
  id: string;
  name: string;
  /** Undefined until the name or the first arguments are known. */
  block: number | undefined;
}

export const createAnswerState = (): AnswerState => ({
  id: '',
  started: false,
  failed: false,
  finishedBadly: undefined,
  blocks: 0,
  callIds: new Set(),
  serviceTier: '',
  choices: new Map(),
});

/** The parts of a JSON answer or of one chunk. */
export function readAnswer(state: AnswerState, answer: WireObject, holder: Holder): LocatedPart[] {
  const parts: LocatedPart[] = [];
  const choices = itemsOf(answer['choices']);
  const tier = answer['service_tier'];
  if (typeof tier === 'string') state.serviceTier = serviceTierOf(tier);
  const usage = readUsage(answer['usage'], state.serviceTier);
  // Azure sends a chunk before the answer that has neither id nor choices.
  if (!state.started && (choices.length > 0 || usage !== undefined)) {
    state.started = true;
    state.id = textOf(answer['id']);
    parts.push({ type: 'start', id: state.id, model: textOf(answer['model']) });
  }
  choices.forEach((choice, position) => {
    if (isObject(choice)) readChoice(state, choice, { position, holder }, parts);
  });
  if (usage !== undefined) parts.push({ type: 'usage', usage });
  const failure = failureIn(answer) ?? state.finishedBadly;
  if (failure !== undefined) {
    state.failed = true;
    state.finishedBadly = undefined;
    parts.push({ type: 'error', failure });
  }
  return parts;
}

function readChoice(state: AnswerState, choice: WireObject, { position, holder }: { position: number; holder: Holder }, parts: LocatedPart[]): void {
  const index = typeof choice['index'] === 'number' ? choice['index'] : position;
  const read = choiceAt(state, index);
  const held = choice[holder];
  if (isObject(held)) {
    for (const saying of sayings(held, ['choices', position, holder], holder === 'delta')) {
      if (saying.type === 'tool-call') readCall(state, read, saying, parts);
      else readText(state, read, saying, parts);
    }
  }
  if (isObject(choice['logprobs'])) readChoiceLogprobs(state, read, choice['logprobs'], parts);
  const reason = choice['finish_reason'];
  const finishes = holder === 'message' || (typeof reason === 'string' && reason !== '');
  if (!finishes || read.finished) return;
  const failure = failures.get(textOf(reason));
  if (failure !== undefined) {
    state.finishedBadly = { status: failure, type: textOf(reason), message: 'The provider broke the answer off.' };
    return;
  }
  read.finished = true;
  closeBlock(read, parts);
  parts.push({ type: 'finish', choice: index, reason: finishReason(textOf(reason), read) });
}

/** They go with the block that is open; those of tokens without text, before any, with one that opens for them. */
function readChoiceLogprobs(state: AnswerState, choice: ChoiceState, logprobs: WireObject, parts: LocatedPart[]): void {
  const tokens = readLogprobs(logprobs);
  if (tokens.length === 0) return;
  const block = choice.open?.block ?? openBlock(state, choice, 'content', parts);
  parts.push({ type: 'logprobs', choice: choice.index, block, tokens });
}

function choiceAt(state: AnswerState, index: number): ChoiceState {
  let choice = state.choices.get(index);
  if (choice === undefined) {
    choice = { index, open: undefined, calls: [], refused: false, finished: false };
    state.choices.set(index, choice);
  }
  return choice;
}

function readText(state: AnswerState, choice: ChoiceState, { type, text, source, path }: TextSaying, parts: LocatedPart[]): void {
  if (type === 'refusal') choice.refused = true;
  const block = choice.open?.source === source ? choice.open.block : openBlock(state, choice, source, parts);
  parts.push({ type, choice: choice.index, block, text, place: { path, kind: 'text' } });
}

function readCall(state: AnswerState, choice: ChoiceState, saying: CallSaying, parts: LocatedPart[]): void {
  const call = callOf(choice, saying);
  call.id ||= saying.id;
  call.name ||= saying.name;
  if (call.block === undefined) {
    if (call.name === '' && saying.text === '') return; // some servers send the id alone first
    call.block = openBlock(state, choice, 'tool-call', parts);
    // TGI gives every call the same id, which its result then could not name.
    const id = call.id === '' || state.callIds.has(call.id) ? `call_${state.id}_${call.block}` : call.id;
    state.callIds.add(id);
    parts.push({ type: 'tool-call', choice: choice.index, block: call.block, id, name: call.name });
  }
  // Arguments of a call whose block has ended keep its number: a second block would make two calls of one.
  const { text, path } = saying;
  if (text !== '') parts.push({ type: 'tool-arguments', choice: choice.index, block: call.block, text, place: { path, kind: 'json' } });
}

/** The call that a delta belongs to, by what the server gives of index, id and name. */
function callOf(choice: ChoiceState, { index, id, name }: CallSaying): CallState {
  let call: CallState | undefined;
  if (index !== undefined) call = choice.calls.findLast((known) => known.index === index);
  else if (id !== '') call = choice.calls.find((known) => known.id === id);
  else call = choice.calls.at(-1);
  if (call === undefined || isAnother(call, id, name)) {
    call = { index, id, name, block: undefined };
    choice.calls.push(call);
  }
  return call;
}

/**
 * Whether a delta that points to a known call begins another one. Gemini gives all parallel calls the index 0, each its id and name;
 * old vLLM gives each delta of a call a fresh id, but the name only once.
 */
const isAnother = (call: CallState, id: string, name: string): boolean =>
  name !== '' && call.name !== '' && ((id !== '' && call.id !== '' && id !== call.id) || (id === '' && call.id === '' && name !== call.name));

function openBlock(state: AnswerState, choice: ChoiceState, source: string, parts: LocatedPart[]): number {
  closeBlock(choice, parts);
  choice.open = { block: state.blocks++, source };
  return choice.open.block;
}

function closeBlock(choice: ChoiceState, parts: LocatedPart[]): void {
  if (choice.open !== undefined) parts.push({ type: 'block-end', choice: choice.index, block: choice.open.block });
  choice.open = undefined;
}

/** What the words of OpenAI and of compatible servers for the end of an answer mean. */
export const finishReasons: ReadonlyMap<string, FinishReason['unified']> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool-calls'],
  ['function_call', 'tool-calls'],
  ['content_filter', 'content-filter'],
  ['eos', 'stop'], // Together
  ['stop_sequence', 'stop'], // TGI
  ['model_length', 'length'], // Mistral
]);

/** Words for the end of an answer that failed: DeepSeek's, and OpenRouter's and Mistral's. */
const failures = new Map([
  ['insufficient_system_resource', 503],
  ['error', 502],
]);

/** OpenAI says `stop` for refusals, and for calls of a tool that the client named; agents need to know the difference. */
function finishReason(raw: string, { calls, refused }: ChoiceState): FinishReason {
  const reason = finishReasons.get(raw) ?? 'other';
  if (reason !== 'stop') return { unified: reason, raw };
  if (calls.some(({ block }) => block !== undefined)) return { unified: 'tool-calls', raw };
  return { unified: refused ? 'refusal' : 'stop', raw };
}
