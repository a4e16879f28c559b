import { optional, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { parseJson, type JsonNode } from '../../framing/json.ts';
import { RawJson, writeJson, type Writable } from '../../framing/json-write.ts';
import type { Part, TextPart } from '../../llm/part.ts';
import type { OpaqueState } from '../../llm/state.ts';
import { argumentsObject } from '../object-text.ts';
import type { LocatedPart, TextPlace } from '../protocol.ts';
import { failureIn } from './error.ts';
import { AnswerEvents } from './response-events.ts';
import { mergeCounts, noCounts, toUsage } from './wire-usage.ts';
import {
  blockTexts,
  deltaText,
  stateOf,
  toFinishReason,
  type WireUsage,
  type WrittenBlock,
  type WrittenEvent,
  type WrittenMessage,
  type WrittenStop,
  type WrittenUsage,
} from './wire.ts';

/** Where blocks have their text, and which part that becomes. Blocks of other types (server tools and their results) have no part. */
const textsOfBlocks = new Map<string, { field: string; part: TextPart['type']; kind: TextPlace['kind'] }>([
  ['text', { ...blockTexts.text, kind: 'text' }],
  ['thinking', { ...blockTexts.thinking, kind: 'text' }],
  ['tool_use', { field: 'input', part: 'tool-arguments', kind: 'tree' }],
]);

/** A provider's JSON answer as parts: one text part per block that has text. Throws JsonFieldError, JsonSyntaxError where it is neither a message nor an error. */
export function decodeAnswer(bytes: Buffer): LocatedPart[] {
  const body = parseJson(bytes);
  if (isError(body)) return [{ type: 'error', failure: failureIn(JSON.parse(body.text) as object) }];
  const parts: LocatedPart[] = [{ type: 'start', id: optionalString(body, 'id') ?? '', model: optionalString(body, 'model') ?? '' }];
  required(body, 'content')
    .items()
    .forEach((block, number) => parts.push(...blockParts(block, number)));
  const usage = optional(body, 'usage');
  if (usage !== undefined) parts.push({ type: 'usage', usage: toUsage(mergeCounts(noCounts, wireUsage(usage))) });
  const reason = toFinishReason(optionalString(body, 'stop_reason'), optionalString(body, 'stop_sequence'));
  return [...parts, { type: 'finish', choice: 0, reason }, { type: 'end' }];
}

/** Anthropic's error body names its type; those of other servers merely have an error in the place of content. */
const isError = (body: JsonNode): boolean =>
  body.type === 'object' &&
  optional(body, 'content') === undefined &&
  (optional(body, 'error') !== undefined || optional(body, 'type')?.text === '"error"');

function blockParts(block: JsonNode, number: number): LocatedPart[] {
  const type = requiredString(block, 'type');
  if (type === 'redacted_thinking') return [...stateParts(number, stateOf('encrypted', optionalString(block, 'data'))), blockEnd(number)];
  const source = textsOfBlocks.get(type);
  if (source === undefined) return [];
  const { field, part, kind } = source;
  const node = required(block, field);
  const text = kind === 'tree' ? node.text : node.string();
  const parts: LocatedPart[] = [];
  if (type === 'tool_use') {
    parts.push({ type: 'tool-call', choice: 0, block: number, id: requiredString(block, 'id'), name: requiredString(block, 'name') });
  }
  if (text !== '') parts.push({ type: part, choice: 0, block: number, text, place: { path: ['content', number, field], kind } });
  if (type === 'thinking') parts.push(...stateParts(number, stateOf('signature', optionalString(block, 'signature'))));
  return [...parts, blockEnd(number)];
}

const blockEnd = (block: number): LocatedPart => ({ type: 'block-end', choice: 0, block });
const stateParts = (block: number, state: OpaqueState | undefined): LocatedPart[] =>
  state === undefined ? [] : [{ type: 'reasoning-state', choice: 0, block, state }];

const wireUsage = (usage: JsonNode): WireUsage => JSON.parse(usage.text) as WireUsage;

/** A JSON answer for a client, from all its parts, no error among them: what its stream would have said, collected. */
export function encodeAnswer(parts: readonly Part[]): string {
  const events = new AnswerEvents();
  const answer = new Answer();
  for (const part of [...parts, { type: 'end' } as const]) for (const event of events.push(part)) answer.add(event);
  return writeJson(answer.message());
}

/** Collects the events of an answer, as an SDK does for its final message. */
class Answer {
  #message: WrittenMessage | undefined;
  #stop: WrittenStop | undefined;
  #usage: WrittenUsage | undefined;
  readonly #blocks: { block: WrittenBlock; text: string; signature: string }[] = [];

  add(event: WrittenEvent): void {
    switch (event.type) {
      case 'message_start':
        this.#message = event.message;
        return;
      case 'content_block_start':
        this.#blocks.push({ block: event.content_block, text: '', signature: '' });
        return;
      case 'content_block_delta': {
        const open = this.#blocks[event.index];
        if (open === undefined) return;
        if (event.delta.type === 'signature_delta') open.signature = event.delta.signature;
        else open.text += deltaText(event.delta);
        return;
      }
      case 'message_delta':
        this.#stop = event.delta;
        this.#usage = event.usage;
        return;
      case 'content_block_stop':
      case 'message_stop':
    }
  }

  message(): Writable {
    const content = this.#blocks.map(filled);
    return { ...this.#message, content, ...this.#stop, usage: { ...this.#message?.usage, ...this.#usage } };
  }
}

function filled({ block, text, signature }: { block: WrittenBlock; text: string; signature: string }): Writable {
  switch (block.type) {
    case 'text':
      return { ...block, text };
    case 'thinking':
      return { ...block, thinking: text, signature };
    case 'redacted_thinking':
      return block;
    case 'tool_use':
      return { ...block, input: new RawJson(argumentsObject(text).value) };
  }
}
