import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readScore } from './read-score.ts';

const service = { model: undefined };
const model = { model: 'judge' };
const says = (content: unknown): string => JSON.stringify({ choices: [{ message: { role: 'assistant', content } }] });

describe('a service', () => {
  test.each<[body: string, score: number | undefined]>([
    ['{"score": 0.8}', 0.8],
    ['{"score": 0}', 0],
    ['{"label": "simple"}', 0],
    ['{"label": "HARD", "why": "a proof"}', 1],
    ['{"score": 1.01}', undefined],
    ['{"score": -0.1, "label": "hard"}', undefined],
    ['{"score": "0.8"}', undefined],
    ['{"label": "medium"}', undefined],
    ['0.8', undefined],
    ['null', undefined],
    ['hard', undefined],
    ['', undefined],
  ])('that answers %s', (body, score) => {
    expect(readScore(service, body)).toBe(score);
  });
});

describe('a model', () => {
  test.each<[content: unknown, score: number | undefined]>([
    ['hard', 1],
    [' Simple.\n', 0],
    ['"hard"', 1],
    ['{"score": 0.25}', 0.25],
    ['{"label": "hard"}', 1],
    ['I think that it is hard', undefined],
    ['simple or hard', undefined],
    ['', undefined],
    [null, undefined],
    [[{ type: 'text', text: 'hard' }], undefined],
  ])('that says %j', (content, score) => {
    expect(readScore(model, says(content))).toBe(score);
  });

  test('whose answer is no chat completion says nothing', () => {
    const bodies = ['{"score": 0.8}', '{"choices": []}', '{"choices": [{}]}', '{"choices": {"0": {}}}', '{"error": {"message": "no"}}', '[]'];
    expect(bodies.map((body) => readScore(model, body))).toEqual(bodies.map(() => undefined));
  });
});

test('no answer makes it throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), fc.constantFrom(service, model), (body, kind) => {
      const score = readScore(kind, body);
      expect(score === undefined || (score >= 0 && score <= 1)).toBe(true);
    }),
  );
});
