import fc from 'fast-check';
import { countTokens as reference } from 'gpt-tokenizer/encoding/o200k_base';
import { beforeAll, describe, expect, test } from 'vitest';
import { countTokens } from './count.ts';
import { loadTokenizer, vocabulary, type Vocabulary } from './vocabulary.ts';

let words: Vocabulary;
beforeAll(async () => {
  await loadTokenizer();
  const loaded = vocabulary();
  if (loaded === undefined) throw new Error('the vocabulary is not there');
  words = loaded;
});

const count = (text: string): number => countTokens(text, words);
const plainly = (text: string): number => reference(text, { allowedSpecial: new Set(), disallowedSpecial: new Set() });

test.each([
  ['hello world', 2],
  ['', 0],
  ['The quick brown fox jumps over the lazy dog.', 10],
  ['<|endoftext|>', 7],
])('counts %j as OpenAI does', (text, tokens) => {
  expect(count(text)).toBe(tokens);
});

describe('counts as the reference does', () => {
  test.each([
    ['prose', "It's a long-winded, well-known story; don't you think so? (1234 words, 56.7 %)\r\n\r\n  — Who'd've thought!  "],
    ['a program', 'export const f = (a: number[]) => {\n\treturn a.map((x) => x ** 2); // é\n};\n\n\n'],
    ['JSON', '{"id":"call_abc123","n":[1,22,333,4444,1e-7],"s":"line\\nbreak","nested":{"ok":true,"none":null}}'],
    ['Chinese', '东风夜放花千树,更吹落、星如雨。宝马雕车香满路。'],
    ['Japanese', '吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。'],
    ['Korean', '나랏말싸미 듕귁에 달아 문자와로 서르 사맛디 아니할쎄'],
    ['Arabic', 'بِسْمِ اللَّهِ الرَّحْمَٰنِ الرَّحِيمِ'],
    ['Thai', 'กาลครั้งหนึ่งนานมาแล้ว'],
    ['emoji', '👩‍👩‍👧‍👦 🇩🇪🇫🇷 👍🏽 naïve café'],
    ['base64', 'TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQsIGNvbnNlY3RldHVyIGFkaXBpc2NpbmcgZWxpdA=='],
    ['half a character', 'a\ud83d b\udc4d'],
  ])('%s', (_name, text) => {
    expect(count(text)).toBe(plainly(text));
  });

  test('any text without long runs', () => {
    const unit = fc.constantFrom(...'aeioutnrsAEIOU019 .,;:\'"-/\n\r\té字日本어й', '\u0301', '👍', '\ud83d', '\u00a0');
    const piece = fc.oneof(
      fc.string({ unit, maxLength: 12 }),
      fc.constantFrom('Hello', 'THE', 'iPhone', "it's", "DON'T", 'straße', '東京', '12345', '...', '\n\n', '\r\n', '   ', '/*', '</p>'),
    );
    const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(' ').replaceAll(/(.)\1{20,}/gu, '$1'));
    fc.assert(
      fc.property(text, (each) => {
        expect(count(each)).toBe(plainly(each));
      }),
      { numRuns: 200 },
    );
  });
});

const runs: [name: string, unit: string][] = [
  ['one letter', 'a'],
  ['one capital', 'A'],
  ['random letters', 'qzjxkvwpyfgbmd'],
  ['spaces', ' '],
  ['line ends', '\n'],
  ['signs', '!@#$%^&*'],
  ['rare Chinese characters', '龘靐齉爩麤鱻'],
  ['letters of two scripts', 'あA'],
  ['marks', '\u0301'],
  ['half characters', '\ud800'],
];

test.each(runs)('a run of %s is cut, which costs hardly a token for each cut', (_name, unit) => {
  const run = unit.repeat(Math.ceil(3200 / unit.length));
  expect(count(run)).toBeLessThanOrEqual(plainly(run) + run.length / 32 + 1);
});

/** Notes each look into the vocabulary: what merging takes its time for. */
class WatchedRanks extends Map<string, number> {
  looks = 0;
  longest = 0;

  override has(key: string): boolean {
    this.#note(key);
    return super.has(key);
  }

  override get(key: string): number | undefined {
    this.#note(key);
    return super.get(key);
  }

  #note({ length }: string): void {
    this.looks += 1;
    this.longest = Math.max(this.longest, length);
  }
}

let watched: WatchedRanks | undefined;

test.each(runs)('takes work by the length of a text, were it a run of %s', (_name, unit) => {
  watched ??= new WatchedRanks(words.ranks);
  const ranks = watched;
  const looksFor = (length: number): number => {
    ranks.looks = 0;
    countTokens(unit.repeat(Math.ceil(length / unit.length)), { ...words, ranks });
    return ranks.looks;
  };
  const looks = looksFor(2000);
  expect(looks).toBeLessThan(2000 * 3 * 2); // two per byte merged
  expect(looksFor(20_000)).toBeLessThan(looks * 11);
  expect(ranks.longest).toBeLessThan(4 * 2 * 32 + 20);
});
