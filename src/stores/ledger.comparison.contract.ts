import { deepEqual, equal, ok } from 'node:assert/strict';
import fc from 'fast-check';
import type { KeptEntry, LedgerStore } from './ledger.contract.ts';
import type { Hold, Ledger } from './ledger.ts';
import { entry, trafficAt } from './ledger.traffic.contract.ts';
import { periodOf } from './period.ts';

/** What each tenant of the comparison may spend per month. */
const limitNanos = 1000n;

type Step =
  | { type: 'reserve'; tenant: string; amount: number }
  | { type: 'settle'; hold: number; percent: number }
  | { type: 'release'; hold: number }
  | { type: 'record'; cost: number }
  | { type: 'month'; month: number }
  | { type: 'flush' }
  | { type: 'restart' };

/** One step of traffic, of time or of the gateway's life. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('reserve'), tenant: fc.constantFrom('marketing', 'clinic'), amount: fc.nat(400) }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('settle'), hold: fc.nat(20), percent: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('release'), hold: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('record'), cost: fc.nat(400) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('month'), month: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('flush') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart') }) },
);

interface ModelHold {
  hold: Hold;
  tenant: string;
  period: string;
  amount: number;
  isOpen: boolean;
}

/** Drives a ledger and the simplest possible account of the same steps, and compares the two. */
export class Comparison {
  ledger: Ledger;
  /** What the store must keep. */
  readonly booked: KeptEntry[] = [];
  readonly #store: LedgerStore;
  readonly #clock: { instant: number };
  #holds: ModelHold[] = [];

  /** Opens a ledger on an empty store. */
  static async start(store: LedgerStore): Promise<Comparison> {
    const clock = { instant: trafficAt };
    return new Comparison(store, clock, await store.open(() => clock.instant));
  }

  private constructor(store: LedgerStore, clock: { instant: number }, ledger: Ledger) {
    this.#store = store;
    this.#clock = clock;
    this.ledger = ledger;
  }

  /** Takes a step with both, and throws where the ledger answers it otherwise than the account. */
  async take(step: Step): Promise<void> {
    switch (step.type) {
      case 'reserve':
        await this.#reserve(step.tenant, step.amount);
        break;
      case 'settle':
      case 'release': {
        const one = this.#holds[step.hold];
        if (one !== undefined) this.#end(one, step);
        break;
      }
      case 'record':
        this.ledger.record(this.#book('free', this.#period, step.cost));
        break;
      case 'month':
        this.#clock.instant = Date.UTC(2026, 10 + step.month, 15);
        break;
      case 'flush':
        await this.ledger.flush();
        break;
      case 'restart':
        await this.ledger.close();
        this.ledger = await this.#store.open(() => this.#clock.instant);
        this.#holds = [];
        break;
    }
  }

  /** Throws where spend or reservations differ, or exceed the limit. */
  check(): void {
    for (const tenant of ['marketing', 'clinic', 'free']) {
      deepEqual([this.ledger.spent(tenant), this.ledger.reserved(tenant)], [this.#spent(tenant), this.#reserved(tenant)]);
      if (tenant !== 'free') ok(this.ledger.spent(tenant) + this.ledger.reserved(tenant) <= limitNanos);
    }
  }

  get #period(): string {
    return periodOf(this.#clock.instant);
  }

  #spent(tenant: string): bigint {
    return this.booked.reduce((sum, one) => (one.tenant === tenant && one.period === this.#period ? sum + one.costNanos : sum), 0n);
  }

  #reserved(tenant: string): bigint {
    return this.#holds.reduce(
      (sum, one) => (one.isOpen && one.tenant === tenant && one.period === this.#period ? sum + BigInt(one.amount) : sum),
      0n,
    );
  }

  #book(tenant: string, period: string, cost: number): ReturnType<typeof entry> {
    const exchange = `exchange-${this.booked.length}`;
    this.booked.push({ exchange, tenant, period, costNanos: BigInt(cost) });
    return entry({ exchange, tenant, costNanos: cost, startedAt: this.#clock.instant });
  }

  async #reserve(tenant: string, amount: number): Promise<void> {
    const fits = this.#spent(tenant) + this.#reserved(tenant) + BigInt(amount) <= limitNanos;
    const hold = await this.ledger.reserve({ tenant, amountNanos: amount, limitNanos });
    equal(hold !== undefined, fits);
    if (hold !== undefined) this.#holds.push({ hold, tenant, period: this.#period, amount, isOpen: true });
  }

  #end(one: ModelHold, step: Extract<Step, { type: 'settle' | 'release' }>): void {
    if (step.type === 'release') {
      equal(one.hold.release(), one.isOpen);
    } else {
      const cost = Math.floor((one.amount * step.percent) / 100);
      const charged = one.isOpen ? this.#book(one.tenant, one.period, cost) : entry({ tenant: one.tenant, costNanos: cost });
      equal(one.hold.settle(charged), one.isOpen);
    }
    one.isOpen = false;
  }
}
