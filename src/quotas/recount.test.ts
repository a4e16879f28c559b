import { describe, expect, test } from 'vitest';
import { budget, terms } from '../policies/tenant.fixture.ts';
import type { Budget } from '../policies/terms.ts';
import type { BudgetStanding } from '../stores/store.ts';
import { budgetQuota } from './quotas-of.ts';
import { createRecount, type BudgetedConfig } from './recount.ts';

const config = (...owners: string[]): BudgetedConfig => ({
  tenants: new Map(owners.map((owner) => [owner, { terms: [terms(`tenant:${owner}`, { budgets: [budget()] })], perUser: undefined }])),
  keys: [{ id: 'k', budgets: [budget()] }],
});

/** A recount whose time passes at once; `known` are the owners whose budgets the store knows. */
function setUp(known: readonly string[] = [], of: Budget = budget()) {
  const counted: string[] = [];
  const waits: number[] = [];
  const standing = (owner: string): BudgetStanding => ({
    ...budgetQuota(owner, of, 0),
    spent: 0n,
    leased: 0n,
    dead: 0n,
    left: 0n,
    extra: 0n,
  });
  const state = { known };
  const recount = createRecount({
    budgets: { recount: async ({ id }) => void counted.push(id.split('|')[1] ?? ''), list: async () => state.known.map(standing) },
    now: () => 0,
    later(run, inMs) {
      waits.push(inMs);
      setImmediate(run);
    },
    onFailure(error) {
      throw error;
    },
  });
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
  return { recount, counted, waits, state, settled };
}

test('budgets that are new in a config are counted at once, and again when exchanges have settled that began before', async () => {
  const { recount, counted, waits, settled } = setUp();
  recount(config('a', 'b'), config('b'));
  expect(waits).toEqual([]);
  recount(config('b'), config('a', 'b'));
  await settled();
  expect(waits).toEqual([0, 5000, 60_000, 600_000]);
  expect(counted).toEqual(waits.map(() => 'tenant:a'));
});

describe('budgets of users', () => {
  const withUsers = (budgets: readonly Budget[] | undefined): BudgetedConfig => ({
    tenants: new Map([
      ['a', { terms: [], perUser: budgets && { budgets } }],
      ['b', { terms: [], perUser: { budgets: [budget()] } }],
    ]),
    keys: [],
  });
  const known = ['user:a/alice', 'user:a/bob/2', 'user:b/carol', 'tenant:a', 'key:k'];

  test('that are new are counted for those whom the store knows', async () => {
    const { recount, counted, waits, settled } = setUp(known);
    recount(withUsers(undefined), withUsers([budget()]));
    await settled();
    expect(counted).toEqual(waits.flatMap(() => ['user:a/alice', 'user:a/bob/2']));
  });

  test('that are other budgets than these are left', async () => {
    const { recount, counted, settled } = setUp(known);
    recount(withUsers(undefined), withUsers([budget({ per: 'day' })]));
    await settled();
    expect(counted).toEqual([]);
  });

  test('that stay, or have another amount only, are left', async () => {
    const { recount, waits } = setUp(known);
    recount(withUsers([budget()]), withUsers([budget({ amount: 5n })]));
    expect(waits).toEqual([]);
  });

  test('are looked up anew each time: one may have come since', async () => {
    const { recount, counted, state } = setUp([]);
    recount(withUsers(undefined), withUsers([budget()]));
    expect(counted).toEqual([]);
    state.known = ['user:a/alice'];
    await expect.poll(() => counted).toEqual(Array(4).fill('user:a/alice'));
  });

  test('of many users let others have their turn', async () => {
    const { recount, counted, waits } = setUp(Array.from({ length: 100 }, (_, index) => `user:a/${index}`));
    recount(withUsers(undefined), withUsers([budget()]));
    await expect.poll(() => counted.length).toBe(400);
    expect(waits.length).toBe(4 + 4 * 4);
  });
});
