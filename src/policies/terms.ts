import type { ReasoningEffort } from '../llm/request.ts';

/** What may be limited per time, or at once. */
export const limitedThings = ['requests', 'tokens', 'concurrent'] as const;

export const windows = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
export type Window = keyof typeof windows;

export const periods = ['day', 'week', 'month', 'quarter', 'year', 'total'] as const;
export type Period = (typeof periods)[number];

/** How many requests or tokens there may be per time, or how many requests at once. */
export interface Limit {
  of: (typeof limitedThings)[number];
  amount: number;
  /** The time it is per; undefined for `concurrent`. A token bucket: `amount` may come at once, and comes back over this time. */
  per: Window | undefined;
  /** Counts only requests that this model serves; undefined for all. */
  model: string | undefined;
  /** Counts only requests to this provider; undefined for all. */
  provider: string | undefined;
}

/** What may be spent per period. */
export interface Budget {
  /** Nano-dollars or tokens. */
  amount: bigint;
  unit: 'nanos' | 'tokens';
  per: Period;
  /** Where its days begin at midnight: an IANA name such as `Europe/Berlin`. */
  timeZone: string;
  /** Counts only what this model serves; undefined for all. */
  model: string | undefined;
  /** Counts only what this provider serves; undefined for all. */
  provider: string | undefined;
  /** What may be spent beyond `amount` before requests are refused, as a share of it. */
  grace: number;
  /** What is done as it is used up, by the share that is used, in ascending order. */
  ladder: readonly Step[];
}

/** What is done once a share of a budget is used: one of these. Further steps add to it; of two of a kind the later counts. */
export interface Step {
  /** Share of the budget's amount, 0 to 1. */
  at: number;
  does: StepAction;
}

export type StepAction =
  /** People are told: log, metric, webhook. */
  | { type: 'warn' }
  /** Models think no more than this. */
  | { type: 'effort'; effort: ReasoningEffort }
  /** Answers are no longer than this many tokens. */
  | { type: 'max-tokens'; maxTokens: number }
  /** Another model serves. */
  | { type: 'use'; model: string }
  /** Requests wait for their turn, so that the rest lasts for the period; at most this long, in milliseconds. */
  | { type: 'queue'; waitMs: number }
  /** Requests are refused. */
  | { type: 'deny' };

/** Somebody's limits and budgets: every request of theirs is held to all of them. */
export interface Terms {
  /** Whose: `tenant:NAME`, `key:ID`, `user:TENANT/NAME`, `model:NAME` or `provider:NAME`. */
  owner: string;
  limits: readonly Limit[];
  budgets: readonly Budget[];
}

/** Limits of models and of providers, by their names: all tenants together are held to them. */
export interface SharedTerms {
  models: ReadonlyMap<string, Terms>;
  providers: ReadonlyMap<string, Terms>;
}
