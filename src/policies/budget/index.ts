import type { ClientRequest } from '../../protocols/client-request.ts';
import type { Habits } from '../../pricing/habits.ts';
import type { Prices } from '../../pricing/prices.ts';
import type { Quotas } from '../../quotas/quotas.ts';
import type { CallerLabels } from '../../usage/labels.ts';
import type { Opening, Policy, PolicyRun } from '../policy.ts';
import type { Alert } from './alerts.ts';
import { BudgetRun } from './budget-run.ts';
import type { FairShares } from './fair-share.ts';
import type { Paces } from './pace.ts';

/** What budgets work with. */
export interface BudgetParts {
  quotas: Quotas;
  prices: Prices;
  habits: Habits;
  paces: Paces;
  fairShares: FairShares;
  /** The caller's labels of a request, bounded in their values, and what of them could not be taken. */
  labelsOf: (opening: Pick<Opening, 'headers' | 'identity'>, request: ClientRequest | undefined) => CallerLabels;
  /** Nano-dollars that a call costs which passes through unread, by its group; undefined where nobody has set it. */
  passThroughNanos: (group: string) => number | undefined;
  /** Tells people that a step `warn` is reached; called often, so it tells each only once. */
  warn: (alert: Alert) => void;
  /** Hears of a request that a limit refused, for metrics. */
  onLimited: (owner: string, of: 'nanos' | 'tokens' | 'requests' | 'concurrent') => void;
  /** Hears what was booked, for metrics. */
  onCost: (tenant: string, deployment: string, nanos: number) => void;
  /** Hears of a step that was taken, for metrics. */
  onStep: (owner: string, step: string) => void;
  /** Milliseconds since 1970. */
  now: () => number;
}

/**
 * Spends money and tokens only if they are there: takes the steps of a budget's ladder, reserves what a request may cost, holds more while its answer streams or ends it,
 * books what it did cost, and enters every exchange that reached a provider in the ledger. Closed on failure: where nothing can be accounted for, the request is refused.
 */
export const createBudget = (parts: BudgetParts): Policy => ({
  name: 'budget',
  open: (opening): PolicyRun => new BudgetRun(opening, parts),
});
