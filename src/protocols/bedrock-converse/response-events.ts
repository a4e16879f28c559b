import type { FinishReason, Part, TextPart } from '../../llm/part.ts';
import type { OpaqueState } from '../../llm/state.ts';
import { noUsage, type Usage } from '../../llm/usage.ts';
import type { StreamSoFar } from '../protocol.ts';
import { writeTier, writeUsage } from './wire-usage.ts';
import { toStop, type WrittenDelta, type WrittenEvent } from './wire.ts';

/** The block that is being written. */
interface OpenBlock {
  type: 'text' | 'reasoning' | 'tool';
  /** Its number in our parts. */
  block: number;
  /** Its number on the wire: contiguous, in the order of opening. */
  index: number;
}

/** Arguments of a call that has none: clients parse what came. */
const noArguments = '{}';

/**
 * Turns parts into the events of a Converse stream; a JSON answer is collected from the same events.
 *
 * Blocks follow each other on the wire: one that opens closes the one before. Text that comes for a block closed by then opens a new one;
 * arguments do not, since that would call the tool twice: they go to their own closed block, which readers find by its index.
 * Only tool uses have an event that opens them. Refusals are text. Reasoning is signed with whatever state came with it: clients send that back unread.
 * Only choice 0 is written: the protocol knows no other.
 */
export class AnswerEvents {
  #usage: Usage = noUsage;
  #finish: FinishReason = { unified: 'other', raw: '' };
  #open: OpenBlock | undefined;
  #nextIndex = 0;
  /** The tool calls by their number in our parts. */
  readonly #calls = new Map<number, { index: number; hasArguments: boolean }>();
  #begun = false;
  #over = false;

  /** The events of one part. `error` yields none here, it only ends the answer. */
  push(part: Part): WrittenEvent[] {
    if (this.#over || ('choice' in part && part.choice !== 0)) return [];
    switch (part.type) {
      case 'start':
        return this.#begin();
      case 'text':
      case 'refusal':
        return this.#text('text', part, { text: part.text });
      case 'reasoning':
        return this.#text('reasoning', part, { reasoningContent: { text: part.text } });
      case 'reasoning-state':
        return this.#state(part.block, part.state);
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
      openBlocks: open === undefined || open.type === 'tool' ? [] : [open.index],
    };
  }

  #begin(): WrittenEvent[] {
    if (this.#begun) return [];
    this.#begun = true;
    return [{ name: 'messageStart', data: { role: 'assistant' } }];
  }

  #text(type: 'text' | 'reasoning', { block, text }: TextPart, delta: WrittenDelta): WrittenEvent[] {
    if (text === '') return [];
    if (this.#open?.block === block && this.#open.type === type) return [deltaEvent(this.#open.index, delta)];
    const opening = this.#start(type, block);
    return [...opening, deltaEvent(this.#nextIndex - 1, delta)];
  }

  /**
   * A signature of the reasoning that is open; where there is none, the state is all that is known of it. Only Anthropic's own may be redacted content:
   * that is bytes, which clients decode, while a signature may be any text.
   */
  #state(block: number, { origin, kind, value }: OpaqueState): WrittenEvent[] {
    const isOpen = this.#open?.block === block && this.#open.type === 'reasoning';
    const isRedacted = !isOpen && origin === 'anthropic' && kind === 'encrypted';
    if (isRedacted && !isBase64(value)) return [];
    const opening = isOpen ? [] : this.#start('reasoning', block);
    return [...opening, deltaEvent(this.#open?.index ?? 0, { reasoningContent: isRedacted ? { redactedContent: value } : { signature: value } })];
  }

  #toolCall({ block, id, name }: { block: number; id: string; name: string }): WrittenEvent[] {
    const opening = this.#start('tool', block);
    const index = this.#nextIndex - 1;
    this.#calls.set(block, { index, hasArguments: false });
    return [...opening, { name: 'contentBlockStart', data: { contentBlockIndex: index, start: { toolUse: { toolUseId: id, name } } } }];
  }

  #toolArguments({ block, text }: TextPart): WrittenEvent[] {
    const call = this.#calls.get(block);
    if (call === undefined || text === '') return [];
    call.hasArguments = true;
    return [deltaEvent(call.index, { toolUse: { input: text } })];
  }

  #start(type: OpenBlock['type'], block: number): WrittenEvent[] {
    const events = [...this.#begin(), ...this.#close()];
    this.#open = { type, block, index: this.#nextIndex++ };
    return events;
  }

  #close(): WrittenEvent[] {
    if (this.#open === undefined) return [];
    const { block, index } = this.#open;
    this.#open = undefined;
    const isEmptyCall = this.#calls.get(block)?.hasArguments === false;
    const stop: WrittenEvent = { name: 'contentBlockStop', data: { contentBlockIndex: index } };
    return isEmptyCall ? [deltaEvent(index, { toolUse: { input: noArguments } }), stop] : [stop];
  }

  #end(): WrittenEvent[] {
    this.#over = true;
    return [
      ...this.#begin(),
      ...this.#close(),
      { name: 'messageStop', data: toStop(this.#finish, this.#calls.size > 0) },
      { name: 'metadata', data: { usage: writeUsage(this.#usage), metrics: { latencyMs: 0 }, ...writeTier(this.#usage) } },
    ];
  }
}

const deltaEvent = (contentBlockIndex: number, delta: WrittenDelta): WrittenEvent => ({
  name: 'contentBlockDelta',
  data: { contentBlockIndex, delta },
});

/** As AWS's SDKs decode it; anything else they throw at. */
const isBase64 = (value: string): boolean => value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value);
