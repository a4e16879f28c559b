import type { TextPart } from '../../llm/part.ts';
import type { LocatedPart, TextPlace } from '../protocol.ts';
import { isObject, textOf, type WireObject } from '../untrusted.ts';
import { failureIn } from './error.ts';
import {
  closeBlock,
  contentSaying,
  itemAt,
  openCall,
  readBeginning,
  readEnding,
  readItem,
  readTextLogprobs,
  say,
  sayInList,
  type AnswerState,
  type ItemState,
  type Saying,
} from './response-read.ts';

type Handler = (state: AnswerState, event: WireObject) => LocatedPart[];

/** Where an event has text, and which text of its item that is. */
interface TextSource {
  type: TextPart['type'];
  /** The list of the item that has the text, and the event's word for its place there; a call has only one. */
  list: 'content' | 'summary' | 'call';
  index: string;
  /** Field of the piece, or of the whole text. */
  field: string;
  isWhole: boolean;
}

const place = (field: string, kind: TextPlace['kind']): TextPlace => ({ path: [field], kind });

/** The two events of a text: its pieces, and at the end all of it. */
const textEvents = (name: string, field: string, source: Pick<TextSource, 'type' | 'list' | 'index'>): [string, Handler][] => [
  [`${name}.delta`, textHandler({ ...source, field: 'delta', isWhole: false })],
  [`${name}.done`, textHandler({ ...source, field, isWhole: true })],
];

/** Reasoning goes on after its text: what its maker needs to take it back comes with the end of its item. */
function textHandler({ type, list, index, field, isWhole }: TextSource): Handler {
  const { path, kind } = place(field, type === 'tool-arguments' ? 'json' : 'text');
  return (state, event) => {
    const item = itemAt(state, toIndex(event['output_index']));
    const saying: Saying = { type, text: textOf(event[field]), path, kind, isWhole };
    const parts: LocatedPart[] = [];
    const block = list === 'call' ? item.call : sayInList(state, item[list], toIndex(event[index]), saying, parts);
    if (list === 'call' && block !== undefined) say(block, saying, parts);
    if (type === 'text') readTextLogprobs(block, event['logprobs'], isWhole, parts);
    if (isWhole && type !== 'reasoning' && block !== undefined && block === state.open) closeBlock(state, parts);
    return parts;
  };
}

/** A part of a message or of reasoning: as it opens, mostly without text, its text is still to come; as it is done, all is said. */
const partHandler =
  (list: 'content' | 'summary', index: string, isDone: boolean): Handler =>
  (state, event) => {
    const saying = contentSaying(event['part'], ['part']);
    if (saying === undefined) return [];
    if (!isDone) return echo(saying);
    const parts: LocatedPart[] = [];
    const item = itemAt(state, toIndex(event['output_index']));
    const block = sayInList(state, item[list], toIndex(event[index]), saying, parts);
    if (saying.type !== 'reasoning' && block !== undefined && block === state.open) closeBlock(state, parts);
    return parts;
  };

/** Text that a later event says again. */
const echo = ({ type, text, path, kind }: Saying): LocatedPart[] => (text === '' ? [] : [{ type: 'echo', of: type, text, place: { path, kind } }]);

function itemAdded(state: AnswerState, event: WireObject): LocatedPart[] {
  const { item: value } = event;
  if (!isObject(value)) return [];
  const item = newItem(state, toIndex(event['output_index']), textOf(value['id']));
  const parts: LocatedPart[] = [];
  if (value['type'] === 'custom_tool_call')
    return echo({ type: 'text', text: textOf(value['input']), path: ['item', 'input'], kind: 'text', isWhole: true });
  if (value['type'] !== 'function_call') return parts;
  openCall(state, item, value, parts);
  // Arguments that are already here come again with the end of the call.
  const text = textOf(value['arguments']);
  return [...parts, ...echo({ type: 'tool-arguments', text, path: ['item', 'arguments'], kind: 'json', isWhole: true })];
}

function newItem(state: AnswerState, index: number, id: string): ItemState {
  const item = itemAt(state, index);
  item.id = id;
  return item;
}

function itemDone(state: AnswerState, event: WireObject): LocatedPart[] {
  const parts: LocatedPart[] = [];
  if (isObject(event['item'])) readItem(state, event['item'], toIndex(event['output_index']), ['item'], parts);
  return parts;
}

const beginning: Handler = (state, { response }) => (isObject(response) ? readBeginning(state, response, ['response']) : []);
const ending: Handler = (state, { response }) => (isObject(response) ? readEnding(state, response, ['response']) : []);
const failedResponse: Handler = (state, { response }) => (isObject(response) ? readEnding(state, response, ['response'], true) : []);

/** What each event says; events of other types, such as those of tools that OpenAI runs, say nothing that is carried. */
export const handlers: ReadonlyMap<unknown, Handler> = new Map<unknown, Handler>([
  ['response.created', beginning],
  ['response.queued', beginning],
  ['response.in_progress', beginning],
  ['response.output_item.added', itemAdded],
  ['response.content_part.added', partHandler('content', 'content_index', false)],
  ['response.content_part.done', partHandler('content', 'content_index', true)],
  ['response.reasoning_summary_part.added', partHandler('summary', 'summary_index', false)],
  ['response.reasoning_summary_part.done', partHandler('summary', 'summary_index', true)],
  ...textEvents('response.output_text', 'text', { type: 'text', list: 'content', index: 'content_index' }),
  ...textEvents('response.refusal', 'refusal', { type: 'refusal', list: 'content', index: 'content_index' }),
  ...textEvents('response.reasoning_text', 'text', { type: 'reasoning', list: 'content', index: 'content_index' }),
  ...textEvents('response.reasoning_summary_text', 'text', { type: 'reasoning', list: 'summary', index: 'summary_index' }),
  ...textEvents('response.function_call_arguments', 'arguments', { type: 'tool-arguments', list: 'call', index: '' }),
  ...textEvents('response.custom_tool_call_input', 'input', { type: 'text', list: 'content', index: '' }),
  ['response.output_item.done', itemDone],
  ['response.completed', ending],
  ['response.incomplete', ending],
  ['response.failed', failedResponse],
  ['error', failed],
]);

function failed(state: AnswerState, event: WireObject): LocatedPart[] {
  state.ended = true;
  return [{ type: 'error', failure: failureIn(event) }];
}

const toIndex = (value: unknown): number => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0);
