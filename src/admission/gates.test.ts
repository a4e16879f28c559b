import { afterEach, describe, expect, test, vi } from 'vitest';
import { GatewayError } from '../errors.ts';
import { FakeClock } from './clock.fixture.ts';
import type { Ticket } from './gate.ts';
import { createGates, type Gates, type QueueOptions } from './gates.ts';
import type { Entrant } from './wait.ts';

const queue: QueueOptions = { max: 10, waitMs: 1000 };
const someone = (tenant = 'a', more: Partial<Entrant> = {}): Entrant => ({ tenant, priority: 'normal', ...more });

function gatesOf(limits: Record<string, number>, options: QueueOptions | 'no queue' = queue) {
  const clock = new FakeClock();
  const gates = createGates({ limits: new Map(Object.entries(limits)), queue: options === 'no queue' ? undefined : options }, clock, 'All is full.');
  return { gates, clock };
}

/** Comes in where there must be room. */
function enter(gates: Gates, ...names: [string, ...string[]]): Ticket {
  const ticket = gates.enterAny(names, someone());
  if (ticket instanceof Promise) throw new Error('it waits');
  return ticket;
}

/** Waits where there must be no room; what becomes of it is in `end` once it is known. */
function wait(gates: Gates, names: readonly [string, ...string[]], entrant: Entrant) {
  const waiting: { end: Ticket | Error | undefined } = { end: undefined };
  const entering = gates.enterAny(names, entrant);
  if (!(entering instanceof Promise)) throw new Error('it does not wait');
  const note = (end: Ticket | Error): void => {
    waiting.end = end;
  };
  void entering.then(note, note);
  return waiting;
}

/** The error that somebody gets at once. */
function refusal(gates: Gates, names: readonly [string, ...string[]], entrant = someone()): GatewayError {
  try {
    void gates.enterAny(names, entrant);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('where there is room', () => {
  test('a place is had at once, without a promise', () => {
    const { gates } = gatesOf({ p: 2 });
    expect([enter(gates, 'p').gate, gates.inside('p'), gates.hasRoom('p')]).toEqual(['p', 1, true]);
    enter(gates, 'p');
    expect(gates.hasRoom('p')).toBe(false);
  });

  test('a gate without a limit always has some, and counts who is inside', () => {
    const { gates } = gatesOf({});
    for (let index = 0; index < 100; index++) enter(gates, 'p');
    expect([gates.hasRoom('p'), gates.inside('p'), gates.stats('p').limit]).toEqual([true, 100, undefined]);
  });

  test('of several gates the first that has some is taken', () => {
    const { gates } = gatesOf({ p: 1, q: 1 });
    expect([enter(gates, 'p', 'q').gate, enter(gates, 'p', 'q').gate]).toEqual(['p', 'q']);
  });

  test('a place given back twice is one place', () => {
    const { gates } = gatesOf({ p: 2 });
    const ticket = enter(gates, 'p');
    enter(gates, 'p');
    ticket.release();
    ticket.release();
    expect(gates.inside('p')).toBe(1);
  });
});

describe('where there is none', () => {
  test('a further attempt gets a place all the same, and nobody else until it is made up for', () => {
    const { gates } = gatesOf({ p: 1 });
    const first = enter(gates, 'p');
    const further = gates.take('p');
    expect(gates.inside('p')).toBe(2);
    first.release();
    expect(gates.hasRoom('p')).toBe(false);
    further.release();
    expect(gates.hasRoom('p')).toBe(true);
  });

  test('without a queue it is a 429 at once, which says when to come back', () => {
    const { gates } = gatesOf({ p: 1 }, 'no queue');
    enter(gates, 'p');
    const error = refusal(gates, ['p']);
    expect(error).toMatchObject({ code: 'too-many-requests', status: 429, retryable: true, retryAfterSeconds: 1 });
    expect(error.message).toBe('All is full. Try again in a second.');
    expect(gates.stats('p').refused).toEqual({ full: 1, 'queue-full': 0, 'tenant-queue-full': 0, waited: 0 });
  });

  test('who will not wait is refused at once', () => {
    const { gates } = gatesOf({ p: 1 });
    enter(gates, 'p');
    expect(refusal(gates, ['p'], someone('a', { waitMs: 0 })).code).toBe('too-many-requests');
  });

  test('it comes back when places were coming free of late, and at the soonest of several gates', () => {
    const { gates, clock } = gatesOf({ p: 1, q: 1 }, 'no queue');
    enter(gates, 'q');
    for (let index = 0; index < 5; index++) {
      const ticket = enter(gates, 'p');
      clock.pass(8000);
      ticket.release();
    }
    enter(gates, 'p');
    expect(refusal(gates, ['p']).retryAfterSeconds).toBe(8);
    expect(refusal(gates, ['q']).retryAfterSeconds).toBe(23); // nothing has come free there
    expect(refusal(gates, ['q', 'p']).retryAfterSeconds).toBe(8);
    expect(refusal(gates, ['p']).message).toContain('Try again in 8 seconds.');
  });

  test('the next waiter gets the place that is given back', async () => {
    const { gates, clock } = gatesOf({ p: 1 });
    const ticket = enter(gates, 'p');
    const [first, second] = [wait(gates, ['p'], someone()), wait(gates, ['p'], someone())];
    clock.pass(300);
    ticket.release();
    await settled();
    expect([first.end, second.end]).toMatchObject([{ gate: 'p' }, undefined]);
    expect(gates.inside('p')).toBe(1);
    expect(gates.stats('p').waited).toEqual({ count: 1, sumMs: 300 });
    expect(clock.pending).toBe(1);
  });

  test('who waits at several gates gets the first place, and no second one', async () => {
    const { gates, clock } = gatesOf({ p: 1, q: 1 });
    const [atP, atQ] = [enter(gates, 'p'), enter(gates, 'q')];
    const waiting = wait(gates, ['p', 'q', 'p'], someone());
    atQ.release();
    atP.release();
    await settled();
    expect(waiting.end).toMatchObject({ gate: 'q' });
    expect([gates.inside('p'), gates.inside('q'), clock.pending]).toEqual([0, 1, 0]);
    expect([gates.stats('p').waiting.normal, gates.stats('q').waiting.normal]).toEqual([0, 0]);
  });

  test('who names a gate twice waits there once', () => {
    const { gates } = gatesOf({ p: 1, q: 1 });
    for (const name of ['p', 'q']) enter(gates, name);
    wait(gates, ['p', 'p', 'q', 'q'], someone());
    expect([gates.stats('p').waiting.normal, gates.stats('q').waiting.normal]).toEqual([1, 1]);
  });

  test('after the longest wait it is the same 429', async () => {
    const { gates, clock } = gatesOf({ p: 1 });
    enter(gates, 'p');
    const [usual, shorter] = [wait(gates, ['p'], someone()), wait(gates, ['p'], someone('a', { waitMs: 400 }))];
    clock.pass(400);
    await settled();
    expect([usual.end, shorter.end]).toMatchObject([undefined, { code: 'too-many-requests' }]);
    clock.pass(600);
    await settled();
    expect(usual.end).toMatchObject({ code: 'too-many-requests', status: 429 });
    expect(gates.stats('p')).toMatchObject({ waiting: { normal: 0 }, refused: { waited: 2 }, waited: { count: 0 } });
  });

  test('who hangs up leaves the queue at once, with the reason', async () => {
    const { gates, clock } = gatesOf({ p: 1 });
    const ticket = enter(gates, 'p');
    const client = new AbortController();
    const waiting = wait(gates, ['p'], someone('a', { signal: client.signal }));
    const reason = new Error('gone');
    client.abort(reason);
    expect([gates.stats('p').waiting.normal, clock.pending]).toEqual([0, 0]);
    await settled();
    expect(waiting.end).toBe(reason);
    ticket.release();
    expect([gates.inside('p'), gates.stats('p').abandoned]).toEqual([0, 1]);
  });

  test('who has hung up before takes no place', () => {
    const { gates } = gatesOf({ p: 1 });
    const reason = new Error('gone');
    expect(() => gates.enterAny(['p'], someone('a', { signal: AbortSignal.abort(reason) }))).toThrow(reason);
    expect(gates.inside('p')).toBe(0);
  });

  test('who hangs up with a place keeps it until it is given back', async () => {
    const { gates } = gatesOf({ p: 1 });
    const ticket = enter(gates, 'p');
    const client = new AbortController();
    const waiting = wait(gates, ['p'], someone('a', { signal: client.signal }));
    ticket.release();
    client.abort();
    await settled();
    expect([gates.inside('p'), gates.stats('p').abandoned]).toEqual([1, 0]);
    expect(waiting.end).toMatchObject({ gate: 'p' });
  });
});

describe('the queue is bounded', () => {
  test('in all', () => {
    const { gates } = gatesOf({ p: 1 }, { max: 2, waitMs: 1000, maxPerTenant: 2 });
    enter(gates, 'p');
    for (const tenant of ['a', 'b']) wait(gates, ['p'], someone(tenant));
    expect(refusal(gates, ['p'], someone('c')).message).toContain('All is full.');
    expect(gates.stats('p').refused['queue-full']).toBe(1);
  });

  test('for each tenant, to half of it by itself', () => {
    const { gates } = gatesOf({ p: 1 }, { max: 4, waitMs: 1000 });
    enter(gates, 'p');
    wait(gates, ['p'], someone('a'));
    wait(gates, ['p'], someone('a', { priority: 'high' }));
    expect(refusal(gates, ['p'], someone('a')).message).toContain('This tenant has as many requests waiting as it may have.');
    wait(gates, ['p'], someone('b'));
    expect(gates.stats('p')).toMatchObject({ waiting: { high: 1, normal: 2, low: 0 }, refused: { 'tenant-queue-full': 1 } });
  });

  test('at each gate: a full one keeps nobody from waiting at another', async () => {
    const { gates } = gatesOf({ p: 1, q: 1 }, { max: 1, waitMs: 1000 });
    const [atP, atQ] = [enter(gates, 'p'), enter(gates, 'q')];
    wait(gates, ['p'], someone());
    const waiting = wait(gates, ['p', 'q'], someone());
    expect(refusal(gates, ['p', 'q']).code).toBe('too-many-requests');
    atP.release();
    atQ.release();
    await settled();
    expect(waiting.end).toMatchObject({ gate: 'q' });
  });
});

describe('other limits', () => {
  const limits = (limit: number) => new Map([['p', limit]]);

  test('higher ones let in who waits', async () => {
    const { gates } = gatesOf({ p: 1 });
    enter(gates, 'p');
    const waiting = [wait(gates, ['p'], someone()), wait(gates, ['p'], someone()), wait(gates, ['p'], someone())];
    gates.reconfigure({ limits: limits(3), queue });
    await settled();
    expect(waiting.map(({ end }) => end !== undefined)).toEqual([true, true, false]);
  });

  test('none any more lets in all', async () => {
    const { gates } = gatesOf({ p: 1 });
    enter(gates, 'p');
    const waiting = wait(gates, ['p'], someone());
    gates.reconfigure({ limits: new Map(), queue });
    await settled();
    expect([waiting.end, gates.inside('p')]).toMatchObject([{ gate: 'p' }, 2]);
  });

  test('lower ones put nobody out', () => {
    const { gates } = gatesOf({ p: 3 });
    const tickets = [enter(gates, 'p'), enter(gates, 'p'), enter(gates, 'p')];
    gates.reconfigure({ limits: limits(1), queue });
    expect([gates.inside('p'), gates.stats('p').limit]).toEqual([3, 1]);
    for (const ticket of tickets.slice(1)) ticket.release();
    expect(gates.hasRoom('p')).toBe(false);
    tickets[0]?.release();
    expect(gates.hasRoom('p')).toBe(true);
  });

  test('a queue that is gone keeps who waits in it, and takes nobody else', async () => {
    const { gates } = gatesOf({ p: 1 });
    const ticket = enter(gates, 'p');
    const waiting = wait(gates, ['p'], someone());
    gates.reconfigure({ limits: limits(1), queue: undefined });
    expect(refusal(gates, ['p']).code).toBe('too-many-requests');
    ticket.release();
    await settled();
    expect(waiting.end).toMatchObject({ gate: 'p' });
  });

  test('count as full from then on: who is refused is told so', () => {
    const { gates, clock } = gatesOf({ p: 2 }, 'no queue');
    enter(gates, 'p');
    gates.reconfigure({ limits: limits(1), queue: undefined });
    clock.pass(5000);
    expect(refusal(gates, ['p']).retryAfterSeconds).toBe(5);
    gates.reconfigure({ limits: limits(2), queue: undefined });
    clock.pass(3_600_000);
    enter(gates, 'p');
    expect(refusal(gates, ['p']).retryAfterSeconds).toBe(5);
  });

  test('a place of before counts where its provider comes back', () => {
    const { gates } = gatesOf({ p: 1 });
    const ticket = enter(gates, 'p');
    gates.reconfigure({ limits: new Map(), queue });
    gates.reconfigure({ limits: limits(1), queue });
    expect(gates.hasRoom('p')).toBe(false);
    ticket.release();
    expect(gates.hasRoom('p')).toBe(true);
  });
});

describe('with Node’s timers', () => {
  afterEach(() => vi.useRealTimers());

  test('a wait ends as well, and an ended one leaves no timer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const gates = createGates({ limits: new Map([['p', 1]]), queue }, { now: () => 0 }, 'All is full.');
    const ticket = enter(gates, 'p');
    const [first, second] = [wait(gates, ['p'], someone()), wait(gates, ['p'], someone())];
    ticket.release();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1000);
    await settled();
    expect([first.end, second.end]).toMatchObject([{ gate: 'p' }, { code: 'too-many-requests' }]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
