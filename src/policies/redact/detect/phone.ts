import { continuesWord, gapAfter, hasFraction, isFraction, runLength, runText, separator, wordContinues } from './digits.ts';
import type { Digits, Find } from './find.ts';
import type { NumberingPlans } from './numbering-plans.ts';

/** ITU-T E.164: most digits of a number with its calling code. */
const maxDigits = 15;
const minDigits = 7;

/** What may part two groups of a number. A point and a space end a sentence. */
const gaps = new Set([' ', '-', '.', '/', '(', ')', ' (', ') ', ')-', '-(', ').', ')/', ' - ']);

/**
 * Telephone numbers:
 * - international, `+` or `00` and a calling code in use, with as many digits as its plan allows, grouped as people do, `(0)` included;
 * - North American, (NNN) NNN-NNNN, NNN-NNN-NNNN, NNN.NNN.NNNN with or without a leading 1; these forms are proof enough, so 555 numbers count;
 * - North American in spaced groups or in one run of 10 or 11 digits, where area and exchange are in service.
 * Not found: national numbers of other countries, seven digits alone, extensions, letters for digits.
 * Doubtful: what looks like part of a longer number, an id, a price or a path.
 */
export function findPhones(digits: Digits, plans: NumberingPlans): Find[] {
  const finds: Find[] = [];
  let behind = 0;
  for (let run = 0; run < digits.starts.length; run++) {
    const phone = internationalAt(digits, run, behind, plans) ?? northAmericanAt(digits, run, behind, plans);
    if (phone === undefined) continue;
    const { last, ...find } = phone;
    finds.push(find);
    behind = find.end;
    run = last;
  }
  return finds;
}

type Phone = Find & { last: number };

function internationalAt(digits: Digits, first: number, behind: number, plans: NumberingPlans): Phone | undefined {
  const prefix = internationalPrefix(digits, first, behind);
  if (prefix === undefined) return undefined;
  let number = runText(digits, first).slice(prefix.skipped);
  let found: { number: string; last: number } | undefined;
  for (let last = first; number.length <= maxDigits;) {
    if (isPossible(number, plans) && !isTouched(digits, last)) found = { number, last };
    if (!gaps.has(gapAfter(digits, last))) break;
    last++;
    number += runText(digits, last);
  }
  if (found === undefined) return undefined;
  const end = digits.ends[found.last] ?? 0;
  // Without North America's 1, as the other forms give it.
  return { type: 'phone', start: prefix.start, end, digits: found.number.replace(/^1/, ''), sure: true, last: found.last };
}

const isTouched = ({ text, ends }: Digits, last: number): boolean => wordContinues(text, ends[last] ?? 0) || hasFraction(text, ends[last] ?? 0);

/** Where a number with `+` or `00` begins, and how many digits of its first run are no part of it. */
function internationalPrefix(digits: Digits, first: number, behind: number): { start: number; skipped: number } | undefined {
  const { text, starts } = digits;
  const start = starts[first] ?? 0;
  if (text[start - 1] === '+') {
    if (continuesWord(text, start - 1)) return undefined;
    const opened = text[start - 2] === '(' && gapAfter(digits, first).startsWith(')');
    return { start: start - (opened ? 2 : 1), skipped: 0 };
  }
  if (!text.startsWith('00', start) || continuesWord(text, start) || isAttached(text, start)) return undefined;
  // A short group amid others, as in an account number, is no prefix.
  const isAmidNumbers =
    runLength(digits, first) < minDigits && first > 0 && gapAfter(digits, first - 1) !== '' && (digits.ends[first - 1] ?? 0) > behind;
  return isAmidNumbers ? undefined : { start, skipped: 2 };
}

function isPossible(number: string, { lengths }: NumberingPlans): boolean {
  if (number.length < minDigits || number.length > maxDigits) return false;
  if (number.startsWith('1')) return number.length === 11 && number.charAt(1) >= '2';
  for (let codeLength = 2; codeLength <= 3; codeLength++) {
    const plan = lengths.get(number.slice(0, codeLength));
    if (plan !== undefined) return allows(plan, number.slice(codeLength));
  }
  return number.startsWith('7') && allows(lengths.get('7'), number.slice(1));
}

/** A trunk 0 behind the calling code is common: +49 (0) 30. */
const allows = (plan: ReadonlySet<number> | undefined, national: string): boolean =>
  plan !== undefined && (plan.has(national.length) || (national.startsWith('0') && plan.has(national.length - 1)));

function northAmericanAt(digits: Digits, run: number, behind: number, plans: NumberingPlans): Phone | undefined {
  return groupedAt(digits, run, behind, plans) ?? bareAt(digits, run, plans);
}

function groupedAt(digits: Digits, run: number, behind: number, plans: NumberingPlans): Phone | undefined {
  if (runLength(digits, run) !== 3 || runLength(digits, run + 1) !== 3 || runLength(digits, run + 2) !== 4) return undefined;
  const { text, starts, ends } = digits;
  const before = gapAfter(digits, run);
  const after = gapAfter(digits, run + 1);
  if (after !== ' ' && after !== '-' && after !== '.') return undefined;
  const bracketed = text[(starts[run] ?? 0) - 1] === '(' && before.startsWith(')') && gaps.has(before);
  if (!bracketed && before !== ' ' && before !== '-' && before !== '.' && before !== '/') return undefined;
  const number = text.slice(starts[run], ends[run + 2]).replaceAll(/\D/g, '');
  const spaced = !bracketed && before === ' ' && after === ' ';
  if (spaced && !isInService(number, plans)) return undefined;

  const led = isCountryCode(digits, run - 1, behind);
  const first = led ? run - 1 : run;
  const start = (starts[first] ?? 0) - (bracketed && !led ? 1 : 0);
  const end = ends[run + 2] ?? 0;
  const amidNumbers = spaced && (gapAfter(digits, run + 2) === ' ' || (first > 0 && gapAfter(digits, first - 1) === ' '));
  const sure = !amidNumbers && standsAlone(text, start, end);
  return { type: 'phone', start, end, digits: number, sure, last: run + 2 };
}

/** Whether a run is the 1 in front of a North American number. */
function isCountryCode(digits: Digits, run: number, behind: number): boolean {
  const start = digits.starts[run];
  if (start === undefined || start < behind || runText(digits, run) !== '1') return false;
  return [' ', '-', '.', ' (', '-(', '('].includes(gapAfter(digits, run)) && !continuesWord(digits.text, start) && !isAttached(digits.text, start);
}

function bareAt(digits: Digits, run: number, plans: NumberingPlans): Phone | undefined {
  const length = runLength(digits, run);
  if (length !== 10 && length !== 11) return undefined;
  const text = runText(digits, run);
  if (length === 11 && !text.startsWith('1')) return undefined;
  const number = text.slice(-10);
  if (!isInService(number, plans)) return undefined;
  const start = digits.starts[run] ?? 0;
  const end = digits.ends[run] ?? 0;
  const sure = standsAlone(digits.text, start, end) && !'#$€£¥/\\+'.includes(digits.text.charAt(start - 1) || ' ');
  return { type: 'phone', start, end, digits: number, sure, last: run };
}

/** An area code in service, and an exchange that is no service code such as 911. */
const isInService = (number: string, { northAmericanAreas }: NumberingPlans): boolean =>
  northAmericanAreas.has(number.slice(0, 3)) && number.charAt(3) >= '2' && number.slice(4, 6) !== '11';

function standsAlone(text: string, start: number, end: number): boolean {
  if (continuesWord(text, start) || isAttached(text, start)) return false;
  if (wordContinues(text, end) || hasFraction(text, end)) return false;
  return separator(text.charCodeAt(end)) !== '-' || !wordContinues(text, end + 1);
}

/** Whether a dash with a word before it, or a point with a digit, makes what begins at `start` the rest of something longer. */
const isAttached = (text: string, start: number): boolean =>
  isFraction(text, start) || (separator(text.charCodeAt(start - 1)) === '-' && continuesWord(text, start - 1));
