import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { deploymentName } from '../routing/deployment.ts';
import type { Outcome, Policy } from '../policies/policy.ts';

/** What the gateway counts, in Prometheus' text format. Label values come from the config alone, so their number is bounded. */
export interface Metrics {
  /** Counts each exchange of a known caller as it opens and settles. */
  policy: Policy;
  /** Counts an error of ours by its code. */
  error(code: string): void;
  /** All metrics as text (https://prometheus.io/docs/instrumenting/exposition_formats/). */
  render(): Promise<{ contentType: string; text: string }>;
}

/** `now` is in milliseconds. */
export function createMetrics({ now }: { now: () => number }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const open = new Gauge({ name: 'remora_exchanges_open', help: 'Exchanges under way.', registers: [registry] });
  const exchanges = new Counter({
    name: 'remora_exchanges_total',
    help: 'Exchanges that have ended, by how.',
    labelNames: ['tenant', 'deployment', 'end', 'status'] as const,
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'remora_exchange_duration_seconds',
    help: 'From the request headers to the end of the answer.',
    labelNames: ['deployment'] as const,
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
    registers: [registry],
  });
  const attempts = new Counter({
    name: 'remora_attempts_total',
    help: 'Attempts made, those that failed included.',
    registers: [registry],
  });
  const tokens = new Counter({
    name: 'remora_tokens_total',
    help: 'Tokens that providers reported.',
    labelNames: ['tenant', 'deployment', 'kind'] as const,
    registers: [registry],
  });
  const warnings = new Counter({
    name: 'remora_warnings_total',
    help: 'Things of requests that a provider could not be given, as x-remora-warnings names them.',
    labelNames: ['tenant', 'deployment'] as const,
    registers: [registry],
  });
  const errors = new Counter({
    name: 'remora_errors_total',
    help: "Errors of the gateway's own, by code.",
    labelNames: ['code'] as const,
    registers: [registry],
  });

  function settled(tenant: string, startedAt: number, { end, status, deployment, usage, attempts: made, warnings: lost }: Outcome): void {
    const name = deployment === undefined ? '' : deploymentName(deployment);
    open.dec();
    exchanges.inc({ tenant, deployment: name, end, status });
    duration.observe({ deployment: name }, (now() - startedAt) / 1000);
    attempts.inc(made);
    if (lost > 0) warnings.inc({ tenant, deployment: name }, lost);
    if (usage === undefined) return;
    tokens.inc({ tenant, deployment: name, kind: 'input' }, usage.inputTokens);
    tokens.inc({ tenant, deployment: name, kind: 'cache_read' }, usage.cacheReadTokens);
    tokens.inc({ tenant, deployment: name, kind: 'cache_write' }, usage.cacheWriteTokens);
    tokens.inc({ tenant, deployment: name, kind: 'output' }, usage.outputTokens);
  }

  return {
    policy: {
      name: 'metrics',
      open({ identity }) {
        const startedAt = now();
        open.inc();
        return { onSettled: (outcome) => settled(identity.tenant.name, startedAt, outcome) };
      },
    },
    error: (code) => errors.inc({ code }),
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
