import { describe, expect, test } from 'vitest';
import { callerKey } from './caller-key.ts';
import { deployment, endpoint, target } from './deployment.fixture.ts';
import { accountId, type Deployment, type Target } from './deployment.ts';
import { orderTargets } from './order/order-targets.ts';
import { byModel, countsOf, deviation, modelsOf, seeded, view } from './order/order.fixture.ts';
import { stickAccount, stickTarget } from './sticky.ts';

const keys = Array.from({ length: 10_000 }, (_, index) => callerKey('conversation', 'clinic', { user: undefined, conversation: `c-${index}` }));
const few = keys.slice(0, 300);
const all = [target(deployment('openai', 'a'), 5), target(deployment('bedrock', 'b'), 3), target(deployment('vertex', 'c'), 2)];
const without = (model: string): Target[] => all.filter(({ deployments: [first] }) => first.model !== model);
const firstFor = (targets: readonly Target[], key: number, order = view()): string | undefined => modelsOf(stickTarget(targets, key, order))[0];

test('a key keeps its target, however the strategy orders', () => {
  const order = view({ random: seeded(71) });
  for (const key of few) {
    const firsts = Array.from({ length: 5 }, () => firstFor(orderTargets('weighted', all, order), key));
    expect(new Set(firsts).size).toBe(1);
  }
});

test('keys are shared by weight', () => {
  expect(
    deviation(
      countsOf(
        ['a', 'b', 'c'],
        keys.map((key) => firstFor(all, key)),
      ),
      [5, 3, 2],
    ),
  ).toBeLessThan(1);
});

test('while a target rests only its keys move', () => {
  const moved = few.filter((key) => firstFor(without('b'), key) !== firstFor(all, key));
  expect(moved).toEqual(few.filter((key) => firstFor(all, key) === 'b'));
});

test('a target that comes, or comes back, takes keys for itself alone', () => {
  const moved = few.filter((key) => firstFor(without('c'), key) !== firstFor(all, key));
  expect(new Set(moved.map((key) => firstFor(all, key)))).toEqual(new Set(['c']));
});

test('the rest stays as the strategy has it', () => {
  const [key = 0] = few;
  const kept = firstFor(all, key);
  const ordered = orderTargets('cheapest', all, view({ costNanos: byModel({ a: 3, b: 2, c: 1 }) }));
  expect(modelsOf(stickTarget(ordered, key, view()))).toEqual([kept, ...modelsOf(ordered).filter((model) => model !== kept)]);
});

test('a target stays while anything is left of its limits, and is left when nothing is', () => {
  for (const key of few) {
    const kept = firstFor(all, key);
    const left = (headroom: number) => view({ headroomOf: ({ model }) => (model === kept ? headroom : 1) });
    expect(firstFor(all, key, left(0.01))).toBe(kept);
    expect(firstFor(all, key, left(0))).not.toBe(kept);
  }
});

test('where nothing is left anywhere, or there is no target, the order stays', () => {
  expect(stickTarget(all, 1, view({ headroomOf: () => 0 }))).toEqual(all);
  expect(stickTarget([], 1, view())).toEqual([]);
});

describe('the accounts of a target', () => {
  const account = (name: string, weight: number): Deployment =>
    deployment(endpoint('openai', { credential: { name, weight, authorize: () => ({}) } }));
  const pool = [account('default', 1), account('second', 1), account('third', 2)];
  const names = pool.map((each) => accountId(each.endpoint));
  const accountFor = (accounts: readonly Deployment[], key: number): string | undefined => {
    const [first] = stickAccount(accounts, key, view());
    return first && accountId(first.endpoint);
  };

  test('are kept too, and shared by weight', () => {
    expect(
      deviation(
        countsOf(
          names,
          keys.map((key) => accountFor(pool, key)),
        ),
        [1, 1, 2],
      ),
    ).toBeLessThan(1);
    for (const key of few) expect(accountFor(pool.toReversed(), key)).toBe(accountFor(pool, key));
  });

  test('are shared by weight among the keys of one target', () => {
    const own = keys.filter((key) => firstFor(all, key) === 'a');
    expect(
      deviation(
        countsOf(
          names,
          own.map((key) => accountFor(pool, key)),
        ),
        [1, 1, 2],
      ),
    ).toBeLessThan(1);
  });

  test('that are set aside lose their own keys alone', () => {
    const moved = few.filter((key) => accountFor(pool.toSpliced(1, 1), key) !== accountFor(pool, key));
    expect(moved).toEqual(few.filter((key) => accountFor(pool, key) === 'openai#second'));
  });
});
