import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import { deploymentName, type Deployment } from '../routing/deployment.ts';
import type { AttemptOutcome } from '../routing/health/outcome.ts';
import type { Outcome, Policy } from '../policies/policy.ts';

/** What the gateway counts, in Prometheus' text format. Label values come from the config alone, so their number is bounded. */
export interface Metrics {
  /** Counts each exchange of a known caller as it opens and settles. */
  policy: Policy;
  /** Counts an error of ours by its code. */
  error(code: string): void;
  /** Counts an attempt that is over. */
  attempt(deployment: Deployment, outcome: AttemptOutcome): void;
  /** Counts a deployment, by its id, that was not tried for a request. */
  skipped(deployment: string, reason: string): void;
  /** Counts a copied request that is over. */
  mirrored(result: { model: string; deployment: string; end: string; costNanos: number }): void;
  /** Counts a copy that was not made. */
  mirrorDropped(reason: string): void;
  /** Counts what a rule, an experiment or an `auto` model chose. */
  chosen(by: 'rule' | 'experiment' | 'auto', name: string, choice: string): void;
  /** Counts a request that a limit or a budget refused, by whose it is and what it counts. */
  limited(owner: string, of: string): void;
  /** Counts a step of a budget's ladder that a request took. */
  step(owner: string, step: string): void;
  /** Counts what was booked for a tenant, in nano-dollars; `deployment` is empty where none was called. */
  cost(tenant: string, deployment: string, nanos: number): void;
  /** Counts a caller who was refused, by code. */
  authFailure(code: string): void;
  /** Counts outcomes of attempts that another process should have heard of, and did not. */
  outcomesDropped(count: number): void;
  /** Counts a request that waited for the store, since its process had not leased enough, with how long that took. */
  storeWaited(ms: number): void;
  /** Where other parts hang gauges of their own. */
  registry: Registry;
  /** All metrics as text (https://prometheus.io/docs/instrumenting/exposition_formats/). */
  render(): Promise<{ contentType: string; text: string }>;
  /** The same as data. */
  data(): Promise<readonly MetricData[]>;
}

/** A metric with its values, as it can be sent to another process. */
export type MetricData = Omit<MetricObjectWithValues<MetricValue<string>>, 'collect'>;

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
    help: 'Attempts that are over: the status that the provider answered (0 for none) and, where they failed without one, how.',
    labelNames: ['deployment', 'account', 'status', 'failure'] as const,
    registers: [registry],
  });
  const skipped = new Counter({
    name: 'remora_deployments_skipped_total',
    help: 'Deployments that were not tried for a request, by why.',
    labelNames: ['deployment', 'reason'] as const,
    registers: [registry],
  });
  const mirrored = new Counter({
    name: 'remora_mirrored_total',
    help: 'Copies of requests that were sent to another deployment, by how they ended.',
    labelNames: ['model', 'deployment', 'end'] as const,
    registers: [registry],
  });
  const mirrorDropped = new Counter({
    name: 'remora_mirror_dropped_total',
    help: 'Copies of requests that were not made, by why.',
    labelNames: ['reason'] as const,
    registers: [registry],
  });
  const mirrorCost = new Counter({
    name: 'remora_mirrored_dollars_total',
    help: 'What copies of requests have cost.',
    labelNames: ['model', 'deployment'] as const,
    registers: [registry],
  });
  const chosen = new Counter({
    name: 'remora_choices_total',
    help: 'What rules, experiments and auto models chose.',
    labelNames: ['by', 'name', 'choice'] as const,
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
  const limited = new Counter({
    name: 'remora_limited_total',
    help: 'Requests that a limit or a budget refused, by whose it is and what it counts.',
    labelNames: ['owner', 'of'] as const,
    registers: [registry],
  });
  const steps = new Counter({
    name: 'remora_budget_steps_total',
    help: "Steps of budgets' ladders that requests took.",
    labelNames: ['owner', 'step'] as const,
    registers: [registry],
  });
  const cost = new Counter({
    name: 'remora_cost_dollars_total',
    help: 'What tenants were charged, as the ledger has it, estimates included.',
    labelNames: ['tenant', 'deployment'] as const,
    registers: [registry],
  });
  const authFailures = new Counter({
    name: 'remora_auth_failures_total',
    help: 'Callers who were refused, by code.',
    labelNames: ['code'] as const,
    registers: [registry],
  });
  const outcomesDropped = new Counter({
    name: 'remora_outcomes_dropped_total',
    help: 'Outcomes of attempts that another process of this host should have heard of, and did not.',
    registers: [registry],
  });
  const storeWaits = new Histogram({
    name: 'remora_store_wait_seconds',
    help: 'How long requests waited for the store, where what the process had leased of a limit or a budget was not enough.',
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2],
    registers: [registry],
  });
  const errors = new Counter({
    name: 'remora_errors_total',
    help: "Errors of the gateway's own, by code.",
    labelNames: ['code'] as const,
    registers: [registry],
  });

  function settled(tenant: string, startedAt: number, { end, status, deployment, usage, warnings: lost }: Outcome): void {
    const name = deployment === undefined ? '' : deploymentName(deployment);
    open.dec();
    exchanges.inc({ tenant, deployment: name, end, status });
    duration.observe({ deployment: name }, (now() - startedAt) / 1000);
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
    attempt: (deployment, { status, failure }) =>
      attempts.inc({ deployment: deploymentName(deployment), account: deployment.endpoint.credential.name, status, failure: failure ?? '' }),
    skipped: (deployment, reason) => skipped.inc({ deployment, reason }),
    mirrored: ({ model, deployment, end, costNanos }) => {
      mirrored.inc({ model, deployment, end });
      mirrorCost.inc({ model, deployment }, costNanos / 1e9);
    },
    mirrorDropped: (reason) => mirrorDropped.inc({ reason }),
    chosen: (by, name, choice) => chosen.inc({ by, name, choice }),
    limited: (owner, of) => limited.inc({ owner: boundedOwner(owner), of }),
    step: (owner, step) => steps.inc({ owner: boundedOwner(owner), step }),
    cost: (tenant, deployment, nanos) => cost.inc({ tenant, deployment }, nanos / 1e9),
    authFailure: (code) => authFailures.inc({ code }),
    outcomesDropped: (count) => outcomesDropped.inc(count),
    storeWaited: (ms) => storeWaits.observe(ms / 1000),
    registry,
    data: () => registry.getMetricsAsJSON(),
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

/** Whose terms, as a label: users and keys are many, so they go by their tenant, or by none. */
function boundedOwner(owner: string): string {
  if (owner.startsWith('key:')) return 'key';
  return owner.startsWith('user:') ? (owner.split('/', 1)[0] ?? 'user') : owner;
}
