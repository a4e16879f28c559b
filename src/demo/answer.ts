import { toolArguments } from './tool-arguments.ts';

/** What the fake needs to know of a request in order to answer it, whatever the vendor. */
export interface Prompt {
  model: string;
  /** Text of the last user message, its parts joined by line ends. */
  userText: string;
  /** Results of tools that came in the last turn; empty where it was a person's. */
  toolResults: readonly { name: string; text: string }[];
  tools: readonly { name: string; schema: unknown }[];
  toolChoice: { type: 'auto' | 'none' | 'required' } | { type: 'tool'; name: string };
  parallelToolCalls: boolean;
  stop: readonly string[];
  maxTokens: number | undefined;
  /** Makes the text JSON that fits this schema. */
  jsonSchema?: unknown;
  /** Makes the answer start with reasoning, where the request asks to see some. */
  reasons?: boolean;
}

/** One run of output; every piece is one token, and one delta of a stream. */
export type Segment =
  | { kind: 'text' | 'refusal'; pieces: readonly string[] }
  /** Hidden where the client gets its state alone: signed or encrypted, without a word to read. */
  | { kind: 'reasoning'; pieces: readonly string[]; isHidden?: boolean }
  | { kind: 'tool-call'; id: string; name: string; pieces: readonly string[] };

export interface Answer {
  segments: readonly Segment[];
  finish: 'stop' | 'stop-sequence' | 'length' | 'tool-calls' | 'refusal';
  /** The sequence that ended the text. */
  stopSequence?: string;
  /** The vendor's word for the finish reason, in place of the one that `finish` stands for. */
  finishAs?: string;
  /** Laid over the counted usage; `none` leaves usage out. */
  usage?: Readonly<Record<string, unknown>> | 'none';
}

/** What a test wants to hear; what it leaves open is composed. */
export interface Saying {
  text?: string;
  /** Reasoning: tokens in Chat Completions, a reasoning item with a summary in Responses, a signed thinking block for Anthropic; '' for none at all. */
  reasoning?: string;
  /** Reasoning that the client gets encrypted alone: a reasoning item without summary, a `redacted_thinking` block. It comes after `reasoning`. */
  hiddenReasoning?: string;
  refusal?: string;
  /** `arguments` that are a string are sent as they are, valid JSON or not. */
  toolCalls?: readonly { name: string; arguments: unknown; id?: string }[];
  /** The finish reason in the vendor's own word (`content_filter`, `pause_turn`, one that no client knows). */
  finish?: string;
  usage?: Readonly<Record<string, unknown>> | 'none';
}

/** Characters of a person's text that are echoed exactly; a longer text is cut there and its length said. */
export const maxEchoCharacters = 65_536;

/** Decides the answer: a tool call where one is asked for, else a sentence that repeats what came. Same prompt, same answer. */
export function composeAnswer(prompt: Prompt, speaker: { vendor: string; toolCallId: (index: number) => string }, say: Saying = {}): Answer {
  const { segments, stopSequence } = stopAt(prompt.stop, compose(prompt, speaker, say));
  const limited = limit(segments, prompt.maxTokens);
  const answer: Answer = { segments: limited.segments, finish: limited.cut ? 'length' : finishOf(segments, stopSequence) };
  if (answer.finish === 'stop-sequence' && stopSequence !== undefined) answer.stopSequence = stopSequence;
  if (say.finish !== undefined) answer.finishAs = say.finish;
  if (say.usage !== undefined) answer.usage = say.usage;
  return answer;
}

/** Tokens of an answer: its pieces. */
export function countPieces(answer: Answer, kind?: Segment['kind']): number {
  return answer.segments.reduce((sum, segment) => (kind === undefined || segment.kind === kind ? sum + segment.pieces.length : sum), 0);
}

/** Cuts text into pieces of a word, or of 4 characters of a longer one: so an e-mail address or a placeholder is cut across deltas, as by a real tokenizer. */
export function toPieces(text: string): string[] {
  return text.match(/\s*\S{1,4}|\s+/gu) ?? [];
}

function compose(prompt: Prompt, { vendor, toolCallId }: { vendor: string; toolCallId: (index: number) => string }, say: Saying): Segment[] {
  const silent = say.text === undefined && say.refusal === undefined && say.toolCalls === undefined;
  const calls = say.toolCalls ?? (silent ? chooseToolCalls(prompt) : []);
  const sentence = say.text ?? (silent && calls.length === 0 ? tell(prompt, vendor) : '');
  const segments: Segment[] = [
    {
      kind: 'reasoning',
      pieces: toPieces(say.reasoning ?? (prompt.reasons && say.hiddenReasoning === undefined ? 'Let me think about what was said.' : '')),
    },
    { kind: 'reasoning', pieces: toPieces(say.hiddenReasoning ?? ''), isHidden: true },
    { kind: 'text', pieces: toPieces(sentence) },
    { kind: 'refusal', pieces: toPieces(say.refusal ?? '') },
    ...calls.map((call, index): Segment => ({
      kind: 'tool-call',
      id: ('id' in call ? call.id : undefined) ?? toolCallId(index),
      name: call.name,
      pieces: toPieces(typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments)),
    })),
  ];
  return segments.filter((segment) => segment.kind === 'tool-call' || segment.pieces.length > 0);
}

function tell(prompt: Prompt, vendor: string): string {
  if (prompt.jsonSchema !== undefined) return JSON.stringify(toolArguments(prompt.jsonSchema, quotedIn(prompt.userText)));
  return `Hello from the demo ${vendor} (${prompt.model}). ${repeat(prompt)}`;
}

const quotedIn = (text: string): string[] => Array.from(text.matchAll(/"([^"]*)"/g), ([, inside]) => inside ?? '');

function repeat({ userText, toolResults }: Prompt): string {
  const results = toolResults.map(({ name, text }) => `${name} answered: "${echo(text)}"`);
  if (userText !== '' || results.length === 0) results.push(`You said: "${echo(userText)}"`);
  return results.join('\n');
}

function echo(text: string): string {
  return text.length <= maxEchoCharacters ? text : `${text.slice(0, maxEchoCharacters).toWellFormed()}… (${text.length} characters)`;
}

function chooseToolCalls({ userText, toolResults, tools, toolChoice, parallelToolCalls }: Prompt): { name: string; arguments: unknown }[] {
  const named = toolResults.length > 0 ? [] : tools.filter(({ name }) => positionOf(name, userText) >= 0);
  named.sort((a, b) => positionOf(a.name, userText) - positionOf(b.name, userText));
  const wanted = {
    none: [],
    auto: named,
    required: named.length > 0 ? named : tools.slice(0, 1),
    tool: tools.filter(({ name }) => toolChoice.type === 'tool' && name === toolChoice.name),
  }[toolChoice.type];
  const quoted = quotedIn(userText);
  return wanted.slice(0, parallelToolCalls ? wanted.length : 1).map(({ name, schema }) => ({ name, arguments: toolArguments(schema, quoted) }));
}

/** Where the name stands as a word of its own; -1 where it does not. */
function positionOf(name: string, text: string): number {
  const isWordCharacter = (character: string | undefined): boolean => character !== undefined && /[\w-]/.test(character);
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (!isWordCharacter(text[at - 1]) && !isWordCharacter(text[at + name.length])) return at;
  }
  return -1;
}

function stopAt(stop: readonly string[], segments: Segment[]): { segments: Segment[]; stopSequence?: string } {
  const index = segments.findIndex(({ kind }) => kind === 'text');
  const whole = segments[index]?.pieces.join('') ?? '';
  const [earliest] = stop
    .map((sequence) => ({ sequence, at: sequence === '' ? -1 : whole.indexOf(sequence) }))
    .filter(({ at }) => at >= 0)
    .toSorted((a, b) => a.at - b.at);
  if (!earliest) return { segments };
  const before: Segment = { kind: 'text', pieces: toPieces(whole.slice(0, earliest.at)) };
  return { segments: [...segments.slice(0, index), before], stopSequence: earliest.sequence };
}

function limit(segments: readonly Segment[], maxTokens: number | undefined): { segments: Segment[]; cut: boolean } {
  let left = maxTokens ?? Number.POSITIVE_INFINITY;
  let cut = false;
  const kept: Segment[] = [];
  for (const segment of segments) {
    if (segment.pieces.length > left) cut = true;
    if (left > 0 || !cut) kept.push({ ...segment, pieces: segment.pieces.slice(0, left) });
    left = Math.max(0, left - segment.pieces.length);
  }
  return { segments: kept, cut };
}

function finishOf(segments: readonly Segment[], stopSequence: string | undefined): Answer['finish'] {
  if (stopSequence !== undefined) return 'stop-sequence';
  if (segments.some(({ kind }) => kind === 'refusal')) return 'refusal';
  return segments.some(({ kind }) => kind === 'tool-call') ? 'tool-calls' : 'stop';
}
