import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { countTokens } from './count.ts';
import { estimateTokens, maxCountedBytes } from './estimate.ts';
import { loadTokenizer, vocabulary } from './vocabulary.ts';

vi.mock(import('./count.ts'), async (original) => ({ countTokens: vi.fn<typeof countTokens>((await original()).countTokens) }));

const prose = readFileSync('docs/decisions/0005-sealed-state.md', 'utf8').repeat(8);
const program = readFileSync('src/framing/json.ts', 'utf8');
const chinese = '东风夜放花千树,更吹落、星如雨。宝马雕车香满路。凤箫声动,玉壶光转,一夜鱼龙舞。';

const exactly = (text: string): number => {
  const words = vocabulary();
  return words === undefined ? Number.NaN : countTokens(text, words);
};

test('goes by size until the vocabulary has been read', () => {
  expect(vocabulary()).toBeUndefined();
  expect(estimateTokens('four')).toEqual({ tokens: 1, isExact: false });
  expect(estimateTokens(['a'.repeat(4000), 'b'.repeat(400)])).toEqual({ tokens: 1100, isExact: false });
});

describe('with the vocabulary', () => {
  beforeAll(loadTokenizer);

  test('counts short texts to the token', () => {
    expect(estimateTokens('hello world')).toEqual({ tokens: 2, isExact: true });
    expect(estimateTokens(['hello world', '', 'hello world'])).toEqual({ tokens: 4, isExact: true });
    expect(estimateTokens('')).toEqual({ tokens: 0, isExact: true });
    expect(estimateTokens([])).toEqual({ tokens: 0, isExact: true });
  });

  test('counts whole texts up to a limit of bytes, whatever they are made of', () => {
    expect(estimateTokens('a'.repeat(maxCountedBytes)).isExact).toBe(true);
    expect(estimateTokens('a'.repeat(maxCountedBytes + 1)).isExact).toBe(false);
    expect(estimateTokens('字'.repeat(maxCountedBytes / 3)).isExact).toBe(true);
    expect(estimateTokens('字'.repeat(maxCountedBytes / 3 + 1)).isExact).toBe(false);
  });

  test.each([
    ['prose', prose],
    ['a program', program],
    ['prose, many times', prose.repeat(50)],
    ['Chinese', chinese.repeat(400)],
    ['prose, then a program, then Chinese', prose + program.repeat(2) + chinese.repeat(300)],
    ['letters without a space', 'abcdefghij'.repeat(2000)],
  ])('is within a tenth of the truth for %s', (_name, text) => {
    const { tokens, isExact } = estimateTokens(text);
    expect(isExact).toBe(false);
    expect(tokens / exactly(text)).toBeGreaterThan(0.9);
    expect(tokens / exactly(text)).toBeLessThan(1.1);
  });

  test('estimates many texts as one', () => {
    const text = prose.repeat(4);
    const { tokens: whole } = estimateTokens(text);
    const cuts = fc.array(fc.nat(text.length), { maxLength: 60 }).map((places) => [0, ...places.toSorted((a, b) => a - b), text.length]);
    fc.assert(
      fc.property(cuts, (places) => {
        const texts = places.slice(1).map((end, index) => text.slice(places[index], end));
        expect(estimateTokens(texts)).toEqual({ tokens: whole, isExact: false });
      }),
    );
  });

  test.each([
    ['a long text', ['x '.repeat(5_000_000)]],
    ['many small ones', Array.from({ length: 300_000 }, () => '字')],
    ['a mixture', ['字'.repeat(300), 'a'.repeat(500), ''].concat(Array.from({ length: 5000 }, (_, index) => '字a'.repeat(index % 7)))],
    ['just more than the limit', ['字'.repeat(2731)]],
  ])('counts no more than its limit of %s', (_name, texts) => {
    vi.mocked(countTokens).mockClear();
    const { tokens } = estimateTokens(texts);
    expect(tokens).toBeGreaterThan(texts.join('').length / 20);
    const counted = vi.mocked(countTokens).mock.calls.map(([text]) => text);
    expect(counted.length).toBeLessThanOrEqual(16);
    expect(counted.every((text) => text !== '')).toBe(true);
    // A sample that starts with the longer characters is cut too late.
    expect(counted.reduce((sum, text) => sum + Buffer.byteLength(text), 0)).toBeLessThanOrEqual(maxCountedBytes * 1.5);
  });
});
