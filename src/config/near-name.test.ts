import { expect, test } from 'vitest';
import { nearName } from './near-name.ts';

test.each([
  ['opnai', 'openai'],
  ['api_key', 'apiKey'],
  ['APIKEY', 'apiKey'],
  ['us_ssn', 'us-ssn'],
])('%s is meant to be %s', (written, meant) => {
  expect(nearName(written, ['openai', 'apiKey', 'us-ssn', 'anthropic'])).toBe(meant);
});

test('the nearest of several names is taken', () => {
  expect(nearName('modls', ['model', 'models'])).toBe('models');
});

test('a name that is near to none has no suggestion', () => {
  expect(nearName('zone', ['keys', 'models', 'budget'])).toBeUndefined();
  expect(nearName('x', [])).toBeUndefined();
});
