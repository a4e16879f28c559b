import { continuesWord, isDigit, isLetter, runLength, separator, wordContinues } from './digits.ts';
import type { Digits, Find } from './find.ts';

/** Length of an IBAN by country (SWIFT's IBAN registry). */
const lengths = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 ' +
    'GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 ' +
    'MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 ' +
    'TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))] as const),
);

/**
 * International bank account numbers (ISO 13616): a country that issues them, its length, check digits that fit (mod 97), in capitals or small letters,
 * in one piece or in groups of four parted by one space or dash.
 * Not found: other groupings, numbers that a letter or digit touches, account numbers without country and check digits.
 */
export function findIbans(digits: Digits): Find[] {
  const finds: Find[] = [];
  let behind = 0;
  for (let run = 0; run < digits.starts.length; run++) {
    const start = (digits.starts[run] ?? 0) - 2; // a country code before the check digits
    if (start < behind || runLength(digits, run) < 2) continue;
    const end = ibanEnd(digits.text, start);
    if (end === undefined) continue;
    finds.push({ type: 'iban', start, end, digits: '', sure: true });
    behind = end;
  }
  return finds;
}

function ibanEnd(text: string, start: number): number | undefined {
  if (!isLetter(text.charCodeAt(start)) || !isLetter(text.charCodeAt(start + 1)) || continuesWord(text, start)) return undefined;
  const length = lengths.get(text.slice(start, start + 2).toUpperCase());
  if (length === undefined) return undefined;
  const joint = separator(text.charCodeAt(start + 4));
  const grouped = joint === ' ' || joint === '-';
  let number = '';
  let at = start;
  for (; number.length < length; at++) {
    if (grouped && number.length > 0 && number.length % 4 === 0) {
      if (separator(text.charCodeAt(at)) !== joint) return undefined;
      at++;
    }
    const code = text.charCodeAt(at);
    if (!isDigit(code) && !isLetter(code)) return undefined;
    number += text.charAt(at);
  }
  return !wordContinues(text, at) && passesMod97(number) ? at : undefined;
}

/** ISO 7064, MOD 97-10: country and check digits moved to the end, letters as 10 to 35. */
function passesMod97(number: string): boolean {
  let rest = 0;
  for (const character of number.slice(4) + number.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
