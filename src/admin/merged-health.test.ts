import { expect, test } from 'vitest';
import type { HealthReport } from '../routing/health/health-report.ts';
import { mergeHealth } from './merged-health.ts';

const report = (more: Partial<HealthReport> = {}): HealthReport => ({
  id: 'openai/gpt',
  name: 'openai/gpt',
  standing: { type: 'good' },
  failureRate: undefined,
  firstTokenMs: undefined,
  tokensPerSecond: undefined,
  headroom: undefined,
  inFlight: 0,
  ...more,
});

test('what processes know of a deployment is one report: the worst standing, means, the least headroom, and all attempts', () => {
  const merged = mergeHealth([
    [report({ failureRate: 0.5, firstTokenMs: 100, headroom: 0.5, inFlight: 2 }), report({ id: 'openai/other' })],
    [report({ standing: { type: 'resting', reason: 'failing', untilMs: 5000 }, failureRate: 1, firstTokenMs: 300, headroom: 0.25, inFlight: 3 })],
    [report({ standing: { type: 'probe', reason: 'slow' } })],
  ]);
  expect(merged).toEqual([
    report({
      standing: { type: 'resting', reason: 'failing', untilMs: 5000 },
      failureRate: 0.75,
      firstTokenMs: 200,
      headroom: 0.25,
      inFlight: 5,
    }),
    report({ id: 'openai/other' }),
  ]);
});

test('of two rests the later end counts', () => {
  const rest = (untilMs: number): HealthReport => report({ standing: { type: 'resting', reason: 'failing', untilMs } });
  expect(mergeHealth([[rest(2000)], [rest(3000)], [rest(1000)]])[0]?.standing).toMatchObject({ untilMs: 3000 });
});

test('nobody who knows anything gives nothing', () => {
  expect(mergeHealth([])).toEqual([]);
});
