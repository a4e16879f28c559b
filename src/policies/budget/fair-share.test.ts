import { expect, test } from 'vitest';
import { createFairShares } from './fair-share.ts';

const minute = 60_000;

function open() {
  const clock = { at: 0 };
  return { clock, shares: createFairShares({ now: () => clock.at }) };
}

test('as long as more than half is left, anybody may have any part', () => {
  const { shares } = open();
  shares.used('q', 'greedy', 90, minute);
  shares.used('q', 'modest', 1, minute);
  expect(shares.isOver('q', 'greedy', { limit: 100, left: 51 }, minute)).toBe(false);
  expect(shares.isOver('q', 'greedy', { limit: 100, left: 50 }, minute)).toBe(true);
  expect(shares.isOver('q', 'modest', { limit: 100, left: 0 }, minute)).toBe(false);
});

test('whoever is alone may use it up', () => {
  const { shares } = open();
  shares.used('q', 'only', 100, minute);
  expect(shares.isOver('q', 'only', { limit: 100, left: 0 }, minute)).toBe(false);
});

test('what was used fades, and whoever is new is never over', () => {
  const { clock, shares } = open();
  shares.used('q', 'greedy', 100, minute);
  shares.used('q', 'modest', 1, minute);
  clock.at = minute * 0.6;
  shares.used('q', 'modest', 1, minute);
  expect(shares.isOver('q', 'greedy', { limit: 100, left: 0 }, minute)).toBe(false);
  expect(shares.isOver('q', 'new', { limit: 100, left: 0 }, minute)).toBe(false);
});
