import type { Budget, Limit, Step, StepAction, Terms } from '../policies/terms.ts';
import { toNanos } from './nanos.ts';
import type { BudgetConfig, LimitConfig } from './schema-terms.ts';

/** Limits and budgets as the config has them. */
export interface TermsConfig {
  limits: readonly LimitConfig[];
  budget?: BudgetConfig | undefined;
  budgets: readonly BudgetConfig[];
}

/** Somebody's limits and budgets. `timeZone` is where their days begin. */
export function toTerms(owner: string, { limits, budget, budgets }: TermsConfig, timeZone: string): Terms {
  return Object.freeze({
    owner,
    limits: limits.map(toLimit),
    budgets: [...(budget === undefined ? [] : [budget]), ...budgets].map((each) => toBudget(each, timeZone)),
  });
}

export function toLimit({ requests, tokens, concurrent, per, model, provider }: LimitConfig): Limit {
  const of = requests !== undefined ? 'requests' : tokens !== undefined ? 'tokens' : 'concurrent';
  return Object.freeze({ of, amount: requests ?? tokens ?? concurrent ?? 0, per, model, provider });
}

export function toBudget({ amount, tokens, per, model, provider, grace, ladder }: BudgetConfig, timeZone: string): Budget {
  return Object.freeze({
    amount: tokens === undefined ? toNanos(amount ?? 0) : BigInt(tokens),
    unit: tokens === undefined ? 'nanos' : 'tokens',
    per,
    timeZone,
    model,
    provider,
    grace,
    ladder: ladder.map(toStep).toSorted((a, b) => a.at - b.at),
  });
}

const toStep = ({ at, ...step }: BudgetConfig['ladder'][number]): Step => Object.freeze({ at, does: toAction(step) });

function toAction({ warn, effort, maxTokens, use, queue }: Omit<BudgetConfig['ladder'][number], 'at'>): StepAction {
  if (warn !== undefined) return { type: 'warn' };
  if (effort !== undefined) return { type: 'effort', effort };
  if (maxTokens !== undefined) return { type: 'max-tokens', maxTokens };
  if (use !== undefined) return { type: 'use', model: use };
  if (queue !== undefined) return { type: 'queue', waitMs: queue };
  return { type: 'deny' };
}
