import { expect, test } from 'vitest';
import { callerKey } from './caller-key.ts';
import type { Experiment } from './deployment.ts';
import { assignVariant } from './experiment.ts';
import { countsOf, deviation } from './order/order.fixture.ts';

const experiment = (name: string, weights: Record<string, number>): Experiment => ({
  name,
  by: 'user',
  variants: Object.entries(weights).map(([variant, weight]) => ({ name: variant, model: `model-${variant}`, weight })),
});
const keys = Array.from({ length: 20_000 }, (_, index) => callerKey('user', 'shop', { user: `u-${index}`, conversation: '' }));
const assigned = (name: string, weights: Record<string, number>): (string | undefined)[] =>
  keys.map((key) => assignVariant(experiment(name, weights), key)?.name);

test('a caller always gets the same variant', () => {
  expect(assigned('tone', { a: 1, b: 1 })).toEqual(assigned('tone', { b: 1, a: 1 }));
});

test('variants are shared by weight', () => {
  expect(deviation(countsOf(['a', 'b', 'c'], assigned('tone', { a: 70, b: 20, c: 10 })), [70, 20, 10])).toBeLessThan(1);
});

test('who gets what in one experiment says nothing about another', () => {
  const [tone, length] = [assigned('tone', { a: 1, b: 3 }), assigned('length', { a: 1, b: 3 })];
  const both = tone.map((variant, index) => `${variant}${length[index]}`);
  expect(deviation(countsOf(['aa', 'ab', 'ba', 'bb'], both), [1, 3, 3, 9])).toBeLessThan(1);
});

test('a changed weight moves no more callers than it must', () => {
  const [before, after] = [assigned('tone', { a: 50, b: 30, c: 20 }), assigned('tone', { a: 50, b: 30, c: 40 })];
  const moved = after.filter((variant, index) => variant !== before[index]);
  expect(moved.every((variant) => variant === 'c')).toBe(true);
  expect(Math.abs(moved.length / keys.length - (40 / 120 - 20 / 100))).toBeLessThan(0.01);
});

test('a variant of weight 0 is given to nobody', () => {
  expect(new Set(assigned('tone', { a: 1, off: 0 }))).toEqual(new Set(['a']));
  expect(assignVariant(experiment('tone', { off: 0 }), 1)).toBeUndefined();
});
