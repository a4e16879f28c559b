import type { Digits } from './find.ts';

const notAscii = /[^\0-\x7f]/;
const foldable = /[\uff01-\uff5e]|(?![0-9])\p{Nd}/gu;
const decimalDigit = /^\p{Nd}$/u;

/**
 * The text with full-width forms (as typed in Japanese and Chinese) and the digits of other scripts as ASCII.
 * It keeps its length, so that a place in it is a place in the original. Digits outside the basic plane (mathematical ones) stay as they are.
 */
export const fold = (text: string): string => (notAscii.test(text) ? text.replace(foldable, foldCharacter) : text);

function foldCharacter(character: string): string {
  const code = character.charCodeAt(0);
  if (character.length > 1) return character;
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
  // Unicode's rows of ten digits begin at a code that ends in 0 or in 6.
  const row = code & 0xfff0;
  const zero = decimalDigit.test(String.fromCharCode(row)) ? row : row + 6;
  return String.fromCharCode(0x30 + code - zero);
}

/** Finds the runs of digits in one pass. `text` must be folded. */
export function findDigits(text: string, context: string): Digits {
  const starts: number[] = [];
  const ends: number[] = [];
  let inside = false;
  for (let at = 0; at < text.length; at++) {
    if (isDigit(text.charCodeAt(at)) === inside) continue;
    (inside ? ends : starts).push(at);
    inside = !inside;
  }
  if (inside) ends.push(text.length);
  return { text, starts, ends, context };
}

export const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
export const isLetter = (code: number): boolean => (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;

/** Letters of other scripts do not make a word with a number: Chinese and Japanese put none apart. */
const isWord = (code: number): boolean => isDigit(code) || isLetter(code) || code === 0x5f; /* _ */

/** A separator as one of ' ', '-', '.', '/', '(' and ')'; empty for anything else. */
export function separator(code: number): string {
  if (code === 0x20 || code === 0xa0 || (code >= 0x2000 && code <= 0x200a) || code === 0x202f || code === 0x205f || code === 0x3000) return ' ';
  if (code === 0x2d || (code >= 0x2010 && code <= 0x2013) || code === 0x2212 || code === 0xfe58 || code === 0xfe63) return '-';
  return code === 0x2e || code === 0x2f || code === 0x28 || code === 0x29 ? String.fromCharCode(code) : '';
}

export const runLength = ({ starts, ends }: Digits, run: number): number => (ends[run] ?? 0) - (starts[run] ?? 0);
export const runText = ({ text, starts, ends }: Digits, run: number): string => text.slice(starts[run], ends[run]);

/** What stands between a run and the next one, as separators; empty where it is other text, longer than three, or there is no next run. */
export function gapAfter({ text, starts, ends }: Digits, run: number): string {
  const from = ends[run];
  const to = starts[run + 1];
  if (from === undefined || to === undefined || to - from > 3) return '';
  let gap = '';
  for (let at = from; at < to; at++) {
    const kind = separator(text.charCodeAt(at));
    if (kind === '') return '';
    gap += kind;
  }
  return gap;
}

/** Whether what begins at `at` continues a word. The letter of an escape, as in a log that shows `\n`, is none. */
export function continuesWord(text: string, at: number): boolean {
  if (at === 0 || !isWord(text.charCodeAt(at - 1))) return false;
  return !isEscapeLetter(text, at - 1);
}

/** Whether the letter at `at` is that of a backslash escape (`\n`, `\t`…). */
export const isEscapeLetter = (text: string, at: number): boolean => text[at - 1] === '\\' && 'bfnrt'.includes(text.charAt(at));

/** Whether a word goes on at `at`. */
export const wordContinues = (text: string, at: number): boolean => at < text.length && isWord(text.charCodeAt(at));

/** Whether the digits before `at` and a point make what begins there the decimals of a number. */
export const isFraction = (text: string, at: number): boolean => text[at - 1] === '.' && at > 1 && isDigit(text.charCodeAt(at - 2));

/** Whether decimals follow at `at`. */
export const hasFraction = (text: string, at: number): boolean => text[at] === '.' && isDigit(text.charCodeAt(at + 1));
