import { GatewayError } from '../../errors.ts';
import type { Part } from '../../llm/part.ts';
import type { Warning } from '../../llm/request.ts';
import type { ClientRequest } from '../../protocols/client-request.ts';
import type { Reservation } from '../../quotas/quotas.ts';
import type { Deployment } from '../../routing/deployment.ts';
import { countedBy, providersOf, type Payers, type Use } from '../charges.ts';
import type { FailedAttempt, Guidance, Header, Opening, Outcome, PolicyRun, Routed } from '../policy.ts';
import { begin, beginUnread, type Beginning, type Begun } from './begun.ts';
import { bookAttempt, bookExchange } from './book.ts';
import { budgetHeaders, costHeader } from './budget-headers.ts';
import { countingOf, nobodyCounts, type Counting } from './counting.ts';
import { costOf, type Cost } from './entry.ts';
import { estimate, mostNanos, type Estimate } from './estimate.ts';
import { holdShares } from './fair-share.ts';
import { guidanceOf, stepMeters, type Taken } from './guidance.ts';
import { hold } from './hold.ts';
import type { BudgetParts } from './index.ts';
import { lookAt, type Reached } from './ladder.ts';
import { hasLeft } from './provider-limits.ts';
import { watchAnswer } from './watch-answer.ts';

/** The budget's part in one exchange: what it does when. What it keeps, each later hook goes by. */
export class BudgetRun implements PolicyRun {
  readonly #opening: Opening;
  readonly #parts: BudgetParts;
  /** Milliseconds since 1970: prices and periods of the exchange are those of this instant. */
  readonly #startedAt: number;
  /** Steps of ladders; undefined where none was reached. */
  #taken: Taken | undefined;
  /** As long as it is routed: an answer may take minutes. */
  #request: ClientRequest | undefined;
  #begun: Begun | undefined;
  #warnings: readonly Warning[] = [];
  #expected: Estimate | undefined;
  /** Who counts what is held. */
  #counting = nobodyCounts;
  #reservation: Reservation | undefined;
  /** Gives back its part of what all tenants share. */
  #giveShares: (() => void) | undefined;
  /** What the client was told that the exchange cost. */
  #told: Cost | undefined;
  #isSettled = false;

  constructor(opening: Opening, parts: BudgetParts) {
    this.#opening = opening;
    this.#parts = parts;
    this.#startedAt = parts.now();
  }

  onRoute(request: ClientRequest): Guidance | undefined | Promise<Guidance | undefined> {
    if (request.protocol.operation === 'count-tokens') return undefined;
    this.#request = request;
    const meters = stepMeters(this.#opening, request.facts.model);
    if (meters.length === 0) return undefined;
    const { quotas, now } = this.#parts;
    const at = now();
    const { reached, isComplete } = lookAt(meters, quotas, at);
    if (isComplete && reached.length === 0) return undefined;
    // Who is refused by a step asks the store for nothing else: how the quotas stand is asked anew where that was said a while ago, and nobody waits for it.
    const word = quotas.know(meters.map((meter) => meter.quota(at)));
    return word === undefined ? this.#guide(reached, request) : word.then(() => this.#guide(lookAt(meters, quotas, now()).reached, request));
  }

  #guide(reached: readonly Reached[], request: ClientRequest): Guidance | undefined {
    if (reached.length === 0) return undefined;
    const taken: Taken = { steps: [], turns: [] };
    this.#taken = taken;
    const guidance = guidanceOf(reached, request, this.#opening, this.#parts, taken);
    return taken.steps.length === 0 ? guidance : { ...guidance, steps: taken.steps };
  }

  mayCall(deployment: Deployment): boolean {
    return hasLeft(deployment, { opening: this.#opening, request: this.#request, startedAt: this.#startedAt }, this.#parts);
  }

  onChain(request: ClientRequest, routed: Routed): ClientRequest | Promise<ClientRequest> {
    const { habits, prices } = this.#parts;
    const { operation } = request.protocol;
    this.#request = undefined;
    const isFree = operation === 'count-tokens'; // nobody bills it, and what is counted was not used
    const expected = estimate(request, routed.chain, this.#opening.identity.tenant.name, habits);
    this.#expected = expected;
    this.#begun = begin(this.#opening, this.#beginning(request), {
      request,
      routed,
      expected,
      tokensPerByte: habits.tokensPerByte(expected.key),
      isFree,
    });
    if (isFree) return request;
    const counting = countingOf(countedBy(this.#payers, routed.served, providersOf(routed.chain)));
    if (counting.all.length === 0) return request;
    const nanos = counting.countsMoney && !this.#ownsCredential ? mostNanos(expected, routed.chain, prices, this.#startedAt) : 0;
    const tokens = Math.min(Number.MAX_SAFE_INTEGER, expected.inputTokens + expected.outputTokens); // of any number of tokens, times choices
    const less = operation === 'chat' ? 'Ask for fewer output tokens' : 'Send less';
    const held = this.#hold(counting, { nanos, tokens, likelyTokens: expected.likelyTokens }, less);
    const { cap } = expected;
    const isCapped = counting.budgets.length > 0 && cap !== undefined && request.protocol.parameterEdits !== undefined;
    const sent = isCapped && request.facts.maxTokens === undefined ? request.withParameters({ maxTokens: cap }) : request;
    return held === undefined ? sent : held.then(() => sent);
  }

  onPassThrough(group: string, deployment: Deployment): void | Promise<void> {
    const nanos = this.#parts.passThroughNanos(group);
    this.#begun = beginUnread(this.#opening, this.#beginning(undefined), group, nanos ?? 0);
    const counting = countingOf(countedBy(this.#payers, group, [deployment.endpoint.name]));
    if (counting.all.length === 0) return undefined;
    if (nanos === undefined && counting.countsMoney) {
      throw new GatewayError(
        'unpriced-model',
        `No price is set for calls to ${group}, so no budget can pay for one. Set passThrough.prices.${group} in the config.`,
      );
    }
    return this.#hold(counting, { nanos: nanos ?? 0, tokens: 0 });
  }

  warnings(): readonly Warning[] {
    return this.#warnings;
  }

  observer(deployment: Deployment): ((part: Part) => void) | undefined {
    const [reservation, expected] = [this.#reservation, this.#expected];
    const { budgets } = this.#counting;
    if (reservation === undefined || expected === undefined || budgets.length === 0) return undefined;
    const { prices, habits, quotas } = this.#parts;
    const quote = this.#ownsCredential ? undefined : prices.quote(deployment, this.#startedAt);
    const tokensPerByte = habits.tokensPerByte(expected.key);
    return watchAnswer({ budgets, reservation, expected, tokensPerByte, quote, startedAt: this.#startedAt }, quotas);
  }

  headers(): readonly Header[] {
    return budgetHeaders(this.#opening.identity.terms, this.#taken?.steps ?? [], this.#parts);
  }

  endHeaders(outcome: Outcome): readonly Header[] {
    if (this.#begun === undefined || outcome.deployment === undefined) return [];
    this.#told = this.#costAt(this.#begun, outcome.deployment, outcome);
    return this.#told.unpriced ? [] : [costHeader(this.#told.costNanos)];
  }

  onAttempt(attempt: FailedAttempt): void {
    if (this.#begun !== undefined) bookAttempt(this.#begun, attempt, this.#payers, this.#parts);
  }

  onSettled(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    const { deployment, attempts } = outcome;
    try {
      if (this.#begun === undefined) this.#giveTurnsBack();
      else if (deployment !== undefined && attempts > 0) this.#book(this.#begun, deployment, outcome);
    } finally {
      this.#reservation?.release(); // does nothing after a settle
      this.#giveShares?.();
    }
  }

  /** Whoever was not routed has not had the turns that it waited for: the client left, or was refused. */
  #giveTurnsBack(): void {
    for (const { quotaId, at } of this.#taken?.turns ?? []) this.#parts.paces.giveBack(quotaId, at);
  }

  #book(begun: Begun, deployment: Deployment, outcome: Outcome): void {
    const cost = this.#told ?? this.#costAt(begun, deployment, outcome); // what the client was told is what is booked
    const [payers, counting, reservation, expected] = [this.#payers, this.#counting, this.#reservation, this.#expected];
    bookExchange({ begun, deployment, outcome, cost, payers, counting, reservation, expected }, this.#parts);
  }

  #costAt(begun: Begun, deployment: Deployment, outcome: Outcome): Cost {
    return costOf(begun, this.#parts.prices.quote(deployment, this.#startedAt), outcome);
  }

  #beginning(request: ClientRequest | undefined): Beginning {
    const { labels, warnings } = this.#parts.labelsOf(this.#opening, request);
    this.#warnings = warnings;
    return { startedAt: this.#startedAt, steps: this.#taken?.steps ?? [], labels };
  }

  /** At once where no store has to be asked. `less` says how the same might cost less, where it might. */
  #hold(counting: Counting, use: Use, less?: string): void | Promise<void> {
    const held = hold({ opening: this.#opening, counted: counting.all, use, startedAt: this.#startedAt, less }, this.#parts);
    if (!(held instanceof Promise)) return this.#keep(held, counting, use);
    return held.then((reservation) => this.#keep(reservation, counting, use));
  }

  #keep(reservation: Reservation, counting: Counting, use: Use): void {
    this.#counting = counting;
    if (this.#begun !== undefined) this.#begun.reservedNanos = use.nanos;
    if (this.#isSettled) {
      reservation.release(); // the client has left while the store was asked
      return;
    }
    this.#reservation = reservation;
    const { identity } = this.#opening;
    if (counting.hasShared) this.#giveShares = holdShares(counting.all, use, this.#startedAt, identity.tenant.name, this.#parts.fairShares);
  }

  get #payers(): Payers {
    return { terms: this.#opening.identity.terms, shared: this.#opening.shared };
  }

  get #ownsCredential(): boolean {
    return this.#opening.identity.ownCredential !== undefined;
  }
}
