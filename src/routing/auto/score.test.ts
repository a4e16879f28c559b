import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sampleTasks, type SampleTask } from './sample-tasks.fixture.ts';
import { scoreTask, type TaskFeatures } from './score.ts';
import { taskOf } from './task.fixture.ts';

const points = (text: string, fields?: Partial<TaskFeatures>): Record<string, number> =>
  Object.fromEntries(scoreTask(taskOf(text, fields)).reasons.map(({ feature, points: given }) => [feature, given]));
const score = (text: string, fields?: Partial<TaskFeatures>): number => scoreTask(taskOf(text, fields)).score;
const lorem = 'The quick brown fox jumps over the lazy dog. ';

describe('sample tasks', () => {
  const isRight = ([label, task]: SampleTask): boolean => score(task) >= 0.5 === (label === 'hard');
  const shareRight = (samples: readonly SampleTask[]): number => samples.filter(isRight).length / samples.length;

  test('are mostly told apart', () => {
    expect(sampleTasks.length).toBeGreaterThan(100);
    expect(shareRight(sampleTasks)).toBeGreaterThan(0.9);
  });

  test.each(['simple', 'hard'] as const)('are found to be %s where they are', (label) => {
    expect(shareRight(sampleTasks.filter(([given]) => given === label))).toBeGreaterThan(0.85);
  });

  test.each([
    ['German', /\b(?:der|die|das|ein|einen|mir|und)\b|ü|ä/],
    ['Spanish', /[¿ñ]|\b(?:el|una|los|texto|al)\b/],
    ['Chinese', /\p{Script=Han}/u],
  ])('are told apart in %s too', (_, language) => {
    const samples = sampleTasks.filter(([, task]) => language.test(task));
    expect(samples.length).toBeGreaterThanOrEqual(8);
    expect(shareRight(samples)).toBeGreaterThan(0.85);
  });
});

describe('points', () => {
  test('for a task of which nothing is known are those at the start', () => {
    expect(scoreTask(taskOf('Ten vegetarian dishes, please.'))).toEqual({ score: 0.3, reasons: [{ feature: 'start', points: 0.3 }] });
  });

  test.each<[feature: string, fields: Partial<TaskFeatures>, points: number]>([
    ['input tokens', { inputTokens: 4000 }, 0.05],
    ['input tokens', { inputTokens: 16_000 }, 0.1],
    ['input tokens', { inputTokens: 64_000 }, 0.15],
    ['messages', { messages: 8 }, 0.05],
    ['messages', { messages: 20 }, 0.1],
    ['tools', { hasTools: true }, 0.15],
    ['JSON schema', { hasJsonSchema: true }, 0.05],
    ['images', { hasImages: true }, 0.1],
    ['documents', { hasDocuments: true }, 0.1],
    ['asks the model to reason', { hasReasoning: true }, 0.25],
  ])("for %s of the request's form", (feature, fields, given) => {
    expect(points('Ten dishes, please.', fields)).toEqual({ start: 0.3, [feature]: given });
  });

  test.each<[feature: string, task: string, points: number]>([
    ['length of the task', lorem.repeat(14), 0.05],
    ['length of the task', lorem.repeat(60), 0.1],
    ['parts', 'Is it late? Is it far?', 0.1],
    ['parts', 'Tell me:\n1. the place\n2. the day\n3) the price\n- the name', 0.2],
    ['code', 'This is odd:\n```\nx\n```', 0.15],
    ['code', 'An answer in python, please.', 0.15],
    ['code', 'if (a[i] > b[i]) { swap(a[i], b[i]); } else { next(); }', 0.15],
    ['formula', 'Something about e^(2x).', 0.15],
    ['sum in words', 'From 40 apples 3 people take 5 each. How many are left?', 0.25],
    ['asks to calculate or prove', 'Prove it.', 0.3],
    ['asks for a design or a plan', 'A roadmap for us, please.', 0.25],
    ['asks to weigh or to analyse', 'Compare tea and coffee.', 0.2],
    ['asks for work on code', 'Refactor it.', 0.25],
    ['asks for careful steps', 'Go step by step.', 0.2],
    ['asks why or how', 'Why is the sky blue?', 0.1],
    ['looks something up', 'What is the capital of Peru?', -0.15],
    ['wants it short', 'Cats or dogs? One word, please.', -0.15],
    ['small talk', 'Hello there!', -0.2],
    ['works on a given text', 'Translate: good luck', -0.25],
  ])('for %s in the text', (feature, task, given) => {
    expect(points(task)).toEqual({ start: 0.3, [feature]: given });
  });

  test('always add up to the score, kept within 0 and 1', () => {
    fc.assert(
      fc.property(fc.constantFrom(...sampleTasks), fc.boolean(), fc.nat(100_000), ([, task], flag, inputTokens) => {
        const { score: whole, reasons } = scoreTask(taskOf(task, { inputTokens, hasTools: flag, hasReasoning: flag, hasImages: flag }));
        expect(whole).toBeCloseTo(
          Math.min(
            Math.max(
              reasons.reduce((sum, { points: given }) => sum + given, 0),
              0,
            ),
            1,
          ),
        );
      }),
    );
  });
});

test('words of a text that is to be summarised count little', () => {
  const text = 'The paper compares two designs, proves a theorem and explains why the algorithm needs a plan.';
  expect(score(`Summarize this: ${text}`)).toBeLessThan(0.5);
  expect(score(`${text}\nSummarize the above.`)).toBeLessThan(0.5);
  expect(score(`Prove the theorem below, then summarize the proof.`)).toBeGreaterThanOrEqual(0.5);
});

test('a greeting or a question for a fact does not make hard work simple', () => {
  expect(score('Hello! Prove that there are infinitely many primes. Thanks!')).toBeGreaterThanOrEqual(0.5);
  expect(score('What is the probability that two dice show seven?')).toBeGreaterThanOrEqual(0.5);
});

test.each<[feature: string, where: string, task: string]>([
  ['looks something up', 'where it comes after something told', 'A ladder leans on a wall and slips by half. What is the new height?'],
  ['sum in words', 'with less than three numbers', 'Of 40 apples 3 are eaten. How many are left?'],
  ['sum in words', 'where the numbers are in a given text', 'Extract the total: 3 pens at 2 euros, 4 books at 9 euros.'],
  ['works on a given text', 'where the text is code', 'Rewrite this:\n```\nx = y\n```'],
])('no points for "%s" %s', (feature, _, task) => {
  expect(points(task)).not.toHaveProperty([feature]);
});

test('placeholders of personal data are neither code nor numbers', () => {
  const redacted = 'Write to [NAME_1] and [NAME_2] ([EMAIL_1], [PHONE_NUMBER_3]) how many [MEDICAL-RECORD-NUMBER_a3f] there are.';
  expect(points(redacted)).toEqual({ start: 0.3 });
});

test('a long text is looked at from both ends', () => {
  const text = lorem.repeat(2000);
  expect(points(`Prove the following. ${text}`)).toHaveProperty('asks to calculate or prove');
  expect(points(`${text} Compare these.`)).toHaveProperty('asks to weigh or to analyse');
  expect(points(`${text} Prove ${text}`)).not.toHaveProperty('asks to calculate or prove');
});

test('any text has a score, also one that is no proper Unicode', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff), { maxLength: 500 }), (units) => {
      const whole = score(String.fromCharCode(...units));
      expect(whole >= 0 && whole <= 1).toBe(true);
    }),
  );
});
