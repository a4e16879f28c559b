import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openState, sealState } from './state-token.ts';

test('gives back what was sealed, to its scope alone', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (state) => {
      expect(openState('a', sealState('a', state))).toBe(state);
      expect(openState('b', sealState('a', state))).toBeUndefined();
    }),
  );
});

test('is not readable', () => {
  expect(Buffer.from(sealState('a', 'Zoë thinks'), 'base64').toString()).not.toContain('thinks');
});

test('refuses every change', () => {
  const token = sealState('a', 'let me think');
  for (let index = 0; index < token.length; index++) {
    expect(openState('a', token.slice(0, index) + (token[index] === 'A' ? 'B' : 'A') + token.slice(index + 1))).toBeUndefined();
  }
});

test.each(['', 'A', 'no token', 'AAAA'.repeat(20), `${sealState('a', 'x')}\n`])('refuses %j', (token) => {
  expect(openState('a', token)).toBeUndefined();
});
