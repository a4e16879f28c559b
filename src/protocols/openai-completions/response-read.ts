import { serviceTierOf } from '../../llm/service-tier.ts';
import type { LocatedPart } from '../protocol.ts';
import { failureIn } from './error.ts';
import { finishReasons } from '../openai-chat/response-read.ts';
import { readUsage } from '../openai-chat/wire.ts';
import { isObject, itemsOf, textOf, type WireObject } from '../untrusted.ts';
import { readLogprobs } from './wire.ts';

/** How far one answer has been read. A JSON answer is read like a stream of one chunk. */
export interface AnswerState {
  started: boolean;
  /** An error came: what follows does not complete the answer. */
  failed: boolean;
  /** Blocks opened so far. */
  blocks: number;
  choices: Map<number, { block: number | undefined; finished: boolean }>;
}

export const createAnswerState = (): AnswerState => ({ started: false, failed: false, blocks: 0, choices: new Map() });

/** The parts of a JSON answer or of one chunk. */
export function readAnswer(state: AnswerState, answer: WireObject, isWhole: boolean): LocatedPart[] {
  const parts: LocatedPart[] = [];
  const choices = itemsOf(answer['choices']);
  const usage = readUsage(answer['usage'], serviceTierOf(answer['service_tier']));
  if (!state.started && (choices.length > 0 || usage !== undefined)) {
    state.started = true;
    parts.push({ type: 'start', id: textOf(answer['id']), model: textOf(answer['model']) });
  }
  choices.forEach((choice, position) => {
    if (isObject(choice)) readChoice(state, choice, { position, isWhole }, parts);
  });
  if (usage !== undefined) parts.push({ type: 'usage', usage });
  const failure = failureIn(answer);
  if (failure !== undefined) {
    state.failed = true;
    parts.push({ type: 'error', failure });
  }
  return parts;
}

function readChoice(
  state: AnswerState,
  choice: WireObject,
  { position, isWhole }: { position: number; isWhole: boolean },
  parts: LocatedPart[],
): void {
  const index = typeof choice['index'] === 'number' ? choice['index'] : position;
  const read = state.choices.get(index) ?? { block: undefined, finished: false };
  state.choices.set(index, read);
  const text = textOf(choice['text']);
  const tokens = readLogprobs(choice['logprobs']);
  if (text !== '' || tokens.length > 0) read.block ??= state.blocks++;
  if (read.block !== undefined) {
    const place = { choice: index, block: read.block };
    if (text !== '') parts.push({ type: 'text', ...place, text, place: { path: ['choices', position, 'text'], kind: 'text' } });
    if (tokens.length > 0) parts.push({ type: 'logprobs', ...place, tokens });
  }
  const raw = textOf(choice['finish_reason']);
  if (read.finished || (!isWhole && raw === '')) return;
  read.finished = true;
  if (read.block !== undefined) parts.push({ type: 'block-end', choice: index, block: read.block });
  parts.push({ type: 'finish', choice: index, reason: { unified: finishReasons.get(raw) ?? 'other', raw } });
}
