import { optional, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import { writeJson, type Writable } from '../../framing/json-write.ts';
import type { Part } from '../../llm/part.ts';
import type { TextSpot } from '../protocol.ts';
import { AnswerEvents } from './response-events.ts';
import { toolInput } from './wire-tool-input.ts';
import { mergeCounts, noCounts, toUsage } from './wire-usage.ts';
import {
  toFinishReason,
  type WireUsage,
  type WrittenBlock,
  type WrittenDelta,
  type WrittenEvent,
  type WrittenMessage,
  type WrittenStop,
  type WrittenUsage,
} from './wire.ts';

/** Reads a content block of one type: the parts that open it, if any, and its text. */
interface BlockReader {
  opens?: (block: JsonNode, number: number) => Part;
  text: (block: JsonNode) => TextSpot;
  textType: 'text' | 'reasoning' | 'tool-arguments';
}

/** The blocks we read. Others (server tools and their results, redacted thinking) have no part. */
const readers = new Map<string, BlockReader>([
  ['text', { text: (block) => textField(block, 'text'), textType: 'text' }],
  ['thinking', { text: (block) => textField(block, 'thinking'), textType: 'reasoning' }],
  [
    'tool_use',
    {
      opens: (block, number) => ({
        type: 'tool-call',
        choice: 0,
        block: number,
        id: requiredString(block, 'id'),
        name: requiredString(block, 'name'),
      }),
      text: (block) => ({ node: required(block, 'input'), kind: 'tree' }),
      textType: 'tool-arguments',
    },
  ],
]);

function textField(block: JsonNode, key: string): TextSpot {
  const node = required(block, key);
  node.string(); // throws where it is none
  return { node, kind: 'text' };
}

/** A provider's JSON answer as parts: one text part per block that has text. Throws JsonFieldError where it is no message. */
export function decodeAnswer(body: JsonNode): Part[] {
  const parts: Part[] = [{ type: 'start', id: optionalString(body, 'id') ?? '', model: optionalString(body, 'model') ?? '' }];
  required(body, 'content')
    .items()
    .forEach((block, number) => parts.push(...blockParts(block, number)));
  const usage = optional(body, 'usage');
  if (usage !== undefined) parts.push({ type: 'usage', usage: toUsage(mergeCounts(noCounts, wireUsage(usage))) });
  const reason = toFinishReason(optionalString(body, 'stop_reason'), optionalString(body, 'stop_sequence'));
  return [...parts, { type: 'finish', choice: 0, reason }, { type: 'end' }];
}

function blockParts(block: JsonNode, number: number): Part[] {
  const reader = readers.get(requiredString(block, 'type'));
  if (reader === undefined) return [];
  const { node, kind } = reader.text(block);
  const text: Part = { type: reader.textType, choice: 0, block: number, text: kind === 'tree' ? node.text : node.string() };
  return [...(reader.opens === undefined ? [] : [reader.opens(block, number)]), text, { type: 'block-end', choice: 0, block: number }];
}

const wireUsage = (usage: JsonNode): WireUsage => JSON.parse(usage.text) as WireUsage;

/** Where the texts of `decodeAnswer` stand. */
export function answerTexts(body: JsonNode): TextSpot[] {
  return required(body, 'content')
    .items()
    .flatMap((block) => readers.get(requiredString(block, 'type'))?.text(block) ?? []);
}

/** A JSON answer for a client: what its stream would have said, collected. */
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
  readonly #blocks: { block: WrittenBlock; text: string }[] = [];

  add(event: WrittenEvent): void {
    switch (event.type) {
      case 'message_start':
        this.#message = event.message;
        return;
      case 'content_block_start':
        this.#blocks.push({ block: event.content_block, text: '' });
        return;
      case 'content_block_delta': {
        const open = this.#blocks[event.index];
        if (open !== undefined) open.text += deltaText(event.delta);
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
    const content = this.#blocks.map(({ block, text }) => filled(block, text));
    return { ...this.#message, content, ...this.#stop, usage: { ...this.#message?.usage, ...this.#usage } };
  }
}

function deltaText(delta: WrittenDelta): string {
  switch (delta.type) {
    case 'text_delta':
      return delta.text;
    case 'thinking_delta':
      return delta.thinking;
    case 'input_json_delta':
      return delta.partial_json;
  }
}

function filled(block: WrittenBlock, text: string): Writable {
  switch (block.type) {
    case 'text':
      return { ...block, text };
    case 'thinking':
      return { ...block, thinking: text };
    case 'tool_use':
      return { ...block, input: toolInput(text).input };
  }
}
