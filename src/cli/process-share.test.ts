import { expect, test } from 'vitest';
import { compileText } from '../config/reload-compile.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { shareOfProcess } from './process-share.ts';

function snapshot(more: object): Snapshot {
  const config = {
    providers: { one: { kind: 'openai', apiKey: 'sk-1', maxConcurrent: 10 }, free: { kind: 'openai', apiKey: 'sk-1' } },
    models: { fast: { targets: [{ provider: 'one', model: 'gpt-5-mini' }] } },
    ...more,
  };
  return compileText(JSON.stringify(config), { path: 'remora.yaml', env: {} }).snapshot;
}

const limitsOf = ({ resilience, endpoints }: Snapshot): unknown[] => [
  resilience.maxConcurrent,
  resilience.queue?.max,
  endpoints.get('one')?.[0].maxConcurrent,
  endpoints.get('free')?.[0].maxConcurrent,
];

test('the only process has the config as it is', () => {
  const all = snapshot({});
  expect(shareOfProcess(all, undefined)).toBe(all);
});

test('each process has its share of the limits, and the first one the remainder', () => {
  const all = snapshot({ resilience: { maxConcurrent: 101, queue: { max: 20, wait: '5s' } } });
  expect([0, 1, 2].map((index) => limitsOf(shareOfProcess(all, { index, count: 3 })))).toEqual([
    [35, 8, 4, undefined],
    [33, 6, 3, undefined],
    [33, 6, 3, undefined],
  ]);
});

test('a limit below the number of processes is one for each', () => {
  const all = snapshot({ resilience: { maxConcurrent: 2 } });
  expect(shareOfProcess(all, { index: 63, count: 64 }).resilience).toMatchObject({ maxConcurrent: 1, queue: undefined });
});

test('they share what rests in a file beside the store, unless the config says where', () => {
  const place = { index: 1, count: 2 };
  expect(shareOfProcess(snapshot({ store: { embedded: { path: '/data/spend.db' } } }), place).resilience.share).toEqual({
    path: '/data/spend.db.health',
  });
  const share = { redis: 'redis://localhost:6379' };
  expect(shareOfProcess(snapshot({ resilience: { share } }), place).resilience.share).toEqual(share);
});
