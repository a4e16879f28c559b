import type { LedgerEntry } from '../stores/entry.ts';
import type { BudgetQuota, Charge, RateQuota, SlotsQuota } from '../stores/quota.ts';
import { budget, entry, rate, slots, storeAt } from '../stores/store.fixture.ts';
import type { Store } from '../stores/store.ts';
import { createQuotas } from './create-quotas.ts';
import { isShortage, type Quotas, type Reservation, type Shortage } from './quotas.ts';
import { weathered, type Weather, type World } from './world.fixture.ts';

/** What can happen in a simulation; `who` and `which` are taken modulo what there is. */
export type Happening =
  | { type: 'start'; who: number; budgets: 'first' | 'second' | 'both'; amount: number; step: number; tokens: number; inPlace: boolean }
  /** Requests one after the other that end at once, for what they reserved. */
  | { type: 'row'; who: number; budgets: 'first' | 'second' | 'both'; amount: number; requests: number; ms: number }
  | { type: 'progress'; which: number; steps: number }
  | { type: 'settle'; which: number; tokenShare: number }
  | { type: 'release'; which: number }
  | { type: 'crash'; who: number }
  | { type: 'pause'; who: number; ms: number }
  | { type: 'clock'; ms: number }
  | { type: 'weather'; who: number; weather: Weather; ms: number }
  | { type: 'top-up'; second: boolean; amount: number }
  | { type: 'limit'; second: boolean; limit: number }
  | { type: 'pass'; ms: number };

/** The store under test, and what it says in the end. */
export interface SimulatedStore {
  store: Pick<Store, 'sync'>;
  topUp(id: string, amount: number): Promise<unknown>;
  entries(): Promise<readonly LedgerEntry[]>;
}

/** One life of a gateway process. */
interface Life {
  quotas: Quotas;
  isAlive: boolean;
  frozenUntil: number;
  weather: Weather;
  streams: Set<Stream>;
  settled: Set<string>;
  /** By the budget's id: the most that its streams together could use beyond what they held, one step each. */
  mostBeyond: Map<string, number>;
}

interface Stream {
  life: Life;
  reservation: Reservation;
  budgets: readonly string[];
  used: number;
  step: number;
  tokens: number;
  inPlace: boolean;
  isWaiting: boolean;
  /** Its line in the record of tokens. */
  tokensAt: { at: number; tokens: number };
}

const firstId = 'budget:first';
const secondId = 'budget:second';
export const tokensPerTime: RateQuota = rate({ id: 'rate:tokens', limit: 200n, refillMs: 10_000 });
export const places: SlotsQuota = slots({ id: 'slots:places', limit: 5n });

/** Several gateways on one store, with streams that use at most one step beyond what they hold before they are cut; and what really was spent. */
export class Simulation {
  readonly world: World;
  readonly #store: SimulatedStore;
  readonly #random: () => number;
  readonly #lives: Life[] = [];
  readonly #gateways: Life[] = [];
  readonly #limits = new Map([
    [firstId, 70],
    [secondId, 110],
  ]);
  readonly #extra = new Map<string, number>();
  /** The highest limit and the most that was added at any time: a process under an earlier limit may meet what was added later. */
  readonly #highestLimit: Map<string, number>;
  readonly #mostExtra = new Map<string, number>();
  /** What was really spent by streams that have ended, or whose process has. */
  readonly #spent = new Map<string, number>();
  readonly #costs = new Map<string, { budgets: readonly string[]; used: number }>();
  readonly #tokens: { at: number; tokens: number }[] = [];
  #entries = 0;

  /** `size`: how many times larger the budgets are than usual. */
  constructor(world: World, store: SimulatedStore, seed: number, size = 1) {
    this.world = world;
    this.#store = store;
    let state = seed;
    this.#random = () => {
      state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
      return state / 4_294_967_296;
    };
    for (const [id, limit] of this.#limits) this.#limits.set(id, limit * size);
    this.#highestLimit = new Map(this.#limits);
    for (let index = 0; index < 3; index += 1) this.#gateways.push(this.#begin());
  }

  async happen(happening: Happening): Promise<void> {
    await this.#does(happening);
    await this.world.rest();
  }

  /** Streams end, the weather clears, and all is booked. */
  async end(): Promise<void> {
    for (const life of this.#gateways) life.weather = 'fine';
    for (const stream of this.#running()) this.#settle(stream, 1);
    await this.world.pass(60_000);
    const flushed = Promise.all(this.#gateways.map(({ quotas }) => quotas.flush()));
    await this.world.pass(100);
    await flushed;
  }

  /** By how much each budget is overspent, and by how much it may be. */
  overspending(): { id: string; beyond: number; allowed: number }[] {
    return Array.from(this.#highestLimit, ([id, limit]) => {
      const room = limit + (this.#mostExtra.get(id) ?? 0);
      const running = this.#running().reduce((sum, { budgets, used }) => sum + (budgets.includes(id) ? used : 0), 0);
      const allowed = this.#lives.reduce((sum, { mostBeyond }) => sum + (mostBeyond.get(id) ?? 0), 0);
      return { id, beyond: (this.#spent.get(id) ?? 0) + running - room, allowed };
    });
  }

  /** Places that requests of living processes hold. */
  placesHeld(): number {
    return this.#running().filter(({ inPlace }) => inPlace).length;
  }

  /** The most tokens that were used in any window of time, and in all. */
  tokensUsed(windowMs: number): { inWindow: number; inAll: number } {
    const within = (from: number, to: number): number =>
      this.#tokens.reduce((sum, { at, tokens }) => (at >= from && at < to ? sum + tokens : sum), 0);
    return { inWindow: Math.max(0, ...this.#tokens.map(({ at }) => within(at, at + windowMs))), inAll: within(0, Number.POSITIVE_INFINITY) };
  }

  /** What the store says in the end, beside what it should say. */
  async books(): Promise<{ id: string; spent: number; entries: number }[]> {
    const kept = await this.#store.entries();
    const life = this.#begin();
    const quotas = [firstId, secondId].map((id) => this.#budget(id));
    const known = life.quotas.know(quotas);
    await this.world.pass(10);
    await known;
    return quotas.map((quota) => ({
      id: quota.id,
      spent: life.quotas.standing(quota)?.spent ?? -1,
      entries: kept.reduce(
        (sum, { id }) => sum + (this.#costs.get(id)?.budgets.includes(quota.id) === true ? (this.#costs.get(id)?.used ?? 0) : 0),
        0,
      ),
    }));
  }

  /** Entries of living processes that are not kept, entries kept twice, and entries that nobody settled. */
  async misbooked(): Promise<{ missing: string[]; twice: string[]; unknown: string[] }> {
    const kept = (await this.#store.entries()).map(({ id }) => id);
    const settled = this.#lives.filter(({ isAlive }) => isAlive).flatMap((life) => Array.from(life.settled));
    const keptOnce = new Set(kept);
    return {
      missing: settled.filter((id) => !keptOnce.has(id)),
      twice: kept.filter((id, index) => kept.indexOf(id) !== index),
      unknown: kept.filter((id) => !this.#costs.has(id)),
    };
  }

  #begin(): Life {
    const life: Life = {
      quotas: undefined as unknown as Quotas,
      isAlive: true,
      frozenUntil: 0,
      weather: 'fine',
      streams: new Set(),
      settled: new Set(),
      mostBeyond: new Map(),
    };
    const schedule = this.world.schedule(() => life.frozenUntil);
    const seen = weathered(this.#store.store, this.world, () => life.weather);
    life.quotas = createQuotas({
      store: { sync: (request) => (life.isAlive ? seen.sync(request) : new Promise(() => {})) },
      holder: `life-${this.#lives.length}`,
      now: this.world.now,
      random: this.#random,
      onEvent: () => {},
      whenGone: 'refuse',
      schedule: (run, inMs) => schedule(() => (life.isAlive ? run() : undefined), inMs),
    });
    this.#lives.push(life);
    return life;
  }

  #budget(id: string): BudgetQuota {
    return budget({ id, limit: BigInt(this.#limits.get(id) ?? 0), counts: { tenant: id }, from: 0, to: Number.MAX_SAFE_INTEGER });
  }

  #running(): Stream[] {
    return this.#gateways.flatMap(({ streams }) => Array.from(streams));
  }

  #gateway(who: number): Life | undefined {
    const life = this.#gateways[who % this.#gateways.length];
    return life === undefined || life.frozenUntil > this.world.passed ? undefined : life;
  }

  #stream(which: number): Stream | undefined {
    const running = this.#running().filter(({ life }) => life.frozenUntil <= this.world.passed);
    return running[which % Math.max(1, running.length)];
  }

  async #does(happening: Happening): Promise<void> {
    switch (happening.type) {
      case 'start':
        return this.#start(happening);
      case 'row':
        return this.#row(happening);
      case 'progress':
        return this.#progress(happening);
      case 'settle': {
        const stream = this.#stream(happening.which);
        return stream && this.#settle(stream, happening.tokenShare);
      }
      case 'release': {
        const stream = this.#stream(happening.which);
        return stream?.used === 0 ? this.#release(stream) : undefined;
      }
      case 'crash':
        return this.#crash(happening.who);
      case 'pause': {
        const life = this.#gateway(happening.who);
        if (life !== undefined) life.frozenUntil = this.world.passed + happening.ms;
        return undefined;
      }
      case 'clock':
        this.world.clockOffset = Math.max(storeAt - 86_400_000, this.world.clockOffset + happening.ms);
        return undefined;
      case 'weather':
        return this.#turnWeather(happening);
      case 'top-up':
        return this.#topUp(happening.second ? secondId : firstId, happening.amount);
      case 'limit':
        return this.#limit(happening.second ? secondId : firstId, happening.limit);
      case 'pass':
        return this.world.pass(happening.ms);
    }
  }

  #start({ who, budgets, amount, step, tokens, inPlace }: Extract<Happening, { type: 'start' }>): void {
    const life = this.#gateway(who);
    if (life === undefined) return;
    const ids = budgets === 'both' ? [secondId, firstId] : [budgets === 'first' ? firstId : secondId];
    const charges: Charge[] = ids.map((id) => ({ quota: this.#budget(id), amount }));
    if (tokens > 0) charges.push({ quota: tokensPerTime, amount: tokens });
    if (inPlace) charges.push({ quota: places, amount: 1 });
    const begin = (result: Reservation | Shortage): void => {
      if (isShortage(result) || !life.isAlive) return;
      const tokensAt = { at: this.world.passed, tokens };
      this.#tokens.push(tokensAt);
      life.streams.add({ life, reservation: result, budgets: ids, used: 0, step, tokens, inPlace, isWaiting: false, tokensAt });
      this.#noteBeyond(life);
    };
    void Promise.resolve(life.quotas.reserve(charges)).then(begin, () => {});
  }

  async #row({ who, budgets, amount, requests, ms }: Extract<Happening, { type: 'row' }>): Promise<void> {
    for (let count = 0; count < requests; count += 1) {
      const life = this.#gateway(who);
      if (life === undefined) return;
      const before = new Set(life.streams);
      this.#start({ type: 'start', who, budgets, amount, step: 1, tokens: 0, inPlace: false });
      await this.world.rest();
      for (const stream of life.streams) {
        if (before.has(stream)) continue;
        stream.used = amount;
        this.#settle(stream, 1);
      }
      await this.world.pass(ms);
    }
  }

  #noteBeyond({ streams, mostBeyond }: Life): void {
    for (const id of [firstId, secondId]) {
      const beyond = Array.from(streams).reduce((sum, stream) => sum + (stream.budgets.includes(id) ? stream.step : 0), 0);
      mostBeyond.set(id, Math.max(beyond, mostBeyond.get(id) ?? 0));
    }
  }

  async #progress({ which, steps }: Extract<Happening, { type: 'progress' }>): Promise<void> {
    const stream = this.#stream(which);
    for (let count = 0; stream !== undefined && count < steps && stream.life.streams.has(stream) && !stream.isWaiting; count += 1) {
      this.#step(stream);
      await this.world.rest();
    }
  }

  #step(stream: Stream): void {
    const { reservation, budgets, step, life } = stream;
    stream.used += step;
    if (budgets.every((id) => stream.used <= reservation.held(id))) return;
    const more = reservation.adjust(budgets.map((id) => ({ quota: this.#budget(id), amount: step })));
    stream.isWaiting = true;
    const goOn = (may: boolean): void => {
      stream.isWaiting = false;
      if (!may && life.isAlive && life.streams.has(stream)) this.#settle(stream, 1);
    };
    if (typeof more === 'boolean') goOn(more);
    else void more.then(goOn);
  }

  #settle(stream: Stream, tokenShare: number): void {
    const { life, reservation, budgets, used, tokens, inPlace, tokensAt } = stream;
    this.#entries += 1;
    const id = `entry-${this.#entries}`;
    this.#costs.set(id, { budgets, used });
    for (const each of budgets) this.#spent.set(each, (this.#spent.get(each) ?? 0) + used);
    const usedTokens = Math.round(tokens * tokenShare);
    // What was held for long is counted as spent: it is in the record of tokens as what was reserved.
    if (this.world.passed - tokensAt.at < tokensPerTime.refillMs / 2) tokensAt.tokens = usedTokens;
    const charges: Charge[] = budgets.map((each): Charge => ({ quota: this.#budget(each), amount: used }));
    if (tokens > 0) charges.push({ quota: tokensPerTime, amount: usedTokens });
    if (inPlace) charges.push({ quota: places, amount: 1 });
    reservation.settle(entry({ id, costNanos: used, tenants: ['all'] }), charges);
    life.settled.add(id);
    life.streams.delete(stream);
  }

  #release(stream: Stream): void {
    stream.reservation.release();
    stream.life.streams.delete(stream);
    if (this.world.passed - stream.tokensAt.at < tokensPerTime.refillMs / 2) stream.tokensAt.tokens = 0;
  }

  /** All memory of a process is lost; another takes its place. */
  #crash(who: number): void {
    const index = who % this.#gateways.length;
    const life = this.#gateways[index];
    if (life === undefined) return;
    life.isAlive = false;
    for (const { budgets, used } of life.streams) {
      for (const id of budgets) this.#spent.set(id, (this.#spent.get(id) ?? 0) + used);
    }
    life.streams.clear();
    this.#gateways[index] = this.#begin();
  }

  #turnWeather({ who, weather, ms }: Extract<Happening, { type: 'weather' }>): void {
    const life = this.#gateway(who);
    if (life === undefined) return;
    life.weather = weather;
    this.world.schedule()(() => (life.weather = 'fine'), ms);
  }

  async #topUp(id: string, amount: number): Promise<void> {
    const isKnown = await this.#store.topUp(id, amount);
    if (isKnown !== true) return;
    const extra = (this.#extra.get(id) ?? 0) + amount;
    this.#extra.set(id, extra);
    this.#mostExtra.set(id, Math.max(extra, this.#mostExtra.get(id) ?? 0));
  }

  #limit(id: string, limit: number): void {
    this.#limits.set(id, limit);
    this.#highestLimit.set(id, Math.max(limit, this.#highestLimit.get(id) ?? 0));
  }
}
