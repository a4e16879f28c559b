import { deepEqual, equal, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BudgetQuota } from './quota.ts';
import type { OpenStore } from './store.contract.ts';
import { budget, createGateway, entry, move, readEntries, storeAt, type Gateway } from './store.fixture.ts';
import { deadAfterMs, type Store } from './store.ts';

type Step =
  | { type: 'lease'; who: number; need: number; more: number }
  | { type: 'spend'; who: number; percent: number; back: number }
  | { type: 'only-spend'; who: number; percent: number }
  | { type: 'repeat'; who: number }
  | { type: 'top-up'; amount: number }
  | { type: 'pass'; ms: number }
  | { type: 'leave'; who: number }
  | { type: 'crash'; who: number }
  | { type: 'release' };

const who = fc.nat(2);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('lease'), who, need: fc.nat(400), more: fc.nat(400) }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('spend'), who, percent: fc.nat(100), back: fc.nat(100) }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('only-spend'), who, percent: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('repeat'), who }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('top-up'), amount: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('pass'), ms: fc.constantFrom(100, deadAfterMs + 1) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('leave'), who }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('crash'), who }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('release') }) },
);

interface Process {
  gateway: Gateway;
  held: number;
}

/** Drives gateways on a store, and beside them the simplest account of the same steps. */
class Comparison {
  readonly #store: Store;
  readonly #quota: BudgetQuota = budget();
  readonly #living: Process[];
  readonly #crashed: { heldThen: number; silentSince: number }[] = [];
  readonly #lastSync = new Map<Process, number>();
  #lives = 0;
  #now = storeAt;
  #spent = 0;
  #extra = 0;
  #entries = 0;

  readonly #isAsked: boolean;

  /** `isAsked`: another process asks how the quota stands after each step, rather than only reading it. */
  constructor(store: Store, isAsked: boolean) {
    this.#store = store;
    this.#isAsked = isAsked;
    this.#living = [0, 1, 2].map(() => this.#start());
  }

  async take(step: Step): Promise<void> {
    switch (step.type) {
      case 'lease':
        return this.#lease(this.#process(step.who), step.need, step.more);
      case 'spend':
        return this.#spend(this.#process(step.who), step.percent, step.back);
      case 'only-spend':
        return this.#onlySpend(this.#process(step.who), step.percent);
      case 'repeat': {
        const one = this.#process(step.who);
        if (!this.#lastSync.has(one)) return undefined;
        this.#lastSync.set(one, this.#now);
        return void (await one.gateway.repeat({ now: this.#now }));
      }
      case 'top-up':
        if (await this.#store.budgets.topUp(this.#quota.id, BigInt(step.amount))) this.#extra += step.amount;
        return undefined;
      case 'pass':
        this.#now += step.ms;
        return undefined;
      case 'leave': {
        const one = this.#process(step.who);
        await one.gateway.sync({ now: this.#now, leaving: true });
        this.#living[step.who] = this.#start();
        return undefined;
      }
      case 'crash': {
        const one = this.#process(step.who);
        this.#crashed.push({ heldThen: one.held, silentSince: this.#lastSync.get(one) ?? this.#now });
        this.#living[step.who] = this.#start();
        return undefined;
      }
      case 'release':
        return this.#release();
    }
  }

  /** Throws where the store counts otherwise, or more than there is was handed out. */
  async check(): Promise<void> {
    const held = this.#living.reduce((sum, one) => sum + one.held, 0) + this.#crashed.reduce((sum, { heldThen }) => sum + heldThen, 0);
    const [listed] = await this.#store.budgets.list(this.#now);
    if (listed !== undefined) deepEqual([listed.spent, listed.leased], [BigInt(this.#spent), BigInt(held)]);
    if (this.#isAsked) await this.#ask(held);
    for await (const { spent, entries } of this.#store.ledger.verify(this.#now))
      deepEqual([spent, entries], [BigInt(this.#spent), BigInt(this.#spent)]);
    equal((await readEntries(this.#store)).length, this.#entries);
  }

  async #ask(held: number): Promise<void> {
    const asking = createGateway(this.#store, `asking-${(this.#lives += 1)}`);
    const state = await asking.move(this.#quota, {}, this.#now);
    await asking.sync({ now: this.#now, leaving: true });
    deepEqual([state.spent, state.leased, state.extra], [BigInt(this.#spent), BigInt(held), BigInt(this.#extra)]);
    equal(state.spent + state.leased + state.left, this.#quota.limit + state.extra);
  }

  #start(): Process {
    this.#lives += 1;
    return { gateway: createGateway(this.#store, `life-${this.#lives}`), held: 0 };
  }

  #process(index: number): Process {
    const one = this.#living[index];
    if (one === undefined) throw new Error('there are three processes');
    return one;
  }

  async #lease(one: Process, need: number, more: number): Promise<void> {
    this.#lastSync.set(one, this.#now);
    const { granted, yours } = await one.gateway.move(this.#quota, { need, want: need + more, idle: one.held }, this.#now);
    ok(granted === 0 || granted >= need);
    ok(granted <= need + more);
    one.held += granted;
    equal(yours, one.held);
  }

  async #spend(one: Process, percent: number, backPercent: number): Promise<void> {
    this.#lastSync.set(one, this.#now);
    const spent = Math.floor((one.held * percent) / 100);
    const back = Math.floor(((one.held - spent) * backPercent) / 100);
    this.#entries += 1;
    await one.gateway.sync({ now: this.#now, entries: [entry({ costNanos: spent })], moves: [move(this.#quota, { spent, back })] });
    one.held -= spent + back;
    this.#spent += spent;
  }

  /** As `#spend` does, without an answer. */
  async #onlySpend(one: Process, percent: number): Promise<void> {
    this.#lastSync.set(one, this.#now);
    const amount = Math.floor((one.held * percent) / 100);
    this.#entries += 1;
    await one.gateway.sync({ now: this.#now, entries: [entry({ costNanos: amount })], spent: [{ quota: this.#quota, amount }] });
    one.held -= amount;
    this.#spent += amount;
  }

  /** Those that are silent for too long are dead, also where they only had nothing to say: each of the living says something first. */
  async #release(): Promise<void> {
    for (const one of this.#living) {
      this.#lastSync.set(one, this.#now);
      await one.gateway.sync({ now: this.#now });
    }
    await this.#store.budgets.releaseDead(this.#quota.id);
    for (const one of this.#crashed) if (this.#now - one.silentSince > deadAfterMs) one.heldThen = 0;
  }
}

/** Whatever gateways do, and in whatever order. */
export function interleavingContract(open: OpenStore): void {
  test('under any interleaving, crash and clock: what is spent, leased and left is what there is, and what is spent is the sum of the entries', async () => {
    const holds = fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), fc.boolean(), async (steps, isAsked) => {
        const { store } = await open();
        const comparison = new Comparison(store, isAsked);
        for (const step of steps) {
          await comparison.take(step);
          await comparison.check();
        }
      }),
      { numRuns: 25 },
    );
    await expect(holds).resolves.toBeUndefined();
  });

  test('of processes that hammer one budget at once, all together never get more than there is', async () => {
    const { store, another } = await open();
    const stores = [store, await another(), await another()];
    const granted = await Promise.all(
      stores.map(async (one, index) => {
        const gateway = createGateway(one, `hammer-${index}`);
        let held = 0;
        for (let count = 0; count < 40; count += 1) held += (await gateway.move(budget(), { need: 7, want: 30 })).granted;
        return held;
      }),
    );
    const total = granted.reduce((sum, one) => sum + one, 0);
    expect(total).toBeLessThanOrEqual(1000);
    expect(total).toBeGreaterThan(1000 - 7);
  });
}
