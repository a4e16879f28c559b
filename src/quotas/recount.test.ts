import { expect, test } from 'vitest';
import { budget, terms } from '../policies/tenant.fixture.ts';
import { createRecount, type BudgetedConfig } from './recount.ts';

const config = (...owners: string[]): BudgetedConfig => ({
  tenants: new Map(owners.map((owner) => [owner, { terms: [terms(`tenant:${owner}`, { budgets: [budget()] })] }])),
  keys: [{ id: 'k', budgets: [budget()] }],
});

test('budgets that are new in a config are counted at once, and again when exchanges have settled that began before', async () => {
  const counted: string[] = [];
  const waits: number[] = [];
  const recount = createRecount({
    budgets: { recount: async ({ id }) => void counted.push(id.split('|')[1] ?? '') },
    now: () => 0,
    later(run, inMs) {
      waits.push(inMs);
      run();
    },
    onFailure(error) {
      throw error;
    },
  });
  recount(config('a', 'b'), config('b'));
  expect(waits).toEqual([]);
  recount(config('b'), config('a', 'b'));
  await Promise.resolve();
  expect(waits).toEqual([0, 5000, 60_000, 600_000]);
  expect(counted).toEqual(waits.map(() => 'tenant:a'));
});
