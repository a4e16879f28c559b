import type { TokenLogprob } from '../../llm/part.ts';
import { isObject, itemsOf, textOf, type WireObject } from '../untrusted.ts';

/** The log probabilities of a candidate (`logprobsResult`): the tokens that were chosen, and beside each the likeliest ones. */
export function readLogprobs(result: unknown): TokenLogprob[] {
  if (!isObject(result)) return [];
  const tops = itemsOf(result['topCandidates']);
  return itemsOf(result['chosenCandidates']).map((chosen, at) => {
    const top = tops[at];
    return { ...readToken(chosen), top: itemsOf(isObject(top) ? top['candidates'] : undefined).map(readToken) };
  });
}

function readToken(value: unknown): { token: string; logprob: number } {
  const token: WireObject = isObject(value) ? value : {};
  const logprob = token['logProbability'];
  return { token: textOf(token['token']), logprob: typeof logprob === 'number' ? logprob : 0 }; // proto3 JSON leaves out what is 0
}

interface WrittenLogprobs {
  avgLogprobs: number;
  logprobsResult: { chosenCandidates: WrittenToken[]; topCandidates: { candidates: WrittenToken[] }[] };
}

interface WrittenToken {
  token: string;
  logProbability: number;
}

/** Log probabilities as a candidate holds them. */
export function writeLogprobs(tokens: readonly TokenLogprob[]): WrittenLogprobs {
  const sum = tokens.reduce((total, { logprob }) => total + logprob, 0);
  return {
    avgLogprobs: sum / tokens.length,
    logprobsResult: {
      chosenCandidates: tokens.map(writeToken),
      topCandidates: tokens.map(({ top }) => ({ candidates: top.map(writeToken) })),
    },
  };
}

const writeToken = ({ token, logprob }: { token: string; logprob: number }): WrittenToken => ({ token, logProbability: logprob });
