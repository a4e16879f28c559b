import { expect, test } from 'vitest';
import { dollarsDown, dollarsUp } from './dollars.ts';

test.each([
  [0n, '$0.00', '$0.00'],
  [1n, '$0.000001', '$0.00'],
  [10_000_000n, '$0.01', '$0.01'],
  [12_345_678n, '$0.012346', '$0.012345'],
  [1_000_000_000n, '$1.00', '$1.00'],
  [1_001_000_000n, '$1.01', '$1.00'],
  [5_000_000_000_000n, '$5,000.00', '$5,000.00'],
])('%d nano-dollars cost %s, and are %s where they are left', (nanos, up, down) => {
  expect([dollarsUp(nanos), dollarsDown(nanos)]).toEqual([up, down]);
});

test('nothing is left of what is overspent', () => {
  expect(dollarsDown(-5_000_000_000n)).toBe('$0.00');
});
