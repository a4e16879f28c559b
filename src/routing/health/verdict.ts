import type { AttemptOutcome } from './outcome.ts';

/**
 * What an attempt says of its deployment. `account`: the provider refused the account, which tells nothing of how it works.
 * `none`: the client went away, or the gateway itself was at fault. A request that the provider finds wrong was answered well.
 */
export type Verdict = 'good' | 'failed' | 'account' | 'none';

/** What an attempt says of its deployment. */
export function verdictOf({ status, failure }: Pick<AttemptOutcome, 'status' | 'failure'>): Verdict {
  if (failure === 'left' || failure === 'gateway') return 'none';
  if (isAboutAccount(status)) return 'account';
  if (failure !== undefined || status === 408 || status >= 500) return 'failed';
  return status === 0 ? 'none' : 'good';
}

const isAboutAccount = (status: number): boolean => status === 401 || status === 402 || status === 403 || status === 429;

/** What a provider has against an account, and whether at all its models or at this one. */
export interface Complaint {
  about: 'account' | 'deployment';
  reason: 'limited' | 'out-of-money' | 'refused';
}

/** What a status says against the account. Limits are often per model, and so are permissions: 403 is no judgement on the whole account, 401 is. */
export function complaintOf(status: number): Complaint | undefined {
  switch (status) {
    case 401:
      return { about: 'account', reason: 'refused' };
    case 402:
      return { about: 'account', reason: 'out-of-money' };
    case 403:
      return { about: 'deployment', reason: 'refused' };
    case 429:
      return { about: 'deployment', reason: 'limited' };
    default:
      return undefined;
  }
}
