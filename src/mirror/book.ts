import { chargedUsage } from '../pricing/charge.ts';
import type { Prices } from '../pricing/prices.ts';
import { noUsage } from '../llm/usage.ts';
import { deploymentName } from '../routing/deployment.ts';
import type { Hold, Ledger, LedgerEntry } from '../stores/ledger.ts';
import type { MirrorJob } from './mirror-job.ts';
import type { MirrorResult } from './mirror-result.ts';
import type { CopyCourse } from './run-copy.ts';

/** Whom a copy is charged to in the ledger. No virtual key can have such a name. */
const keyOf = (askedModel: string): string => `mirror:${askedModel}`;

/** What a copy that reached its provider costs; without a price, what was reserved for it. */
type Charge = Pick<LedgerEntry, 'usage' | 'estimated' | 'costNanos' | 'unpriced'>;

/** Nothing was sent, so nothing is charged. */
const noCharge: Charge = { usage: noUsage, estimated: false, costNanos: 0, unpriced: false };

/** Books a copy that reached its provider, once, and tells what came of it. `hold` is what was reserved for it, if anything was. */
export function book(job: MirrorJob, course: CopyCourse, { ledger, prices, hold }: BookOptions): MirrorResult {
  const charge = course.end === 'refused' ? noCharge : chargeOf(job, course, prices, hold);
  if (course.end !== 'refused') {
    const entry = entryOf(job, course, charge);
    if (hold === undefined) ledger.record(entry);
    else hold.settle(entry);
  }
  return resultOf(job, course, charge);
}

export interface BookOptions {
  ledger: Pick<Ledger, 'record'>;
  prices: Prices;
  hold: Hold | undefined;
}

function chargeOf({ deployment }: MirrorJob, { end, status, requestBytes, notes }: CopyCourse, prices: Prices, hold: Hold | undefined): Charge {
  const { usage, estimated } = chargedUsage({ end, status, usage: notes.usage, requestBytes, deliveredBytes: notes.deliveredBytes });
  const costNanos = prices.costNanos(deployment, usage);
  return { usage, estimated, costNanos: costNanos ?? hold?.amountNanos ?? 0, unpriced: costNanos === undefined };
}

const entryOf = (
  { request, deployment, model, payer, exchange }: MirrorJob,
  { end, status, startedAt }: CopyCourse,
  charge: Charge,
): LedgerEntry => ({
  exchange,
  tenant: payer.name,
  key: keyOf(request.facts.model),
  protocol: request.protocol.name,
  model,
  deployment: deploymentName(deployment),
  providerModel: deployment.model,
  ...charge,
  end,
  status,
  attempts: 1,
  experiments: [],
  startedAt,
});

function resultOf({ request, deployment, model, payer, exchange }: MirrorJob, course: CopyCourse, charge: Charge): MirrorResult {
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
    ...charge,
    warnings,
    text: notes.text,
    textLength: notes.textLength,
    toolCalls: notes.toolCalls,
  };
}
