/* oxlint-disable typescript/no-deprecated -- the API still takes what its SDK calls deprecated, and so does its fake. */
import type {
  ResponseCustomToolCall,
  ResponseFunctionToolCall,
  ResponseOutputItem,
  ResponseOutputMessage,
  ResponseOutputRefusal,
  ResponseOutputText,
  ResponseReasoningItem,
  ResponseStatus,
  ResponseUsage,
} from 'openai/resources/responses/responses';
import type { Answer, Segment } from '../../answer.ts';
import { sealState } from '../../state-token.ts';
import type { Counts, Reply } from '../../vendor.ts';
import { toLogprobs } from '../logprobs.ts';
import { paysCacheWrites } from '../models.ts';
import { serviceTier } from '../service-tier.ts';
import type { ResponsesRequest } from './shape.ts';
import type { WireResponse } from './store.ts';

export type ResponsesReply = Reply<ResponsesRequest>;

/** An item of the output before it is written, with what it is written in. */
export type Draft =
  | { type: 'reasoning'; id: string; summary: readonly string[]; encrypted: { begun: string; whole: string } | undefined }
  | { type: 'message'; id: string; parts: readonly { kind: 'text' | 'refusal'; pieces: readonly string[] }[]; logprobs: number | undefined }
  | { type: 'function_call'; id: string; call_id: string; name: string; pieces: readonly string[] };

type Item = ResponseReasoningItem | ResponseOutputMessage | ResponseFunctionToolCall | ResponseCustomToolCall;

/** The output, item by item: reasoning, a message, calls. */
export function toDrafts({ id: responseId, request: { body }, answer }: ResponsesReply, scope: string): Draft[] {
  const name = (prefix: string, index: number): string => `${prefix}_${responseId.slice('resp_'.length)}_${index}`;
  const drafts: Draft[] = answer.segments.flatMap((segment, index): Draft[] => {
    if (segment.kind === 'reasoning') return [toReasoning(segment, name('rs', index), body, scope)];
    if (segment.kind !== 'tool-call') return [];
    return [{ type: 'function_call', id: name('fc', index), call_id: segment.id, name: segment.name, pieces: segment.pieces }];
  });
  const said = answer.segments.flatMap((segment) =>
    segment.kind === 'text' || segment.kind === 'refusal' ? [{ kind: segment.kind, pieces: segment.pieces }] : [],
  );
  const calls = drafts.findIndex(({ type }) => type === 'function_call');
  const isMute = said.length === 0 && (calls >= 0 || answer.finish === 'length');
  if (isMute) return drafts;
  const message: Draft = {
    type: 'message',
    id: name('msg', answer.segments.length),
    parts: said.length > 0 ? said : [{ kind: 'text', pieces: [] }],
    logprobs: body.include?.includes('message.output_text.logprobs') ? (body.top_logprobs ?? 0) : undefined,
  };
  return drafts.toSpliced(calls < 0 ? drafts.length : calls, 0, message);
}

function toReasoning(
  { pieces, isHidden }: Segment & { kind: 'reasoning' },
  id: string,
  { reasoning, include }: ResponsesRequest['body'],
  scope: string,
): Draft {
  const summarized = Boolean(reasoning?.summary) && isHidden !== true;
  // While the item is being written its state is incomplete: only the finished one may come back.
  const encrypted = { begun: sealState(scope, ''), whole: sealState(scope, `${id}\n${pieces.join('')}`) };
  return {
    type: 'reasoning',
    id,
    summary: summarized ? pieces : [],
    encrypted: include?.includes('reasoning.encrypted_content') ? encrypted : undefined,
  };
}

/** An item as it stands in a finished response. */
export function toItem(draft: Draft, status: 'completed' | 'incomplete'): Item {
  switch (draft.type) {
    case 'reasoning': {
      const summary = draft.summary.length > 0 ? [{ type: 'summary_text' as const, text: draft.summary.join('') }] : [];
      return { id: draft.id, type: 'reasoning', summary, ...(draft.encrypted && { encrypted_content: draft.encrypted.whole }) };
    }
    case 'message':
      return { id: draft.id, type: 'message', status, role: 'assistant', content: draft.parts.map((part) => toPart(part, draft.logprobs)) };
    case 'function_call':
      return { id: draft.id, type: 'function_call', status, call_id: draft.call_id, name: draft.name, arguments: draft.pieces.join('') };
  }
}

/** A part of a message as it stands in a finished response. */
export function toPart(
  { kind, pieces }: { kind: 'text' | 'refusal'; pieces: readonly string[] },
  logprobs: number | undefined,
): ResponseOutputText | ResponseOutputRefusal {
  if (kind === 'refusal') return { type: 'refusal', refusal: pieces.join('') };
  return { type: 'output_text', annotations: [], logprobs: logprobs === undefined ? [] : toLogprobs(pieces, logprobs), text: pieces.join('') };
}

/** How a response ended, in the API's words. */
export function toEnd({ finish, finishAs }: Answer): { status: ResponseStatus; incomplete_details: WireResponse['incomplete_details'] } {
  if (finishAs === 'failed' || finishAs === 'completed' || finishAs === 'cancelled') return { status: finishAs, incomplete_details: null };
  const reason = finishAs ?? (finish === 'length' ? 'max_output_tokens' : undefined);
  if (reason === undefined) return { status: 'completed', incomplete_details: null };
  // A test may want a reason that the SDK does not know.
  return { status: 'incomplete', incomplete_details: { reason: reason as 'max_output_tokens' } };
}

/** The finished output; its last item is incomplete where the response is. */
function toOutput(drafts: readonly Draft[], { status }: { status: ResponseStatus }): ResponseOutputItem[] {
  const cut = status === 'incomplete' ? drafts.length - 1 : -1;
  return drafts.map((draft, index) => toItem(draft, index === cut ? 'incomplete' : 'completed') as ResponseOutputItem);
}

/** A response as it stands when it has just begun. */
export function begunResponse({ id, createdSeconds, request: { body }, strangers }: ResponsesReply): WireResponse {
  const { reasoning, text } = body;
  const response: WireResponse = {
    id,
    object: 'response',
    access_programs: null,
    created_at: createdSeconds,
    status: 'in_progress',
    background: false,
    completed_at: null,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    metadata: body.metadata ?? {},
    model: body.model,
    output: [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: { effort: reasoning?.effort ?? null, summary: reasoning?.summary ?? null },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: body.service_tier ?? 'auto',
    temperature: body.temperature ?? 1,
    text: { format: text?.format ?? { type: 'text' }, verbosity: text?.verbosity ?? 'medium' },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? 'disabled',
    usage: null,
    ...(body.user !== undefined && { user: body.user }),
  };
  return strangers ? { ...response, ...{ x_demo: { large: '12345678901234567890' } } } : response;
}

/** A response as it stands at its end. */
export function endedResponse(reply: ResponsesReply, drafts: readonly Draft[]): WireResponse {
  const { answer, counts, createdSeconds, request } = reply;
  const end = toEnd(answer);
  return {
    ...begunResponse(reply),
    ...end,
    completed_at: end.status === 'completed' ? createdSeconds : null,
    error: end.status === 'failed' ? { code: 'server_error', message: 'The model failed to answer.' } : null,
    output: toOutput(drafts, end),
    service_tier: serviceTier(request.body.service_tier),
    usage: answer.usage === 'none' ? null : { ...toUsage(counts, request.body.model), ...answer.usage },
  };
}

function toUsage({ input, cacheRead, cacheWrite, output, reasoning }: Counts, model: string): ResponseUsage {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cacheRead, cache_write_tokens: paysCacheWrites(model) ? cacheWrite : 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}
