import type { StreamEvent, WrittenEvent } from '../../framing/event.ts';
import { parseJson } from '../../framing/json.ts';
import { isTextPart, type FinishReason, type Part, type TokenLogprob } from '../../llm/part.ts';
import type { Usage } from '../../llm/usage.ts';
import { aroundText } from '../around-text.ts';
import { brokenEvent, clientErrorOf } from '../failure.ts';
import { argumentsObject } from '../object-text.ts';
import type { ClientError, EncoderOptions, LocatedPart, StreamDecoder, StreamEncoder, TextEvent } from '../protocol.ts';
import { nodeAt } from '../text-place.ts';
import { isObject } from '../untrusted.ts';
import { encodeStreamError } from './error.ts';
import { writeLogprobs } from './wire-logprobs.ts';
import { createAnswerState, readResponse, type AnswerState } from './response-read.ts';
import { writeSignature } from './wire-signature.ts';
import { writeUsage } from './wire-usage.ts';
import { finishWord } from './wire.ts';

/** Reads one provider stream. It has no event that ends it: it ends when the connection does, after every candidate has finished. */
export function createDecoder(): StreamDecoder {
  const state = createAnswerState();
  return { push: (event) => decodeEvent(state, event) };
}

function decodeEvent(state: AnswerState, { data }: StreamEvent): LocatedPart[] {
  if (data === '') return [];
  let response: unknown;
  try {
    response = JSON.parse(data);
  } catch {
    state.failed = true;
    return [brokenEvent];
  }
  return isObject(response) ? readResponse(state, response, data) : [];
}

/** A response like the last one that had text of the block, with that part alone. */
export function heldTextEvent({ event, place }: TextEvent, text: string): WrittenEvent {
  const response = parseJson(Buffer.from(event.data));
  const part = nodeAt(response, place.path.slice(0, 5));
  const candidate = nodeAt(response, place.path.slice(0, 2));
  const index = candidate.get('index')?.text ?? String(place.path[1]);
  const isThought = part.get('thought')?.type === 'true';
  const written =
    place.kind === 'tree'
      ? `{"functionCall":{"name":${part.get('functionCall')?.get('name')?.text ?? '""'},"args":${text}}}`
      : textPart(text, isThought);
  const more = ['modelVersion', 'responseId'].flatMap((name) => {
    const value = response.get(name);
    return value === undefined ? [] : [`,"${name}":${value.text}`];
  });
  return { data: chunk(written, index, `]${more.join('')}}`) };
}

/** How far one client stream has been written. */
interface EncoderState {
  id: string;
  model: string;
  /** What every response ends with. */
  tail: string;
  run: Run | undefined;
  choices: Map<number, WrittenChoice>;
  usage: Usage | undefined;
  over: boolean;
}

/** The texts that are being written: nearly each is like the one before, but for its text. */
interface Run {
  choice: number;
  isThought: boolean;
  format: (text: string) => string;
}

interface WrittenChoice {
  begun: boolean;
  /** Calls whose arguments are not complete, by block: a call goes out whole. */
  calls: Map<number, { id: string; name: string; args: string; signature: string | undefined }>;
  tokens: TokenLogprob[];
  finish: FinishReason | undefined;
}

/** Writes one client stream. Why it ended, and what it cost, is said in the last response. */
export function createEncoder({ model = '' }: Pick<EncoderOptions, 'model'>): StreamEncoder {
  const state: EncoderState = { id: '', model, tail: tailOf('', model), run: undefined, choices: new Map(), usage: undefined, over: false };
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
  const { id, model, usage, choices } = state;
  return encodeStreamError(error, { id, model, usage, createdAt: 0, events: choices.size, openBlocks: [] });
}

type Writers = { [Type in Part['type']]: (state: EncoderState, part: Part & { type: Type }) => WrittenEvent[] };

const writers: Writers = {
  start(state, { id, model }) {
    state.id = id;
    state.model = model || state.model;
    state.tail = tailOf(id, state.model);
    state.run = undefined;
    return [];
  },
  text: (state, { choice, text }) => writeText(state, choice, false, text),
  // The API has no refusals of its own: what the model says instead of an answer is text.
  refusal: (state, { choice, text }) => writeText(state, choice, false, text),
  reasoning: (state, { choice, text }) => writeText(state, choice, true, text),
  'reasoning-state': (state, { choice, state: { value } }) => writePart(state, choice, textPart('', true, signatureField(writeSignature(value)))),
  'tool-call'(state, { choice, block, id, name, state: signed }) {
    const signature = signed && writeSignature(signed.value);
    choiceOf(state, choice).calls.set(block, { id, name, args: '', signature });
    return [];
  },
  'tool-arguments'(state, { choice, block, text }) {
    const call = choiceOf(state, choice).calls.get(block);
    if (call !== undefined) call.args += text;
    return [];
  },
  'block-end': (state, { choice, block }) => writeCall(state, choice, block),
  logprobs(state, { choice, tokens }) {
    choiceOf(state, choice).tokens.push(...tokens);
    return [];
  },
  embedding: () => [],
  ranking: () => [],
  usage(state, { usage }) {
    state.usage = usage;
    return [];
  },
  finish(state, { choice, reason }) {
    const written = choiceOf(state, choice);
    written.finish = reason;
    return [...written.calls.keys()].flatMap((block) => writeCall(state, choice, block));
  },
  end(state) {
    state.over = true;
    return [{ data: lastResponse(state) }];
  },
  error(state, { failure }) {
    state.over = true;
    return encodeStreamError(clientErrorOf(failure));
  },
};

const tailOf = (id: string, model: string): string =>
  `]${model === '' ? '' : `,"modelVersion":${JSON.stringify(model)}`}${id === '' ? '' : `,"responseId":${JSON.stringify(id)}`}}`;

const chunk = (part: string, index: number | string, tail: string): string =>
  `{"candidates":[{"content":{"parts":[${part}],"role":"model"},"index":${index}}${tail}`;

const textPart = (text: string, isThought: boolean, more = ''): string =>
  `{"text":${JSON.stringify(text)}${isThought ? ',"thought":true' : ''}${more}}`;

const signatureField = (signature: string | undefined): string => (signature === undefined ? '' : `,"thoughtSignature":${JSON.stringify(signature)}`);

function writeText(state: EncoderState, choice: number, isThought: boolean, text: string): WrittenEvent[] {
  choiceOf(state, choice).begun = true;
  if (state.run?.choice !== choice || state.run.isThought !== isThought)
    state.run = { choice, isThought, format: formatOf(state, choice, isThought) };
  return [{ data: state.run.format(text) }];
}

/** Writes responses whose one part is text. */
const formatOf = ({ tail }: EncoderState, choice: number, isThought: boolean): ((text: string) => string) =>
  aroundText(
    ['{"candidates":[{"content":{"parts":[{"text":'],
    [isThought ? ',"thought":true' : '', '}],"role":"model"},"index":', choice, '}', tail],
  );

function writePart(state: EncoderState, choice: number, part: string): WrittenEvent[] {
  choiceOf(state, choice).begun = true;
  return [{ data: chunk(part, choice, state.tail) }];
}

function writeCall(state: EncoderState, choice: number, block: number): WrittenEvent[] {
  const { calls } = choiceOf(state, choice);
  const call = calls.get(block);
  if (call === undefined) return [];
  calls.delete(block);
  const { id, name, args, signature } = call;
  const functionCall = `{"id":${JSON.stringify(id)},"name":${JSON.stringify(name)},"args":${argumentsObject(args).value}}`;
  return writePart(state, choice, `{"functionCall":${functionCall}${signatureField(signature)}}`);
}

/** SDKs forget a turn one of whose responses has no part, so the last one has an empty text, as Google's own have. */
const emptyContent = { parts: [{ text: '' }], role: 'model' };

function lastResponse({ choices, usage, tail }: EncoderState): string {
  const candidates = [...choices]
    .toSorted(([a], [b]) => a - b)
    .map(([index, { begun, finish, tokens }]) => ({
      ...(begun && { content: emptyContent }),
      finishReason: finishWord(finish ?? { unified: 'other', raw: '' }),
      index,
      ...(tokens.length > 0 && writeLogprobs(tokens)),
    }));
  const written = candidates.map((candidate) => JSON.stringify(candidate)).join(',');
  const counts = usage === undefined ? '' : `,"usageMetadata":${JSON.stringify(writeUsage(usage))}`;
  return `{"candidates":[${written}]${counts}${tail.slice(1)}`;
}

function choiceOf(state: EncoderState, index: number): WrittenChoice {
  let choice = state.choices.get(index);
  if (choice === undefined) {
    choice = { begun: false, calls: new Map(), tokens: [], finish: undefined };
    state.choices.set(index, choice);
  }
  return choice;
}
