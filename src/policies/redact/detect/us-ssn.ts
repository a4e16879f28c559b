import { continuesWord, gapAfter, hasFraction, isFraction, runLength, separator, wordContinues } from './digits.ts';
import type { Digits, Find } from './find.ts';

/** How far around a number a word may stand that says what it is, in UTF-16 units. */
const wordsBefore = 64;
const wordsAfter = 32;

/**
 * US social security numbers: AAA-GG-SSSS with dashes or spaces, of the areas, groups and serials that may be given out (SSA, POMS RM 10201.035).
 * Nine digits in one run, and a spaced number amid others, are doubtful unless "SSN" or "social security" is near, in the text or in the name of the field.
 * Not found: other separators, masked numbers, taxpayer numbers (areas from 900).
 */
export function findUsSsns(digits: Digits): Find[] {
  const finds: Find[] = [];
  for (let run = 0; run < digits.starts.length; run++) {
    const last = lastRun(digits, run);
    if (last === undefined) continue;
    const start = digits.starts[run] ?? 0;
    const end = digits.ends[last] ?? 0;
    const number = digits.text.slice(start, end).replaceAll(/\D/g, '');
    if (!isUsSsn(number) || touchesWord(digits.text, start, end)) continue;
    const sure = (last !== run && isApart(digits, run, last)) || isNamed(digits, start, end);
    finds.push({ type: 'us-ssn', start, end, digits: number, sure });
    run = last;
  }
  return finds;
}

function lastRun(digits: Digits, run: number): number | undefined {
  const length = runLength(digits, run);
  if (length === 9) return run;
  if (length !== 3 || runLength(digits, run + 1) !== 2 || runLength(digits, run + 2) !== 4) return undefined;
  const gap = gapAfter(digits, run);
  return (gap === '-' || gap === ' ') && gapAfter(digits, run + 1) === gap ? run + 2 : undefined;
}

const isUsSsn = (number: string): boolean => {
  const area = number.slice(0, 3);
  return area !== '000' && area !== '666' && area < '900' && number.slice(3, 5) !== '00' && number.slice(5) !== '0000';
};

const touchesWord = (text: string, start: number, end: number): boolean =>
  continuesWord(text, start) || wordContinues(text, end) || isFraction(text, start) || hasFraction(text, end);

/** Whether the groups are no part of a longer row of groups. */
function isApart(digits: Digits, first: number, last: number): boolean {
  const { text, starts, ends } = digits;
  if (separator(text.charCodeAt((starts[first] ?? 0) - 1)) === '-' && continuesWord(text, (starts[first] ?? 0) - 1)) return false;
  if (separator(text.charCodeAt(ends[last] ?? 0)) === '-' && wordContinues(text, (ends[last] ?? 0) + 1)) return false;
  return gapAfter(digits, first) === '-' || (gapAfter(digits, last) !== ' ' && (first === 0 || gapAfter(digits, first - 1) !== ' '));
}

function isNamed({ text, context }: Digits, start: number, end: number): boolean {
  return (
    namesSsn(context.slice(-wordsBefore)) ||
    namesSsn(text.slice(Math.max(0, start - wordsBefore), start)) ||
    namesSsn(text.slice(end, end + wordsAfter))
  );
}

/** Whether a short text speaks of social security numbers: in words, in a field's name, in snake or camel case; "className" does not. */
function namesSsn(words: string): boolean {
  if (/soc(ial|\.)?[ _-]?sec/i.test(words)) return true;
  return /(?<![a-z])ss(n|#|no\b)s?(?![a-z])/i.test(words) || /(?<=[a-z])S(SN|sn)(?![a-z])/.test(words);
}
