import { expect, test } from 'vitest';
import { createFairShares } from './fair-share.ts';

const minute = 60_000;
const rate = { kind: 'rate', id: 'q', limit: 100n, refillMs: minute } as const;
const places = { kind: 'slots', id: 'p', limit: 8n } as const;

function open() {
  const clock = { at: 0 };
  return { clock, shares: createFairShares({ now: () => clock.at }) };
}

test('as long as more than half is left, anybody may have any part', () => {
  const { shares } = open();
  shares.used(rate, 'greedy', 90);
  shares.used(rate, 'modest', 1);
  expect(shares.isOver(rate, 'greedy', { limit: 100, left: 51 })).toBe(false);
  expect(shares.isOver(rate, 'greedy', { limit: 100, left: 50 })).toBe(true);
  expect(shares.isOver(rate, 'modest', { limit: 100, left: 0 })).toBe(false);
});

test('whoever is alone may use it up', () => {
  const { shares } = open();
  shares.used(rate, 'only', 100);
  expect(shares.isOver(rate, 'only', { limit: 100, left: 0 })).toBe(false);
});

test('what was used fades, and whoever is new is never over', () => {
  const { clock, shares } = open();
  shares.used(rate, 'greedy', 100);
  shares.used(rate, 'modest', 1);
  clock.at = minute * 0.6;
  shares.used(rate, 'modest', 1);
  expect(shares.isOver(rate, 'greedy', { limit: 100, left: 0 })).toBe(false);
  expect(shares.isOver(rate, 'new', { limit: 100, left: 0 })).toBe(false);
});

test('whoever asks has a part, so that who was there before does not take all that comes back', () => {
  const { clock, shares } = open();
  shares.used(rate, 'greedy', 100);
  expect(shares.isOver(rate, 'greedy', { limit: 100, left: 0 })).toBe(false);
  expect(shares.isOver(rate, 'late', { limit: 100, left: 0 })).toBe(false);
  expect(shares.isOver(rate, 'greedy', { limit: 100, left: 1 })).toBe(true);
  clock.at = minute; // and nobody else has asked since
  shares.used(rate, 'greedy', 100);
  expect(shares.isOver(rate, 'greedy', { limit: 100, left: 1 })).toBe(false);
});

test('places are had until they are given back, and shared with who waits for one', () => {
  const { clock, shares } = open();
  const taken = Array.from({ length: 8 }, () => shares.used(places, 'greedy', 1));
  const giveBack = (): void => taken.pop()?.();
  clock.at = 10 * minute;
  expect(shares.isOver(places, 'greedy', { limit: 8, left: 0 })).toBe(false);
  expect(shares.isOver(places, 'late', { limit: 8, left: 0 })).toBe(false);
  giveBack();
  expect(shares.isOver(places, 'greedy', { limit: 8, left: 1 })).toBe(true);
  for (let place = 0; place < 4; place++) giveBack();
  expect(shares.isOver(places, 'greedy', { limit: 8, left: 4 })).toBe(false); // it has three of its four
  shares.used(places, 'greedy', 1);
  expect(shares.isOver(places, 'greedy', { limit: 8, left: 4 })).toBe(true);
  clock.at += 10_000; // who wanted one is gone
  expect(shares.isOver(places, 'greedy', { limit: 8, left: 4 })).toBe(false);
});

test('what was held and not used is taken back as far as it has not faded, and nothing else with it', () => {
  const { clock, shares } = open();
  const takeBack = shares.used(rate, 'greedy', 100);
  clock.at = minute * 0.9;
  shares.used(rate, 'greedy', 80);
  shares.used(rate, 'modest', 1);
  takeBack();
  expect(shares.isOver(rate, 'greedy', { limit: 100, left: 10 })).toBe(true); // 80 of 100
});

test('who only looks whether it may have some is nobody who asks', () => {
  const { clock, shares } = open();
  clock.at = minute;
  shares.used(places, 'greedy', 4);
  expect(shares.isOver(places, 'elsewhere', { limit: 8, left: 4 }, 'only looks')).toBe(false);
  expect(shares.isOver(places, 'greedy', { limit: 8, left: 4 })).toBe(false);
  expect(shares.isOver(places, 'elsewhere', { limit: 8, left: 4 })).toBe(false);
  expect(shares.isOver(places, 'greedy', { limit: 8, left: 4 })).toBe(true);
});
