import { GatewayError } from '../errors.ts';
import type { Shortage } from '../quotas/quotas.ts';
import { StoreError } from '../stores/store.ts';
import { dollarsDown, dollarsUp } from './dollars.ts';
import type { Meter } from './meters.ts';
import type { Budget } from './terms.ts';

/** The refusal of a request that a limit does not admit now. */
export function refusedByLimit(meter: Meter, { retryAfterMs, quota, needed }: Shortage): GatewayError {
  const retryAfterSeconds = Math.max(1, Math.ceil((retryAfterMs ?? 1000) / 1000));
  if (meter.budget === undefined && meter.of === 'concurrent') {
    const message = `${ownerName(meter.owner)} has ${quota.limit} requests under way, which is its limit. Try again when one of them is over.`;
    return new GatewayError('too-many-requests', message, { retryAfterSeconds });
  }
  const per = meter.budget === undefined ? ` per ${meter.limit.per}` : '';
  if (BigInt(needed) > quota.limit && meter.of === 'tokens') {
    const message = `This request may use up to ${needed} tokens, but ${ownerInSentence(meter.owner)} has a limit of ${quota.limit}${per}: no wait helps. Ask for fewer output tokens, or send less.`;
    return new GatewayError('rate-limited', message, { retryAfterSeconds });
  }
  const message = `${ownerName(meter.owner)} is at its limit of ${quota.limit} ${meter.of}${per}. Try again in ${retryAfterSeconds} s.`;
  return new GatewayError('rate-limited', message, { retryAfterSeconds });
}

/** The refusal of a request because its tenant has its part of what all tenants share, and little is left for the others. */
export function refusedByShare(meter: Meter, retryAfterMs: number): GatewayError {
  const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  const isPlaces = meter.budget === undefined && meter.of === 'concurrent';
  return new GatewayError(
    isPlaces ? 'too-many-requests' : 'rate-limited',
    `${ownerName(meter.owner)} is nearly at its limit${isPlaces ? ' of requests under way' : ` of ${meter.of}`}, and you have your part of it; the rest is for others. Try again in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  );
}

/** Refuses a request because the store cannot do its work: no bug, and the client may try again. Throws whatever else went wrong as it is. */
export function unaccountable(error: unknown): never {
  if (!(error instanceof StoreError)) throw error;
  throw new GatewayError('gateway-unavailable', 'The gateway cannot account for this request now. Try again later.', {
    cause: error,
    retryAfterSeconds: 1,
  });
}

/** What a request would have needed of a budget. */
export interface BudgetRefusal {
  owner: string;
  budget: Budget;
  shortage: Pick<Shortage, 'needed' | 'left' | 'running'>;
  /** When the budget begins afresh, in milliseconds since 1970; undefined for never. */
  renewsAt: number | undefined;
  /** How the same might cost less, where it might. */
  less: string | undefined;
}

/** The refusal of a request that a budget has not enough left for. */
export function refusedByBudget({ owner, budget, shortage, renewsAt, less }: BudgetRefusal): GatewayError {
  const { needed, left, running } = shortage;
  const [up, down] = budget.unit === 'nanos' ? [dollarsUp, dollarsDown] : [inTokens, inTokens];
  const reserved = running > 0n ? ` (${up(running)} more is reserved by requests under way)` : '';
  return new GatewayError(
    'budget-exceeded',
    `This request may cost up to ${up(BigInt(needed))}, but ${ownerInSentence(owner)} has ${down(left)} left of its ${down(budget.amount)} ${periodName(budget)}${reserved}. ` +
      mend(less, renewsAt, budget),
  );
}

/** The refusal of a request because a step of a budget's ladder denies all. */
export function refusedByStep(owner: string, budget: Budget, at: number, renewsAt: number | undefined): GatewayError {
  const share = `${Number((at * 100).toFixed(2))}%`;
  return new GatewayError(
    'budget-exceeded',
    `${ownerName(owner)} has used ${share} of its budget ${periodName(budget)}, where its config stops it. ${mend(undefined, renewsAt, budget)}`,
  );
}

/** The refusal of a request whose turn at a budget that is nearly spent comes too late. */
export function refusedByQueue(owner: string, retryAfterSeconds: number): GatewayError {
  return new GatewayError(
    'rate-limited',
    `The budget of ${ownerInSentence(owner)} is nearly spent, and requests wait for their turn so that it lasts. Try again in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  );
}

/** What ends a stream whose budget is spent. */
export function spentInStream(owner: string, budget: Budget, renewsAt: number | undefined): GatewayError {
  return new GatewayError(
    'budget-exceeded',
    `The answer was ended here: ${ownerInSentence(owner)} has spent its budget ${periodName(budget)}. ${mend(undefined, renewsAt, budget)}`,
  );
}

const inTokens = (count: bigint): string => `${count} tokens`;

const periodName = ({ per, model, provider }: Budget): string => {
  const of = [model && ` for model "${model}"`, provider && ` for provider "${provider}"`].filter(Boolean).join('');
  return `${per === 'total' ? 'in total' : `for this ${per}`}${of}`;
};

function mend(less: string | undefined, renewsAt: number | undefined, { timeZone }: Budget): string {
  const ask = less === undefined ? '' : `${less}, or `;
  if (renewsAt === undefined) return `${ask === '' ? 'Ask' : `${ask}ask`} the platform team for more.`;
  const day = new Date(renewsAt).toLocaleString('sv-SE', { timeZone }).slice(0, 16);
  return `${ask === '' ? 'Wait' : `${ask}wait`}: the budget starts afresh on ${day} (${timeZone}).`;
}

/** `tenant:marketing` in words, within a sentence. */
function ownerInSentence(owner: string): string {
  const at = owner.indexOf(':');
  const [kind, name] = [owner.slice(0, at), owner.slice(at + 1)];
  return kind === 'key' ? 'this key' : `${kind} "${name}"`;
}

/** `tenant:marketing` in words, as a sentence begins. */
function ownerName(owner: string): string {
  const words = ownerInSentence(owner);
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}
