import { RawJson, writeJson, type Writable } from '../../framing/json-write.ts';
import { optional, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { parseJson, type JsonNode } from '../../framing/json.ts';
import type { Part } from '../../llm/part.ts';
import type { OpaqueState } from '../../llm/state.ts';
import { argumentsObject } from '../object-text.ts';
import type { LocatedPart, LocatedText, TextPlace } from '../protocol.ts';
import type { WireObject } from '../untrusted.ts';
import { failureIn } from './error.ts';
import { AnswerEvents } from './response-events.ts';
import { toUsage } from './wire-usage.ts';
import {
  stateOf,
  toFinishReason,
  type WireTier,
  type WireUsage,
  type WrittenDelta,
  type WrittenEvent,
  type WrittenStop,
  type WrittenTotals,
} from './wire.ts';

/** A provider's JSON answer as parts. Throws JsonFieldError, JsonSyntaxError where it is neither a message nor an error. */
export function decodeAnswer(bytes: Buffer): LocatedPart[] {
  const body = parseJson(bytes);
  if (isError(body)) return [{ type: 'error', failure: failureIn(JSON.parse(body.text) as WireObject) }];
  const message = required(required(body, 'output'), 'message');
  const usage = optional(body, 'usage');
  const tier = optional(body, 'serviceTier');
  const additional = optional(body, 'additionalModelResponseFields');
  const reason = toFinishReason(optionalString(body, 'stopReason'), additional === undefined ? undefined : JSON.parse(additional.text));
  return [
    { type: 'start', id: '', model: '' },
    ...required(message, 'content')
      .items()
      .flatMap(blocksOf)
      .flatMap((parts, block) => [
        ...parts.map((part): LocatedPart => ({ ...part, choice: 0, block })),
        { type: 'block-end' as const, choice: 0, block },
      ]),
    ...(usage === undefined
      ? []
      : [{ type: 'usage' as const, usage: toUsage(JSON.parse(usage.text) as WireUsage, tier && (JSON.parse(tier.text) as WireTier)) }]),
    { type: 'finish', choice: 0, reason },
    { type: 'end' },
  ];
}

const isError = (body: JsonNode): boolean =>
  body.type === 'object' &&
  optional(body, 'output') === undefined &&
  ['message', 'Message', '__type'].some((field) => optional(body, field) !== undefined);

/** A block without its number among the parts. Blocks of other kinds (images, tools that Bedrock itself runs and their results) are none. */
function blocksOf(block: JsonNode, index: number): Unplaced[][] {
  const at = (...path: TextPlace['path']): TextPlace['path'] => ['output', 'message', 'content', index, ...path];
  const text = optional(block, 'text');
  if (text !== undefined) return [textParts('text', text, at('text'))];
  const toolUse = optional(block, 'toolUse');
  if (toolUse !== undefined) return callParts(toolUse, at('toolUse', 'input'));
  const reasoning = optional(block, 'reasoningContent');
  if (reasoning !== undefined) return [reasoningParts(reasoning, at('reasoningContent', 'reasoningText', 'text'))];
  const cited = optional(block, 'citationsContent');
  const items = (cited && optional(cited, 'content')?.items()) ?? [];
  return items.map((item, position) => textParts('text', required(item, 'text'), at('citationsContent', 'content', position, 'text')));
}

/** A part of a block, before the block has a number. */
type Unplaced =
  | Omit<LocatedText, 'choice' | 'block'>
  | { type: 'tool-call'; id: string; name: string }
  | { type: 'reasoning-state'; state: OpaqueState };

function callParts(toolUse: JsonNode, path: TextPlace['path']): Unplaced[][] {
  if (optional(toolUse, 'type') !== undefined) return [];
  const { text } = required(toolUse, 'input');
  const call: Unplaced = { type: 'tool-call', id: requiredString(toolUse, 'toolUseId'), name: requiredString(toolUse, 'name') };
  return [[call, { type: 'tool-arguments', text, place: { path, kind: 'tree' } }]];
}

function reasoningParts(reasoning: JsonNode, path: TextPlace['path']): Unplaced[] {
  const said = optional(reasoning, 'reasoningText');
  if (said === undefined) return stateParts(stateOf('encrypted', optionalString(reasoning, 'redactedContent')));
  return [...textParts('reasoning', required(said, 'text'), path), ...stateParts(stateOf('signature', optionalString(said, 'signature')))];
}

function textParts(type: LocatedText['type'], node: JsonNode, path: TextPlace['path']): Unplaced[] {
  const text = node.string();
  return text === '' ? [] : [{ type, text, place: { path, kind: 'text' } }];
}

const stateParts = (state: OpaqueState | undefined): Unplaced[] => (state === undefined ? [] : [{ type: 'reasoning-state', state }]);

/** A JSON answer for a client, from all its parts, no error among them: what its stream would have said, collected. */
export function encodeAnswer(parts: readonly Part[]): string {
  const events = new AnswerEvents();
  const answer = new Answer();
  for (const part of [...parts, { type: 'end' } as const]) for (const event of events.push(part)) answer.add(event);
  return writeJson(answer.response());
}

type Block =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string; signature?: string }
  | { type: 'redacted'; bytes: string }
  | { type: 'tool'; toolUseId: string; name: string; input: string };

/** Collects the events of an answer. */
class Answer {
  readonly #blocks: Block[] = [];
  #stop: WrittenStop | undefined;
  #totals: WrittenTotals | undefined;

  add(event: WrittenEvent): void {
    switch (event.name) {
      case 'contentBlockStart': {
        const { contentBlockIndex, start } = event.data;
        this.#blocks[contentBlockIndex] = { type: 'tool', ...start.toolUse, input: '' };
        return;
      }
      case 'contentBlockDelta': {
        const { contentBlockIndex, delta } = event.data;
        this.#blocks[contentBlockIndex] = extended(this.#blocks[contentBlockIndex], delta);
        return;
      }
      case 'messageStop':
        this.#stop = event.data;
        return;
      case 'metadata':
        this.#totals = event.data;
        return;
      case 'messageStart':
      case 'contentBlockStop':
    }
  }

  response(): Writable {
    const { usage, metrics, serviceTier: tier } = this.#totals ?? {};
    const output = { message: { role: 'assistant', content: this.#blocks.map(writeBlock) } };
    return { output, ...this.#stop, usage: { ...usage }, metrics, ...(tier && { serviceTier: { ...tier } }) };
  }
}

function extended(before: Block | undefined, delta: WrittenDelta): Block {
  if ('text' in delta) return { type: 'text', text: (before?.type === 'text' ? before.text : '') + delta.text };
  if ('toolUse' in delta) {
    const call = before?.type === 'tool' ? before : { type: 'tool' as const, toolUseId: '', name: '', input: '' };
    return { ...call, input: call.input + delta.toolUse.input };
  }
  const { reasoningContent } = delta;
  if ('redactedContent' in reasoningContent) return { type: 'redacted', bytes: reasoningContent.redactedContent };
  const reasoning = before?.type === 'reasoning' ? before : { type: 'reasoning' as const, text: '' };
  if ('signature' in reasoningContent) return { ...reasoning, signature: reasoningContent.signature };
  return { ...reasoning, text: reasoning.text + reasoningContent.text };
}

function writeBlock(block: Block): Writable {
  switch (block.type) {
    case 'text':
      return { text: block.text };
    case 'reasoning':
      return { reasoningContent: { reasoningText: { text: block.text, signature: block.signature } } };
    case 'redacted':
      return { reasoningContent: { redactedContent: block.bytes } };
    case 'tool':
      return { toolUse: { toolUseId: block.toolUseId, name: block.name, input: new RawJson(argumentsObject(block.input).value) } };
  }
}
