import type { Part } from '../../llm/part.ts';
import type { Quote } from '../../pricing/quote.ts';
import { dearestTier } from '../../pricing/worst-uses.ts';
import type { Quotas, Reservation } from '../../quotas/quotas.ts';
import type { Charge } from '../../stores/quota.ts';
import type { BudgetMeter } from '../meters.ts';
import { spentInStream } from '../refusals.ts';
import type { Estimate } from './estimate.ts';
import { renewalOf } from './renewal.ts';
import { StreamWatch, type StreamHold } from './stream-watch.ts';

/** An answer that begins to stream. */
export interface Streaming {
  /** The budgets that pay for it. */
  budgets: readonly BudgetMeter[];
  reservation: Reservation;
  expected: Estimate;
  tokensPerByte: number;
  /** Undefined where nothing is charged in money. */
  quote: Quote | undefined;
  /** When the exchange began, in milliseconds since 1970. */
  startedAt: number;
}

/** What sees the parts of a streaming answer: it holds more while they come, and throws GatewayError where the tightest budget has no more. */
export function watchAnswer({ budgets, reservation, expected, tokensPerByte, quote, startedAt }: Streaming, quotas: Quotas): (part: Part) => void {
  const watch = new StreamWatch({
    hold: new BudgetHold(budgets, reservation, startedAt),
    quote,
    serviceTier: quote === undefined ? '' : dearestTier(quote, expected),
    inputTokens: expected.inputTokens,
    tokensPerByte,
    outputTokens: expected.outputTokens,
    stop() {
      const { owner, budget } = tightest(budgets, quotas, startedAt);
      throw spentInStream(owner, budget, renewalOf(budget, startedAt));
    },
  });
  return (part) => watch.see(part);
}

/** What is held of budgets for an answer: of each unit the least of them, all there is where there is none. */
class BudgetHold implements StreamHold {
  nanos = Number.POSITIVE_INFINITY;
  tokens = Number.POSITIVE_INFINITY;
  readonly #budgets: readonly BudgetMeter[];
  readonly #reservation: Reservation;
  readonly #startedAt: number;

  constructor(budgets: readonly BudgetMeter[], reservation: Reservation, startedAt: number) {
    this.#budgets = budgets;
    this.#reservation = reservation;
    this.#startedAt = startedAt;
    for (const meter of budgets) this[meter.of] = Math.min(this[meter.of], reservation.held(meter.quota(startedAt).id));
  }

  more(nanos: number, tokens: number): boolean | Promise<boolean> {
    const charges = this.#budgets.map((meter): Charge => ({ quota: meter.quota(this.#startedAt), amount: meter.of === 'nanos' ? nanos : tokens }));
    const answer = this.#reservation.adjust(charges);
    return answer instanceof Promise ? answer.then((isHeld) => this.#grown(isHeld, nanos, tokens)) : this.#grown(answer, nanos, tokens);
  }

  #grown(isHeld: boolean, nanos: number, tokens: number): boolean {
    if (isHeld) {
      this.nanos += nanos;
      this.tokens += tokens;
    }
    return isHeld;
  }
}

/** The budget of which least is left: the one that ends an answer. */
function tightest(budgets: readonly BudgetMeter[], quotas: Pick<Quotas, 'standing'>, startedAt: number): BudgetMeter {
  const left = (meter: BudgetMeter): number => quotas.standing(meter.quota(startedAt))?.left ?? 0;
  const [found] = budgets.toSorted((a, b) => left(a) - left(b));
  if (found === undefined) throw new Error('an answer without a budget was watched');
  return found;
}
