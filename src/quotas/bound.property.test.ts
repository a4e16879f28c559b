import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEmbeddedStore } from '../stores/embedded/store.ts';
import { createRedisServer, redisMissing, type RedisServer } from '../stores/redis/server.fixture.ts';
import { createRedisStore } from '../stores/redis/store.ts';
import { readEntries, storeAt } from '../stores/store.fixture.ts';
import type { Store } from '../stores/store.ts';
import { places, Simulation, tokensPerTime, type Happening, type SimulatedStore } from './simulation.fixture.ts';
import { ModelStore } from './store.fixture.ts';
import { World } from './world.fixture.ts';

const index = fc.nat({ max: 1000 });

/** Starts and streams come often, as do their ends; what troubles them, now and then. */
const everyday: fc.WeightedArbitrary<Happening>[] = [
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('start'),
      who: index,
      budgets: fc.constantFrom('first', 'second', 'both'),
      amount: fc.integer({ min: 1, max: 25 }),
      step: fc.integer({ min: 1, max: 8 }),
      tokens: fc.constantFrom(0, 1, 20, 70),
      inPlace: fc.boolean(),
    }),
  },
  { weight: 10, arbitrary: fc.record({ type: fc.constant('progress'), which: index, steps: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('settle'), which: index, tokenShare: fc.double({ min: 0, max: 1, noNaN: true }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('release'), which: index }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('pass'), ms: fc.constantFrom(0, 1, 30, 100, 250, 700, 3000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('crash'), who: index }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('top-up'), second: fc.boolean(), amount: fc.integer({ min: -30, max: 50 }) }) },
];

const weathers = (longestMs: number): fc.WeightedArbitrary<Happening> => ({
  weight: 2,
  arbitrary: fc.record({
    type: fc.constant('weather'),
    who: index,
    weather: fc.constantFrom('slow', 'lost-before', 'lost-after', 'silent'),
    ms: fc.integer({ min: 100, max: longestMs }),
  }),
});

/** No process is silent for so long that it counts as dead. */
const calm: fc.WeightedArbitrary<Happening>[] = [...everyday, weathers(5000)];

const wild: fc.WeightedArbitrary<Happening>[] = [
  ...everyday,
  weathers(25_000),
  { weight: 1, arbitrary: fc.record({ type: fc.constant('limit'), second: fc.boolean(), limit: fc.integer({ min: 0, max: 120 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('pause'), who: index, ms: fc.constantFrom(300, 5000, 18_000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('clock'), ms: fc.constantFrom(-86_400_000, -3_600_000, -1000, 1000, 20_000, 3_600_000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('pass'), ms: fc.constant(20_000) }) },
];

/** Many requests that are small beside the budgets: what they spend is mostly told without an answer. */
const rows: fc.WeightedArbitrary<Happening> = {
  weight: 20,
  arbitrary: fc.record({
    type: fc.constant('row'),
    who: index,
    budgets: fc.constantFrom('first', 'second', 'both'),
    amount: fc.integer({ min: 1, max: 25 }),
    requests: fc.integer({ min: 1, max: 8 }),
    ms: fc.constantFrom(0, 30, 250, 1000),
  }),
};

const happenings = (kinds: fc.WeightedArbitrary<Happening>[]) => fc.array(fc.oneof(...kinds), { minLength: 40, maxLength: 120, size: 'max' });

interface Opened extends SimulatedStore {
  remove(): Promise<void>;
}

function boundHolds(open: (world: World) => Promise<Opened>, numRuns: number): void {
  const simulated = (
    kinds: fc.WeightedArbitrary<Happening>[],
    each: (simulation: Simulation) => void,
    atEnd: (simulation: Simulation) => Promise<void>,
    size = 1,
  ) =>
    fc.assert(
      fc.asyncProperty(happenings(kinds), fc.nat(), async (all, seed) => {
        const world = new World(storeAt);
        const store = await open(world);
        try {
          const simulation = new Simulation(world, store, seed, size);
          for (const happening of all) {
            await simulation.happen(happening);
            each(simulation);
          }
          await simulation.end();
          each(simulation);
          await atEnd(simulation);
        } finally {
          await store.remove();
        }
      }),
      { numRuns, interruptAfterTimeLimit: 300_000, markInterruptAsFailure: false },
    );

  const withinBound = (simulation: Simulation): void => {
    for (const { id, beyond, allowed } of simulation.overspending()) expect(beyond, `overspending of ${id}`).toBeLessThanOrEqual(allowed);
  };
  const booksAreRight = async (simulation: Simulation): Promise<void> => {
    expect(await simulation.misbooked()).toEqual({ missing: [], twice: [], unknown: [] });
    for (const { id, spent, entries } of await simulation.books()) expect(spent, id).toBe(entries);
  };

  test(
    'whatever happens, no budget is overspent by more than the steps of streams that run, and the books are right',
    { timeout: 600_000 },
    async () => {
      expect.hasAssertions();
      await simulated(wild, withinBound, booksAreRight);
    },
  );

  test('the same holds where budgets are large beside a request', { timeout: 600_000 }, async () => {
    expect.hasAssertions();
    await simulated([...wild, rows], withinBound, booksAreRight, 300);
  });

  test('while no process is taken for dead, rates and places hold as well', { timeout: 600_000 }, () =>
    simulated(
      calm,
      (simulation) => {
        withinBound(simulation);
        expect(simulation.placesHeld()).toBeLessThanOrEqual(Number(places.limit));
      },
      async (simulation) => {
        const { limit, refillMs } = tokensPerTime;
        const { inWindow, inAll } = simulation.tokensUsed(refillMs);
        expect(inWindow).toBeLessThanOrEqual(2 * Number(limit));
        expect(inAll).toBeLessThanOrEqual(Number(limit) * (1 + simulation.world.passed / refillMs));
        await booksAreRight(simulation);
      },
    ),
  );
}

const real = async (store: Store, remove: () => void | Promise<void>): Promise<Opened> => ({
  store,
  topUp: (id, amount) => store.budgets.topUp(id, BigInt(amount)),
  entries: () => readEntries(store),
  async remove() {
    await store.close();
    await remove();
  },
});

describe('on a model of a store', () => {
  boundHolds(async () => {
    const store = new ModelStore();
    return {
      store,
      topUp: async (id, amount) => store.topUp(id, amount),
      entries: async () => Array.from(store.entries.values()),
      async remove() {},
    };
  }, 300);
});

describe('on the embedded store', () => {
  boundHolds(async (world) => {
    const folder = mkdtempSync(join(tmpdir(), 'remora-bound-'));
    const store = createEmbeddedStore({ path: join(folder, 'remora.db'), now: world.now });
    return real(store, () => rmSync(folder, { recursive: true }));
  }, 20);
});

describe.skipIf(redisMissing !== undefined)('on a Redis', () => {
  let server: RedisServer | undefined;
  let runs = 0;
  beforeAll(async () => {
    server = await createRedisServer();
    await server.start();
  });
  afterAll(() => server?.kill());

  boundHolds(async (world) => {
    runs += 1;
    return real(createRedisStore({ url: server?.url ?? '', prefix: `bound-${runs}`, now: world.now, clock: 'caller' }), () => {});
  }, 20);
});
