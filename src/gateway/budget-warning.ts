import type { Snapshot } from '../config/snapshot.ts';
import type { Alert } from '../policies/budget/alerts.ts';
import type { Logger } from '../telemetry/log.ts';
import { post } from '../telemetry/webhook.ts';

/** What people are told by. */
export interface WarningParts {
  /** The webhook of the config; undefined for none. */
  alerts: Snapshot['alerts'];
  log: Logger;
  fetch: Parameters<typeof post>[2];
}

/** Brings a warning about a budget to the log and, where the config names one, to the webhook. */
export async function tellPeople({ id, owner, at, used, amount, unit, until }: Alert, { alerts, log, fetch }: WarningParts): Promise<void> {
  const message = {
    type: 'budget-warning',
    budget: id,
    owner,
    at,
    used: Number(used.toFixed(4)),
    amount: String(amount),
    unit,
    until: until === Number.MAX_SAFE_INTEGER ? null : new Date(until).toISOString(),
  };
  log.warn(message, `${owner} has used ${(used * 100).toFixed(1)}% of a budget`);
  if (alerts !== undefined) await post(alerts, message, fetch);
}
