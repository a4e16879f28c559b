import { bytesOf, noRank, type Vocabulary } from './vocabulary.ts';

/**
 * Longest run of letters, signs or spaces that is looked at as one piece, in characters. Merging takes time by the square of a piece's length,
 * so a longer run is cut. Texts and programs hardly have one, and a cut costs less than a token.
 */
const longestRun = 32;

const contraction = `(?:'(?:[sS]|[dD]|[mM]|[tT]|[lL][lL]|[vV][eE]|[rR][eE]))?`;
const upper = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const lower = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const run = (least: number): string => `{${least},${longestRun}}`;

/** How `o200k_base` cuts a text before it merges (https://github.com/openai/tiktoken, `tiktoken_ext/openai_public.py`), with runs bounded. */
const pieces = new RegExp(
  [
    String.raw`[^\r\n\p{L}\p{N}]?${upper}${run(0)}${lower}${run(1)}${contraction}`,
    String.raw`[^\r\n\p{L}\p{N}]?${upper}${run(1)}${lower}${run(0)}${contraction}`,
    String.raw`\p{N}{1,3}`,
    String.raw` ?[^\s\p{L}\p{N}]${run(1)}[\r\n/]${run(0)}`,
    String.raw`\s${run(0)}[\r\n]${run(1)}`,
    String.raw`\s${run(1)}(?!\S)`,
    String.raw`\s${run(1)}`,
  ].join('|'),
  'gu',
);

/** Tokens of a text, without a tokenizer's special ones: `<|endoftext|>` is text here. Takes time by its length, whatever stands in it. */
export function countTokens(text: string, vocabulary: Vocabulary): number {
  let tokens = 0;
  for (const piece of text.match(pieces) ?? []) {
    const bytes = bytesOf(piece);
    tokens += vocabulary.ranks.has(bytes) ? 1 : mergedLength(bytes, vocabulary);
  }
  return tokens;
}

/** Most bytes of a piece: two runs and what may stand around them, four bytes for each character. */
const mostBytes = 4 * (2 * longestRun + 4);
/** Where the tokens of the piece at hand start, with its end behind them. */
const starts = new Int32Array(mostBytes + 1);
/** Rank of each token merged with the one behind it. */
const ranks = new Int32Array(mostBytes + 1);

/** How many tokens are left of a piece when, again and again, the two neighbours of the lowest rank have been merged. */
function mergedLength(bytes: string, { ranks: known, pairs }: Vocabulary): number {
  let length = bytes.length;
  for (let at = 0; at < length; at++) {
    starts[at] = at;
    ranks[at] = at + 1 < length ? (pairs[bytes.charCodeAt(at) * 256 + bytes.charCodeAt(at + 1)] ?? noRank) : noRank;
  }
  starts[length] = length;
  const rankAt = (at: number): number => (at + 1 < length ? (known.get(bytes.slice(starts[at], starts[at + 2])) ?? noRank) : noRank);
  for (;;) {
    const best = lowest(length);
    if (best === -1) return length;
    starts.copyWithin(best + 1, best + 2, length + 1);
    ranks.copyWithin(best + 1, best + 2, length);
    length--;
    ranks[best] = rankAt(best);
    if (best > 0) ranks[best - 1] = rankAt(best - 1);
  }
}

/** Which of the first ranks is the lowest; -1 where none of them is a rank. */
function lowest(length: number): number {
  let rank = noRank;
  let found = -1;
  for (let at = 0; at < length; at++) {
    const other = ranks[at] ?? noRank;
    if (other < rank) {
      rank = other;
      found = at;
    }
  }
  return found;
}
