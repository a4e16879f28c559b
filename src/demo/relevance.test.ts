import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rank, relevanceOf } from './relevance.ts';

test('the more of the query’s words a text has, and the fewer others, the more relevant it is', () => {
  const query = 'capital of France';
  const scores = ['Paris is the capital of France.', 'The capital of France', 'Capital letters', 'Horses'].map((text) => relevanceOf(query, text));
  expect(scores[1]).toBeGreaterThan(scores[0] ?? 1);
  expect(scores[0]).toBeGreaterThan(scores[2] ?? 1);
  expect(scores[3]).toBe(0);
});

test('scores lie between 0 and 1, and each document is ranked once, highest first', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string()), (query, texts) => {
      const ranked = rank(query, texts);
      expect(ranked.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(texts.map((_, index) => index));
      const scores = ranked.map(({ relevance_score: score }) => score);
      expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    }),
  );
});

test('equals keep their order, and only so many are given', () => {
  expect(rank('a', ['x', 'a', 'y', 'a'], 3).map(({ index }) => index)).toEqual([1, 3, 0]);
});
