import { expect, test } from 'vitest';
import type { Slice } from './measure.ts';
import { median, table, toRows, verdict } from './report.ts';

const slice = (name: Slice['case'], round: number, envoyMs: number, sidecarMs: number): Slice => ({
  ...{ workload: 'json', case: name, round, envoyMs, sidecarMs },
  ...{ requests: 100, perSecond: 1000 / (envoyMs + sidecarMs), p50Ms: envoyMs, p99Ms: envoyMs, busy: 1 },
});

const subjects = [
  { name: 'plain' as const, title: 'plain Envoy', rssMib: { envoy: 70, sidecar: undefined } },
  { name: 'everything' as const, title: 'Remora, everything on', rssMib: { envoy: 75, sidecar: 300 } },
];

test('the median is the middle value, or the mean of the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

test('a round in which the machine was slow for all does not change the ratio', () => {
  const slices = [1, 10, 1].flatMap((slowness, round) => [
    slice('plain', round, slowness, 0),
    slice('everything', round, 3 * slowness, 6 * slowness),
  ]);
  const [plain, everything] = toRows(slices, subjects);
  expect(plain?.ratios).toEqual({ perSecond: 1, cpu: 1 });
  expect(everything?.ratios.cpu).toBe(9);
  expect(verdict('json', toRows(slices, subjects))).toContain('is met');
});

test('an aim that is missed is said to be', () => {
  const slices = [slice('plain', 1, 1, 0), slice('everything', 1, 5, 5.1)];
  expect(verdict('json', toRows(slices, subjects))).toContain('NOT met');
  expect(verdict('paced', toRows(slices, subjects))).toBeUndefined();
});

test('the table has a row per case, and leaves out what a case does not have', () => {
  const lines = table(toRows([slice('plain', 1, 0.1, 0), slice('everything', 1, 0.4, 0.5)], subjects)).split('\n');
  expect(lines).toHaveLength(4);
  expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
  expect(lines[2]).toMatch(/plain Envoy .*\| +70 \| +\|$/);
});
