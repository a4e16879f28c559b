import { expect, test } from 'vitest';
import { periodEnd, periodOf } from './period.ts';

test('a period is a calendar month in UTC', () => {
  expect(periodOf(Date.UTC(2026, 10, 1))).toBe('2026-11');
  expect(periodOf(Date.UTC(2026, 10, 1) - 1)).toBe('2026-10');
});

test('a period ends where the next begins, also over the turn of the year', () => {
  expect(periodEnd(Date.UTC(2026, 10, 30, 23, 59))).toBe(Date.UTC(2026, 11, 1));
  expect(periodEnd(Date.UTC(2026, 11, 31))).toBe(Date.UTC(2027, 0, 1));
});
