import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionCreateParamsBase,
  ChatCompletionMessage,
} from 'openai/resources/chat/completions/completions';
import type { CompletionUsage } from 'openai/resources/completions';
import { toPieces } from '../answer.ts';
import type { Answer, Segment } from '../answer.ts';
import type { Reply, WireEvent } from '../vendor.ts';
import { toLogprobs } from './logprobs.ts';
import type { TokenLogprob } from './logprobs.ts';
import { paysCacheWrites } from './models.ts';
import { serviceTier } from './service-tier.ts';

type OpenAIReply = Reply<ChatCompletionCreateParamsBase>;

const finishReasons = { stop: 'stop', 'stop-sequence': 'stop', length: 'length', 'tool-calls': 'tool_calls', refusal: 'stop' } as const;

/** An answer as one `chat.completion`. */
export function openAIJson(reply: OpenAIReply): unknown {
  const { id, createdSeconds: created, request, answer } = reply;
  const { model } = request;
  const finish_reason = toFinishReason(request, answer);
  const message = toMessage(answer.segments);
  const choices = Array.from({ length: request.n ?? 1 }, (_, index) => ({
    index,
    message,
    logprobs: toChances(reply, answer.segments),
    finish_reason,
  }));
  const completion = { id, object: 'chat.completion', created, model, choices, service_tier: serviceTier(request.service_tier) } satisfies Omit<
    ChatCompletion,
    'choices'
  > & {
    choices: unknown;
  };
  return { ...completion, ...withUsage(reply), ...strange(reply) };
}

/** An answer as `chat.completion.chunk`s, one per piece, and `[DONE]`. Several choices take turns. */
export function openAIEvents(reply: OpenAIReply): WireEvent[] {
  const { id, createdSeconds: created, request, answer } = reply;
  const usage = request.stream_options?.include_usage === true && answer.usage !== 'none';
  const head = { id, object: 'chat.completion.chunk', created, model: request.model, service_tier: serviceTier(request.service_tier) } satisfies Omit<
    ChatCompletionChunk,
    'choices'
  >;
  const chunk = (choices: readonly unknown[], rest: object = {}): WireEvent => ({
    data: { ...head, choices, ...(usage && { usage: null }), ...rest },
  });
  const obfuscate = request.stream_options?.include_obfuscation !== false;

  const deltas = toDeltas(answer.segments);
  const indexes = Array.from({ length: request.n ?? 1 }, (_, index) => index);
  const events = deltas.flatMap((delta) =>
    indexes.map((index) =>
      chunk([{ index, delta, logprobs: toDeltaChances(reply, delta), finish_reason: null }], {
        ...(obfuscate && { obfuscation: pad(delta) }),
        ...strange(reply),
      }),
    ),
  );
  const finish_reason = toFinishReason(request, answer);
  events.push(...indexes.map((index) => chunk([{ index, delta: {}, logprobs: null, finish_reason }])));
  if (reply.strangers) events.splice(1, 0, { event: 'notice', data: { ...head, object: 'chat.completion.notice', choices: [] } });
  if (usage) events.push(chunk([], withUsage(reply)));
  return [...events, { data: '[DONE]' }];
}

function toMessage(segments: readonly Segment[]): ChatCompletionMessage {
  const tool_calls = segments
    .filter((segment) => segment.kind === 'tool-call')
    .map(({ id, name, pieces }) => ({ id, type: 'function' as const, function: { name, arguments: pieces.join('') } }));
  const message: ChatCompletionMessage = { role: 'assistant', content: join(segments, 'text'), refusal: join(segments, 'refusal'), annotations: [] };
  if (message.content === null && message.refusal === null && tool_calls.length === 0) message.content = '';
  return tool_calls.length > 0 ? { ...message, tool_calls } : message;
}

function join(segments: readonly Segment[], kind: Segment['kind']): string | null {
  return segments.find((segment) => segment.kind === kind)?.pieces.join('') ?? null;
}

/** The chances of each token, of what was said and what was refused; null unless asked for. */
function toChances({ request }: OpenAIReply, segments: readonly Segment[]): ChatCompletion.Choice.Logprobs | null {
  if (request.logprobs !== true) return null;
  const of = (kind: Segment['kind']): TokenLogprob[] | null => {
    const pieces = segments.find((segment) => segment.kind === kind)?.pieces;
    return pieces ? toLogprobs(pieces, request.top_logprobs ?? 0) : null;
  };
  return { content: of('text'), refusal: of('refusal') };
}

function toDeltaChances(reply: OpenAIReply, { content, refusal }: Delta): ChatCompletionChunk.Choice.Logprobs | null {
  const said = content ? [{ kind: 'text' as const, pieces: [content] }] : [];
  const refused = refusal ? [{ kind: 'refusal' as const, pieces: [refusal] }] : [];
  return said.length + refused.length > 0 ? toChances(reply, [...said, ...refused]) : null;
}

type Delta = ChatCompletionChunk.Choice.Delta;

function toDeltas(segments: readonly Segment[]): Delta[] {
  const speaks = segments.every(({ kind }) => kind !== 'tool-call' && kind !== 'refusal');
  const deltas: Delta[] = [{ role: 'assistant', content: speaks || join(segments, 'text') !== null ? '' : null, refusal: null }];
  let index = 0;
  for (const segment of segments) {
    if (segment.kind === 'text') deltas.push(...segment.pieces.map((content) => ({ content })));
    if (segment.kind === 'refusal') deltas.push(...segment.pieces.map((refusal) => ({ refusal })));
    if (segment.kind !== 'tool-call') continue;
    const call = index++;
    deltas.push({ tool_calls: [{ index: call, id: segment.id, type: 'function', function: { name: segment.name, arguments: '' } }] });
    deltas.push(...segment.pieces.map((piece) => ({ tool_calls: [{ index: call, function: { arguments: piece } }] })));
  }
  return deltas;
}

/** A call that `tool_choice` forced by its name ends with `stop`; one that the model chose, with `tool_calls`. */
function toFinishReason({ tool_choice }: ChatCompletionCreateParamsBase, { finish, finishAs }: Answer): string {
  const forced = finish === 'tool-calls' && typeof tool_choice === 'object' && tool_choice.type !== 'allowed_tools';
  return finishAs ?? (forced ? 'stop' : finishReasons[finish]);
}

function withUsage(reply: OpenAIReply): { usage?: unknown } {
  const { answer } = reply;
  return answer.usage === 'none' ? {} : { usage: { ...toUsage(reply), ...answer.usage } };
}

function toUsage({ counts, request, answer }: OpenAIReply): CompletionUsage {
  const { input, cacheRead, cacheWrite, output, reasoning } = counts;
  const choices = request.n ?? 1;
  const { accepted, rejected } = comparePrediction(request, answer);
  const completion_tokens = (output + rejected) * choices;
  return {
    prompt_tokens: input,
    completion_tokens,
    total_tokens: input + completion_tokens,
    prompt_tokens_details: {
      cached_tokens: cacheRead,
      audio_tokens: 0,
      ...(paysCacheWrites(request.model) && { cache_write_tokens: cacheWrite }),
    },
    completion_tokens_details: {
      reasoning_tokens: reasoning * choices,
      audio_tokens: 0,
      accepted_prediction_tokens: accepted,
      rejected_prediction_tokens: rejected,
    },
  };
}

/** Tokens of a prediction that came true, and those that did not, which count as output too. */
function comparePrediction({ prediction }: ChatCompletionCreateParamsBase, { segments }: Answer): { accepted: number; rejected: number } {
  if (!prediction) return { accepted: 0, rejected: 0 };
  const { content } = prediction;
  const predicted = toPieces(typeof content === 'string' ? content : content.map(({ text }) => text).join(''));
  const said = new Set(segments.flatMap(({ kind, pieces }) => (kind === 'text' ? pieces : [])));
  const accepted = predicted.filter((piece) => said.has(piece)).length;
  return { accepted, rejected: predicted.length - accepted };
}

const strange = ({ strangers }: OpenAIReply): object => (strangers ? { x_demo: { large: '12345678901234567890' } } : {});

/** Fills a chunk up, so that its length says little about its text (`include_obfuscation`). */
const pad = (delta: Delta): string => '0'.repeat(Math.max(1, 16 - (delta.content?.length ?? 0)));
