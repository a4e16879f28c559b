import type { Reservation } from '../../quotas/quotas.ts';
import type { Deployment } from '../../routing/deployment.ts';
import type { Charge } from '../../stores/quota.ts';
import { chargesOf, countedBy, type Counted, type Payers, type Use } from '../charges.ts';
import type { FailedAttempt, Outcome } from '../policy.ts';
import type { Begun } from './begun.ts';
import type { Counting } from './counting.ts';
import { attemptEntryOf, entryOf, type Cost } from './entry.ts';
import type { Estimate } from './estimate.ts';
import { raiseWarnings } from './guidance.ts';
import type { BudgetParts } from './index.ts';

/** An exchange that reached a provider and is over. */
export interface Spent {
  begun: Begun;
  deployment: Deployment;
  outcome: Outcome;
  cost: Cost;
  /** Who pays. */
  payers: Payers;
  /** Who counted what it might use. */
  counting: Counting;
  /** Undefined where nothing was held. */
  reservation: Reservation | undefined;
  /** Undefined for a call that nobody read. */
  expected: Estimate | undefined;
}

/** Books an exchange: an entry of the ledger, what it used of all that counts it, and what there is to learn from it. */
export function bookExchange({ begun, deployment, outcome, cost, payers, counting, reservation, expected }: Spent, parts: BudgetParts): void {
  const entry = entryOf(begun, deployment, cost, outcome, parts.now());
  const { nanos, tokens } = useOf(begun, cost);
  parts.onCost(begun.identity.tenant.name, entry.deployment, nanos);
  const isUncounted = begun.fixedNanos === 0 && counting.all.length === 0; // a count of tokens, which uses nothing
  const counted = isUncounted ? counting.all : countedBy(payers, begun.served, [deployment.endpoint.name]);
  const used = charged(counted, { nanos, tokens }, begun, parts);
  if (reservation === undefined) parts.quotas.record(entry, used);
  else reservation.settle(entry, used);
  if (expected !== undefined) learn(expected, outcome, cost, parts);
  for (const meter of counting.withQueue) parts.paces.learn(meter.quota(begun.startedAt).id, meter.of === 'nanos' ? nanos : tokens);
  raiseWarnings(counting.withSteps, parts);
}

/** Books an attempt that was followed by another, where its provider bills it. */
export function bookAttempt(begun: Begun, attempt: FailedAttempt, payers: Payers, parts: BudgetParts): void {
  const { deployment } = attempt;
  const entry = attemptEntryOf(begun, parts.prices.quote(deployment, begun.startedAt), attempt);
  if (entry === undefined) return;
  parts.onCost(begun.identity.tenant.name, entry.deployment, entry.costNanos);
  // The request was counted once, with the answer that followed.
  const counted = countedBy(payers, begun.served, [deployment.endpoint.name]).filter(({ meter }) => meter.of === 'nanos' || meter.of === 'tokens');
  parts.quotas.record(entry, charged(counted, { nanos: entry.costNanos, tokens: entry.usage.inputTokens }, begun, parts));
}

const useOf = ({ fixedNanos }: Begun, { costNanos, usage }: Cost): Use => ({
  nanos: costNanos,
  tokens: fixedNanos === undefined ? usage.inputTokens + usage.outputTokens : 0,
});

/** What a use is charged to; a period's budget in the period in which the exchange began. */
function charged(counted: readonly Counted[], use: Use, { startedAt, identity }: Begun, { fairShares }: BudgetParts): Charge[] {
  const charges = chargesOf(counted, use, startedAt, true);
  for (const [index, { quota, amount }] of charges.entries()) {
    if (counted[index]?.isShared === true && quota.kind === 'rate') fairShares.used(quota, identity.tenant.name, amount);
  }
  return charges;
}

/** An answer that ended as its protocol says, with the provider's own usage, teaches what the next one may use. */
function learn({ key, countedTokens }: Estimate, { end, usage, deliveredBytes }: Outcome, { estimated }: Cost, { habits }: BudgetParts): void {
  if (end !== 'complete' || usage === undefined || estimated) return;
  habits.learn(key, { usage, deliveredBytes, countedInputTokens: countedTokens });
}
