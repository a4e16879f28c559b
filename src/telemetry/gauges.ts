import { type Aggregator, Gauge, type Registry } from 'prom-client';
import type { HealthReport } from '../routing/health/health-report.ts';

/** What the gauges read when they are scraped. */
export interface GaugeSources {
  health: { report(): readonly HealthReport[] };
  /** Requests in the gateway and waiting for it. */
  admission: { stats(): { inside: number; waiting: Readonly<Record<string, number>>; refused: Readonly<Record<string, number>> } };
  bodyMemory: { stats(): { usedBytes: number; refused: number } };
  /** The config in force, and tries to change it by how they ended. */
  config: { report(): { hash: string }; readonly counts: Readonly<Record<string, number>> };
}

type Values = (gauge: Gauge) => void;

/** Hangs the gauges that show the state of other parts. Labels come from the config alone. */
export function hangGauges(registry: Registry, { health, admission, bodyMemory, config }: GaugeSources): void {
  const gauge = (name: string, help: string, labelNames: string[], values: Values, aggregator: Aggregator = 'sum'): void => {
    const made: Gauge = new Gauge({
      name,
      help,
      labelNames,
      aggregator, // how several processes of a host add up
      registers: [registry],
      collect() {
        made.reset();
        values(made);
      },
    });
  };
  const perDeployment = (name: string, help: string, aggregator: Aggregator, value: (report: HealthReport) => number | undefined): void =>
    gauge(
      name,
      help,
      ['deployment'],
      (made) => {
        for (const report of health.report()) {
          const current = value(report);
          if (current !== undefined) made.set({ deployment: report.id }, current);
        }
      },
      aggregator,
    );

  gauge(
    'remora_deployment_resting',
    'Deployments that are given a rest, by why; 0.5 while one request at a time tries whether they are back.',
    ['deployment', 'reason'],
    (made) => {
      for (const { id, standing } of health.report()) {
        if (standing.type !== 'good') made.set({ deployment: id, reason: standing.reason }, standing.type === 'resting' ? 1 : 0.5);
      }
    },
    'max',
  );
  perDeployment('remora_deployment_failure_ratio', 'Share of attempts that failed of late.', 'average', ({ failureRate }) => failureRate);
  perDeployment('remora_deployment_first_token_seconds', 'Time to the first token of late.', 'average', ({ firstTokenMs = 0 }) =>
    firstTokenMs > 0 ? firstTokenMs / 1000 : undefined,
  );
  perDeployment('remora_deployment_tokens_per_second', 'Speed of streams of late.', 'average', ({ tokensPerSecond }) => tokensPerSecond);
  perDeployment('remora_deployment_headroom', "Share of the vendor's limits that is left.", 'min', ({ headroom }) => headroom);
  perDeployment('remora_deployment_attempts_open', 'Attempts under way.', 'sum', ({ inFlight }) => inFlight);
  gauge('remora_requests_waiting', 'Requests that wait for a place in the gateway.', ['priority'], (made) => {
    for (const [priority, count] of Object.entries(admission.stats().waiting)) made.set({ priority }, count);
  });
  gauge('remora_requests_refused', 'Requests refused for want of a place since the start.', ['reason'], (made) => {
    for (const [reason, count] of Object.entries(admission.stats().refused)) made.set({ reason }, count);
    made.set({ reason: 'body-memory' }, bodyMemory.stats().refused);
  });
  gauge('remora_body_bytes', 'Bytes of bodies that are held.', [], (made) => made.set(bodyMemory.stats().usedBytes));
  gauge('remora_config_info', 'The config in force.', ['hash'], (made) => made.set({ hash: config.report().hash }, 1), 'max');
  gauge(
    'remora_config_reloads',
    'Tries to change the config since the start, by how they ended.',
    ['result'],
    (made) => {
      for (const [result, count] of Object.entries(config.counts)) made.set({ result }, count);
    },
    'max',
  );
}
