import type { FinishReason, Part, TextPart } from '../../llm/part.ts';
import type { OpaqueState } from '../../llm/state.ts';
import { noUsage, type Usage } from '../../llm/usage.ts';
import type { StreamSoFar } from '../protocol.ts';
import { writeMessageUsage, writeUsage } from './wire-usage.ts';
import { toStopReason, type WrittenBlock, type WrittenDelta, type WrittenEvent } from './wire.ts';

/** What a message cannot say while it opens, or never says here. */
const unknownYet = { stop_reason: null, stop_sequence: null, stop_details: null, container: null, diagnostics: null } as const;

/** The block that is being written. */
interface OpenBlock {
  type: WrittenBlock['type'];
  /** Its number in our parts. */
  block: number;
  /** Its number on the wire: contiguous, in the order of opening. */
  index: number;
}

/**
 * Turns parts into the events of an Anthropic stream; a JSON answer is collected from the same events.
 *
 * Blocks follow each other on the wire, as the protocol demands: one that opens closes the one before. Text that comes for a block closed by then opens a new one;
 * arguments do not, since that would call the tool twice: they go to their own closed block, which readers find by its index.
 * Refusals are text. Reasoning is a thinking block, whose signature is whatever state came with it: clients send that back unread, and without one it is empty.
 * Only choice 0 is written: the protocol knows no other.
 */
export class AnswerEvents {
  #usage: Usage = noUsage;
  #finish: FinishReason = { unified: 'other', raw: '' };
  #open: OpenBlock | undefined;
  #nextIndex = 0;
  /** Indices of the tool calls by their number in our parts. */
  readonly #toolIndices = new Map<number, number>();
  #begun = false;
  #over = false;

  /** The events of one part. `error` yields none here, it only ends the answer. */
  push(part: Part): WrittenEvent[] {
    if (this.#over || ('choice' in part && part.choice !== 0)) return [];
    switch (part.type) {
      case 'start':
        return this.#begin(part.id, part.model);
      case 'text':
      case 'refusal':
        return this.#text('text', part, { type: 'text_delta', text: part.text });
      case 'reasoning':
        return this.#text('thinking', part, { type: 'thinking_delta', thinking: part.text });
      case 'tool-call':
        return this.#toolCall(part);
      case 'tool-arguments':
        return this.#toolArguments(part);
      case 'block-end':
        return this.#open?.block === part.block ? this.#close() : [];
      case 'usage':
        this.#usage = part.usage;
        return [];
      case 'finish':
        this.#finish = part.reason;
        return [];
      case 'error':
        this.#over = true;
        return [];
      case 'reasoning-state':
        return this.#state(part.block, part.state);
      case 'logprobs':
      case 'embedding':
      case 'ranking':
        return [];
      case 'end':
        return this.#end();
    }
  }

  /** How far the answer is, for an end before its time. */
  soFar(): StreamSoFar {
    const open = this.#open;
    return {
      events: this.#begun ? this.#nextIndex + 1 : 0,
      id: '',
      model: '',
      createdAt: 0,
      usage: this.#usage === noUsage ? undefined : this.#usage,
      openBlocks: open === undefined || open.type === 'tool_use' ? [] : [open.index],
    };
  }

  #begin(id: string, model: string): WrittenEvent[] {
    if (this.#begun) return [];
    this.#begun = true;
    const usage = writeMessageUsage(this.#usage);
    return [{ type: 'message_start', message: { id, type: 'message', role: 'assistant', model, content: [], ...unknownYet, usage } }];
  }

  #text(type: 'text' | 'thinking', { block, text }: TextPart, delta: WrittenDelta): WrittenEvent[] {
    if (text === '') return [];
    if (this.#open?.block === block && this.#open.type === type) return [{ type: 'content_block_delta', index: this.#open.index, delta }];
    const content: WrittenBlock = type === 'text' ? { type, text: '', citations: null } : { type, thinking: '', signature: '' };
    const opening = this.#start(block, content);
    return [...opening, { type: 'content_block_delta', index: this.#nextIndex - 1, delta }];
  }

  /** A signature of the thinking that is open; where there is none, the state is all that is known of it. Only Anthropic's own redacted thinking has a block for that. */
  #state(block: number, { origin, kind, value }: OpaqueState): WrittenEvent[] {
    const isOpen = this.#open?.block === block && this.#open.type === 'thinking';
    if (!isOpen && origin === 'anthropic' && kind === 'encrypted') return this.#start(block, { type: 'redacted_thinking', data: value });
    const opening = isOpen ? [] : this.#start(block, { type: 'thinking', thinking: '', signature: '' });
    const index = this.#open?.index ?? 0;
    return [...opening, { type: 'content_block_delta', index, delta: { type: 'signature_delta', signature: value } }];
  }

  #toolCall({ block, id, name }: { block: number; id: string; name: string }): WrittenEvent[] {
    this.#toolIndices.set(block, this.#nextIndex);
    return this.#start(block, { type: 'tool_use', id, name, input: {}, caller: { type: 'direct' } });
  }

  #toolArguments({ block, text }: TextPart): WrittenEvent[] {
    const index = this.#toolIndices.get(block);
    if (index === undefined || text === '') return [];
    return [{ type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: text } }];
  }

  #start(block: number, content: WrittenBlock): WrittenEvent[] {
    const index = this.#nextIndex++;
    const events = [...this.#begin('', ''), ...this.#close()];
    this.#open = { type: content.type, block, index };
    return [...events, { type: 'content_block_start', index, content_block: content }];
  }

  #close(): WrittenEvent[] {
    if (this.#open === undefined) return [];
    const { index } = this.#open;
    this.#open = undefined;
    return [{ type: 'content_block_stop', index }];
  }

  #end(): WrittenEvent[] {
    this.#over = true;
    const delta = {
      stop_reason: toStopReason(this.#finish, this.#toolIndices.size > 0),
      stop_sequence: this.#finish.stopSequence ?? null,
      stop_details: null,
      container: null,
    };
    const usage = writeUsage(this.#usage);
    return [...this.#begin('', ''), ...this.#close(), { type: 'message_delta', delta, usage }, { type: 'message_stop' }];
  }
}
