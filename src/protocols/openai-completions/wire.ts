import type { TokenLogprob } from '../../llm/part.ts';
import { isObject, itemsOf, textOf } from '../untrusted.ts';

/** The log probabilities of a choice: lists of one length, and per token an object of what was likely in its place. */
export function readLogprobs(value: unknown): TokenLogprob[] {
  if (!isObject(value)) return [];
  const numbers = itemsOf(value['token_logprobs']);
  const others = itemsOf(value['top_logprobs']);
  return itemsOf(value['tokens']).map((token, index) => ({
    token: textOf(token),
    logprob: numberOf(numbers[index]),
    top: isObject(others[index]) ? Object.entries(others[index]).map(([other, logprob]) => ({ token: other, logprob: numberOf(logprob) })) : [],
  }));
}

/** The first token of an echoed prompt has no probability. */
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** Log probabilities as a choice holds them; `offset` is where its text begins. */
export function writeLogprobs(tokens: readonly TokenLogprob[], offset: number) {
  const offsets: number[] = [];
  let at = offset;
  for (const { token } of tokens) {
    offsets.push(at);
    at += token.length;
  }
  return {
    text_offset: offsets,
    token_logprobs: tokens.map(({ logprob }) => logprob),
    tokens: tokens.map(({ token }) => token),
    top_logprobs: tokens.map(({ top }) => Object.fromEntries(top.map(({ token, logprob }) => [token, logprob]))),
  };
}
