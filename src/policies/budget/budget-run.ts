import { GatewayError } from '../../errors.ts';
import type { Part } from '../../llm/part.ts';
import { isShortage, type Reservation, type Shortage } from '../../quotas/quotas.ts';
import type { ChatParameters } from '../../protocols/chat-parameters.ts';
import type { ClientRequest } from '../../protocols/client-request.ts';
import { deploymentName, type Deployment } from '../../routing/deployment.ts';
import type { Charge } from '../../stores/quota.ts';
import { unaccountable } from '../limits.ts';
import { metersOf, type Meter } from '../meters.ts';
import type { FailedAttempt, Guidance, Opening, Outcome, PolicyRun, Routed } from '../policy.ts';
import { refusedByBudget, refusedByLimit, spentInStream } from '../refusals.ts';
import { budgetHeaders, costHeader } from './budget-headers.ts';
import { attemptEntryOf, costOf, entryOf, type Begun } from './entry.ts';
import { dearest, estimate, type Estimate } from './estimate.ts';
import { guidanceOf, raiseWarnings, stepMeters } from './guidance.ts';
import type { BudgetParts } from './index.ts';
import { chargesOf, countedBy, providersOf, type Counted, type Payers, type Use } from '../charges.ts';
import { renewalOf } from './renewal.ts';
import { StreamWatch } from './stream-watch.ts';

type Header = readonly [name: string, value: string];

/** The budget's part in one exchange. */
export class BudgetRun implements PolicyRun {
  readonly #opening: Opening;
  readonly #parts: BudgetParts;
  readonly #startedAt: number;
  #begun: Begun | undefined;
  #estimate: Estimate | undefined;
  #counted: readonly Counted[] = [];
  #reservation: Reservation | undefined;
  #steps: readonly string[] = [];
  #isSettled = false;

  constructor(opening: Opening, parts: BudgetParts) {
    this.#opening = opening;
    this.#parts = parts;
    this.#startedAt = parts.now();
  }

  onRoute(request: ClientRequest): Guidance | undefined | Promise<Guidance | undefined> {
    if (request.protocol.operation === 'count-tokens') return undefined;
    const { quotas, now } = this.#parts;
    const meters = stepMeters(this.#opening, request.facts.model);
    if (meters.length === 0) return undefined;
    const known = quotas.know(meters.map((meter) => meter.quota(now())));
    return known === undefined ? this.#guide(meters, request) : known.then(() => this.#guide(meters, request));
  }

  #guide(meters: readonly Meter[], request: ClientRequest): Guidance {
    const { guidance, steps } = guidanceOf(meters, request, this.#opening, this.#parts);
    this.#steps = steps;
    return { ...guidance, ...(steps.length > 0 && { steps }) };
  }

  async onChain(request: ClientRequest, routed: Routed): Promise<ClientRequest> {
    const { protocol, facts } = request;
    const isFree = protocol.operation === 'count-tokens'; // nobody bills it, and what is counted was not used
    const counted = isFree ? [] : countedBy(this.#payers, routed.served, providersOf(routed.chain));
    const expected = estimate(request, routed.chain, this.#opening.identity.tenant.name, this.#parts.habits);
    this.#estimate = expected;
    this.#begin(request, routed, isFree ? 0 : undefined, expected);
    if (counted.length === 0) return request;
    const tokens = Math.min(Number.MAX_SAFE_INTEGER, expected.inputTokens + expected.outputTokens); // of any number of tokens, times choices
    const use = { nanos: this.#mostNanos(counted, expected, routed.chain), tokens, likelyTokens: expected.likelyTokens };
    await this.#reserve(counted, use, protocol.operation === 'chat' ? 'Ask for fewer output tokens' : 'Send less');
    const isBudgeted = counted.some(({ meter }) => meter.budget !== undefined);
    const isCapped = isBudgeted && expected.cap !== undefined && facts.maxTokens === undefined;
    return isCapped && protocol.parameterEdits !== undefined ? request.withParameters({ maxTokens: expected.cap } satisfies ChatParameters) : request;
  }

  async onPassThrough(group: string, deployment: Deployment): Promise<void> {
    const nanos = this.#parts.passThroughNanos(group);
    this.#begin(undefined, { served: group, route: '', chain: [deployment] }, nanos ?? 0, undefined);
    const counted = countedBy(this.#payers, group, [deployment.endpoint.name]);
    if (counted.length === 0) return;
    if (nanos === undefined && counted.some(({ meter }) => meter.of === 'nanos')) {
      throw new GatewayError(
        'unpriced-model',
        `No price is set for calls to ${group}, so no budget can pay for one. Set passThrough.prices.${group} in the config.`,
      );
    }
    await this.#reserve(counted, { nanos: nanos ?? 0, tokens: 0 });
  }

  mayCall(provider: string): boolean {
    const { quotas, now } = this.#parts;
    const terms = this.#opening.shared.providers.get(provider);
    if (terms === undefined) return true;
    return metersOf(terms).every((meter) => (quotas.standing(meter.quota(now()))?.left ?? 1) > 0);
  }

  observer(deployment: Deployment): ((part: Part) => void) | undefined {
    const reservation = this.#reservation;
    const expected = this.#estimate;
    const budgets = this.#counted.filter(({ meter }) => meter.budget !== undefined);
    const [first] = budgets;
    if (reservation === undefined || expected === undefined || first === undefined) return undefined;
    const { prices, habits } = this.#parts;
    const held = (of: 'nanos' | 'tokens'): number => this.#heldFor(budgets, reservation, of);
    const hold = {
      nanos: held('nanos'),
      tokens: held('tokens'),
      more: (nanos: number, tokens: number): boolean | Promise<boolean> => {
        const grow = (isHeld: boolean): boolean => {
          if (isHeld) [hold.nanos, hold.tokens] = [hold.nanos + nanos, hold.tokens + tokens];
          return isHeld;
        };
        const answer = reservation.adjust(chargesOf(budgets, { nanos, tokens }, this.#startedAt));
        return answer instanceof Promise ? answer.then(grow) : grow(answer);
      },
    };
    const watch = new StreamWatch({
      hold,
      quote: this.#ownsCredential ? undefined : prices.quote(deployment, this.#startedAt),
      inputTokens: expected.inputTokens,
      tokensPerByte: habits.tokensPerByte(expected.key),
      outputTokens: expected.outputTokens,
      stop: () => {
        const { owner, budget } = this.#tightest(budgets);
        throw spentInStream(owner, budget, renewalOf(budget, this.#startedAt));
      },
    });
    return (part) => watch.see(part);
  }

  headers(): readonly Header[] {
    return budgetHeaders(this.#opening.identity.terms, this.#steps, this.#parts);
  }

  endHeaders(outcome: Outcome): readonly Header[] {
    const { deployment } = outcome;
    if (this.#begun === undefined || deployment === undefined) return [];
    const { costNanos, unpriced } = costOf(this.#begun, this.#parts.prices.quote(deployment, this.#startedAt), outcome);
    return unpriced ? [] : [costHeader(costNanos)];
  }

  onAttempt(attempt: FailedAttempt): void {
    const { deployment } = attempt;
    const entry = this.#begun && attemptEntryOf(this.#begun, this.#parts.prices.quote(deployment, this.#startedAt), attempt);
    if (entry === undefined) return;
    this.#parts.onCost(this.#opening.identity.tenant.name, entry.deployment, entry.costNanos);
    this.#parts.quotas.record(entry, this.#charges(deployment, { nanos: entry.costNanos, tokens: entry.usage.inputTokens }, 'attempt'));
  }

  onSettled(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    const { deployment, attempts } = outcome;
    try {
      if (this.#begun === undefined || deployment === undefined || attempts === 0) return;
      this.#book(this.#begun, deployment, outcome);
    } finally {
      this.#reservation?.release(); // does nothing after a settle
    }
  }

  #book(begun: Begun, deployment: Deployment, outcome: Outcome): void {
    const { quotas, prices, habits, paces, now } = this.#parts;
    const entry = entryOf(begun, deployment, prices.quote(deployment, this.#startedAt), outcome, now());
    const use = { nanos: entry.costNanos, tokens: begun.fixedNanos === undefined ? entry.usage.inputTokens + entry.usage.outputTokens : 0 };
    this.#parts.onCost(this.#opening.identity.tenant.name, entry.deployment, entry.costNanos);
    const used = this.#charges(deployment, use, 'exchange');
    if (this.#reservation === undefined) quotas.record(entry, used);
    else this.#reservation.settle(entry, used);
    if (this.#estimate !== undefined && outcome.end === 'complete' && outcome.usage !== undefined && !entry.estimated) {
      const { key, countedTokens } = this.#estimate;
      habits.learn(key, { usage: outcome.usage, deliveredBytes: outcome.deliveredBytes, countedInputTokens: countedTokens });
    }
    for (const { meter } of this.#counted) {
      if (meter.budget?.ladder.some(({ does }) => does.type === 'queue') === true)
        paces.learn(meter.quota(this.#startedAt).id, meter.of === 'nanos' ? use.nanos : use.tokens);
    }
    raiseWarnings(
      this.#counted.map(({ meter }) => meter),
      this.#parts,
    );
  }

  /** What a use at a deployment is charged to. A period's budget is charged in the period in which the exchange began. */
  #charges(deployment: Deployment, use: Use, kind: 'exchange' | 'attempt'): Charge[] {
    if (this.#begun?.fixedNanos === 0 && this.#counted.length === 0) return [];
    const { identity } = this.#opening;
    const counted = countedBy(this.#payers, this.#begun?.served ?? '', [deployment.endpoint.name]);
    const meant = kind === 'exchange' ? counted : counted.filter(({ meter }) => meter.of === 'nanos' || meter.of === 'tokens');
    const charges = chargesOf(meant, use, this.#startedAt, true);
    for (const [index, { isShared }] of meant.entries()) {
      const charge = charges[index];
      if (isShared && charge?.quota.kind === 'rate')
        this.#parts.fairShares.used(charge.quota.id, identity.tenant.name, charge.amount, charge.quota.refillMs);
    }
    return charges;
  }

  #begin(request: ClientRequest | undefined, { served, route }: Routed, fixedNanos: number | undefined, expected: Estimate | undefined): void {
    const { labelsOf, habits } = this.#parts;
    const { id, identity } = this.#opening;
    this.#begun = {
      exchange: id,
      identity,
      startedAt: this.#startedAt,
      protocol: request?.protocol.name ?? 'pass-through',
      model: request?.facts.model ?? served,
      served,
      route,
      step: this.#steps.join(', '),
      labels: labelsOf(this.#opening, request),
      fixedNanos,
      reservedNanos: 0,
      inputTokens: expected?.inputTokens ?? 0,
      maxOutputTokens: request?.facts.maxTokens ?? expected?.cap,
      tokensPerByte: expected === undefined ? 0 : habits.tokensPerByte(expected.key),
    };
  }

  /** What the request may cost at the dearest deployment; 0 where nobody counts money. Throws where a budget would pay for what has no price. */
  #mostNanos(counted: readonly Counted[], expected: Estimate, chain: readonly Deployment[]): number {
    if (this.#ownsCredential || !counted.some(({ meter }) => meter.of === 'nanos')) return 0;
    const cost = dearest(expected, chain, this.#parts.prices, this.#startedAt);
    if (typeof cost === 'number') return cost;
    const name = deploymentName(cost.unpriced);
    throw new GatewayError(
      'unpriced-model',
      `The price of "${name}" is not known, so no budget can pay for it. Give its target a "price" in the config.`,
    );
  }

  get #payers(): Payers {
    return { terms: this.#opening.identity.terms, shared: this.#opening.shared };
  }

  get #ownsCredential(): boolean {
    return this.#opening.identity.ownCredential !== undefined;
  }

  /** `less` says how the same might cost less, where it might. */
  async #reserve(counted: readonly Counted[], use: Use, less?: string): Promise<void> {
    const { quotas, now } = this.#parts;
    this.#requireFairShare(counted);
    const charges = chargesOf(counted, use, this.#startedAt);
    let result: Reservation | Shortage | Promise<Reservation | Shortage>;
    try {
      result = quotas.reserve(charges, this.#opening.signal);
      if (result instanceof Promise) result = await result;
    } catch (error) {
      return unaccountable(error);
    }
    if (isShortage(result)) throw this.#refused(counted, result, less, now());
    this.#counted = counted;
    if (this.#begun !== undefined) this.#begun.reservedNanos = use.nanos;
    // The client may have left while the store was asked.
    if (this.#isSettled) result.release();
    else this.#reservation = result;
  }

  /** Where little is left of what all tenants share, nobody gets more than its part. */
  #requireFairShare(counted: readonly Counted[]): void {
    const { quotas, fairShares, onLimited, now } = this.#parts;
    for (const { meter, isShared } of counted) {
      const quota = meter.quota(now());
      const standing = isShared && quota.kind === 'rate' ? quotas.standing(quota) : undefined;
      if (standing === undefined || quota.kind !== 'rate') continue;
      if (!fairShares.isOver(quota.id, this.#opening.identity.tenant.name, standing, quota.refillMs)) continue;
      onLimited(meter.owner, meter.of);
      throw refusedByLimit(meter, {
        quota,
        needed: 1,
        left: BigInt(standing.left),
        running: BigInt(standing.held),
        retryAfterMs: Math.ceil(quota.refillMs / 10),
      });
    }
  }

  #refused(counted: readonly Counted[], shortage: Shortage, less: string | undefined, now: number): GatewayError {
    const found = counted.find(({ meter }) => meter.quota(this.#startedAt).id === shortage.quota.id);
    if (found === undefined) throw new Error(`nobody asked for the quota ${shortage.quota.id}`);
    const { meter } = found;
    this.#parts.onLimited(meter.owner, meter.of);
    if (meter.budget === undefined) return refusedByLimit(meter, shortage);
    return refusedByBudget({ owner: meter.owner, budget: meter.budget, shortage, renewsAt: renewalOf(meter.budget, now), less });
  }

  /** What is held in budgets of one unit: the least of them, all there is where there is none. */
  #heldFor(budgets: readonly Counted[], reservation: Reservation, of: 'nanos' | 'tokens'): number {
    const held = budgets.flatMap(({ meter }) => (meter.of === of ? [reservation.held(meter.quota(this.#startedAt).id)] : []));
    return Math.min(Number.POSITIVE_INFINITY, ...held);
  }

  /** The budget of which least is left: the one that ends an answer. */
  #tightest(budgets: readonly Counted[]): { owner: string; budget: NonNullable<Counted['meter']['budget']> } {
    const { quotas } = this.#parts;
    const standings = budgets.flatMap(({ meter }) => {
      const { budget, owner } = meter;
      return budget === undefined ? [] : [{ owner, budget, left: quotas.standing(meter.quota(this.#startedAt))?.left ?? 0 }];
    });
    const [tightest] = standings.toSorted((a, b) => a.left - b.left);
    if (tightest === undefined) throw new Error('an answer without a budget was watched');
    return tightest;
  }
}
