import { expect, test } from 'vitest';
import type { OpenStore } from './store.contract.ts';
import { budget, createGateway, entry, move, rate, readEntries, slots, storeAt, type Gateway } from './store.fixture.ts';
import { deadAfterMs } from './store.ts';

/** What becomes of what gateway processes hold, and of what they say twice. */
export function holderContract(open: OpenStore): void {
  repeats(open);
  deaths(open);
  returns(open);
  leavings(open);
}

async function two(open: OpenStore) {
  const { store } = await open();
  return { store, one: createGateway(store, 'one'), two: createGateway(store, 'two') };
}

/** A rate that fills so slowly that time plays no part. */
const slow = rate({ limit: 10n, refillMs: 86_400_000 * 365 });
const afterDeath = storeAt + deadAfterMs + 1;

/** Leases 5 of a budget, a rate and places each. */
const leaseFive = (gateway: Gateway) =>
  gateway.sync({ moves: [budget({ limit: 10n }), slow, slots()].map((quota) => move(quota, { need: 5, want: 5, idle: 2 })) });
const look = async (gateway: Gateway, now: number) =>
  (await gateway.sync({ now, moves: [budget({ limit: 10n }), slow, slots()].map((quota) => move(quota)) })).states;

function repeats(open: OpenStore): void {
  test('a call that is repeated is answered as it was, and not applied again', async () => {
    const { store, one } = await two(open);
    await one.move(budget(), { need: 500, want: 500 });
    const request = {
      entries: [entry({ id: 'once', costNanos: 100 })],
      moves: [move(budget(), { spent: 100, need: 50, want: 50 }), move(rate(), { need: 5, want: 5 }), move(slots())],
    };
    const first = await one.sync(request);
    expect(first.states.map(({ granted }) => granted)).toEqual([50, 5, 0]);
    expect(await one.repeat()).toEqual(first);
    expect(await one.repeat()).toEqual(first);
    expect(await readEntries(store)).toHaveLength(1);
    expect(await one.move(budget())).toMatchObject({ spent: 100n, leased: 450n, left: 450n });
  });

  test('a repeated call says what others have done in between', async () => {
    const { one, two: other } = await two(open);
    await one.move(budget(), { need: 50, want: 50 });
    await other.move(budget(), { overdraft: 10, spent: 10 });
    expect((await one.repeat()).states[0]).toMatchObject({ granted: 50, spent: 10n, leased: 50n, left: 940n });
  });

  test('an entry that is booked twice, by whomever, counts once', async () => {
    const { store, one, two: other } = await two(open);
    const booked = entry({ costNanos: 5 });
    await one.sync({ entries: [booked, booked] });
    await one.sync({ entries: [booked] });
    await other.sync({ entries: [{ ...booked, costNanos: 7 }, entry({ costNanos: 1 })] });
    expect((await readEntries(store)).map(({ costNanos }) => costNanos).toSorted((a, b) => a - b)).toEqual([1, 5]);
    expect(await one.move(budget())).toMatchObject({ spent: 6n });
  });

  test("each process's numbers are its own", async () => {
    const { one, two: other } = await two(open);
    for (const gateway of [one, other]) await gateway.move(slots(), { need: 1, want: 1 });
    expect(await one.move(slots())).toMatchObject({ leased: 2n });
  });
}

function deaths(open: OpenStore): void {
  test('counts the processes that live', async () => {
    const { one, two: other } = await two(open);
    expect((await one.sync()).holders).toBe(1);
    expect((await other.sync({ now: storeAt + 10_000 })).holders).toBe(2);
    expect((await other.sync({ now: afterDeath })).holders).toBe(1);
  });

  test('one that is silent is not dead before its time', async () => {
    const { one, two: other } = await two(open);
    await leaseFive(one);
    for (const state of await look(other, storeAt + deadAfterMs - 1))
      expect(state).toMatchObject({ leased: 5n, dead: 0n, left: 5n, idleElsewhere: 2n });
    expect((await one.sync({ now: storeAt + deadAfterMs - 1 })).wasForgotten).toBe(false);
    for (const state of await look(other, afterDeath)) expect(state).toMatchObject({ leased: 5n, dead: 0n, left: 5n });
  });

  test('the places and rates of the dead come back, their budgets do not', async () => {
    const { store, one, two: other } = await two(open);
    await leaseFive(one);
    const [money, rated, placed] = await look(other, afterDeath);
    expect(money).toMatchObject({ leased: 5n, dead: 5n, left: 5n, idleElsewhere: 0n });
    expect(rated).toMatchObject({ leased: 0n, dead: 0n, left: 10n, idleElsewhere: 0n });
    expect(placed).toMatchObject({ leased: 0n, dead: 0n, left: 10n, idleElsewhere: 0n });
    expect(await store.budgets.list(afterDeath)).toMatchObject([{ leased: 5n, dead: 5n, left: 5n }]);
    expect(await other.move(budget({ limit: 10n }), { need: 6, want: 6 }, afterDeath)).toMatchObject({ granted: 0 });
  });

  test('an admin sees who is dead even where nobody lives', async () => {
    const { store, one } = await two(open);
    await leaseFive(one);
    expect(await store.budgets.list(afterDeath)).toMatchObject([{ leased: 5n, dead: 5n, left: 5n }]);
  });

  test('an admin frees what the dead hold of a budget, and nothing that the living do', async () => {
    const { store, one, two: other } = await two(open);
    await leaseFive(one);
    await other.move(budget({ limit: 10n }), { need: 1, want: 1 }, afterDeath);
    expect(await store.budgets.releaseDead(budget().id)).toBe(true);
    expect(await other.move(budget({ limit: 10n }), {}, afterDeath)).toMatchObject({ leased: 1n, dead: 0n, left: 9n });
  });
}

function returns(open: OpenStore): void {
  test('one that was given up and speaks again learns of it, and its budgets are still its own', async () => {
    const { store, one, two: other } = await two(open);
    await leaseFive(one);
    await look(other, afterDeath);
    const reply = await one.sync({ now: afterDeath, entries: [entry({ costNanos: 3 })], moves: [move(budget({ limit: 10n }), { spent: 3 })] });
    expect(reply).toMatchObject({ wasForgotten: true, holders: 2 });
    expect(reply.states).toMatchObject([{ spent: 3n, leased: 2n, yours: 2, dead: 0n, left: 5n }]);
    expect((await one.sync({ now: afterDeath })).wasForgotten).toBe(false);
    expect(await other.move(budget({ limit: 10n }), {}, afterDeath)).toMatchObject({ spent: 3n, leased: 2n, dead: 0n, left: 5n });
    expect(await store.budgets.list(afterDeath)).toMatchObject([{ spent: 3n, leased: 2n, dead: 0n }]);
  });

  test('a call that is repeated by one that was given up in between is not applied again', async () => {
    const { store, one, two: other } = await two(open);
    await one.sync({ entries: [entry({ costNanos: 3 })], moves: [move(budget(), { overdraft: 3, spent: 3, need: 10, want: 10 })] });
    await look(other, afterDeath);
    expect((await one.repeat({ now: afterDeath })).states).toMatchObject([{ granted: 10, spent: 3n, leased: 10n, yours: 10 }]);
    expect(await store.budgets.list(afterDeath)).toMatchObject([{ spent: 3n, leased: 10n, left: 987n }]);
  });

  test('a call that is repeated tells one that was given up in between which places and rates are gone', async () => {
    const { one, two: other } = await two(open);
    await leaseFive(one);
    await look(other, afterDeath);
    for (let count = 0; count < 2; count += 1) {
      const reply = await one.repeat({ now: afterDeath });
      expect(reply.wasForgotten).toBe(true);
      expect(reply.states).toMatchObject([{ granted: 5, yours: 5 }, { yours: 0 }, { yours: 0 }]);
    }
  });

  test('what it gives back of places and rates that have gone to others is not freed again', async () => {
    const { one, two: other } = await two(open);
    await leaseFive(one);
    for (const quota of [slow, slots()]) await other.move(quota, { need: 10, want: 10 }, afterDeath);
    const { states } = await one.sync({ now: afterDeath, moves: [move(slow, { back: 5 }), move(slots(), { back: 5 })] });
    expect(states).toMatchObject([
      { leased: 10n, yours: 0, left: 0n },
      { leased: 10n, yours: 0, left: 0n },
    ]);
  });

  test('what it used of a rate that has come back counts all the same', async () => {
    const { one, two: other } = await two(open);
    await leaseFive(one);
    await look(other, afterDeath);
    expect(await one.move(slow, { spent: 4 }, afterDeath)).toMatchObject({ leased: 0n, left: 6n });
  });

  test('what it still uses of places counts anew', async () => {
    const { one, two: other } = await two(open);
    await leaseFive(one);
    await look(other, afterDeath);
    await one.sync({ now: afterDeath });
    expect(await one.move(slots(), { overdraft: 3 }, afterDeath)).toMatchObject({ leased: 3n, yours: 3, left: 7n });
  });

  test('what it spent of a budget that an admin has released counts all the same', async () => {
    const { store, one, two: other } = await two(open);
    await leaseFive(one);
    await look(other, afterDeath);
    await store.budgets.releaseDead(budget().id);
    await other.move(budget({ limit: 10n }), { need: 10, want: 10 }, afterDeath);
    expect(await one.move(budget({ limit: 10n }), { spent: 4, back: 1 }, afterDeath)).toMatchObject({ spent: 4n, leased: 10n, left: 0n });
  });
}

function leavings(open: OpenStore): void {
  test('one that leaves gives all back at once, and is counted no more', async () => {
    const { store, one, two: other } = await two(open);
    await leaseFive(one);
    await one.sync({ leaving: true, entries: [entry({ costNanos: 2 })], moves: [move(budget({ limit: 10n }), { spent: 2 })] });
    const [money, rated, placed] = await look(other, storeAt);
    expect(money).toMatchObject({ spent: 2n, leased: 0n, dead: 0n, left: 8n });
    expect(rated).toMatchObject({ leased: 0n, left: 10n });
    expect(placed).toMatchObject({ leased: 0n, left: 10n });
    expect((await other.sync()).holders).toBe(1);
    expect(await readEntries(store)).toHaveLength(1);
  });

  test('what a process has spent of a rate stays spent when it leaves, and what it gives back comes back once', async () => {
    const { one, two: other } = await two(open);
    const tokens = rate({ limit: 100n, refillMs: 86_400_000 });
    await one.move(tokens, { need: 40, want: 40 });
    await one.move(tokens, { spent: 15 });
    await other.move(tokens, { need: 50, want: 50 });
    await one.sync({ leaving: true, moves: [move(tokens, { spent: 5, back: 10 })] });
    expect(await other.move(tokens)).toMatchObject({ leased: 50n, left: 30n });
  });

  test('a leaving that is repeated is not applied again', async () => {
    const { one, two: other } = await two(open);
    await leaseFive(one);
    await one.sync({ leaving: true, moves: [move(budget({ limit: 10n }), { spent: 2 })] });
    await one.repeat();
    expect((await look(other, storeAt))[0]).toMatchObject({ spent: 2n, leased: 0n, left: 8n });
  });

  test('one that leaves is granted nothing', async () => {
    const { one, two: other } = await two(open);
    expect((await one.sync({ leaving: true, moves: [move(slots(), { need: 3, want: 3 })] })).states).toMatchObject([
      { granted: 0, leased: 0n, yours: 0 },
    ]);
    expect(await other.move(slots())).toMatchObject({ leased: 0n, left: 10n });
  });
}
