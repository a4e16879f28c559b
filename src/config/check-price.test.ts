import { expect, test } from 'vitest';
import { checkPrices } from './check-price.ts';

test('a price is one of a provider that is declared', () => {
  expect(checkPrices(['openai/gpt-5-mini', 'opnai/*'], new Set(['openai']))).toEqual([
    { path: ['prices', 'opnai/*'], message: 'there is no provider "opnai", did you mean openai?; declared are openai', at: 'key' },
  ]);
});

test('a name without a provider is left to the schema', () => {
  expect(checkPrices(['openai', '/x'], new Set(['anthropic']))).toEqual([]);
});
