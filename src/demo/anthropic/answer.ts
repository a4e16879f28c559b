import { createHash } from 'node:crypto';
import type {
  ContentBlock,
  Message,
  MessageDeltaUsage,
  RawMessageStreamEvent,
  StopReason,
  Usage,
} from '@anthropic-ai/sdk/resources/messages/messages';
import type { AnthropicRequest } from './shape.ts';
import type { Answer, Segment } from '../answer.ts';
import type { Counts, Reply, WireEvent } from '../vendor.ts';

type AnthropicReply = Reply<AnthropicRequest>;

const stopReasons = {
  stop: 'end_turn',
  'stop-sequence': 'stop_sequence',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  refusal: 'refusal',
} as const satisfies Record<Answer['finish'], StopReason>;

/** The proof that a thinking block is ours; a request that brings it back changed is refused. */
export const signatureOf = (thinking: string): string => createHash('sha256').update(thinking).digest('base64');

/** An answer as one `message`. */
export function anthropicJson(reply: AnthropicReply): unknown {
  const { answer, counts } = reply;
  const message: Message = { ...emptyMessage(reply), content: answer.segments.map(toBlock), usage: toUsage(counts, counts.output) };
  const usage = answer.usage === 'none' ? undefined : { ...message.usage, ...answer.usage };
  return { ...message, ...toStop(answer), usage, ...strange(reply) };
}

/** An answer as the events of a stream, one per piece; `message_delta` carries the totals of usage. */
export function anthropicEvents(reply: AnthropicReply): WireEvent[] {
  const { answer, counts } = reply;
  const { usage: given } = answer;
  const message = { ...emptyMessage(reply), usage: given === 'none' ? undefined : { ...toUsage(counts, 1), ...given, output_tokens: 1 } };
  const blocks = answer.segments.map((segment, index) => blockEvents(segment, index));
  blocks[0]?.splice(1, 0, { event: 'ping', data: { type: 'ping' } });
  const usage = given === 'none' ? undefined : { ...toDeltaUsage(counts), ...given };
  return [
    { event: 'message_start', data: { type: 'message_start', message, ...strange(reply) } },
    ...(reply.strangers ? [{ event: 'message_notice', data: { type: 'message_notice', notice: 'nobody knows this event' } }] : []),
    ...blocks.flat(),
    { event: 'message_delta', data: { type: 'message_delta', delta: { ...toStop(answer), container: null }, usage } },
    wire({ type: 'message_stop' }),
  ];
}

const wire = (data: RawMessageStreamEvent): WireEvent => ({ event: data.type, data });

const emptyMessage = ({ id, request, counts }: AnthropicReply): Message => ({
  id,
  type: 'message',
  role: 'assistant',
  model: request.model,
  content: [],
  stop_reason: null,
  stop_sequence: null,
  stop_details: null,
  container: null,
  diagnostics: null,
  usage: toUsage(counts, 1),
});

function toStop({ finish, finishAs, stopSequence }: Answer): object {
  const stop_details = finish === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null;
  return { stop_reason: finishAs ?? stopReasons[finish], stop_sequence: stopSequence ?? null, stop_details };
}

function toBlock(segment: Segment): ContentBlock {
  const whole = segment.pieces.join('');
  if (segment.kind === 'tool-call')
    return { type: 'tool_use', id: segment.id, name: segment.name, input: toInput(whole), caller: { type: 'direct' } };
  if (segment.kind === 'reasoning') return { type: 'thinking', thinking: whole, signature: signatureOf(whole) };
  return { type: 'text', text: whole, citations: null };
}

/** Arguments that a limit cut off are no JSON; the vendor then gives what it could read, here nothing. */
function toInput(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}

function blockEvents(segment: Segment, index: number): WireEvent[] {
  const delta = (data: Extract<RawMessageStreamEvent, { type: 'content_block_delta' }>['delta']): WireEvent =>
    wire({ type: 'content_block_delta', index, delta: data });
  const start = (content_block: ContentBlock): WireEvent => ({
    event: 'content_block_start',
    data: { type: 'content_block_start', index, content_block },
  });
  const stop = wire({ type: 'content_block_stop', index });
  switch (segment.kind) {
    case 'tool-call': {
      const { id, name, pieces } = segment;
      const first = delta({ type: 'input_json_delta', partial_json: '' });
      return [
        start({ type: 'tool_use', id, name, input: {}, caller: { type: 'direct' } }),
        first,
        ...pieces.map((partial_json) => delta({ type: 'input_json_delta', partial_json })),
        stop,
      ];
    }
    case 'reasoning': {
      const signature = delta({ type: 'signature_delta', signature: signatureOf(segment.pieces.join('')) });
      return [
        start({ type: 'thinking', thinking: '', signature: '' }),
        ...segment.pieces.map((thinking) => delta({ type: 'thinking_delta', thinking })),
        signature,
        stop,
      ];
    }
    case 'text':
    case 'refusal':
      return [start({ type: 'text', text: '', citations: null }), ...segment.pieces.map((text) => delta({ type: 'text_delta', text })), stop];
  }
}

function toUsage({ input, cacheRead, cacheWrite, reasoning }: Counts, output: number): Usage {
  return {
    input_tokens: input - cacheRead - cacheWrite,
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: cacheWrite, ephemeral_1h_input_tokens: 0 },
    output_tokens: output,
    output_tokens_details: reasoning > 0 ? { thinking_tokens: reasoning } : null,
    server_tool_use: null,
    inference_geo: null,
    service_tier: 'standard',
    speed: null,
  };
}

function toDeltaUsage(counts: Counts): MessageDeltaUsage {
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens, output_tokens_details, server_tool_use } = toUsage(
    counts,
    counts.output,
  );
  return { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens, output_tokens_details, server_tool_use };
}

const strange = ({ strangers }: AnthropicReply): object => (strangers ? { x_demo: { large: '12345678901234567890' } } : {});
