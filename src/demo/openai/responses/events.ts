import type { Response, ResponseOutputItem, ResponseStreamEvent } from 'openai/resources/responses/responses';
import type { WireEvent } from '../../vendor.ts';
import { toLogprobs } from '../logprobs.ts';
import { begunResponse, endedResponse, toEnd, toItem, toPart } from './answer.ts';
import type { Draft, ResponsesReply } from './answer.ts';
import type { WireResponse } from './store.ts';

type Unnumbered<Numbered> = Numbered extends { response: Response }
  ? Omit<Numbered, 'sequence_number' | 'response'> & { response: WireResponse }
  : Numbered extends ResponseStreamEvent
    ? Omit<Numbered, 'sequence_number'>
    : never;

type Event = Unnumbered<ResponseStreamEvent>;

/** An answer as the events of a stream, one delta per piece, and the response as it ended. */
export function responsesEvents(reply: ResponsesReply, drafts: readonly Draft[]): { events: WireEvent[]; response: WireResponse } {
  const begun = begunResponse(reply);
  const response = endedResponse(reply, drafts);
  const events: Event[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    ...drafts.flatMap((draft, output_index) => itemEvents(draft, output_index, response)),
    { type: `response.${terminalName(reply)}`, response },
  ];
  const obfuscate = reply.request.body.stream_options?.include_obfuscation !== false;
  const wire: { type: string }[] = events.map((event) => ('delta' in event && obfuscate ? { ...event, obfuscation: pad(event.delta) } : event));
  if (reply.strangers) wire.splice(2, 0, { type: 'response.notice' });
  return { events: wire.map((event, sequence_number) => ({ event: event.type, data: { ...event, sequence_number } })), response };
}

function terminalName({ answer }: ResponsesReply): 'completed' | 'incomplete' | 'failed' {
  const { status } = toEnd(answer);
  return status === 'failed' || status === 'incomplete' ? status : 'completed';
}

/** Fills a delta up, so that its length says little about its text. */
const pad = (delta: unknown): string => '0'.repeat(Math.max(1, 16 - String(delta).length));

function itemEvents(draft: Draft, output_index: number, { output }: WireResponse): Event[] {
  const at = { item_id: draft.id, output_index };
  const item = output[output_index];
  if (!item) return [];
  return [
    { type: 'response.output_item.added', output_index, item: begunItem(draft) },
    ...insideEvents(draft, at),
    { type: 'response.output_item.done', output_index, item },
  ];
}

function begunItem(draft: Draft): ResponseOutputItem {
  const empty: Draft =
    draft.type === 'reasoning' ? { ...draft, summary: [] } : draft.type === 'message' ? { ...draft, parts: [] } : { ...draft, pieces: [] };
  const item = toItem(empty, 'completed');
  if (item.type === 'reasoning' && draft.type === 'reasoning')
    return { ...item, ...(draft.encrypted && { encrypted_content: draft.encrypted.begun }) };
  return { ...item, status: 'in_progress' } as ResponseOutputItem;
}

interface Place {
  item_id: string;
  output_index: number;
}

function insideEvents(draft: Draft, at: Place): Event[] {
  switch (draft.type) {
    case 'reasoning':
      return draft.summary.length > 0 ? summaryEvents(draft.summary, { ...at, summary_index: 0 }) : [];
    case 'message':
      return draft.parts.flatMap((part, content_index) => partEvents(part, { ...at, content_index }, draft.logprobs));
    case 'function_call':
      return [
        ...draft.pieces.map((delta): Event => ({ type: 'response.function_call_arguments.delta', ...at, delta })),
        { type: 'response.function_call_arguments.done', ...at, arguments: draft.pieces.join('') },
      ];
  }
}

function summaryEvents(pieces: readonly string[], at: Place & { summary_index: number }): Event[] {
  const text = pieces.join('');
  return [
    { type: 'response.reasoning_summary_part.added', ...at, part: { type: 'summary_text', text: '' } },
    ...pieces.map((delta): Event => ({ type: 'response.reasoning_summary_text.delta', ...at, delta })),
    { type: 'response.reasoning_summary_text.done', ...at, text },
    { type: 'response.reasoning_summary_part.done', ...at, part: { type: 'summary_text', text } },
  ];
}

function partEvents(
  part: { kind: 'text' | 'refusal'; pieces: readonly string[] },
  at: Place & { content_index: number },
  logprobs: number | undefined,
): Event[] {
  const { kind, pieces } = part;
  const whole = pieces.join('');
  const chances = (of: readonly string[]) => (logprobs === undefined ? [] : toLogprobs(of, logprobs));
  const deltas = pieces.map((delta): Event =>
    kind === 'text'
      ? { type: 'response.output_text.delta', ...at, delta, logprobs: chances([delta]) }
      : { type: 'response.refusal.delta', ...at, delta },
  );
  const done: Event =
    kind === 'text'
      ? { type: 'response.output_text.done', ...at, text: whole, logprobs: chances(pieces) }
      : { type: 'response.refusal.done', ...at, refusal: whole };
  return [
    { type: 'response.content_part.added', ...at, part: toPart({ kind, pieces: [] }, undefined) },
    ...deltas,
    done,
    { type: 'response.content_part.done', ...at, part: toPart(part, logprobs) },
  ];
}
