import { equal, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FairQueue, type Place, type Priority } from './fair-queue.ts';

/** Fills a queue with `priority tenant` items, in this order. */
function queueOf(...items: [priority: Priority, tenant: string][]): FairQueue<string> {
  const queue = new FairQueue<string>();
  for (const [priority, tenant] of items) queue.add(tenant, priority, `${priority} ${tenant}`);
  return queue;
}

const drain = (queue: FairQueue<string>): string[] => {
  const taken: string[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item);
  return taken;
};

test('tenants take turns, however many one of them has waiting', () => {
  const queue = queueOf(['normal', 'a'], ['normal', 'a'], ['normal', 'a'], ['normal', 'b'], ['normal', 'c'], ['normal', 'b']);
  expect(drain(queue).map((item) => item.slice(-1))).toEqual(['a', 'b', 'c', 'a', 'b', 'a']);
});

test('of 13 turns 8 are for high, 4 for normal and 1 for low while all wait', () => {
  const queue = queueOf(
    ...(['low', 'normal', 'high'] as const).flatMap((priority) => Array.from({ length: 30 }, () => [priority, 'a'] as [Priority, string])),
  );
  for (let round = 0; round < 2; round++) {
    const turns = Array.from({ length: 13 }, () => queue.take()?.split(' ')[0]);
    expect(turns[0]).toBe('high');
    expect((['high', 'normal', 'low'] as const).map((priority) => turns.filter((turn) => turn === priority).length)).toEqual([8, 4, 1]);
  }
});

test('a turn that nobody of its priority wants goes to the highest who wait', () => {
  expect(drain(queueOf(['low', 'a'], ['low', 'b'], ['normal', 'c']))).toEqual(['normal c', 'low a', 'low b']);
});

test('what was taken out is not served, and taking it out again changes nothing', () => {
  const queue = new FairQueue<string>();
  const places = ['first', 'second', 'third'].map((item) => queue.add('a', 'normal', item));
  for (const place of [places[1], places[1], places[2]]) if (place !== undefined) queue.remove(place);
  expect([queue.length, queue.lengthFor('a')]).toEqual([1, 1]);
  expect(drain(queue)).toEqual(['first']);
  expect([queue.length, queue.lengthFor('a')]).toEqual([0, 0]);
});

const priorities = ['high', 'normal', 'low'] as const;
const tenants = ['a', 'b', 'c', 'd'];

/** Turns until a priority is served again, at worst, while somebody of it waits. */
const longestTurns = { high: 2, normal: 4, low: 13 } as const;

type Step = { type: 'add'; tenant: string; priority: Priority } | { type: 'take' } | { type: 'leave'; which: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant('add'), tenant: fc.constantFrom(...tenants), priority: fc.constantFrom(...priorities) }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('take') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('leave'), which: fc.nat() }) },
);

interface Waiting {
  id: number;
  tenant: string;
  priority: Priority;
  /** Tenants of its priority that were served while it was the first of its own. */
  passedBy: Set<string>;
}

/** Drives a queue, and checks every turn against a plain list of who waits. */
class Comparison {
  readonly #queue = new FairQueue<Waiting>();
  #waiting: { one: Waiting; place: Place<Waiting> }[] = [];
  /** Turns since a priority was served, or had nobody waiting. */
  readonly #passed = { high: 0, normal: 0, low: 0 };
  #ids = 0;

  play(step: Step): void {
    if (step.type === 'add') this.#add(step.tenant, step.priority);
    else if (step.type === 'take') this.#take();
    else this.#leave(step.which);
    for (const priority of priorities) {
      equal(this.#queue.lengthOf(priority), this.#of({ priority }).length);
      if (this.#of({ priority }).length === 0) this.#passed[priority] = 0;
    }
    for (const tenant of tenants) equal(this.#queue.lengthFor(tenant), this.#of({ tenant }).length);
  }

  #of(like: Partial<Waiting>): Waiting[] {
    const { tenant, priority } = like;
    return this.#waiting
      .map(({ one }) => one)
      .filter((one) => (tenant === undefined || one.tenant === tenant) && (priority === undefined || one.priority === priority));
  }

  #add(tenant: string, priority: Priority): void {
    const one: Waiting = { id: this.#ids++, tenant, priority, passedBy: new Set() };
    this.#waiting.push({ one, place: this.#queue.add(tenant, priority, one) });
  }

  #leave(which: number): void {
    const [gone] = this.#waiting.splice(which % Math.max(this.#waiting.length, 1), 1);
    if (gone !== undefined) this.#queue.remove(gone.place);
  }

  #take(): void {
    const served = this.#queue.take();
    if (served === undefined) {
      equal(this.#waiting.length, 0);
      return;
    }
    equal(served, this.#of(served)[0]); // FIFO: `#waiting` is in the order they came
    for (const priority of priorities) {
      this.#passed[priority] = served.priority === priority ? 0 : this.#passed[priority] + 1;
      if (this.#of({ priority }).length > 0) ok(this.#passed[priority] < longestTurns[priority], `${priority} starves`);
    }
    for (const tenant of tenants.filter((other) => other !== served.tenant)) {
      const [first] = this.#of({ tenant, priority: served.priority });
      if (first === undefined) continue;
      ok(!first.passedBy.has(served.tenant), `${served.tenant} passes ${tenant} twice`);
      first.passedBy.add(served.tenant);
    }
    this.#waiting = this.#waiting.filter(({ one }) => one !== served);
  }
}

test('however they come, leave and are served: each once, its own in order, no tenant passes another twice, no priority starves', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 300, size: 'max' }), (steps) => {
      const comparison = new Comparison();
      expect(() => steps.forEach((step) => comparison.play(step))).not.toThrow();
    }),
    { numRuns: 300 },
  );
});
