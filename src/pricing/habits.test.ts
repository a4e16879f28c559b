import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noUsage, type Usage } from '../llm/usage.ts';
import { createHabits, type Habits, type LearnedAnswer } from './habits.ts';

interface Seen extends Partial<Usage> {
  deliveredBytes?: number;
  countedInputTokens?: number;
}

const answer = ({ deliveredBytes = 0, countedInputTokens, ...usage }: Seen): LearnedAnswer => ({
  usage: { ...noUsage, ...usage },
  deliveredBytes,
  countedInputTokens,
});

const habits = (maxPairs = 100): Habits => createHabits({ maxPairs });

function learnt(...answers: Seen[]): Habits {
  const all = habits();
  for (const each of answers) all.learn('pair', answer(each));
  return all;
}

const times = (count: number, seen: Seen): Seen[] => Array.from({ length: count }, () => seen);

describe('usual output', () => {
  test('is a thousand tokens until something is known', () => {
    expect(habits().usualOutput('pair')).toBe(1000);
  });

  test('is what nine of ten recent answers stayed within', () => {
    const outputs = fc.array(fc.nat(100_000), { minLength: 4, maxLength: 60 });
    fc.assert(
      fc.property(outputs, (all) => {
        const usual = learnt(...all.map((outputTokens) => ({ outputTokens }))).usualOutput('pair');
        const recent = all.slice(-20);
        const above = recent.filter((tokens) => tokens > usual).length;
        const atLeast = recent.filter((tokens) => tokens >= usual).length;
        expect(above).toBeLessThanOrEqual(recent.length / 10);
        expect(atLeast).toBeGreaterThan(recent.length / 10);
      }),
    );
  });

  test('one long answer shows at once while little is known, and short ones after four', () => {
    expect(learnt({ outputTokens: 8000 }).usualOutput('pair')).toBe(8000);
    expect(learnt(...times(3, { outputTokens: 50 })).usualOutput('pair')).toBe(1000);
    expect(learnt(...times(4, { outputTokens: 50 })).usualOutput('pair')).toBe(50);
  });

  test('follows a change in both directions', () => {
    const short = times(100, { outputTokens: 50 });
    const long = times(100, { outputTokens: 5000 });
    expect(learnt(...short, ...long.slice(0, 3)).usualOutput('pair')).toBe(5000);
    expect(learnt(...long, ...short.slice(0, 18)).usualOutput('pair')).toBe(50);
  });

  test('one long answer among many short ones does not make all of them dear', () => {
    expect(learnt(...times(30, { outputTokens: 50 }), { outputTokens: 100_000 }).usualOutput('pair')).toBe(50);
  });

  test('each pair has its own', () => {
    const all = learnt(...times(5, { outputTokens: 7 }));
    expect([all.usualOutput('pair'), all.usualOutput('other')]).toEqual([7, 1000]);
  });
});

describe('tokens per byte', () => {
  const perByte = (...answers: Seen[]): number => learnt(...answers).tokensPerByte('pair');

  test('are a third until something is known', () => {
    expect(perByte()).toBe(1 / 3);
  });

  test('are what the provider counted for what it delivered', () => {
    expect(perByte(...times(5, { outputTokens: 250, deliveredBytes: 1000 }))).toBe(0.25);
    expect(perByte(...times(5, { outputTokens: 600, deliveredBytes: 1000 }))).toBe(0.6);
  });

  test('leave reasoning out that was billed and not delivered', () => {
    expect(perByte(...times(5, { outputTokens: 5250, reasoningTokens: 5000, deliveredBytes: 1000 }))).toBe(0.25);
  });

  test('count reasoning that was delivered', () => {
    expect(perByte(...times(5, { outputTokens: 250, reasoningTokens: 200, deliveredBytes: 1000 }))).toBe(0.25);
  });

  test('are not learned from answers of a few bytes', () => {
    expect(perByte(...times(5, { outputTokens: 9, deliveredBytes: 10 }))).toBe(1 / 3);
  });

  test('stay between a sixth and one', () => {
    expect(perByte(...times(5, { outputTokens: 1, deliveredBytes: 1000 }))).toBe(1 / 6);
    expect(perByte(...times(5, { outputTokens: 5000, deliveredBytes: 1000 }))).toBe(1);
  });
});

describe('the input factor', () => {
  const factor = (...answers: Seen[]): number => learnt(...answers).inputFactor('pair');

  test('is 1.15 until something is known', () => {
    expect(factor()).toBe(1.15);
    expect(factor(...times(5, { inputTokens: 100 }))).toBe(1.15);
  });

  test('is what the provider counts over what we counted', () => {
    expect(factor(...times(5, { inputTokens: 1500, countedInputTokens: 1000 }))).toBe(1.5);
  });

  test('is not learned from requests of a few tokens, which the vendor’s own text outweighs', () => {
    expect(factor(...times(5, { inputTokens: 400, countedInputTokens: 10 }))).toBe(1.15);
  });

  test('stays between 1 and 4', () => {
    expect(factor(...times(5, { inputTokens: 500, countedInputTokens: 1000 }))).toBe(1);
    expect(factor(...times(5, { inputTokens: 9000, countedInputTokens: 1000 }))).toBe(4);
  });
});

test('the pair that learned least lately is forgotten first', () => {
  const all = habits(2);
  const learn = (pair: string) => times(4, { outputTokens: 5 }).forEach((seen) => all.learn(pair, answer(seen)));
  for (const pair of ['a', 'b', 'a', 'c']) learn(pair);
  expect(['a', 'b', 'c'].map((pair) => all.usualOutput(pair))).toEqual([5, 1000, 5]);
});

test('whatever it was taught, it answers with numbers in range', () => {
  const number = fc.oneof(fc.nat(), fc.constantFrom(0, -1, NaN, Infinity, Number.MAX_SAFE_INTEGER));
  const seen = fc.record({ outputTokens: number, reasoningTokens: number, inputTokens: number, deliveredBytes: number, countedInputTokens: number });
  fc.assert(
    fc.property(fc.array(seen, { maxLength: 30 }), (answers) => {
      const all = learnt(...answers);
      const [output, density, input] = [all.usualOutput('pair'), all.tokensPerByte('pair'), all.inputFactor('pair')];
      expect(output >= 0 && Number.isFinite(output)).toBe(true);
      expect(density >= 1 / 6 && density <= 1).toBe(true);
      expect(input >= 1 && input <= 4).toBe(true);
    }),
  );
});
