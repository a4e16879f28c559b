import { expect, test } from 'vitest';
import { serviceTierOf } from './service-tier.ts';

test.each(['default', 'standard', 'auto', 'standard_only', 'unspecified', 'ON_DEMAND', 'TRAFFIC_TYPE_UNSPECIFIED', ''])(
  '%j is the usual tier',
  (word) => {
    expect(serviceTierOf(word)).toBe('');
  },
);

test('other tiers keep the name that their vendor gives them, but for the traffic types of Google Cloud', () => {
  expect(['flex', 'priority', 'reserved', 'ON_DEMAND_PRIORITY', 'ON_DEMAND_FLEX', 'PROVISIONED_THROUGHPUT'].map(serviceTierOf)).toEqual([
    'flex',
    'priority',
    'reserved',
    'priority',
    'flex',
    'provisioned',
  ]);
});

test('what is no name is no tier', () => {
  expect([undefined, null, 7, {}, '=cmd()', 'a b', 'x'.repeat(33), '__proto__'].map(serviceTierOf)).toEqual(Array(8).fill(''));
});
