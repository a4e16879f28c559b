import type { LedgerEntry } from '../stores/entry.ts';
import type { Charge, Quota } from '../stores/quota.ts';
import type { Quotas, Reservation, Shortage, Standing } from './quotas.ts';

/** Quotas of one process without a store, which keep what they are told: rates never refill. */
export class FakeQuotas implements Quotas {
  readonly holders = 1;
  /** All that was booked. */
  readonly entries: LedgerEntry[] = [];
  /** All that was asked for, in its order. */
  readonly asked: (readonly Charge[])[] = [];
  /** Reservations that have not ended. */
  open = 0;
  /** Thrown instead of an answer. */
  failure: Error | undefined;
  readonly #used = new Map<string, { spent: number; held: number }>();

  reserve(charges: readonly Charge[]): Reservation | Shortage {
    this.#check();
    this.asked.push(charges);
    const short = charges.find(({ quota, amount }) => this.#left(quota) < BigInt(amount));
    if (short !== undefined) {
      const { held } = this.#of(short.quota);
      return { quota: short.quota, needed: short.amount, left: this.#left(short.quota), running: BigInt(held), retryAfterMs: 1500 };
    }
    this.open += 1;
    const mine = new Map<string, number>();
    this.#hold(charges, mine);
    return this.#reservation(mine);
  }

  record(entry: LedgerEntry, used: readonly Charge[]): void {
    this.entries.push(entry);
    this.spend(used);
  }

  know(): undefined {
    return undefined;
  }

  standing(quota: Quota): Standing {
    const { spent, held } = this.#of(quota);
    return { limit: Number(quota.limit), extra: 0, spent, held, left: Number(this.#left(quota)), fullInMs: spent > 0 ? 1000 : 0 };
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {}

  #reservation(mine: Map<string, number>): Reservation {
    let isOpen = true;
    const end = (): boolean => {
      const was = isOpen;
      isOpen = false;
      if (!was) return false;
      this.open -= 1;
      for (const [id, amount] of mine) this.#ofId(id).held -= amount;
      return true;
    };
    return {
      held: (id) => mine.get(id) ?? 0,
      adjust: (changes) => {
        if (!isOpen || changes.some(({ quota, amount }) => this.#left(quota) < BigInt(amount))) return false;
        this.#hold(changes, mine);
        return true;
      },
      settle: (entry, used) => {
        if (!end()) return false;
        if (entry !== undefined) this.entries.push(entry);
        this.spend(used);
        return true;
      },
      release: end,
    };
  }

  #hold(charges: readonly Charge[], mine: Map<string, number>): void {
    for (const { quota, amount } of charges) {
      this.#of(quota).held += amount;
      mine.set(quota.id, (mine.get(quota.id) ?? 0) + amount);
    }
  }

  /** Uses some without a reservation. */
  spend(used: readonly Charge[]): void {
    for (const { quota, amount } of used) this.#of(quota).spent += amount;
  }

  #check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  #left(quota: Quota): bigint {
    const { spent, held } = this.#of(quota);
    const left = quota.limit - BigInt(spent) - BigInt(held);
    return left > 0n ? left : 0n;
  }

  #of({ id }: Quota): { spent: number; held: number } {
    return this.#ofId(id);
  }

  #ofId(id: string): { spent: number; held: number } {
    let used = this.#used.get(id);
    if (used === undefined) {
      used = { spent: 0, held: 0 };
      this.#used.set(id, used);
    }
    return used;
  }
}
