import { JsonFieldError } from '../../framing/json.ts';
import type { FinishReason, Part, TokenLogprob } from '../../llm/part.ts';
import type { Usage } from '../../llm/usage.ts';
import { noArguments } from '../object-text.ts';
import { parsedAnswer } from '../parsed-answer.ts';
import type { EncoderOptions, LocatedPart } from '../protocol.ts';
import { writeLogprobs } from './wire-logprobs.ts';
import { createAnswerState, readAnswer } from './response-read.ts';
import { writeTier, writeUsage } from './wire.ts';

/** A provider's JSON answer as parts. Throws JsonFieldError, JsonSyntaxError. */
export function decodeAnswer(body: Buffer): LocatedPart[] {
  const answer = parsedAnswer(body);
  const state = createAnswerState();
  const parts = readAnswer(state, answer, 'message');
  if (state.failed) return parts;
  if (state.choices.size === 0) throw new JsonFieldError('choices', 'must be an array of at least one choice');
  return [...parts, { type: 'end' }];
}

interface CollectedChoice {
  content: string | undefined;
  refusal: string | undefined;
  reasoning: string | undefined;
  calls: Map<number, { id: string; name: string; arguments: string }>;
  logprobs: TokenLogprob[];
  finish: FinishReason | undefined;
}

interface Collected {
  id: string;
  model: string;
  choices: Map<number, CollectedChoice>;
  usage: Usage | undefined;
}

/** A `chat.completion` for a client, from all its parts: no error among them. */
export function encodeAnswer(parts: readonly Part[], { createdAt }: EncoderOptions): string {
  const answer: Collected = { id: '', model: '', choices: new Map(), usage: undefined };
  for (const part of parts) collect(answer, part);
  return JSON.stringify({
    id: answer.id,
    object: 'chat.completion',
    created: createdAt,
    model: answer.model,
    choices: [...answer.choices].toSorted(([a], [b]) => a - b).map(([index, choice]) => writeChoice(index, choice)),
    usage: answer.usage && writeUsage(answer.usage),
    ...(answer.usage && writeTier(answer.usage)),
  });
}

function collect(answer: Collected, part: Part): void {
  switch (part.type) {
    case 'start':
      answer.id = part.id;
      answer.model = part.model;
      break;
    case 'usage':
      answer.usage = part.usage;
      break;
    case 'error':
    case 'end':
    case 'embedding':
    case 'ranking':
      break;
    default:
      collectInto(choiceOf(answer, part.choice), part);
  }
}

function choiceOf(answer: Collected, index: number): CollectedChoice {
  let choice = answer.choices.get(index);
  if (choice === undefined) {
    choice = { content: undefined, refusal: undefined, reasoning: undefined, calls: new Map(), logprobs: [], finish: undefined };
    answer.choices.set(index, choice);
  }
  return choice;
}

function collectInto(choice: CollectedChoice, part: Extract<Part, { choice: number }>): void {
  switch (part.type) {
    case 'text':
      choice.content = (choice.content ?? '') + part.text;
      break;
    case 'refusal':
    case 'reasoning':
      choice[part.type] = (choice[part.type] ?? '') + part.text;
      break;
    case 'tool-call':
      choice.calls.set(part.block, { id: part.id, name: part.name, arguments: '' });
      break;
    case 'tool-arguments': {
      const call = choice.calls.get(part.block);
      if (call !== undefined) call.arguments += part.text;
      break;
    }
    case 'finish':
      choice.finish = part.reason;
      break;
    case 'logprobs':
      choice.logprobs.push(...part.tokens);
      break;
    case 'block-end':
    case 'reasoning-state': // has no field here: it travels in the ids of tool calls
      break;
  }
}

function writeChoice(index: number, { content, refusal, reasoning, calls, logprobs, finish }: CollectedChoice) {
  const toolCalls = [...calls.values()].map((call) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: call.arguments === '' ? noArguments : call.arguments },
  }));
  const message = {
    role: 'assistant',
    content: content ?? null,
    refusal: refusal ?? null,
    reasoning_content: reasoning,
    tool_calls: toolCalls.length === 0 ? undefined : toolCalls,
  };
  const written = logprobs.length === 0 ? null : writeLogprobs(logprobs, refusal !== undefined);
  return { index, message, logprobs: written, finish_reason: finishWord(finish, refusal !== undefined) };
}

/** OpenAI's word for the end of an answer. A refusal that brought no text is told by the filter's word, for there is nothing else to see it by. */
export function finishWord(reason: FinishReason | undefined, refusedInWords: boolean): string {
  if (reason?.unified === 'refusal') return refusedInWords ? 'stop' : 'content_filter';
  return words[reason?.unified ?? 'other'];
}

const words = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  pause: 'stop',
  other: 'stop',
} as const satisfies Record<Exclude<FinishReason['unified'], 'refusal'>, string>;
