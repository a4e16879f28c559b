import { expect, test } from 'vitest';
import { inOrder } from './order.ts';
import type { Policy } from './policy.ts';

const policy = (name: string): Policy => ({ name, open: () => undefined });

test('puts policies into their order, whatever order they are named in', () => {
  expect(inOrder([policy('budget'), policy('redact')]).map(({ name }) => name)).toEqual(['redact', 'budget']);
});

test('refuses a policy without a place: nobody would know what it sees', () => {
  expect(() => inOrder([policy('surprise')])).toThrow('policy "surprise" has no place');
});
