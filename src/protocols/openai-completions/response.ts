import { JsonFieldError } from '../../framing/json.ts';
import type { FinishReason, Part, TokenLogprob } from '../../llm/part.ts';
import type { Usage } from '../../llm/usage.ts';
import { writeUsage } from '../openai-chat/wire.ts';
import { parsedAnswer } from '../parsed-answer.ts';
import type { EncoderOptions, LocatedPart } from '../protocol.ts';
import { createAnswerState, readAnswer } from './response-read.ts';
import { writeLogprobs } from './wire.ts';

/** A provider's JSON answer as parts. Throws JsonFieldError, JsonSyntaxError. */
export function decodeAnswer(body: Buffer): LocatedPart[] {
  const answer = parsedAnswer(body);
  const state = createAnswerState();
  const parts = readAnswer(state, answer, true);
  if (state.failed) return parts;
  if (state.choices.size === 0) throw new JsonFieldError('choices', 'must be an array of at least one choice');
  return [...parts, { type: 'end' }];
}

interface CollectedChoice {
  text: string;
  logprobs: TokenLogprob[];
  finish: FinishReason | undefined;
}

/** A `text_completion` for a client, from all its parts: no error among them. A refusal is text here, and reasoning has no place. */
export function encodeAnswer(parts: readonly Part[], { createdAt }: EncoderOptions): string {
  let id = '';
  let model = '';
  let usage: Usage | undefined;
  const choices = new Map<number, CollectedChoice>();
  const at = (index: number): CollectedChoice => {
    const choice = choices.get(index) ?? { text: '', logprobs: [], finish: undefined };
    choices.set(index, choice);
    return choice;
  };
  for (const part of parts) {
    if (part.type === 'start') ({ id, model } = part);
    else if (part.type === 'usage') ({ usage } = part);
    else if (part.type === 'text' || part.type === 'refusal') at(part.choice).text += part.text;
    else if (part.type === 'logprobs') at(part.choice).logprobs.push(...part.tokens);
    else if (part.type === 'finish') at(part.choice).finish = part.reason;
  }
  return JSON.stringify({
    id,
    object: 'text_completion',
    created: createdAt,
    model,
    choices: [...choices].toSorted(([a], [b]) => a - b).map(([index, choice]) => writeChoice(index, choice)),
    usage: usage && writeUsage(usage),
  });
}

const writeChoice = (index: number, { text, logprobs, finish }: CollectedChoice) => ({
  text,
  index,
  logprobs: logprobs.length === 0 ? null : writeLogprobs(logprobs, 0),
  finish_reason: finishWord(finish, text !== ''),
});

/** OpenAI's word for the end of an answer. A refusal that brought no text is told by the filter's word. */
export function finishWord(reason: FinishReason | undefined, saidSomething: boolean): 'stop' | 'length' | 'content_filter' {
  if (reason?.unified === 'length') return 'length';
  if (reason?.unified === 'content-filter') return 'content_filter';
  return reason?.unified === 'refusal' && !saidSomething ? 'content_filter' : 'stop';
}
