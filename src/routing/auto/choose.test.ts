import { describe, expect, test } from 'vitest';
import type { Auto, Classifier } from '../deployment.ts';
import { chooseByFeatures, chooseByTask } from './choose.ts';
import type { AskClassifier, ClassifierAnswer } from './classifier.ts';
import { taskOf } from './task.fixture.ts';

const classifier: Classifier = { url: new URL('http://classifier/'), apiKey: undefined, model: undefined, timeoutMs: 300 };
const auto: Auto = { simple: 'small', hard: 'large', threshold: 0.5, classifier };
const hardTask = taskOf('Prove that there are infinitely many primes.');
const simpleTask = taskOf('Translate: good luck');

describe('by features', () => {
  test('hard work goes to the strong model, simple work to the other', () => {
    expect(chooseByFeatures(auto, hardTask, undefined)).toMatchObject({ model: 'large', by: 'features', score: 0.6 });
    expect(chooseByFeatures(auto, simpleTask, undefined)).toMatchObject({ model: 'small', by: 'features', score: 0.05 });
  });

  test('the threshold says from which score on work is hard', () => {
    expect(chooseByFeatures({ ...auto, threshold: 0.6 }, hardTask, undefined).model).toBe('large');
    expect(chooseByFeatures({ ...auto, threshold: 0.61 }, hardTask, undefined).model).toBe('small');
  });

  test('the choice can be explained', () => {
    expect(chooseByFeatures(auto, simpleTask, undefined).reasons).toEqual([
      { feature: 'start', points: 0.3 },
      { feature: 'works on a given text', points: -0.25 },
    ]);
  });
});

describe("the client's hint", () => {
  test('decides, whatever the task and the threshold', () => {
    expect(chooseByFeatures(auto, hardTask, 'simple')).toEqual({ model: 'small', score: 0, by: 'hint', reasons: [], classifierFailure: undefined });
    expect(chooseByFeatures({ ...auto, threshold: 0 }, hardTask, 'simple').model).toBe('small');
    expect(chooseByFeatures(auto, simpleTask, ' Hard ').model).toBe('large');
  });

  test('may be in the metadata, and the header goes before it', () => {
    const hinted = { ...simpleTask, metadata: { task: 'hard' } };
    expect(chooseByFeatures(auto, hinted, undefined).model).toBe('large');
    expect(chooseByFeatures(auto, hinted, 'simple').model).toBe('small');
  });

  test('that says anything else is no hint', () => {
    expect(chooseByFeatures(auto, { ...hardTask, metadata: { task: 'billing' } }, 'constructor').by).toBe('features');
  });
});

describe('with a classifier', () => {
  const asked: Parameters<AskClassifier>[] = [];
  const answering = (verdict: ClassifierAnswer): { classify: AskClassifier } => ({
    classify: (...question) => {
      asked.push(question);
      return Promise.resolve(verdict);
    },
  });

  test('its word goes before that of the features', async () => {
    expect(await chooseByTask(auto, hardTask, undefined, answering({ score: 0.2 }))).toMatchObject({ model: 'small', score: 0.2, by: 'classifier' });
    expect(asked.at(-1)).toEqual([classifier, { features: hardTask, score: 0.6 }, undefined]);
  });

  test('the features decide where it fails, and the choice says why', async () => {
    const choice = await chooseByTask(auto, hardTask, undefined, answering({ failure: 'timeout' }));
    expect(choice).toMatchObject({ model: 'large', score: 0.6, by: 'features', classifierFailure: 'timeout' });
  });

  test('it is not asked where the client has said it, or none is set', async () => {
    asked.length = 0;
    expect((await chooseByTask(auto, hardTask, 'simple', answering({ score: 1 }))).by).toBe('hint');
    expect((await chooseByTask({ ...auto, classifier: undefined }, hardTask, undefined, answering({ score: 0 }))).by).toBe('features');
    expect((await chooseByTask(auto, hardTask, undefined, undefined)).by).toBe('features');
    expect(asked).toEqual([]);
  });
});
