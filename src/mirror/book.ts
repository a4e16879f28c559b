import { chargesOf, countedBy, type Counted } from '../policies/charges.ts';
import { chargedUsage } from '../pricing/charge.ts';
import type { Prices } from '../pricing/prices.ts';
import { noUsage } from '../llm/usage.ts';
import { deploymentName } from '../routing/deployment.ts';
import type { Quotas, Reservation } from '../quotas/quotas.ts';
import type { LedgerEntry } from '../stores/entry.ts';
import type { MirrorJob } from './mirror-job.ts';
import type { MirrorResult } from './mirror-result.ts';
import type { CopyCourse } from './run-copy.ts';

/** Whom a copy is charged to in the ledger. No virtual key can have such a name. */
const keyOf = (askedModel: string): string => `mirror:${askedModel}`;

/** What a copy that reached its provider costs; without a price, what was reserved for it. */
type Cost = Pick<LedgerEntry, 'usage' | 'estimated' | 'costNanos' | 'unpriced' | 'priceVersion'>;

/** Nothing was sent, so nothing is charged. */
const noCost: Cost = { usage: noUsage, estimated: false, costNanos: 0, unpriced: false, priceVersion: '' };

/** What is held for a copy. */
export interface Reserved {
  reservation: Reservation;
  nanos: number;
}

export interface BookOptions {
  quotas: Pick<Quotas, 'record'>;
  prices: Prices;
  /** Undefined where nothing was held. */
  reserved: Reserved | undefined;
}

/** Books a copy that reached its provider, once, and tells what came of it. */
export function book(job: MirrorJob, course: CopyCourse, { quotas, prices, reserved }: BookOptions): MirrorResult {
  const cost = course.end === 'refused' ? noCost : costOf(job, course, prices, reserved);
  if (course.end !== 'refused') {
    const entry = entryOf(job, course, cost);
    const { inputTokens, outputTokens } = cost.usage;
    const used = chargesOf(countedFor(job), { nanos: cost.costNanos, tokens: inputTokens + outputTokens }, course.startedAt, true);
    if (reserved === undefined) quotas.record(entry, used);
    else reserved.reservation.settle(entry, used);
  }
  return resultOf(job, course, cost);
}

/** The budgets that pay for a copy. Limits of requests are for requests: nobody asked for a copy. */
export const countedFor = ({ payer, model, deployment }: MirrorJob): Counted[] =>
  countedBy({ terms: payer.terms, shared: { models: new Map(), providers: new Map() } }, model, [deployment.endpoint.name]).filter(
    ({ meter }) => meter.budget !== undefined,
  );

function costOf(
  { deployment }: MirrorJob,
  { end, status, requestBytes, notes, startedAt }: CopyCourse,
  prices: Prices,
  reserved: Reserved | undefined,
): Cost {
  const { usage, estimated } = chargedUsage({ end, status, usage: notes.usage, requestBytes, deliveredBytes: notes.deliveredBytes });
  const quote = prices.quote(deployment, startedAt);
  const costNanos = quote?.costNanos(usage);
  return {
    usage,
    estimated,
    costNanos: costNanos ?? reserved?.nanos ?? 0,
    unpriced: costNanos === undefined,
    priceVersion: quote?.versionFor(usage.serviceTier) ?? '',
  };
}

const entryOf = (
  { request, deployment, model, payer, exchange }: MirrorJob,
  { end, status, startedAt, endedAt, failure }: CopyCourse,
  cost: Cost,
): LedgerEntry => ({
  id: `${exchange}.mirror`,
  exchange,
  kind: 'mirror',
  tenants: payer.chain,
  user: '',
  key: keyOf(request.facts.model),
  protocol: request.protocol.name,
  model,
  served: model,
  route: '',
  provider: deployment.endpoint.name,
  deployment: deploymentName(deployment),
  providerModel: deployment.model,
  attempts: 1,
  ...cost,
  cache: 'none',
  end,
  status,
  reason: failure?.kind ?? '',
  step: '',
  experiments: [],
  labels: {},
  startedAt,
  endedAt,
});

function resultOf({ request, deployment, model, payer, exchange }: MirrorJob, course: CopyCourse, cost: Cost): MirrorResult {
  const { notes, failure, startedAt, headersAt, endedAt, end, status, warnings } = course;
  const after = (at: number | undefined): number | undefined => (at === undefined ? undefined : at - startedAt);
  return {
    exchange,
    askedModel: request.facts.model,
    model,
    deployment: deploymentName(deployment),
    tenant: payer.name,
    protocol: request.protocol.name,
    startedAt,
    status,
    end,
    failure: failure && { kind: failure.kind, message: failure.message },
    headersMs: after(headersAt),
    firstTokenMs: after(notes.firstTokenAt),
    totalMs: endedAt - startedAt,
    finish: notes.finish,
    ...cost,
    warnings,
    text: notes.text,
    textLength: notes.textLength,
    toolCalls: notes.toolCalls,
  };
}
