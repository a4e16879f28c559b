import type {
  ContentBlock,
  Message,
  MessageDeltaUsage,
  RawMessageStreamEvent,
  StopReason,
  Usage,
} from '@anthropic-ai/sdk/resources/messages/messages';
import { marksOf } from './cache.ts';
import { showsThinking } from './models.ts';
import type { AnthropicRequest } from './shape.ts';
import { omittedSignatureOf, redactedData, signatureOf } from './signature.ts';
import type { Answer, Segment } from '../answer.ts';
import type { Reply, WireEvent } from '../vendor.ts';

type AnthropicReply = Reply<AnthropicRequest>;

const stopReasons = {
  stop: 'end_turn',
  'stop-sequence': 'stop_sequence',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  refusal: 'refusal',
} as const satisfies Record<Answer['finish'], StopReason>;

/** An answer as one `message`. */
export function anthropicJson(reply: AnthropicReply): unknown {
  const { answer, counts } = reply;
  const message: Message = {
    ...emptyMessage(reply),
    content: answer.segments.map((segment) => toBlock(segment, reply)),
    usage: toUsage(reply, counts.output),
  };
  const usage = answer.usage === 'none' ? undefined : { ...message.usage, ...answer.usage };
  return { ...message, ...toStop(answer), usage, ...strange(reply) };
}

/** An answer as the events of a stream, one per piece; `message_delta` carries the totals of usage. */
export function anthropicEvents(reply: AnthropicReply): WireEvent[] {
  const { answer } = reply;
  const { usage: given } = answer;
  const message = { ...emptyMessage(reply), usage: given === 'none' ? undefined : { ...toUsage(reply, 1), ...given, output_tokens: 1 } };
  const blocks = answer.segments.map((segment, index) => blockEvents(segment, index, reply));
  blocks[0]?.splice(1, 0, { event: 'ping', data: { type: 'ping' } });
  const usage = given === 'none' ? undefined : { ...toDeltaUsage(reply), ...given };
  return [
    { event: 'message_start', data: { type: 'message_start', message, ...strange(reply) } },
    ...(reply.strangers ? [{ event: 'message_notice', data: { type: 'message_notice', notice: 'nobody knows this event' } }] : []),
    ...blocks.flat(),
    { event: 'message_delta', data: { type: 'message_delta', delta: { ...toStop(answer), container: null }, usage } },
    wire({ type: 'message_stop' }),
  ];
}

const wire = (data: RawMessageStreamEvent): WireEvent => ({ event: data.type, data });

const emptyMessage = (reply: AnthropicReply): Message => ({
  id: reply.id,
  type: 'message',
  role: 'assistant',
  model: reply.request.model,
  content: [],
  stop_reason: null,
  stop_sequence: null,
  stop_details: null,
  container: null,
  diagnostics: null,
  usage: toUsage(reply, 1),
});

function toStop({ finish, finishAs, stopSequence }: Answer): object {
  const stop_details = finish === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null;
  return { stop_reason: finishAs ?? stopReasons[finish], stop_sequence: stopSequence ?? null, stop_details };
}

function toBlock(segment: Segment, { request }: AnthropicReply): ContentBlock {
  const whole = segment.pieces.join('');
  if (segment.kind === 'tool-call')
    return { type: 'tool_use', id: segment.id, name: segment.name, input: toInput(whole), caller: { type: 'direct' } };
  if (segment.kind === 'reasoning') {
    if (segment.isHidden) return { type: 'redacted_thinking', data: redactedData(whole) };
    return isShown(request)
      ? { type: 'thinking', thinking: whole, signature: signatureOf(whole) }
      : { type: 'thinking', thinking: '', signature: omittedSignatureOf(whole) };
  }
  return { type: 'text', text: whole, citations: null };
}

/** Whether thinking can be read (https://platform.claude.com/docs/en/build-with-claude/thinking#controlling-thinking-display). */
function isShown({ model, thinking }: AnthropicRequest): boolean {
  const display = thinking && 'display' in thinking ? thinking.display : undefined;
  return display ? display === 'summarized' : showsThinking(model);
}

/** Arguments that a limit cut off are no JSON; the vendor then gives what it could read, here nothing. */
function toInput(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}

function blockEvents(segment: Segment, index: number, reply: AnthropicReply): WireEvent[] {
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
      const block = toBlock(segment, reply);
      if (block.type !== 'thinking') return [start(block), stop];
      const { thinking, signature } = block;
      return [
        start({ type: 'thinking', thinking: '', signature: '' }),
        ...(thinking === '' ? [] : segment.pieces.map((piece) => delta({ type: 'thinking_delta', thinking: piece }))),
        delta({ type: 'signature_delta', signature }),
        stop,
      ];
    }
    case 'text':
    case 'refusal':
      return [start({ type: 'text', text: '', citations: null }), ...segment.pieces.map((text) => delta({ type: 'text_delta', text })), stop];
  }
}

function toUsage({ counts, request }: AnthropicReply, output: number): Usage {
  const { input, cacheRead, cacheWrite, reasoning } = counts;
  const long = keepsAnHour(request) ? cacheWrite : 0;
  return {
    input_tokens: input - cacheRead - cacheWrite,
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: cacheWrite - long, ephemeral_1h_input_tokens: long },
    output_tokens: output,
    output_tokens_details: reasoning > 0 ? { thinking_tokens: reasoning } : null,
    server_tool_use: null,
    inference_geo: null,
    service_tier: 'standard',
    speed: null,
  };
}

/** Whether what is cached is to be kept for an hour: the first mark says it for all. */
const keepsAnHour = (request: AnthropicRequest): boolean => marksOf(request)[0]?.ttl === '1h';

function toDeltaUsage(reply: AnthropicReply): MessageDeltaUsage {
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens, output_tokens_details, server_tool_use } = toUsage(
    reply,
    reply.counts.output,
  );
  return { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens, output_tokens_details, server_tool_use };
}

const strange = ({ strangers }: AnthropicReply): object => (strangers ? { x_demo: { large: '12345678901234567890' } } : {});
