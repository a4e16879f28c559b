import { latinLanguages } from './language-words.ts';

/** Cannot be told. */
const undetermined = 'und';

/**
 * ISO 639-1 code of the language that most of a text is in; `und` where it cannot be told, as for programs and for a word or two in Latin letters.
 * By its script, and by common words and letters where languages share one. Takes time by the length of the text.
 */
export function languageOf(text: string): string {
  const letters = lettersOf(text);
  const [script] = [...letters].reduce((most, each) => (each[1] > most[1] ? each : most), ['', 0]);
  if (script === 'latin') return latinLanguage(text);
  // Japanese has many Chinese characters, but no Chinese text has kana.
  if (script === 'zh' && (letters.get('ja') ?? 0) > 0) return 'ja';
  const special = specialLetters.get(script);
  return special?.find(([signs]) => signs.test(text))?.[1] ?? (script === '' ? undetermined : script);
}

/** Scripts by the first code point of their blocks, each up to the next; empty for what is no letter or nobody's own. */
const blocks: readonly (readonly [from: number, script: string])[] = [
  [0, ''],
  [0x41, 'latin'],
  [0x5b, ''],
  [0x61, 'latin'],
  [0x7b, ''],
  [0xc0, 'latin'],
  [0x250, ''],
  [0x370, 'el'],
  [0x400, 'ru'],
  [0x530, 'hy'],
  [0x590, 'he'],
  [0x600, 'ar'],
  [0x700, ''],
  [0x900, 'hi'],
  [0x980, 'bn'],
  [0xa00, 'pa'],
  [0xa80, 'gu'],
  [0xb00, ''],
  [0xb80, 'ta'],
  [0xc00, 'te'],
  [0xc80, 'kn'],
  [0xd00, 'ml'],
  [0xd80, 'si'],
  [0xe00, 'th'],
  [0xe80, 'lo'],
  [0xf00, ''],
  [0x1000, 'my'],
  [0x10a0, 'ka'],
  [0x1100, 'ko'],
  [0x1200, 'am'],
  [0x13a0, ''],
  [0x1780, 'km'],
  [0x1800, ''],
  [0x1e00, 'latin'],
  [0x1f00, 'el'],
  [0x2000, ''],
  [0x3040, 'ja'],
  [0x3100, ''],
  [0x3400, 'zh'],
  [0xa000, ''],
  [0xac00, 'ko'],
  [0xd7b0, ''],
];

/** Languages that share a script with a larger one, by letters that only they have. */
const specialLetters = new Map<string, readonly (readonly [signs: RegExp, language: string])[]>([
  ['ru', [[/[іїєґ]/i, 'uk'] as const, [/[ђјљњћџ]/i, 'sr'] as const, [/[әғқңөұүһ]/i, 'kk'] as const]],
  ['ar', [[/[ٹڈڑںے]/, 'ur'] as const, [/[پچژگ]/, 'fa'] as const]],
]);

function lettersOf(text: string): Map<string, number> {
  const letters = new Map<string, number>();
  for (let at = 0; at < text.length; at++) {
    const script = scriptOf(text.charCodeAt(at));
    if (script !== '') letters.set(script, (letters.get(script) ?? 0) + 1);
  }
  return letters;
}

function scriptOf(code: number): string {
  let low = 0;
  let high = blocks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((blocks[middle]?.[0] ?? 0) <= code) low = middle;
    else high = middle - 1;
  }
  return blocks[low]?.[1] ?? '';
}

const signs = new Map<string, string[]>();
for (const [language, [words, letters]] of Object.entries(latinLanguages)) {
  for (const sign of new Set([...words.split(' '), ...letters.split('')])) signs.set(sign, [...(signs.get(sign) ?? []), language]);
}

/** A letter of few languages says more than a word that might be a name. */
const letterWeight = 0.5;
/** Words that a text must have of a language. */
const leastScore = 2;

function latinLanguage(text: string): string {
  const scores = new Map<string, number>();
  const lower = text.toLowerCase();
  for (const word of lower.match(/[\p{L}\p{M}]+/gu) ?? []) {
    for (const language of signs.get(word) ?? []) scores.set(language, (scores.get(language) ?? 0) + 1);
  }
  for (const letter of lower.match(/[^\0-\u007f]/gu) ?? []) {
    for (const language of signs.get(letter) ?? []) scores.set(language, (scores.get(language) ?? 0) + letterWeight);
  }
  const [first, second] = [...scores].toSorted(([, a], [, b]) => b - a);
  return first !== undefined && first[1] >= leastScore && first[1] > (second?.[1] ?? 0) ? first[0] : undetermined;
}
