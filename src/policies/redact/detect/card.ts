import { continuesWord, gapAfter, hasFraction, isFraction, runLength, runText, wordContinues } from './digits.ts';
import type { Digits, Find } from './find.ts';

/** First digits of card numbers, from and to, with the least and the greatest length; as the schemes publish them (ISO/IEC 7812). */
const issuers: readonly (readonly [from: string, to: string, least: number, greatest: number])[] = [
  ['4', '4', 13, 13], // Visa, before 2000
  ['4', '4', 16, 19],
  ['51', '55', 16, 16], // Mastercard
  ['2221', '2720', 16, 16],
  ['34', '34', 15, 15], // American Express
  ['37', '37', 15, 15],
  ['300', '305', 14, 19], // Diners Club
  ['3095', '3095', 14, 19],
  ['36', '36', 14, 19],
  ['38', '39', 14, 19],
  ['3528', '3589', 16, 19], // JCB
  ['6011', '6011', 16, 19], // Discover
  ['644', '659', 16, 19],
  ['62', '62', 16, 19], // UnionPay
  ['81', '82', 16, 19], // UnionPay, RuPay
  ['5018', '5020', 13, 19], // Maestro, Dankort
  ['5038', '5038', 13, 19],
  ['5893', '5893', 13, 19],
  ['6304', '6304', 13, 19],
  ['6759', '6763', 13, 19],
  ['60', '60', 16, 16], // RuPay
  ['506', '509', 16, 19], // RuPay, Verve, Elo
  ['627', '627', 16, 16], // Elo
  ['636', '639', 16, 19], // Elo, InterPayment, InstaPayment
  ['2200', '2204', 16, 19], // Mir
  ['9792', '9792', 16, 16], // Troy
  ['5614', '5614', 16, 16], // Uzcard
  ['8600', '8600', 16, 16],
  ['9860', '9860', 16, 16], // Humo
];

const maxDigits = 19;

/**
 * Payment card numbers: 13 to 19 digits that an issuer may give out and whose check digit fits (Luhn), in one run
 * or in groups of 4 to 6 (the last may be shorter or longer) parted by one space or dash.
 * Not found: numbers inside longer runs of digits, dictated digit by digit, or parted by points.
 * Doubtful: what a letter, an underscore or a decimal point touches.
 */
export function findCards(digits: Digits): Find[] {
  const finds: Find[] = [];
  for (let run = 0; run < digits.starts.length; run++) {
    const card = cardAt(digits, run);
    if (card === undefined) continue;
    const start = digits.starts[run] ?? 0;
    const end = digits.ends[card.last] ?? 0;
    finds.push({ type: 'card', start, end, digits: card.number, sure: standsAlone(digits.text, start, end) });
    run = card.last;
  }
  return finds;
}

/** The longest card number that begins with this run, and its last run. */
function cardAt(digits: Digits, first: number): { number: string; last: number } | undefined {
  let found: { number: string; last: number } | undefined;
  let number = '';
  let joint = '';
  for (let last = first; ; last++) {
    const length = runLength(digits, last);
    if (number.length + length > maxDigits) return found;
    number += runText(digits, last);
    if (isCard(number)) found = { number, last };
    if (length < 4 || length > 6) return found;
    const gap = gapAfter(digits, last);
    if ((gap !== ' ' && gap !== '-') || (joint !== '' && gap !== joint)) return found;
    joint = gap;
  }
}

const standsAlone = (text: string, start: number, end: number): boolean =>
  !continuesWord(text, start) && !wordContinues(text, end) && !isFraction(text, start) && !hasFraction(text, end);

const isCard = (number: string): boolean => number.length >= 13 && isIssued(number) && passesLuhn(number);

const isIssued = (number: string): boolean =>
  issuers.some(([from, to, least, greatest]) => {
    const head = number.slice(0, from.length);
    return head >= from && head <= to && number.length >= least && number.length <= greatest;
  });

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(number: string): boolean {
  let sum = 0;
  for (let at = number.length - 1, doubled = false; at >= 0; at--, doubled = !doubled) {
    const digit = number.charCodeAt(at) - 0x30;
    sum += doubled ? digit * 2 - (digit > 4 ? 9 : 0) : digit;
  }
  return sum % 10 === 0;
}
