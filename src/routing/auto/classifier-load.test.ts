import { expect, test } from 'vitest';
import { createClassifierLoad, type ClassifierLoad } from './classifier-load.ts';

/** One question after the other, each with the same end. */
const fail = (load: ClassifierLoad, times: number, now: number): void => {
  for (let count = 0; count < times; count++) {
    load.admit(now);
    load.ended(false, now);
  }
};

test('after three failures in a row nothing is asked for ten seconds', () => {
  const load = createClassifierLoad();
  fail(load, 2, 0);
  expect(load.admit(0)).toBe('admitted');
  load.ended(false, 1000);
  expect(load.admit(1000)).toBe('resting');
  expect(load.admit(10_999)).toBe('resting');
  expect(load.admit(11_000)).toBe('admitted');
});

test('a success between them starts the count anew', () => {
  const load = createClassifierLoad();
  fail(load, 2, 0);
  load.admit(0);
  load.ended(true, 0);
  fail(load, 2, 0);
  expect(load.admit(0)).toBe('admitted');
});

test('one question at a time tries whether the service is back', () => {
  const load = createClassifierLoad();
  fail(load, 3, 0);
  expect([load.admit(10_000), load.admit(10_000)]).toEqual(['admitted', 'resting']);
  load.ended(false, 10_000);
  expect(load.admit(19_999)).toBe('resting');
  expect(load.admit(20_000)).toBe('admitted');
  load.ended(true, 20_000);
  expect([load.admit(20_000), load.admit(20_000)]).toEqual(['admitted', 'admitted']);
});

test('a question that a client gave up on says nothing of the service', () => {
  const load = createClassifierLoad();
  for (let count = 0; count < 5; count++) {
    load.admit(0);
    load.ended(undefined, 0);
  }
  expect(load.admit(0)).toBe('admitted');
});

test('no more than 32 questions are under way', () => {
  const load = createClassifierLoad();
  const answers = Array.from({ length: 33 }, () => load.admit(0));
  expect(answers.slice(31)).toEqual(['admitted', 'busy']);
  load.ended(true, 0);
  expect(load.admit(0)).toBe('admitted');
});

test('a clock that is set back does not prolong a rest', () => {
  const load = createClassifierLoad();
  fail(load, 3, 1_000_000);
  expect(load.admit(0)).toBe('admitted');
});
