import { describe, expect, test } from 'vitest';
import { deployment, target } from '../deployment.fixture.ts';
import type { Latency } from '../health/latency.ts';
import { explorationShare, fastest, staleAfterMs } from './fastest.ts';
import type { OrderView } from './order-view.ts';
import { byModel, countsOf, deviation, modelsOf, seeded, unmeasured, view } from './order.fixture.ts';

const measured = (firstTokenMs: number, tokensPerSecond: number | undefined, ageMs = 1000): Latency => ({ firstTokenMs, tokensPerSecond, ageMs });
const latencies = (known: Record<string, Latency>): Pick<OrderView, 'latencyOf'> => ({ latencyOf: (each) => byModel(known)(each) ?? unmeasured });
const targets = (...models: string[]) => models.map((model) => target(deployment('p', model)));

test('puts the one first whose whole answer is expected soonest', () => {
  const known = latencies({ prompt: measured(200, 20), fluent: measured(900, 100) });
  expect(modelsOf(fastest(targets('prompt', 'fluent'), view({ ...known, expectedOutputTokens: 10 })))).toEqual(['prompt', 'fluent']);
  expect(modelsOf(fastest(targets('prompt', 'fluent'), view({ ...known, expectedOutputTokens: 500 })))).toEqual(['fluent', 'prompt']);
});

test('takes the slowest known speed for one that was not measured', () => {
  const known = latencies({ slow: measured(100, 10), quick: measured(150, 100), unknown: measured(120, undefined) });
  expect(modelsOf(fastest(targets('unknown', 'quick', 'slow'), view(known)))).toEqual(['quick', 'slow', 'unknown']);
});

test('compares times to the first token where no speed is known', () => {
  const known = latencies({ slow: measured(300, undefined), quick: measured(100, undefined) });
  expect(modelsOf(fastest(targets('slow', 'quick'), view(known)))).toEqual(['quick', 'slow']);
});

test('a target is as fast as its fastest account', () => {
  const pool = target(deployment('p', 'slow'), 1, deployment('p', 'quick'));
  const other = target(deployment('q', 'middle'));
  const known = latencies({ slow: measured(900, 50), quick: measured(100, 50), middle: measured(500, 50) });
  expect(fastest([other, pool], view(known))).toEqual([pool, other]);
});

describe('exploration', () => {
  const known = { quick: measured(100, 50), slow: measured(5000, 5, staleAfterMs) };
  const firstOf = (fields: Partial<OrderView>) => (): string | undefined => modelsOf(fastest(targets('quick', 'slow'), view(fields)))[0];
  const many = (first: () => string | undefined) => countsOf(['quick', 'slow'], Array.from({ length: 10_000 }, first));
  const shares = [1 - explorationShare, explorationShare];

  test('a small share of requests goes to one whose measurement is stale', () => {
    expect(deviation(many(firstOf({ ...latencies(known), random: seeded(51) })), shares)).toBeLessThan(1);
  });

  test('and to one that was never measured', () => {
    expect(deviation(many(firstOf({ ...latencies({ quick: known.quick }), random: seeded(52) })), shares)).toBeLessThan(1);
  });

  test('a fresh measurement is believed', () => {
    const fresh = latencies({ ...known, slow: { ...known.slow, ageMs: staleAfterMs - 1 } });
    expect(many(firstOf({ ...fresh, random: seeded(53) }))).toEqual([10_000, 0]);
  });

  test('one request looks at a time', () => {
    const inFlight: OrderView['inFlight'] = ({ model }) => (model === 'slow' ? 1 : 0);
    expect(many(firstOf({ ...latencies(known), inFlight, random: seeded(54) }))).toEqual([10_000, 0]);
  });

  test('the others stay in their order behind it', () => {
    const order = view({ ...latencies({ quick: known.quick, middle: measured(500, 50) }), random: () => 0 });
    expect(modelsOf(fastest(targets('middle', 'quick', 'unknown'), order))).toEqual(['unknown', 'quick', 'middle']);
  });
});
