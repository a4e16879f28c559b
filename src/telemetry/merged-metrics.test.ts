import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createMergedMetrics, type MeasuredProcess } from './merged-metrics.ts';

/** A process with some metrics. */
function measured({ requests = 0, open = 0, config = 1, seconds = [] as number[] }) {
  const registry = new Registry();
  const counter = new Counter({ name: 'requests_total', help: 'r', labelNames: ['end'], registers: [registry] });
  const gauge = new Gauge({ name: 'open', help: 'o', registers: [registry] });
  const info = new Gauge({ name: 'config', help: 'c', aggregator: 'max', registers: [registry] });
  const histogram = new Histogram({ name: 'duration_seconds', help: 'd', buckets: [1], registers: [registry] });
  counter.inc({ end: 'complete' }, requests);
  gauge.set(open);
  info.set(config);
  for (const each of seconds) histogram.observe(each);
  const life: MeasuredProcess & { fails: boolean; counter: Counter } = {
    counter,
    fails: false,
    async metrics() {
      if (life.fails) throw new Error('it does not answer');
      return structuredClone(await registry.getMetricsAsJSON()).map((each) => ({ ...each })); // as another process gets it
    },
  };
  return life;
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('counters and histograms add up, and gauges in their own way', async () => {
  const merged = createMergedMetrics();
  const { text } = await merged.render([
    measured({ requests: 3, open: 1, config: 2, seconds: [0.5, 3] }),
    measured({ requests: 4, open: 2, config: 2, seconds: [0.25] }),
  ]);
  expect(lines(text)).toEqual(
    expect.arrayContaining([
      'requests_total{end="complete"} 7',
      'open 3',
      'config 2',
      'duration_seconds_bucket{le="1"} 2',
      'duration_seconds_bucket{le="+Inf"} 3',
      'duration_seconds_count 3',
    ]),
  );
});

test('what counts up does not go back when a process is gone, and what it has under way is gone with it', async () => {
  const merged = createMergedMetrics();
  const [stays, goes] = [measured({ requests: 3, open: 1 }), measured({ requests: 4, open: 2, seconds: [0.5] })];
  await merged.render([stays, goes]);
  expect(lines((await merged.render([stays])).text)).toEqual(
    expect.arrayContaining(['requests_total{end="complete"} 7', 'open 1', 'duration_seconds_count 1']),
  );
  const again = measured({ requests: 1 });
  expect(lines((await merged.render([stays, again])).text)).toContain('requests_total{end="complete"} 8');
  expect(lines((await merged.render([again])).text)).toContain('requests_total{end="complete"} 8');
});

test('one that does not answer counts as it did last', async () => {
  const merged = createMergedMetrics();
  const [one, other] = [measured({ requests: 3 }), measured({ requests: 4 })];
  await merged.render([one, other]);
  one.counter.inc({ end: 'complete' }, 5);
  other.fails = true;
  expect(lines((await merged.render([one, other])).text)).toContain('requests_total{end="complete"} 12');
});

test('several may ask at once', async () => {
  const merged = createMergedMetrics();
  const [stays, goes] = [measured({ requests: 3 }), measured({ requests: 4 })];
  await merged.render([stays, goes]);
  const texts = await Promise.all([merged.render([stays]), merged.render([stays]), merged.render([stays])]);
  for (const { text } of texts) expect(lines(text)).toContain('requests_total{end="complete"} 7');
});
