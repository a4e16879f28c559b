import { deepEqual, equal, match, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GatewayError } from '../errors.ts';
import { FakeClock } from './clock.fixture.ts';
import type { Priority } from './fair-queue.ts';
import type { Ticket } from './gate.ts';
import { createGates, type Gates } from './gates.ts';

const names = ['p', 'q', 'r'] as const;
const queue = { max: 6, waitMs: 1000, maxPerTenant: 3 };
const clientLeft = new Error('the client has left');

type Limits = Record<(typeof names)[number], number | undefined>;

type Step =
  | { type: 'enter'; at: string[]; tenant: string; priority: Priority; waitMs: number | undefined }
  | { type: 'take'; at: string }
  | { type: 'release'; which: number }
  | { type: 'hang-up'; which: number }
  | { type: 'pass'; ms: number }
  | { type: 'reconfigure'; limits: Limits; hasQueue: boolean };

const anyLimit = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 8 });
const anyLimits: fc.Arbitrary<Limits> = fc.record({ p: anyLimit, q: anyLimit, r: anyLimit });

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constant('enter'),
      at: fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }),
      tenant: fc.constantFrom('a', 'b', 'c'),
      priority: fc.constantFrom<Priority>('high', 'normal', 'low'),
      waitMs: fc.option(fc.constantFrom(0, 300, 2000), { nil: undefined, freq: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('take'), at: fc.constantFrom(...names) }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('release'), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('hang-up'), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('pass'), ms: fc.nat(600) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reconfigure'), limits: anyLimits, hasQueue: fc.boolean() }) },
);

/** One who came, and how it ended. */
interface Visit {
  client: AbortController;
  at: readonly string[];
  /** What came of it; each is to come of it once. */
  ends: ('ticket' | 'refusal' | 'hang-up')[];
  /** Whether it hung up while it waited. */
  hasLeft: boolean;
}

/** Drives gates and keeps, by itself, who is inside. */
class Comparison {
  readonly #clock = new FakeClock();
  readonly #gates: Gates;
  #limits: Limits;
  readonly #visits: Visit[] = [];
  readonly #tickets: Ticket[] = [];

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#gates = createGates({ limits: mapOf(limits), queue }, this.#clock, 'All is full.');
  }

  async play(step: Step): Promise<void> {
    const before = new Map(names.map((name) => [name, this.#inside(name)]));
    this.#do(step);
    await settled();
    for (const name of names) {
      const { inside, waiting } = this.#gates.stats(name);
      equal(inside, this.#inside(name));
      const limit = this.#limits[name] ?? Infinity;
      const wasTaken = step.type === 'take' && step.at === name;
      ok(inside <= Math.max(limit, (before.get(name) ?? 0) + (wasTaken ? 1 : 0)), 'too many are inside');
      equal(this.#gates.hasRoom(name), inside < limit);
      const waits = waiting.high + waiting.normal + waiting.low;
      ok(waits <= queue.max, 'too many wait');
      if (inside < limit) equal(waits, 0, 'somebody waits where there is room');
    }
  }

  /** Everybody leaves, and time passes: nothing is left behind, and nobody is forgotten. */
  async end(): Promise<void> {
    for (let ticket = this.#tickets.pop(); ticket !== undefined; ticket = this.#tickets.pop()) {
      ticket.release();
      await settled();
    }
    this.#clock.pass(2000);
    await settled();
    equal(this.#tickets.length, 0);
    for (const { ends, hasLeft } of this.#visits) match(ends.join(), hasLeft ? /^hang-up$/ : /^(ticket|refusal)$/);
    for (const name of names) {
      const { inside, waiting } = this.#gates.stats(name);
      deepEqual({ inside, waiting }, { inside: 0, waiting: { high: 0, normal: 0, low: 0 } });
    }
    equal(this.#clock.pending, 0);
    this.#expectCounts();
  }

  #inside(name: string): number {
    return this.#tickets.filter(({ gate }) => gate === name).length;
  }

  #do(step: Step): void {
    if (step.type === 'enter') this.#enter(step);
    else if (step.type === 'take') this.#tickets.push(this.#gates.take(step.at));
    else if (step.type === 'release') this.#release(step.which);
    else if (step.type === 'hang-up') this.#hangUp(step.which);
    else if (step.type === 'pass') this.#clock.pass(step.ms);
    else {
      this.#limits = step.limits;
      this.#gates.reconfigure({ limits: mapOf(step.limits), queue: step.hasQueue ? queue : undefined });
    }
  }

  #enter({ at: [first = '', ...others], ...entrant }: Extract<Step, { type: 'enter' }>): void {
    const at = [first, ...others] as const;
    const visit: Visit = { client: new AbortController(), at, ends: [], hasLeft: false };
    this.#visits.push(visit);
    const hadRoom = at.some((name) => this.#gates.hasRoom(name));
    const admitted = (ticket: Ticket): void => {
      ok(!visit.hasLeft, 'who has left gets a ticket');
      ok(at.includes(ticket.gate));
      visit.ends.push('ticket');
      this.#tickets.push(ticket);
    };
    const failed = (error: unknown): void => {
      visit.ends.push(error === clientLeft ? 'hang-up' : 'refusal');
      if (error === clientLeft) return;
      ok(error instanceof GatewayError);
      match(String(error.retryAfterSeconds), /^([1-9]|[1-5]\d|60)$/);
    };
    try {
      const entering = this.#gates.enterAny(at, { ...entrant, signal: visit.client.signal });
      equal(entering instanceof Promise, !hadRoom);
      if (entering instanceof Promise) void entering.then(admitted, failed);
      else admitted(entering);
    } catch (error) {
      ok(!hadRoom, 'a refusal where there is room');
      failed(error);
    }
  }

  #release(which: number): void {
    const [ticket] = this.#tickets.splice(which % Math.max(this.#tickets.length, 1), 1);
    ticket?.release();
    ticket?.release();
  }

  #hangUp(which: number): void {
    const visit = this.#visits[which % Math.max(this.#visits.length, 1)];
    if (visit === undefined) return;
    visit.hasLeft ||= visit.ends.length === 0;
    visit.client.abort(clientLeft);
  }

  #expectCounts(): void {
    const ended = (how: Visit['ends'][number]): number => this.#visits.filter(({ ends }) => ends[0] === how).length;
    const stats = names.map((name) => this.#gates.stats(name));
    const sum = (counts: number[]): number => counts.reduce((all, count) => all + count, 0);
    equal(sum(stats.flatMap(({ refused }) => Object.values(refused))), ended('refusal'));
    equal(sum(stats.map(({ abandoned }) => abandoned)), ended('hang-up'));
  }
}

const mapOf = (limits: Limits): Map<string, number> =>
  new Map(names.flatMap((name) => (limits[name] === undefined ? [] : [[name, limits[name]] as [string, number]])));

/** Until all promises that are settled have told so. */
const settled = async (): Promise<void> => {
  for (let index = 0; index < 4; index++) await Promise.resolve();
};

test('however they come, leave and hang up: never too many inside, each ends once, nobody waits where there is room, nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(anyLimits, fc.array(anyStep, { maxLength: 120, size: 'max' }), async (limits, steps) => {
      const comparison = new Comparison(limits);
      for (const step of steps) await comparison.play(step);
      await expect(comparison.end()).resolves.toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
