import { countTokens } from './count.ts';
import { vocabulary } from './vocabulary.ts';

/** How many tokens a text has. */
export interface TokenEstimate {
  tokens: number;
  /** False where only samples were counted, or nothing but its size. */
  isExact: boolean;
}

/**
 * Most UTF-8 bytes that are counted: all of a text, or samples of it. So much prose takes less than a millisecond, and the worst text there is about three
 * (`npm run bench:tokens`); nothing else happens meanwhile.
 */
export const maxCountedBytes = 4 * 1024;

const samples = 16;
const sampleBytes = maxCountedBytes / samples;

/** Characters of most texts per token, where nothing was counted. */
const charsPerToken = 4;

/** Tokens of a text, or of several together, by OpenAI's tokenizer `o200k_base`; beyond `maxCountedBytes` from samples spread evenly over them. */
export function estimateTokens(text: string | readonly string[]): TokenEstimate {
  const texts = typeof text === 'string' ? [text] : text;
  const chars = texts.reduce((sum, { length }) => sum + length, 0);
  const words = vocabulary();
  if (words === undefined) return { tokens: Math.ceil(chars / charsPerToken), isExact: false };
  const isShort = chars <= maxCountedBytes && texts.reduce((sum, each) => sum + Buffer.byteLength(each), 0) <= maxCountedBytes;
  if (isShort) return { tokens: texts.reduce((sum, each) => sum + countTokens(each, words), 0), isExact: true };
  let perChar = 0;
  for (const sample of samplesOf(texts, chars)) perChar += countTokens(sample, words) / sample.length;
  return { tokens: Math.ceil((perChar / samples) * chars), isExact: false };
}

/** Pieces of a text of so many characters, one from the middle of each of its parts. */
function samplesOf(texts: readonly string[], chars: number): string[] {
  const part = chars / samples;
  let index = 0;
  let before = 0;
  return Array.from({ length: samples }, (_, count) => {
    const from = Math.floor((count + 0.5) * part - Math.min(sampleBytes, part) / 2);
    while (before + (texts[index]?.length ?? chars) <= from) before += texts[index++]?.length ?? 0;
    return withinBytes(cut(texts, index, from - before, Math.min(sampleBytes, Math.floor(part))));
  });
}

/** So many characters from a place in one of the texts on, over the ends of texts. */
function cut(texts: readonly string[], first: number, from: number, length: number): string {
  let piece = texts[first]?.slice(from, from + length) ?? '';
  for (let index = first + 1; piece.length < length && index < texts.length; index++) piece += texts[index]?.slice(0, length - piece.length) ?? '';
  return piece;
}

/** As much of a sample as has about `sampleBytes`, at least a character. */
function withinBytes(sample: string): string {
  const bytes = Buffer.byteLength(sample);
  return bytes <= sampleBytes ? sample : sample.slice(0, Math.ceil((sample.length * sampleBytes) / bytes));
}
