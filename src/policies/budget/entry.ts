import { noUsage, type Usage } from '../../llm/usage.ts';
import { chargedUsage } from '../../pricing/charge.ts';
import type { Quote } from '../../pricing/quote.ts';
import { deploymentName, type Deployment } from '../../routing/deployment.ts';
import type { LedgerEntry } from '../../stores/entry.ts';
import type { FailedAttempt, Outcome } from '../policy.ts';
import type { Begun } from './begun.ts';

/** What an exchange, or an attempt of it, used and cost. */
export type Cost = Pick<LedgerEntry, 'usage' | 'estimated' | 'costNanos' | 'unpriced' | 'priceVersion'>;

/** What the ledger keeps of an exchange that a deployment answered. */
export function entryOf(begun: Begun, deployment: Deployment, cost: Cost, outcome: Outcome, endedAt: number): LedgerEntry {
  return {
    ...common(begun, deployment),
    id: begun.exchange,
    kind: 'exchange',
    attempts: outcome.attempts,
    usage: cost.usage,
    estimated: cost.estimated,
    costNanos: cost.costNanos,
    unpriced: cost.unpriced,
    priceVersion: cost.priceVersion,
    end: outcome.end,
    status: outcome.status,
    reason: outcome.reason,
    experiments: outcome.experiments,
    endedAt,
  };
}

/** What a failed attempt cost, where its provider bills it: one that we broke off, or that had begun to answer. It has read its input by then. Undefined where it does not. */
export function attemptEntryOf(begun: Begun, quote: Quote | undefined, { number, deployment, outcome }: FailedAttempt): LedgerEntry | undefined {
  const isBilled = outcome.failure === 'timeout' || (outcome.status >= 200 && outcome.status < 300);
  if (!isBilled || begun.fixedNanos !== undefined) return undefined;
  const usage = { ...noUsage, inputTokens: begun.inputTokens, serviceTier: begun.serviceTier };
  return {
    ...common(begun, deployment),
    id: `${begun.exchange}.${number}`,
    kind: 'attempt',
    attempts: 1,
    ...priced(begun, quote, usage, true, 0),
    end: 'failed',
    status: outcome.status,
    reason: outcome.failure ?? 'rerouted',
    experiments: [],
    startedAt: outcome.startedAt,
    endedAt: outcome.startedAt + outcome.durationMs,
  };
}

function common({ exchange, identity, startedAt, protocol, model, served, route, step, labels }: Begun, deployment: Deployment) {
  return {
    exchange,
    tenants: identity.tenant.chain,
    user: identity.user ?? '',
    key: identity.keyId,
    protocol,
    model,
    served,
    route,
    provider: deployment.endpoint.name,
    deployment: deploymentName(deployment),
    providerModel: deployment.model,
    cache: 'none',
    step,
    labels,
    startedAt,
  } satisfies Partial<LedgerEntry>;
}

/** What an exchange used and cost. `quote`: of the deployment that answered; undefined where no price is known. */
export function costOf(begun: Begun, quote: Quote | undefined, outcome: Outcome): Cost {
  const { fixedNanos, inputTokens, maxOutputTokens, tokensPerByte, serviceTier, reservedNanos } = begun;
  if (fixedNanos !== undefined) {
    const costNanos = outcome.status >= 400 ? 0 : fixedNanos; // a call that the provider refused costs nothing
    return { usage: noUsage, estimated: false, costNanos, unpriced: false, priceVersion: fixedNanos === 0 ? '' : 'config' };
  }
  const { end, status, usage: reported, requestBytes, deliveredBytes } = outcome;
  const answer = { end, status, usage: reported, requestBytes, deliveredBytes, inputTokens, maxOutputTokens, tokensPerByte, serviceTier };
  const { usage, estimated } = chargedUsage(answer);
  return priced(begun, quote, usage, estimated, reservedNanos);
}

/** Whoever brings a credential of their own is billed by the provider, not by us. */
function priced({ identity }: Begun, quote: Quote | undefined, usage: Usage, estimated: boolean, otherwiseNanos: number): Cost {
  if (identity.ownCredential !== undefined) return { usage, estimated, costNanos: 0, unpriced: false, priceVersion: 'own key' };
  const costNanos = quote?.costNanos(usage);
  return {
    usage,
    estimated,
    costNanos: costNanos ?? otherwiseNanos,
    unpriced: costNanos === undefined,
    priceVersion: quote?.versionFor(usage.serviceTier) ?? '',
  };
}
