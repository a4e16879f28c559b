import { noUsage, type Usage } from '../../llm/usage.ts';
import { chargedUsage } from '../../pricing/charge.ts';
import type { Quote } from '../../pricing/quote.ts';
import { deploymentName, type Deployment } from '../../routing/deployment.ts';
import type { LedgerEntry } from '../../stores/entry.ts';
import type { FailedAttempt, Outcome } from '../policy.ts';
import type { Identity } from '../tenant.ts';

/** What the ledger needs of an exchange besides how it ended; the request itself is not kept while the answer runs. */
export interface Begun {
  exchange: string;
  identity: Identity;
  startedAt: number;
  protocol: LedgerEntry['protocol'];
  /** The name the client asked for. */
  model: string;
  served: string;
  route: string;
  step: string;
  labels: Readonly<Record<string, string>>;
  /** What a call costs whatever tokens are told of; undefined where tokens are charged. */
  fixedNanos: number | undefined;
  /** What was reserved in money: the cost of a use that has no price. */
  reservedNanos: number;
  /** Estimates for where the provider tells of no usage. */
  inputTokens: number;
  maxOutputTokens: number | undefined;
  tokensPerByte: number;
}

type Cost = Pick<LedgerEntry, 'usage' | 'estimated' | 'costNanos' | 'unpriced' | 'priceVersion'>;

/** What the ledger keeps of an exchange. `quote`: of the deployment that answered; undefined where no price is known. */
export function entryOf(begun: Begun, deployment: Deployment, quote: Quote | undefined, outcome: Outcome, endedAt: number): LedgerEntry {
  return {
    ...common(begun, deployment),
    id: begun.exchange,
    kind: 'exchange',
    attempts: outcome.attempts,
    ...costOf(begun, quote, outcome),
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
  const usage = { ...noUsage, inputTokens: begun.inputTokens };
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

/** What an exchange used and cost. */
export function costOf(begun: Begun, quote: Quote | undefined, outcome: Outcome): Cost {
  const { fixedNanos, inputTokens, maxOutputTokens, tokensPerByte, reservedNanos } = begun;
  if (fixedNanos !== undefined) {
    const costNanos = outcome.status >= 400 ? 0 : fixedNanos; // a call that the provider refused costs nothing
    return { usage: noUsage, estimated: false, costNanos, unpriced: false, priceVersion: fixedNanos === 0 ? '' : 'config' };
  }
  const { usage, estimated } = chargedUsage({ ...outcome, inputTokens, ...(maxOutputTokens !== undefined && { maxOutputTokens }), tokensPerByte });
  return priced(begun, quote, usage, estimated, reservedNanos);
}

/** Whoever brings a credential of their own is billed by the provider, not by us. */
function priced({ identity }: Begun, quote: Quote | undefined, usage: Usage, estimated: boolean, otherwiseNanos: number): Cost {
  if (identity.ownCredential !== undefined) return { usage, estimated, costNanos: 0, unpriced: false, priceVersion: 'own key' };
  const costNanos = quote?.costNanos(usage);
  return { usage, estimated, costNanos: costNanos ?? otherwiseNanos, unpriced: costNanos === undefined, priceVersion: quote?.version ?? '' };
}
