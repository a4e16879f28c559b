import type { BreakerOptions } from './breaker-options.ts';
import type { Breaker } from './breaker.ts';
import type { DeploymentKnowledge } from './knowledge.ts';
import { readWait } from './limit-headers.ts';
import type { AttemptOutcome } from './outcome.ts';
import { dropProbe, standingOf } from './rest.ts';
import type { SetAside } from './set-aside.ts';
import { complaintOf, verdictOf } from './verdict.ts';

/** A 403 may be about one request alone, such as its content: only so many in a row are about the deployment. */
const enoughForbidden = 3;

/** Draws from an outcome what it means for the account: a success clears it and its deployment, a complaint sets one of them aside, and from anything else nothing follows. */
export function judgeAccount(account: SetAside, known: DeploymentKnowledge, outcome: AttemptOutcome, now: number): void {
  const { status, failure, startedAt, headers } = outcome;
  const isTold = failure !== 'left' && failure !== 'gateway';
  const complaint = isTold ? complaintOf(status) : undefined;
  if (failure === undefined && status >= 200 && status < 400) {
    known.forbiddenInRow = 0;
    account.succeeded(startedAt);
    known.setAside.succeeded(startedAt);
  } else if (complaint?.about === 'account') {
    account.complained(complaint.reason, startedAt, readWait(headers, now));
  } else if (complaint !== undefined && isOfDeployment(status, known) && standingOf(account.rest, now).type !== 'resting') {
    known.setAside.complained(complaint.reason, startedAt, readWait(headers, now));
  }
  for (const { rest } of [account, known.setAside]) dropProbe(rest, startedAt);
}

function isOfDeployment(status: number, known: DeploymentKnowledge): boolean {
  if (status !== 403) return true;
  known.forbiddenInRow += 1;
  return known.forbiddenInRow >= enoughForbidden;
}

/** Draws from an outcome what it means for the deployment. */
export function judgeDeployment(known: DeploymentKnowledge, outcome: AttemptOutcome, isStream: boolean, options: BreakerOptions): void {
  const { breaker, toldFailures } = known;
  const { startedAt } = outcome;
  switch (verdictOf(outcome)) {
    case 'none':
    case 'account':
      return dropProbe(breaker.rest, startedAt);
    case 'failed':
      return toldFailures.takesOutcome() ? undefined : breaker.failed(startedAt, options);
    case 'good':
      return toldFailures.takesOutcome() ? undefined : succeeded(breaker, outcome, isStream, options);
  }
}

/** How slow a stream is, its first content tells; its first byte may come long before. */
function succeeded(breaker: Breaker, { startedAt, firstByteMs }: AttemptOutcome, isStream: boolean, options: BreakerOptions): void {
  if (!isStream && firstByteMs !== undefined) breaker.measured(firstByteMs, startedAt, options);
  breaker.succeeded(startedAt, options);
}
