import type { Snapshot } from '../config/snapshot.ts';
import { createAlerts } from '../policies/budget/alerts.ts';
import { createFairShares } from '../policies/budget/fair-share.ts';
import { createBudget } from '../policies/budget/index.ts';
import { createPaces } from '../policies/budget/pace.ts';
import { createRequestLabels } from '../policies/budget/request-labels.ts';
import { createLimits } from '../policies/limits.ts';
import { inOrder } from '../policies/order.ts';
import type { Policy } from '../policies/policy.ts';
import { redact } from '../policies/redact/index.ts';
import { createHabits } from '../pricing/habits.ts';
import type { Prices } from '../pricing/prices.ts';
import type { Quotas } from '../quotas/quotas.ts';
import type { Store } from '../stores/store.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { tellPeople, type WarningParts } from './budget-warning.ts';

/** What policies are made of. */
export interface PolicyParts extends Pick<WarningParts, 'log' | 'fetch'> {
  quotas: Quotas;
  prices: Prices;
  metrics: Metrics;
  store: Pick<Store, 'first'>;
  /** The config in force. */
  current: () => Snapshot;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** All policies of the gateway, in their order. */
export function createPolicies({ quotas, prices, metrics, store, current, log, fetch, now }: PolicyParts): Policy[] {
  return inOrder([
    metrics.policy,
    createLimits({ quotas, now, onLimited: metrics.limited }),
    redact,
    createBudget({
      quotas,
      prices,
      habits: createHabits({ maxPairs: 10_000 }),
      paces: createPaces({ now, holders: () => quotas.holders }),
      fairShares: createFairShares({ now }),
      labelsOf: createRequestLabels({ maxValues: 1000 }),
      passThroughNanos: (group) => current().passThrough?.costNanos.get(group),
      warn: createAlerts({
        first: (name, untilMs) => store.first(name, untilMs),
        tell: (alert) => tellPeople(alert, { alerts: current().alerts, log, fetch }),
        onFailure: (error) => log.error({ err: error }, 'alert failed'),
      }),
      onLimited: metrics.limited,
      onCost: metrics.cost,
      onStep: metrics.step,
      now,
    }),
  ]);
}
