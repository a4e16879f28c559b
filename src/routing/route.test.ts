import { describe, expect, test } from 'vitest';
import { GatewayError } from '../errors.ts';
import type { Deployment, Endpoint, Model } from './deployment.ts';
import { maxChainLength, route } from './route.ts';

const endpoint = { name: 'openai' } as Endpoint;
const deployment = (model: string): Deployment => ({ endpoint, model, price: undefined });
const model = (name: string, weights: Record<string, number>, fallback: string[] = []): [string, Model] => [
  name,
  {
    name,
    targets: Object.entries(weights).map(([id, weight]) => ({ deployment: deployment(id), weight })),
    fallback,
    strict: false,
    headersTimeoutMs: undefined,
  },
];
const names = (chain: Deployment[]): string[] => chain.map(({ model: id }) => id);

test('tries the targets of a model before its fallback models, and those in their order', () => {
  const models = new Map([model('fast', { a: 1 }, ['other', 'last']), model('other', { b: 1 }), model('last', { c: 1 })]);
  expect(names(route('fast', models, () => 0))).toEqual(['a', 'b', 'c']);
});

test('draws the first target by weight', () => {
  const models = new Map([model('fast', { a: 80, b: 20 })]);
  expect(names(route('fast', models, () => 0.79))).toEqual(['a', 'b']);
  expect(names(route('fast', models, () => 0.81))).toEqual(['b', 'a']);
  const draws = Array.from({ length: 10_000 }, (_, index) => names(route('fast', models, () => index / 10_000))[0]);
  expect(draws.filter((name) => name === 'a').length).toBe(8000);
});

test('never tries a target of weight 0', () => {
  expect(names(route('fast', new Map([model('fast', { a: 1, b: 0 })]), () => 0.999))).toEqual(['a']);
});

test('tries no deployment twice, also where models fall back in a circle', () => {
  const models = new Map([model('x', { a: 1 }, ['y']), model('y', { a: 1, b: 1 }, ['x'])]);
  expect(names(route('x', models, () => 0.999)).toSorted()).toEqual(['a', 'b']);
});

test('keeps a chain to what Envoy is set up for', () => {
  const targets = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`m${index}`, 1]));
  expect(route('many', new Map([model('many', targets)]), () => 0)).toHaveLength(maxChainLength);
});

describe('a model nobody declared', () => {
  test('is refused with the names that exist', () => {
    const ask = () => route('gtp', new Map([model('fast', { a: 1 })]), () => 0);
    expect(ask).toThrow(GatewayError);
    expect(ask).toThrow('There is no model "gtp". Ask for one of: fast.');
  });
});
