import { expect, test } from 'vitest';
import { createAdmission, type Admission } from './admission.ts';

/** One question after the other, each with the same end. */
const fail = (admission: Admission, times: number, now: number): void => {
  for (let count = 0; count < times; count++) {
    admission.admit(now);
    admission.settle(false, now);
  }
};

test('after three failures in a row nothing is asked for ten seconds', () => {
  const admission = createAdmission();
  fail(admission, 2, 0);
  expect(admission.admit(0)).toBe('admitted');
  admission.settle(false, 1000);
  expect(admission.admit(1000)).toBe('resting');
  expect(admission.admit(10_999)).toBe('resting');
  expect(admission.admit(11_000)).toBe('admitted');
});

test('a success between them starts the count anew', () => {
  const admission = createAdmission();
  fail(admission, 2, 0);
  admission.admit(0);
  admission.settle(true, 0);
  fail(admission, 2, 0);
  expect(admission.admit(0)).toBe('admitted');
});

test('one question at a time tries whether the service is back', () => {
  const admission = createAdmission();
  fail(admission, 3, 0);
  expect([admission.admit(10_000), admission.admit(10_000)]).toEqual(['admitted', 'resting']);
  admission.settle(false, 10_000);
  expect(admission.admit(19_999)).toBe('resting');
  expect(admission.admit(20_000)).toBe('admitted');
  admission.settle(true, 20_000);
  expect([admission.admit(20_000), admission.admit(20_000)]).toEqual(['admitted', 'admitted']);
});

test('a question that a client gave up on says nothing of the service', () => {
  const admission = createAdmission();
  for (let count = 0; count < 5; count++) {
    admission.admit(0);
    admission.settle(undefined, 0);
  }
  expect(admission.admit(0)).toBe('admitted');
});

test('no more than 32 questions are under way', () => {
  const admission = createAdmission();
  const answers = Array.from({ length: 33 }, () => admission.admit(0));
  expect(answers.slice(31)).toEqual(['admitted', 'busy']);
  admission.settle(true, 0);
  expect(admission.admit(0)).toBe('admitted');
});

test('a clock that is set back does not prolong a rest', () => {
  const admission = createAdmission();
  fail(admission, 3, 1_000_000);
  expect(admission.admit(0)).toBe('admitted');
});
