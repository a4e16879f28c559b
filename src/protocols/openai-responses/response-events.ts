import { hash } from 'node:crypto';
import type { WrittenEvent } from '../../framing/event.ts';
import type { FinishReason, Part, TextPart } from '../../llm/part.ts';
import type { OpaqueState } from '../../llm/state.ts';
import { noUsage, type Usage } from '../../llm/usage.ts';
import { aroundText } from '../around-text.ts';
import { noArguments } from '../object-text.ts';
import type { EncoderOptions } from '../protocol.ts';
import { isOwnItemId, ownItemId } from './request-own-items.ts';
import {
  newResponse,
  stopped,
  writeLogprobs,
  writeTier,
  writeUsage,
  type ItemStatus,
  type WrittenCall,
  type WrittenItem,
  type WrittenMessage,
  type WrittenReasoning,
  type WrittenRefusal,
  type WrittenResponse,
  type WrittenSummary,
  type WrittenText,
} from './wire.ts';

/** The text that is being written: a part of a message's content, or of a summary. */
interface OpenText {
  block: number;
  part: WrittenText | WrittenRefusal | WrittenSummary;
  /** Which part of which item it is, as its events name it. */
  place: { item_id: string; output_index: number; content_index?: number; summary_index?: number };
  deltas: Deltas;
}

/** The deltas of a text, which differ in it and in their number alone. */
interface Deltas {
  name: string;
  /** Up to the number. */
  format: (text: string) => string;
}

/** An item of the output, by its place there. */
interface Placed<Item> {
  item: Item;
  index: number;
}

/**
 * Turns parts into the events of an OpenAI Responses stream; a JSON answer is the response that the last of them holds.
 *
 * Neighbouring texts are the contents of one message, neighbouring blocks of reasoning the parts of one summary, up to the block that has state: one item has one.
 * An item stays open until another one begins or the answer is finished, so that the last one of an answer that was cut off says so.
 * Only choice 0 is written: the protocol knows no other.
 */
export class AnswerEvents {
  readonly #options: EncoderOptions;
  #response: WrittenResponse | undefined;
  /** Tells the items of this answer from those of others. */
  #digest = '';
  #sequenceNumber = 0;
  #item: Placed<WrittenItem> | undefined;
  #text: OpenText | undefined;
  /** Tool calls by their block. */
  readonly #calls = new Map<number, { item: WrittenCall; deltas: Deltas }>();
  #usage: Usage = noUsage; // clients read numbers without asking whether there are any
  #finish: FinishReason | undefined;
  #over = false;

  constructor(options: EncoderOptions) {
    this.#options = options;
  }

  /** The events of one part. */
  push(part: Part): WrittenEvent[] {
    if (this.#over || ('choice' in part && part.choice !== 0)) return [];
    switch (part.type) {
      case 'start':
        return this.#begin(part.id, part.model);
      case 'text':
      case 'refusal':
      case 'reasoning':
        return part.text === '' ? [] : this.#write(part);
      case 'reasoning-state':
        return this.#state(part.block, part.state);
      case 'tool-call':
        return this.#call(part);
      case 'tool-arguments':
        return part.text === '' ? [] : this.#arguments(part);
      case 'logprobs':
        return this.#logprobs(part);
      case 'usage':
        this.#usage = part.usage;
        return [];
      case 'finish':
        this.#finish = part.reason;
        return this.#closeItem(this.#incompleteReason() === undefined ? 'completed' : 'incomplete');
      case 'end':
        return this.#end();
      case 'block-end':
      case 'embedding':
      case 'ranking':
      case 'error':
        return [];
    }
  }

  /** Ends the answer with an error; `encode` gets its place in the stream. */
  fail(encode: (sequenceNumber: number) => WrittenEvent[]): WrittenEvent[] {
    if (this.#over) return [];
    this.#over = true;
    return encode(this.#sequenceNumber);
  }

  /** Closes what is open and says how far the response is, before an error of ours ends it; `reason` is its code. A call stays open: its arguments are not complete. */
  stop(reason: string): WrittenEvent[] {
    if (this.#over || this.#response === undefined) return [];
    const open = this.#item?.item;
    const events = open?.type === 'function_call' ? this.#closeText() : this.#closeItem('incomplete');
    if (open?.type === 'function_call') open.status = 'incomplete';
    const usage = this.#usage === noUsage ? undefined : this.#usage;
    return [...events, this.#event('response.incomplete', { response: stopped(this.#response, reason, usage) })];
  }

  /** The whole response, of an answer whose parts were all pushed. */
  ended(): WrittenResponse {
    this.#end();
    return this.#current();
  }

  #current(): WrittenResponse {
    this.#response ??= newResponse('', this.#options.model ?? '', this.#options.createdAt);
    return this.#response;
  }

  #begin(id: string, model: string): WrittenEvent[] {
    if (this.#response !== undefined) return [];
    const { createdAt } = this.#options;
    const response = newResponse(id, model === '' ? (this.#options.model ?? '') : model, createdAt);
    this.#response = response;
    this.#digest = hash('sha256', `${id} ${createdAt}`, 'hex').slice(0, 24);
    return [this.#event('response.created', { response }), this.#event('response.in_progress', { response })];
  }

  #event(type: string, fields: object): WrittenEvent {
    return { name: type, data: JSON.stringify({ type, sequence_number: this.#sequenceNumber++, ...fields }) };
  }

  #write(part: TextPart): WrittenEvent[] {
    const events = this.#text?.block === part.block && isOf(part.type, this.#text.part) ? [] : this.#openText(part);
    const open = this.#text;
    if (open === undefined) return events;
    if (open.part.type === 'refusal') open.part.refusal += part.text;
    else open.part.text += part.text;
    events.push(this.#delta(open.deltas, part.text));
    return events;
  }

  #delta({ name, format }: Deltas, text: string): WrittenEvent {
    return { name, data: `${format(text)}${this.#sequenceNumber++}}` };
  }

  #openText({ type, block }: TextPart): WrittenEvent[] {
    const events = [...this.#begin('', ''), ...this.#closeText()];
    if (type === 'reasoning') {
      const open = this.#item?.item;
      const item = open?.type === 'reasoning' && open.encrypted_content === null ? open : this.#newReasoning(events);
      const part: WrittenSummary = { type: 'summary_text', text: '' };
      this.#openPart(block, part, { summary_index: item.summary.push(part) - 1 });
    } else {
      const open = this.#item?.item;
      const item = open?.type === 'message' ? open : this.#newMessage(events);
      const part: WrittenText | WrittenRefusal =
        type === 'refusal' ? { type, refusal: '' } : { type: 'output_text', text: '', annotations: [], logprobs: [] };
      this.#openPart(block, part, { content_index: item.content.push(part) - 1 });
    }
    if (this.#text !== undefined)
      events.push(this.#event(`${partNames[this.#text.part.type]}.added`, { ...this.#text.place, part: this.#text.part }));
    return events;
  }

  #openPart(block: number, part: OpenText['part'], at: { content_index: number } | { summary_index: number }): void {
    if (this.#item === undefined) return;
    const place = { item_id: this.#item.item.id, output_index: this.#item.index, ...at };
    const deltas = deltasOf(`${eventNames[part.type]}.delta`, { ...place, ...(part.type === 'output_text' && { logprobs: [] }) });
    this.#text = { block, part, place, deltas };
  }

  #newMessage(events: WrittenEvent[]): WrittenMessage {
    return this.#newItem(events, 'msg', (id) => ({ type: 'message', id, status: 'in_progress', role: 'assistant', content: [] }));
  }

  /** OpenAI's own reasoning keeps its id, to which its state is bound, where that is known in time: where there is no text. */
  #newReasoning(events: WrittenEvent[], { origin, id: given = '' }: Partial<OpaqueState> = {}): WrittenReasoning {
    const isTaken = given === '' || isOwnItemId(given) || this.#current().output.some(({ id }) => id === given);
    return this.#newItem(events, 'rs', (id) => ({
      type: 'reasoning',
      id: origin === 'openai' && !isTaken ? given : id,
      status: 'in_progress',
      summary: [],
      encrypted_content: null,
    }));
  }

  /** Opens an item, for which the one before is closed. */
  #newItem<Item extends WrittenItem>(events: WrittenEvent[], prefix: 'msg' | 'rs' | 'fc', create: (id: string) => Item): Item {
    events.push(...this.#begin('', ''), ...this.#closeItem('completed'));
    const { output } = this.#current();
    const index = output.length;
    const item = create(ownItemId(prefix, this.#digest, index));
    output.push(item);
    this.#item = { item, index };
    events.push(this.#event('response.output_item.added', { output_index: index, item }));
    return item;
  }

  #state(block: number, state: OpaqueState): WrittenEvent[] {
    const events: WrittenEvent[] = [];
    const open = this.#item?.item;
    const isItsOwn = open?.type === 'reasoning' && open.encrypted_content === null && this.#text?.block === block;
    const item = isItsOwn ? open : this.#newReasoning(events, state);
    item.encrypted_content = state.value;
    return events;
  }

  #call({ block, id, name }: Extract<Part, { type: 'tool-call' }>): WrittenEvent[] {
    const events: WrittenEvent[] = [];
    const item = this.#newItem(events, 'fc', (itemId) => ({
      type: 'function_call',
      id: itemId,
      status: 'in_progress',
      call_id: id,
      name,
      arguments: '',
    }));
    this.#calls.set(block, { item, deltas: deltasOf(argumentsDelta, { item_id: item.id, output_index: this.#item?.index }) });
    return events;
  }

  /** Arguments that come for a call which was closed by then complete it in the response at the end. */
  #arguments({ block, text }: TextPart): WrittenEvent[] {
    const call = this.#calls.get(block);
    if (call === undefined) return [];
    call.item.arguments += text;
    return [this.#delta(call.deltas, text)];
  }

  /** Log probabilities stand in deltas: here in one without text, since they come behind it. */
  #logprobs({ block, tokens }: Extract<Part, { type: 'logprobs' }>): WrittenEvent[] {
    const open = this.#text;
    if (open?.block !== block || open.part.type !== 'output_text') return [];
    const logprobs = writeLogprobs(tokens);
    open.part.logprobs.push(...logprobs);
    return [this.#event('response.output_text.delta', { ...open.place, delta: '', logprobs })];
  }

  #closeText(): WrittenEvent[] {
    const open = this.#text;
    if (open === undefined) return [];
    this.#text = undefined;
    const { part, place } = open;
    const whole = part.type === 'output_text' ? { text: part.text, logprobs: part.logprobs } : textOf(part);
    return [this.#event(`${eventNames[part.type]}.done`, { ...place, ...whole }), this.#event(`${partNames[part.type]}.done`, { ...place, part })];
  }

  #closeItem(status: ItemStatus): WrittenEvent[] {
    const events = this.#closeText();
    if (this.#item === undefined) return events;
    const { item, index } = this.#item;
    this.#item = undefined;
    if (item.type === 'function_call') events.push(...this.#closeArguments(item, index));
    item.status = status;
    events.push(this.#event('response.output_item.done', { output_index: index, item }));
    return events;
  }

  #closeArguments(item: WrittenCall, index: number): WrittenEvent[] {
    const place = { item_id: item.id, output_index: index };
    const events: WrittenEvent[] = [];
    if (item.arguments === '') {
      item.arguments = noArguments;
      events.push(this.#event(argumentsDelta, { ...place, delta: noArguments }));
    }
    events.push(this.#event('response.function_call_arguments.done', { ...place, arguments: item.arguments }));
    return events;
  }

  /** Why the answer is not all that the model had to say. A refusal without words of its own is told by the filter's: there is nothing else to see it by. */
  #incompleteReason(): 'max_output_tokens' | 'content_filter' | undefined {
    switch (this.#finish?.unified) {
      case 'length':
        return 'max_output_tokens';
      case 'content-filter':
        return 'content_filter';
      case 'refusal':
        return this.#current().output.some(hasRefusal) ? undefined : 'content_filter';
      default:
        return undefined;
    }
  }

  #end(): WrittenEvent[] {
    if (this.#over) return [];
    const reason = this.#incompleteReason();
    const status = reason === undefined ? 'completed' : 'incomplete';
    const events = [...this.#begin('', ''), ...this.#closeItem(status)];
    this.#over = true;
    const response = this.#current();
    response.status = status;
    response.completed_at = reason === undefined ? response.created_at : null;
    response.incomplete_details = reason === undefined ? null : { reason };
    response.usage = writeUsage(this.#usage);
    response.service_tier = writeTier(this.#usage);
    return [...events, this.#event(`response.${status}`, { response })];
  }
}

const argumentsDelta = 'response.function_call_arguments.delta';

const deltasOf = (name: string, fields: object): Deltas => ({
  name,
  format: aroundText([JSON.stringify({ type: name, ...fields }).slice(0, -1), ',"delta":'], [',"sequence_number":']),
});

/** What the events of a text, and of the part that holds it, are called. */
const eventNames = {
  output_text: 'response.output_text',
  refusal: 'response.refusal',
  summary_text: 'response.reasoning_summary_text',
} as const;
const partNames = {
  output_text: 'response.content_part',
  refusal: 'response.content_part',
  summary_text: 'response.reasoning_summary_part',
} as const;

const isOf = (type: TextPart['type'], part: OpenText['part']): boolean => partTypes[part.type] === type;
const partTypes = { output_text: 'text', refusal: 'refusal', summary_text: 'reasoning' } as const;

const textOf = (part: WrittenRefusal | WrittenSummary) => (part.type === 'refusal' ? { refusal: part.refusal } : { text: part.text });

const hasRefusal = (item: WrittenItem): boolean => item.type === 'message' && item.content.some(({ type }) => type === 'refusal');
