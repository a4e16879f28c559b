import { AggregatorRegistry, Registry } from 'prom-client';
import type { MetricData } from './metrics.ts';

/** One life of a process: another object after each start. */
export interface MeasuredProcess {
  /** Its metrics now. Rejects where it does not answer. */
  metrics(): Promise<readonly MetricData[]>;
}

/** Adds the metrics of several processes up to one text: sums, or what else a metric says of itself. */
export interface MergedMetrics {
  /**
   * The metrics of those that live. What counts up never goes back: a process that is gone is counted as it was when it was last asked.
   * What it counted after that is lost.
   */
  render(alive: readonly MeasuredProcess[]): Promise<{ contentType: string; text: string }>;
}

/** Kinds of metric that only grow. */
const growing: ReadonlySet<string> = new Set(['counter', 'histogram', 'summary']);

/** Makes one that knows of no process yet. */
export function createMergedMetrics(): MergedMetrics {
  const latest = new Map<MeasuredProcess, readonly MetricData[]>();
  let gone: readonly MetricData[] = [];

  async function ask(process: MeasuredProcess): Promise<void> {
    const metrics = await process.metrics().catch(() => undefined);
    if (metrics !== undefined) latest.set(process, metrics);
  }

  async function bury(alive: ReadonlySet<MeasuredProcess>): Promise<void> {
    const dead = [...latest].filter(([process]) => !alive.has(process));
    if (dead.length === 0) return;
    for (const [process] of dead) latest.delete(process);
    gone = await added([gone, ...dead.map(([, metrics]) => metrics.filter(({ type }) => growing.has(String(type))))]).getMetricsAsJSON();
  }

  async function merge(alive: readonly MeasuredProcess[]): Promise<{ contentType: string; text: string }> {
    await Promise.all(alive.map(ask));
    await bury(new Set(alive));
    return { contentType: Registry.PROMETHEUS_CONTENT_TYPE, text: await added([...latest.values(), gone]).metrics() };
  }

  let last: Promise<unknown> = Promise.resolve();
  return {
    render(alive) {
      const rendered = last.then(() => merge(alive)); // in turn: each is buried once
      last = rendered.catch(() => {});
      return rendered;
    },
  };
}

/** All added up, each metric in its own way. */
function added(all: readonly (readonly MetricData[])[]): Registry {
  return AggregatorRegistry.aggregate(all.map((metrics) => [...metrics]));
}
