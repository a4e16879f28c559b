import type {
  ContentBlockDeltaEvent,
  ContentBlockStartEvent,
  ContentBlockStopEvent,
  ConverseResponse,
  ConverseStreamMetadataEvent,
  MessageStartEvent,
  MessageStopEvent,
  StopReason,
  TokenUsage,
} from '@aws-sdk/client-bedrock-runtime';
import { exceptionName } from './error.ts';
import { toMessage } from './event-stream.ts';
import { claudeNameOf, signsReasoning } from './models.ts';
import type { Block, ConverseRequest } from './request.ts';
import { redactedOf } from './redacted.ts';
import { signatureOf } from '../anthropic/signature.ts';
import type { Answer, Segment } from '../answer.ts';
import type { Counts, Refusal, Reply, WireEvent } from '../vendor.ts';

type ConverseReply = Reply<ConverseRequest>;

const stopReasons = {
  stop: 'end_turn',
  'stop-sequence': 'stop_sequence',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  refusal: 'content_filtered',
} as const satisfies Record<Answer['finish'], StopReason>;

const metrics: ConverseResponse['metrics'] = { latencyMs: 1 };

/** An answer of `converse`. */
export function converseJson(reply: ConverseReply): unknown {
  const { answer, request } = reply;
  const message = { role: 'assistant', content: answer.segments.map((segment) => toBlock(segment, request.model)) };
  return { metrics, output: { message }, ...toStop(reply), ...toTotals(reply), ...echoes(request), ...strange(reply) };
}

/** Names of the events, and what is in them. */
interface Events {
  messageStart: MessageStartEvent;
  contentBlockStart: ContentBlockStartEvent;
  contentBlockDelta: ContentBlockDeltaEvent;
  contentBlockStop: ContentBlockStopEvent;
  messageStop: MessageStopEvent;
  metadata: ConverseStreamMetadataEvent;
}

/** An answer of `converse-stream`, one event per piece. Only tool uses have a start; usage comes behind the stop reason. */
export function converseEvents(reply: ConverseReply): WireEvent[] {
  const { answer, request } = reply;
  return [
    event('messageStart', { role: 'assistant' }, strange(reply)),
    ...(reply.strangers ? [padded('messageNotice', { notice: 'nobody knows this event' })] : []),
    ...answer.segments.flatMap((segment, index) => blockEvents(segment, index, request.model)),
    padded('messageStop', toStop(reply)),
    padded('metadata', { metrics, ...toTotals(reply), ...echoes(request) }),
  ];
}

/** What a stream ends with that breaks off. */
export const exceptionEvent = (refusal: Refusal): WireEvent => ({ event: exceptionName(refusal), data: { message: refusal.message } });

/** One event as a message of the AWS event stream. */
export function awsFrame({ event: name = '', data, isError = false }: WireEvent): Buffer {
  const kind = isError ? 'exception' : 'event';
  return toMessage({ [`:${kind}-type`]: name, ':content-type': 'application/json', ':message-type': kind }, JSON.stringify(data));
}

const event = <Name extends keyof Events>(name: Name, data: Events[Name], more: object = {}): WireEvent => padded(name, { ...data, ...more });

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Events come with padding, so that their lengths do not tell what is in them. */
export const padded = (name: string, data: object): WireEvent => ({
  event: name,
  data: { ...data, p: letters.slice(0, JSON.stringify(data).length % letters.length) },
});

function toBlock(segment: Segment, model: string): Block {
  const whole = segment.pieces.join('');
  if (segment.kind === 'tool-call') return { toolUse: { toolUseId: segment.id, name: segment.name, input: toInput(whole) } };
  if (segment.kind !== 'reasoning') return { text: whole };
  if (segment.isHidden) return { reasoningContent: { redactedContent: redactedOf(whole) } };
  return { reasoningContent: { reasoningText: { text: whole, ...(signsReasoning(model) && { signature: signatureOf(whole) }) } } };
}

/** Arguments that a limit cut off are no JSON; nothing of them is given then. */
function toInput(json: string): object {
  try {
    const input: unknown = JSON.parse(json);
    return typeof input === 'object' && input !== null ? input : {};
  } catch {
    return {};
  }
}

function blockEvents(segment: Segment, contentBlockIndex: number, model: string): WireEvent[] {
  const delta = (data: object): WireEvent => padded('contentBlockDelta', { contentBlockIndex, delta: data });
  const stop = event('contentBlockStop', { contentBlockIndex });
  switch (segment.kind) {
    case 'tool-call': {
      const { id: toolUseId, name, pieces } = segment;
      const start = event('contentBlockStart', { contentBlockIndex, start: { toolUse: { toolUseId, name } } });
      return [start, ...pieces.map((input) => delta({ toolUse: { input } })), stop];
    }
    case 'reasoning': {
      const whole = segment.pieces.join('');
      if (segment.isHidden) return [delta({ reasoningContent: { redactedContent: redactedOf(whole) } }), stop];
      const texts = segment.pieces.map((text) => delta({ reasoningContent: { text } }));
      return [...texts, ...(signsReasoning(model) ? [delta({ reasoningContent: { signature: signatureOf(whole) } })] : []), stop];
    }
    case 'text':
    case 'refusal':
      return [...segment.pieces.map((text) => delta({ text })), stop];
  }
}

/** Claude tells which sequence it stopped at, if it is asked for by its place in the model's own answer. */
function toStop({ answer, request }: ConverseReply): object {
  const isAsked = claudeNameOf(request.model) !== undefined && request.body.additionalModelResponseFieldPaths?.includes('/stop_sequence');
  return {
    stopReason: answer.finishAs ?? stopReasons[answer.finish],
    ...(isAsked && { additionalModelResponseFields: { stop_sequence: answer.stopSequence ?? null } }),
  };
}

const toTotals = ({ answer, counts }: ConverseReply): object => (answer.usage === 'none' ? {} : { usage: { ...toUsage(counts), ...answer.usage } });

/** Input that was read from the cache or written to it is counted there alone. */
function toUsage({ input, cacheRead, cacheWrite, output }: Counts): TokenUsage {
  return {
    inputTokens: input - cacheRead - cacheWrite,
    outputTokens: output,
    totalTokens: input + output,
    cacheReadInputTokens: cacheRead,
    cacheWriteInputTokens: cacheWrite,
  };
}

const echoes = ({ body: { performanceConfig, serviceTier } }: ConverseRequest): object => ({
  ...(performanceConfig && { performanceConfig }),
  ...(serviceTier && { serviceTier }),
});

const strange = ({ strangers }: ConverseReply): object => (strangers ? { xDemo: { large: '12345678901234567890' } } : {});
