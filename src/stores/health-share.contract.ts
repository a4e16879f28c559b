import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { changeKey, isLater, type HealthChange } from '../routing/health/change.ts';
import { shareForMs, type HealthShare, type HealthShareEvent, type HealthShareOptions } from './health-share.ts';

/** One store under test, empty and running at first. */
export interface SharingStore {
  /** Begins to share through the store, as a gateway does at start. */
  open(options: HealthShareOptions): HealthShare;
  /** Puts something into the store, past the shares, that is no change. */
  spoil(): void | Promise<void>;
  /** From now on, a share that is opened cannot use the store. */
  breakDown(): void | Promise<void>;
  repair(): void | Promise<void>;
  remove(): void | Promise<void>;
}

/** When the shares of these tests live: what happens in them happens about then. */
export const sharingAt = Date.UTC(2026, 10, 15, 12);

/** A change for tests: of one deployment, unless told otherwise. */
export const change = (fields: Partial<HealthChange> = {}): HealthChange => ({
  kind: 'breaker',
  id: 'openai/gpt-5-mini',
  reason: 'failing',
  untilMs: sharingAt + 2000,
  level: 0,
  at: sharingAt,
  by: 'first',
  ...fields,
});

/** How long a test of shares may take, on a machine that is busy. */
export const patient = { timeout: 60_000 };

/** For what becomes so without our doing. */
export function expectSoon<Value>(read: () => Value) {
  return expect.poll(read, { timeout: 15_000 });
}

/** What every share must do, whatever it goes through. Each test is skipped where there is a reason to. */
export function healthShareContract(name: string, createStore: () => SharingStore | Promise<SharingStore>, missing?: string): void {
  describe(`${name} health share`, patient, () => {
    const cleanUps: (() => unknown)[] = [];
    afterEach(async () => {
      for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
    });

    async function setUp() {
      const store = await createStore();
      cleanUps.push(() => store.remove());
      function open(now = sharingAt) {
        const heard: HealthChange[] = [];
        const events: HealthShareEvent[] = [];
        const onChange = (one: HealthChange): void => void heard.push(one);
        const share = store.open({ now: () => now, onChange, onEvent: (event) => events.push(event) });
        cleanUps.push(() => share.close());
        return { share, heard, events, publish: share.publish };
      }
      return { store, open };
    }

    test.skipIf(missing !== undefined)('what one publishes, all others hear, and it does not itself', async () => {
      const { open } = await setUp();
      const [first, second, third] = [open(), open(), open()];
      first.publish(change());
      await expectSoon(() => [second.heard, third.heard]).toEqual([[change()], [change()]]);
      second.publish(change({ kind: 'set-aside', id: 'openai', reason: 'refused', by: 'second' }));
      await expectSoon(() => [first.heard.length, third.heard.length]).toEqual([1, 2]);
      expect([first.heard[0]?.id, second.heard.length]).toEqual(['openai', 1]);
    });

    test.skipIf(missing !== undefined)('one that comes later hears how things stand, not how they came to it', async () => {
      const { open } = await setUp();
      const [first, second] = [open(), open()];
      first.publish(change());
      await expectSoon(() => second.heard.length).toBe(1);
      const { reason: _, ...over } = change({ untilMs: 0, at: sharingAt + 10 });
      second.publish(over);
      first.publish(change({ id: 'openai/gpt-5' }));
      await expectSoon(() => [first.heard.length, second.heard.length]).toEqual([1, 2]);
      const late = open();
      await expectSoon(() => late.heard.length).toBe(2);
      expect(late.heard).toEqual(expect.arrayContaining([over, change({ id: 'openai/gpt-5' })]));
    });

    test.skipIf(missing !== undefined)('those that are gone have left word', async () => {
      const { open } = await setUp();
      const [first, second] = [open(), open()];
      first.publish(change());
      await expectSoon(() => second.heard).toEqual([change()]);
      for (const { share } of [first, second]) await share.close();
      const late = open();
      await expectSoon(() => late.heard).toEqual([change()]);
    });

    test.skipIf(missing !== undefined)('an earlier change does not undo a later one, in whatever order they come', async () => {
      const { open } = await setUp();
      const [first, second] = [open(), open()];
      second.publish(change({ at: sharingAt + 10, by: 'second' }));
      first.publish(change());
      first.publish(change({ id: 'end' }));
      await expectSoon(() => second.heard.map(({ id }) => id)).toContain('end');
      const late = open();
      await expectSoon(() => late.heard.length).toBe(2);
      expect(late.heard.find(({ id }) => id !== 'end')?.by).toBe('second');
    });

    test.skipIf(missing !== undefined)('what is long past is told to nobody', async () => {
      const { open } = await setUp();
      const [first, second] = [open(), open()];
      first.publish(change({ id: 'old' }));
      first.publish(change({ id: 'new', at: sharingAt + shareForMs }));
      await expectSoon(() => second.heard.length).toBe(2);
      const late = open(sharingAt + shareForMs + 1);
      await expectSoon(() => late.heard.map(({ id }) => id)).toEqual(['new']);
    });

    test.skipIf(missing !== undefined)('what is no change is passed over', async () => {
      const { store, open } = await setUp();
      await store.spoil();
      const [first, second] = [open(), open()];
      first.publish(change());
      await expectSoon(() => second.heard).toEqual([change()]);
      expect([first.events, second.events]).toEqual([[], []]);
    });

    test.skipIf(missing !== undefined)('nothing is heard after the close, and closing twice is once', async () => {
      const { open } = await setUp();
      const [first, second, third] = [open(), open(), open()];
      await second.share.close();
      await second.share.close();
      second.publish(change({ id: 'after' }));
      first.publish(change());
      await expectSoon(() => third.heard).toEqual([change()]);
      expect(second.heard).toEqual([]);
    });

    test.skipIf(missing !== undefined)('while the store is down nobody waits, each says so once, and all is told when it is back', async () => {
      const { store, open } = await setUp();
      await store.breakDown();
      const [first, second] = [open(), open()];
      for (let level = 0; level < 5; level += 1) first.publish(change({ level, at: sharingAt + level }));
      await expectSoon(() => [first.events.length, second.events.length]).toEqual([1, 1]);
      const [event] = first.events;
      expect(event?.type === 'share-failed' && event.error.message).toMatch(/cannot be used \(.+\)\. Until it can, .+\./);
      await store.repair();
      await expectSoon(() => second.heard.at(-1)).toEqual(change({ level: 4, at: sharingAt + 4 }));
      await expect
        .poll(() => [first.events, second.events].map((events) => events.map(({ type }) => type)))
        .toEqual([
          ['share-failed', 'share-recovered'],
          ['share-failed', 'share-recovered'],
        ]);
    });

    test.skipIf(missing !== undefined)('however they publish, all come to know the same', async () => {
      const anyChange = fc.record({ id: fc.constantFrom('a/1', 'a/2', 'b'), at: fc.nat(5).map((ms) => sharingAt + ms), level: fc.nat(5) });
      const anyStep = fc.record({ who: fc.nat(2), what: anyChange });
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 40 }), async (steps) => {
          const { open } = await setUp();
          const shares = ['first', 'second', 'third'].map((by) => ({ by, ...open() }));
          const latest = new Map<string, HealthChange>();
          const knows = shares.map(() => new Map<string, HealthChange>());
          const learn = (known: Map<string, HealthChange>, one: HealthChange): void => {
            if (isLater(one, known.get(changeKey(one)))) known.set(changeKey(one), one);
          };
          for (const { who, what } of steps) {
            const one = change({ ...what, by: shares[who]?.by ?? '' });
            // Of two changes that a process makes of one thing, the second one is later.
            if (latest.get(changeKey(one))?.at === one.at) continue;
            shares[who]?.publish(one);
            learn(latest, one);
            learn(knows[who] ?? new Map(), one);
          }
          const sorted = (known: Map<string, HealthChange>): HealthChange[] => [...known.values()].toSorted((a, b) => a.id.localeCompare(b.id));
          const allKnow = (): HealthChange[][] => {
            for (const [index, known] of knows.entries()) for (const one of shares[index]?.heard ?? []) learn(known, one);
            return knows.map(sorted);
          };
          await expectSoon(allKnow).toEqual(shares.map(() => sorted(latest)));
          for (const { share } of shares) await share.close();
        }),
        { numRuns: 10 },
      );
    });
  });
}
