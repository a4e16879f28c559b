import { GatewayError } from '../errors.ts';
import { noUsage } from '../llm/usage.ts';
import { chargedUsage, mostUsage } from '../pricing/charge.ts';
import type { Prices } from '../pricing/prices.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import { deploymentName, type Deployment } from '../routing/deployment.ts';
import { StoreError, type Hold, type Ledger, type LedgerEntry } from '../stores/ledger.ts';
import { periodEnd } from '../stores/period.ts';
import { dollarsDown, dollarsUp } from './dollars.ts';
import type { Outcome, Policy, PolicyRun } from './policy.ts';
import type { Identity } from './tenant.ts';

/** What a budget works with. */
export interface BudgetParts {
  ledger: Ledger;
  prices: Prices;
  /** Nano-dollars that a call costs which passes through unread, by its group; undefined where nobody has set it. */
  passThroughNanos: (group: string) => number | undefined;
  /** Milliseconds since 1970. */
  now: () => number;
}

/**
 * Spends a tenant's money only if it is there: reserves what a request may cost, books what it did cost, and enters every exchange that reached a provider in the ledger.
 * Closed on failure: where the ledger cannot account for a request, it is refused.
 */
export const createBudget = (parts: BudgetParts): Policy => ({
  name: 'budget',
  open: ({ id, identity }) => openBudget(id, identity, parts),
});

function openBudget(exchange: string, identity: Identity, { ledger, prices, passThroughNanos, now }: BudgetParts): PolicyRun {
  const { tenant } = identity;
  const startedAt = now();
  let asked: Asked | undefined;
  let hold: Hold | undefined;
  let isSettled = false;

  /** `less` says how the same might cost less, where it might. */
  async function reserve({ amountNanos: limitNanos }: NonNullable<Identity['tenant']['budget']>, amountNanos: number, less?: string): Promise<void> {
    const reserved = await unlessBroken(() => ledger.reserve({ tenant: tenant.name, amountNanos, limitNanos }));
    if (reserved === undefined) throw exceeded(tenant.name, { amountNanos, limitNanos, less }, ledger, now());
    // The client may have left while the ledger was asked.
    if (isSettled) reserved.release();
    else hold = reserved;
  }

  return {
    async onChain(request, chain) {
      const isFree = request.protocol.operation === 'count-tokens'; // nobody bills it, and what is counted was not used
      asked = { protocol: request.protocol.name, model: request.facts.model, ...(isFree && { costNanos: 0 }) };
      if (tenant.budget === undefined || isFree) return;
      const less = request.protocol.operation === 'chat' ? 'Ask for fewer output tokens' : 'Send less';
      await reserve(tenant.budget, mostNanos(request, chain, prices), less);
    },

    async onPassThrough(group) {
      const costNanos = passThroughNanos(group);
      asked = { protocol: 'pass-through', model: group, costNanos: costNanos ?? 0 };
      if (tenant.budget === undefined) return;
      if (costNanos === undefined) {
        throw new GatewayError(
          'unpriced-model',
          `No price is set for calls to ${group}, so no budget can pay for one. Set passThrough.prices.${group} in the config.`,
        );
      }
      await reserve(tenant.budget, costNanos);
    },

    onSettled(outcome) {
      if (isSettled) return;
      isSettled = true;
      try {
        if (asked === undefined || outcome.deployment === undefined || outcome.attempts === 0) return;
        const entry = entryOf({ exchange, identity, startedAt, reservedNanos: hold?.amountNanos ?? 0 }, asked, outcome.deployment, outcome, prices);
        if (hold === undefined) ledger.record(entry);
        else hold.settle(entry);
      } finally {
        hold?.release(); // does nothing after a settle
      }
    },
  };
}

/** What the ledger needs of a request; the request itself is not kept while the answer runs. */
interface Asked {
  protocol: LedgerEntry['protocol'];
  model: string;
  /** What a call costs whatever tokens are told of. */
  costNanos?: number;
}

interface Begun {
  exchange: string;
  identity: Identity;
  startedAt: number;
  reservedNanos: number;
}

/** What the ledger keeps of an exchange. A cost that is not known is what was reserved for it: 0 without a budget. */
function entryOf(
  begun: Begun,
  { protocol, model, costNanos: fixedNanos }: Asked,
  deployment: Deployment,
  outcome: Outcome,
  prices: Prices,
): LedgerEntry {
  const { usage, estimated } = fixedNanos === undefined ? chargedUsage(outcome) : { usage: noUsage, estimated: false };
  const costNanos = fixedNanos === undefined ? prices.costNanos(deployment, usage) : costOfCall(fixedNanos, outcome);
  return {
    exchange: begun.exchange,
    tenant: begun.identity.tenant.name,
    key: begun.identity.key,
    protocol,
    model,
    deployment: deploymentName(deployment),
    providerModel: deployment.model,
    usage,
    costNanos: costNanos ?? begun.reservedNanos,
    estimated,
    unpriced: costNanos === undefined,
    end: outcome.end,
    status: outcome.status,
    attempts: outcome.attempts,
    experiments: outcome.experiments,
    startedAt: begun.startedAt,
  };
}

/** A call that the provider refused costs nothing. */
const costOfCall = (nanos: number, { status }: Outcome): number => (status >= 400 ? 0 : nanos);

/** What a request may cost at the dearest deployment of its chain. */
function mostNanos(request: ClientRequest, chain: readonly Deployment[], prices: Prices): number {
  const usage = mostUsage(request);
  return Math.max(
    0,
    ...chain.map((deployment) => {
      const costNanos = prices.costNanos(deployment, usage);
      if (costNanos !== undefined) return costNanos;
      const name = deploymentName(deployment);
      throw new GatewayError(
        'unpriced-model',
        `The price of "${name}" is not known, so no budget can pay for it. Give its target a "price" in the config.`,
      );
    }),
  );
}

/** A store that cannot do its work is no bug, and the client may try again. */
async function unlessBroken<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new GatewayError('gateway-unavailable', 'The gateway cannot account for this request now. Try again later.', { cause: error });
  }
}

interface Wish {
  amountNanos: number;
  limitNanos: bigint;
  less: string | undefined;
}

function exceeded(tenant: string, { amountNanos, limitNanos, less }: Wish, ledger: Ledger, instant: number): GatewayError {
  const reserved = ledger.reserved(tenant);
  const left = limitNanos - ledger.spent(tenant) - reserved;
  const running = reserved > 0n ? ` (${dollarsUp(reserved)} more is reserved by requests under way)` : '';
  const renewal = new Date(periodEnd(instant)).toISOString().slice(0, 10);
  return new GatewayError(
    'budget-exceeded',
    `This request may cost up to ${dollarsUp(BigInt(amountNanos))}, but tenant "${tenant}" has ${dollarsDown(left)} left ` +
      `of its ${dollarsDown(limitNanos)} for this month${running}. ${less === undefined ? 'Wait' : `${less}, or wait`}: the budget starts afresh on ${renewal} (UTC).`,
  );
}
