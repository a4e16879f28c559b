import type { Answer, Segment } from '../answer.ts';
import type { Counts, Reply, WireEvent } from '../vendor.ts';
import type { AnswerStyle, Flavour } from './flavour.ts';
import type { ChatRequest } from './request.ts';

type ChatReply = Reply<ChatRequest>;
type Delta = Record<string, unknown>;
type Call = Extract<Segment, { kind: 'tool-call' }>;

const finishWords = { stop: 'stop', 'stop-sequence': 'stop', length: 'length', 'tool-calls': 'tool_calls', refusal: 'stop' } as const;

/** An answer as one `chat.completion`. */
export function compatibleJson({ answer: style }: Flavour, reply: ChatReply): unknown {
  const { answer } = reply;
  const finish = finishOf(answer, style.finish?.json);
  const calls = callsOf(answer).map((call, index) => ({ ...wholeCall(style, call, index), index: undefined }));
  const message = { role: 'assistant', ...saidIn(style, answer), ...(calls.length > 0 && { tool_calls: calls }) };
  const choices = indexes(reply).map((index) => ({ index, message, finish_reason: finish, ...style.besideChoice?.(finish) }));
  const usage = usageIn(style, reply);
  return {
    ...headOf(style, reply, 'chat.completion'),
    choices,
    ...(usage && { usage }),
    ...style.beside?.(reply, { isFirst: false, isFinish: false, usage }),
  };
}

/** An answer as `chat.completion.chunk`s. */
export function compatibleEvents({ answer: style }: Flavour, reply: ChatReply): WireEvent[] {
  const { answer, request } = reply;
  const head = headOf(style, reply, 'chat.completion.chunk');
  const usage = usageIn(style, reply);
  const finish = finishOf(answer, style.finish?.stream);
  const deltas = deltasOf(style, answer);
  const last = style.calls === 'with-finish' ? lastDelta(style, answer) : {};
  const chunk = (delta: Delta, finish_reason: string | null, { isFirst = false, isFinish = false, pieces = 0 }): WireEvent[] =>
    indexes(reply).map((index) => {
      const role = style.repeatsRole && { role: 'assistant' };
      const choice = { index, delta: { ...role, ...delta }, finish_reason, ...style.besideChoice?.(finish_reason) };
      const counted = usageOfChunk(style, reply, { isFinish, pieces });
      return { data: { ...head, choices: [choice], ...(counted && { usage: counted }), ...style.beside?.(reply, { isFirst, isFinish, usage }) } };
    });
  const events = [
    ...deltas.flatMap((delta, at) => chunk(delta, null, { isFirst: at === 0, pieces: at })),
    ...chunk(last, finish, { isFinish: true, pieces: deltas.length }),
  ];
  const asked = request.chat.stream_options?.include_usage === true;
  const isOwn = style.usage === 'last' || (asked && (style.usage === 'asked' || style.repeatsUsageIfAsked === true));
  if (isOwn && usage) events.push({ data: { ...head, choices: [], usage } });
  if (style.isMarkedDone !== false) events.push({ data: '[DONE]' });
  return events;
}

const headOf = ({ idOf }: AnswerStyle, { id, createdSeconds, request }: ChatReply, object: string): object => ({
  id: idOf ? idOf(id) : id,
  object,
  created: createdSeconds,
  model: request.wire.model,
});

const indexes = ({ request }: ChatReply): number[] => Array.from({ length: request.chat.n ?? 1 }, (_, index) => index);

const finishOf = ({ finish, finishAs }: Answer, words: Partial<Record<Answer['finish'], string | null>> = {}): string | null => {
  const word = words[finish];
  return finishAs ?? (word === undefined ? finishWords[finish] : word);
};

function usageIn({ usageOf }: AnswerStyle, { answer, counts, request }: ChatReply): object | undefined {
  return answer.usage === 'none' ? undefined : { ...usageOf(counts, request.chat.n ?? 1), ...answer.usage };
}

function usageOfChunk(style: AnswerStyle, reply: ChatReply, { isFinish, pieces }: { isFinish: boolean; pieces: number }): object | undefined {
  if (style.usage === 'finish') return isFinish ? usageIn(style, reply) : undefined;
  if (style.usage !== 'each') return undefined;
  const counts: Counts = { ...reply.counts, output: isFinish ? reply.counts.output : Math.min(pieces, reply.counts.output) };
  return usageIn(style, { ...reply, counts });
}

const callsOf = ({ segments }: Answer): Call[] => segments.filter((segment) => segment.kind === 'tool-call');

const textOf = ({ segments }: Answer, kind: Segment['kind']): string =>
  segments.flatMap((segment) => (segment.kind === kind ? segment.pieces : [])).join('');

/** What the message of a JSON answer says, in words. A refusal is text where there is no field for it. */
function saidIn({ reasoning }: AnswerStyle, answer: Answer): object {
  const text = textOf(answer, 'text') + textOf(answer, 'refusal');
  const thought = textOf(answer, 'reasoning');
  const content = text === '' && callsOf(answer).length > 0 ? null : text;
  if (thought === '' || reasoning === undefined) return { content };
  return reasoning === 'parts' ? { content: [thinking(thought), { type: 'text', text }] } : { content, [reasoning]: thought };
}

const thinking = (text: string): object => ({ type: 'thinking', thinking: [{ type: 'text', text }] });

const wholeCall = ({ callIdOf }: AnswerStyle, { id, name, pieces }: Call, index: number): Record<string, unknown> => ({
  index,
  id: callIdOf ? callIdOf(id, index) : id,
  type: 'function',
  function: { name, arguments: pieces.join('') },
});

/** Mistral: the calls come with the finish reason, without an index. */
function lastDelta(style: AnswerStyle, answer: Answer): Delta {
  const calls = callsOf(answer).map((call, index) => ({ ...wholeCall(style, call, index), index: undefined, type: undefined }));
  return { content: calls.length > 0 ? null : '', ...(calls.length > 0 && { tool_calls: calls }) };
}

function deltasOf(style: AnswerStyle, answer: Answer): Delta[] {
  const deltas: Delta[] = [{ role: 'assistant', content: '' }];
  let calls = 0;
  for (const segment of answer.segments) {
    if (segment.kind === 'text' || segment.kind === 'refusal') deltas.push(...segment.pieces.map((content) => ({ content })));
    if (segment.kind === 'reasoning') deltas.push(...thoughts(style, segment.pieces));
    if (segment.kind === 'tool-call' && style.calls !== 'with-finish') deltas.push(...callDeltas(style, segment, calls++));
  }
  return deltas;
}

function thoughts({ reasoning }: AnswerStyle, pieces: readonly string[]): Delta[] {
  if (reasoning === undefined) return [];
  return pieces.map((piece) => (reasoning === 'parts' ? { content: [thinking(piece)] } : { [reasoning]: piece }));
}

function callDeltas(style: AnswerStyle, call: Call, index: number): Delta[] {
  const whole = wholeCall(style, call, index);
  if (style.calls === 'whole') return [{ tool_calls: [whole] }];
  const opening = { tool_calls: [{ ...whole, function: { name: call.name, arguments: '' } }] };
  return [opening, ...call.pieces.map((piece) => ({ tool_calls: [{ index, function: { arguments: piece } }] }))];
}
