import { describe, expect, test } from 'vitest';
import { createAdmission } from '../admission/admission.ts';
import { FakeClock } from '../admission/clock.fixture.ts';
import { createGates } from '../admission/gates.ts';
import { Admittance, type Waiting } from './admit.ts';
import { drive } from './driver.ts';
import { proceed, type Message, type Reply } from './message.ts';

const queue = { max: 10, waitMs: 1000 };

/** A gateway with one place, providers with one place each, and exchanges that come in. */
function gateway({ maxConcurrent = 1 } = {}) {
  const clock = new FakeClock();
  const { now } = clock;
  const admission = createAdmission({ maxConcurrent, queue }, clock);
  const gates = createGates(
    {
      limits: new Map([
        ['p', 1],
        ['q', 1],
      ]),
      queue,
    },
    clock,
    'All providers are busy.',
  );
  const arrive = (signal?: AbortSignal): Admittance =>
    new Admittance({ admission, gates, entrant: { tenant: 'a', priority: 'normal', signal }, waitMs: 1000, now });
  return { clock, admission, gates, arrive };
}

/** Follows a wait; what it says and how it ends are in what is returned. */
function follow(waiting: Waiting | undefined) {
  if (waiting === undefined) throw new Error('it does not wait');
  const followed: { told: number[]; end: unknown } = { told: [], end: undefined };
  async function run(): Promise<void> {
    for await (const { forMs } of waiting ?? []) followed.told.push(forMs);
    followed.end = 'in';
  }
  run().catch((error: unknown) => {
    followed.end = error;
  });
  return followed;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('where there is room nothing is waited for, and the places are held until the end', () => {
  const { admission, gates, arrive } = gateway();
  const one = arrive();
  expect([one.enter(), one.enterAny(['p', 'q']), one.provider]).toEqual([undefined, undefined, 'p']);
  expect([admission.stats().inside, gates.inside('p')]).toEqual([1, 1]);
  one.release();
  one.release();
  expect([admission.stats().inside, gates.inside('p')]).toEqual([0, 0]);
});

describe('a further attempt', () => {
  test('gives the last place back and takes one at its provider, full or not', () => {
    const { gates, arrive } = gateway({ maxConcurrent: 2 });
    const [one, other] = [arrive(), arrive()];
    one.enterAny(['p']);
    other.enterAny(['q']);
    one.move('q');
    expect([one.provider, gates.inside('p'), gates.inside('q')]).toEqual(['q', 0, 2]);
    one.release();
    expect([gates.inside('q'), gates.hasRoom('q')]).toEqual([1, false]);
  });

  test('at the same provider keeps its place from those who wait', async () => {
    const { gates, arrive } = gateway();
    const [one, other] = [arrive(), arrive()];
    one.enterAny(['p']);
    const waiting = follow(other.enterAny(['p']));
    one.move('p');
    await settled();
    expect([waiting.end, gates.inside('p')]).toEqual([undefined, 1]);
  });

  test('after the end takes nothing', () => {
    const { gates, arrive } = gateway();
    const one = arrive();
    one.release();
    one.move('p');
    expect(gates.inside('p')).toBe(0);
  });
});

describe('where there is none', () => {
  test('each wait tells Envoy how long it may be, with time for the reply, and all together are no longer than one', async () => {
    const { clock, gates, arrive } = gateway();
    const [one, other] = [arrive(), arrive()];
    one.enter();
    const first = follow(other.enter());
    clock.pass(400);
    one.release();
    await settled();
    expect(first).toEqual({ told: [6000], end: 'in' });
    gates.take('p');
    gates.take('q');
    const second = follow(other.enterAny(['p', 'q']));
    await settled();
    expect(second).toEqual({ told: [5600], end: undefined });
    clock.pass(600);
    await settled();
    expect(second.end).toMatchObject({ code: 'too-many-requests', status: 429 });
  });

  test('the provider that has a place first is the one to call', async () => {
    const { gates, arrive } = gateway();
    const taken = [gates.take('p'), gates.take('q')];
    const one = arrive();
    const waiting = follow(one.enterAny(['p', 'q']));
    taken[1]?.release();
    await settled();
    expect([waiting.end, one.provider]).toEqual(['in', 'q']);
  });

  test('a place that comes after the end goes back', async () => {
    const { admission, arrive } = gateway();
    const [one, other] = [arrive(), arrive()];
    one.enter();
    const waiting = other.enter();
    expect(waiting).toBeDefined();
    other.release();
    one.release();
    await settled();
    expect(admission.stats()).toMatchObject({ inside: 0, waited: { count: 1 } });
  });

  test('a wait that nobody follows any more fails in silence', async () => {
    const { clock, admission, arrive } = gateway();
    arrive().enter();
    expect(arrive().enter()).toBeDefined();
    clock.pass(1000);
    await settled();
    expect(admission.stats()).toMatchObject({ inside: 1, refused: { waited: 1 } });
  });
});

test('a client that hangs up in the queue leaves it at once, and its exchange ends', async () => {
  const { clock, admission, arrive } = gateway();
  const inside = arrive();
  inside.enter();
  const said: Reply[] = [];
  const failures: unknown[] = [];
  async function* exchange(_first: Message, signal: AbortSignal) {
    const one = arrive(signal);
    try {
      const waiting = one.enter();
      if (waiting !== undefined) yield* waiting;
      yield proceed;
    } finally {
      one.release();
    }
  }
  const driver = drive(exchange, { reply: (reply) => said.push(reply), end: () => {} }, (error) => failures.push(error));
  driver.message({ type: 'request-headers', headers: new Map(), endOfStream: false, attributes: new Map(), metadata: new Map() });
  await settled();
  expect([said, admission.stats().waiting.normal]).toEqual([[{ type: 'wait', forMs: 6000 }], 1]);
  driver.closed();
  expect([admission.stats().waiting.normal, clock.pending]).toEqual([0, 0]);
  await driver.ended;
  inside.release();
  expect(admission.stats()).toMatchObject({ inside: 0, abandoned: 1 });
  expect(failures).toEqual([]);
});
