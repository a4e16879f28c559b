import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deployment, target } from '../deployment.fixture.ts';
import { strategies, type Deployment, type Target } from '../deployment.ts';
import type { Latency } from '../health/latency.ts';
import { orderTargets } from './order-targets.ts';
import { byModel, modelsOf, seeded, unmeasured, view } from './order.fixture.ts';

interface Facts {
  weight: number;
  accounts: { latency: Latency; headroom: number | undefined; inFlight: number; costNanos: number | undefined }[];
}

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(value, { nil: undefined });
const latency = fc.record({
  firstTokenMs: maybe(fc.nat(10_000)),
  tokensPerSecond: maybe(fc.double({ min: 0, max: 500, noNaN: true })),
  ageMs: maybe(fc.nat(200_000)),
});
const account = fc.record({ latency, headroom: maybe(fc.constantFrom(0, 0.01, 0.05, 0.5, 1)), inFlight: fc.nat(5), costNanos: maybe(fc.nat(3)) });
const someFacts: fc.Arbitrary<Facts[]> = fc.array(
  fc.record({ weight: fc.constantFrom(0, 1, 2, 80), accounts: fc.array(account, { minLength: 1, maxLength: 3 }) }),
  { maxLength: 8 },
);

/** Targets of which those facts are known. */
function world(facts: readonly Facts[], seed: number) {
  const known = new Map<Deployment, Facts['accounts'][number]>();
  const targets = facts.flatMap(({ weight, accounts }, index): Target[] => {
    const [first, ...more] = accounts.map((each) => {
      const made = deployment(`p${index}`, `m${index}`);
      known.set(made, each);
      return made;
    });
    return first === undefined ? [] : [target(first, weight, ...more)];
  });
  const order = view({
    random: seeded(seed),
    latencyOf: (each) => known.get(each)?.latency ?? unmeasured,
    headroomOf: (each) => known.get(each)?.headroom,
    inFlight: (each) => known.get(each)?.inFlight ?? 0,
    costNanos: (each) => known.get(each)?.costNanos,
  });
  return { targets, order };
}

describe.each(strategies)('%s', (strategy) => {
  test('loses no target of some weight and adds none', () => {
    fc.assert(
      fc.property(someFacts, fc.nat(), (facts, seed) => {
        const { targets, order } = world(facts, seed);
        const ordered = orderTargets(strategy, targets, order);
        expect(new Set(ordered)).toEqual(new Set(targets.filter(({ weight }) => weight > 0)));
        expect(ordered).toHaveLength(new Set(ordered).size);
      }),
    );
  });

  test('has those with every account close to its limit behind the others', () => {
    fc.assert(
      fc.property(someFacts, fc.nat(), (facts, seed) => {
        const { targets, order } = world(facts, seed);
        const areLow = orderTargets(strategy, targets, order).map(({ deployments }) =>
          deployments.every((each) => (order.headroomOf(each) ?? 1) < 0.05),
        );
        expect(areLow).toEqual(areLow.toSorted((a, b) => Number(a) - Number(b)));
      }),
    );
  });

  test('changes nothing that it is given', () => {
    const targets = Object.freeze([target(deployment('p', 'a')), target(deployment('p', 'b'))]);
    orderTargets(strategy, targets, view());
    expect(modelsOf(targets)).toEqual(['a', 'b']);
  });
});

test('one account with headroom keeps a target in its place', () => {
  const headroom = { a: 0.01, b: 0.5 };
  const pool = target(deployment('p', 'a'), 1, deployment('p', 'b'));
  const other = target(deployment('q', 'c'));
  expect(orderTargets('priority', [pool, other], view({ headroomOf: byModel(headroom) }))).toEqual([pool, other]);
});
