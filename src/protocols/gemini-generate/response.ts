import { JsonFieldError } from '../../framing/json.ts';
import { RawJson, writeJson, type Writable } from '../../framing/json-write.ts';
import { isTextPart, type FinishReason, type Part, type TokenLogprob } from '../../llm/part.ts';
import type { Usage } from '../../llm/usage.ts';
import { argumentsObject } from '../object-text.ts';
import { parsedAnswer } from '../parsed-answer.ts';
import type { EncoderOptions, LocatedPart } from '../protocol.ts';
import { writeLogprobs } from './wire-logprobs.ts';
import { createAnswerState, readResponse } from './response-read.ts';
import { writeSignature } from './wire-signature.ts';
import { writeUsage } from './wire-usage.ts';
import { finishWord, toFinishReason } from './wire.ts';

/** A provider's JSON answer as parts. Throws JsonFieldError, JsonSyntaxError where it is neither an answer nor an error. */
export function decodeAnswer(body: Buffer): LocatedPart[] {
  const answer = parsedAnswer(body);
  const state = createAnswerState();
  const parts = readResponse(state, answer, body);
  if (state.failed) return parts;
  if (state.choices.size === 0) throw new JsonFieldError('candidates', 'must be an array of at least one candidate');
  for (const [choice, { open, finished, hasCalls }] of state.choices) {
    if (finished) continue;
    if (open !== undefined) parts.push({ type: 'block-end', choice, block: open.block });
    parts.push({ type: 'finish', choice, reason: toFinishReason('', hasCalls) });
  }
  return [...parts, { type: 'end' }];
}

type Block =
  | { type: 'text' | 'thought'; text: string; signature: string | undefined }
  | { type: 'call'; id: string; name: string; args: string; signature: string | undefined };

interface CollectedChoice {
  blocks: Map<number, Block>;
  tokens: TokenLogprob[];
  finish: FinishReason | undefined;
}

interface Collected {
  id: string;
  model: string;
  usage: Usage | undefined;
  choices: Map<number, CollectedChoice>;
}

/** A `GenerateContentResponse` for a client, from all its parts: no error among them. */
export function encodeAnswer(parts: readonly Part[], { model = '' }: Pick<EncoderOptions, 'model'>): string {
  const answer: Collected = { id: '', model, usage: undefined, choices: new Map() };
  for (const part of parts) collect(answer, part);
  return writeJson({
    candidates: [...answer.choices].toSorted(([a], [b]) => a - b).map(([index, choice]) => writeCandidate(index, choice)),
    usageMetadata: answer.usage && new RawJson(JSON.stringify(writeUsage(answer.usage))),
    modelVersion: answer.model || undefined,
    responseId: answer.id || undefined,
  });
}

function collect(answer: Collected, part: Part): void {
  if (part.type === 'start') {
    answer.id = part.id;
    answer.model = part.model || answer.model;
  } else if (part.type === 'usage') answer.usage = part.usage;
  else if ('choice' in part) {
    let choice = answer.choices.get(part.choice);
    if (choice === undefined) answer.choices.set(part.choice, (choice = { blocks: new Map(), tokens: [], finish: undefined }));
    collectInto(choice, part);
  }
}

function collectInto(choice: CollectedChoice, part: Extract<Part, { choice: number }>): void {
  if (part.type === 'finish') choice.finish = part.reason;
  else if (part.type === 'logprobs') choice.tokens.push(...part.tokens);
  else if (part.type === 'tool-call') {
    const { id, name, state } = part;
    choice.blocks.set(part.block, { type: 'call', id, name, args: '', signature: state && writeSignature(state.value) });
  } else if (part.type === 'reasoning-state') thoughtOf(choice, part.block).signature = writeSignature(part.state.value);
  else if (isTextPart(part)) collectText(choice, part.block, part.type, part.text);
}

function collectText({ blocks }: CollectedChoice, number: number, type: string, text: string): void {
  const block = blocks.get(number);
  if (type === 'tool-arguments') {
    if (block?.type === 'call') block.args += text;
  } else if (block !== undefined && block.type !== 'call') block.text += text;
  else blocks.set(number, { type: type === 'reasoning' ? 'thought' : 'text', text, signature: undefined });
}

function thoughtOf({ blocks }: CollectedChoice, number: number): Block {
  let block = blocks.get(number);
  if (block === undefined) blocks.set(number, (block = { type: 'thought', text: '', signature: undefined }));
  return block;
}

function writeCandidate(index: number, { blocks, tokens, finish }: CollectedChoice): Writable {
  const parts = [...blocks.values()].flatMap(writeBlock);
  return {
    ...(parts.length > 0 && { content: { parts, role: 'model' } }),
    finishReason: finishWord(finish ?? { unified: 'other', raw: '' }),
    index,
    ...(tokens.length > 0 && logprobFields(tokens)),
  };
}

function logprobFields(tokens: readonly TokenLogprob[]): Record<string, Writable> {
  const { avgLogprobs, logprobsResult } = writeLogprobs(tokens);
  return { avgLogprobs, logprobsResult: new RawJson(JSON.stringify(logprobsResult)) };
}

function writeBlock(block: Block): Writable[] {
  const signature = { thoughtSignature: block.signature };
  switch (block.type) {
    case 'call':
      return [{ functionCall: { id: block.id, name: block.name, args: new RawJson(argumentsObject(block.args).value) }, ...signature }];
    case 'thought':
      return [{ text: block.text, thought: true, ...signature }];
    case 'text':
      return block.text === '' ? [] : [{ text: block.text }];
  }
}
