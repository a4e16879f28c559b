import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { drive } from './driver.ts';
import { proceed, type Conversation, type Message, type Sent } from './message.ts';

const headers: Message = { type: 'request-headers', headers: new Map(), endOfStream: false, attributes: new Map(), metadata: new Map() };
const body: Message = { type: 'request-body', body: Buffer.from('{}') };

/** Drives a conversation by hand and keeps what it says. */
function script(open: (first: Message, signal: AbortSignal) => Conversation) {
  const said: { reply: Sent; to: Message['type'] }[] = [];
  const failures: unknown[] = [];
  let ends = 0;
  const driver = drive(open, { reply: (reply, to) => said.push({ reply, to }), end: () => ends++ }, (error) => failures.push(error));
  return { driver, said, failures, ends: () => ends };
}

afterEach(() => vi.useRealTimers());

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('answers each message once, in order, also when they come faster than the conversation takes them', async () => {
  const { driver, said } = script(async function* () {
    for (;;) {
      await turn();
      yield proceed;
    }
  });
  driver.message(headers);
  driver.message(body);
  driver.message(body);
  for (let index = 0; index < 10; index++) await turn();
  expect(said.map(({ to }) => to)).toEqual(['request-headers', 'request-body', 'request-body']);
});

test('gives the conversation its first message when it opens, and further ones as the value of yield', async () => {
  const seen: string[] = [];
  const { driver } = script(async function* (first) {
    seen.push(first.type);
    const next: Message = yield proceed;
    seen.push(next.type);
    yield proceed;
  });
  driver.message(headers);
  driver.message(body);
  await turn();
  expect(seen).toEqual(['request-headers', 'request-body']);
});

describe('runs the conversation’s finally exactly once', () => {
  for (const [name, play] of [
    ['when Envoy goes away between messages', (driver: ReturnType<typeof drive>) => (driver.message(headers), turn().then(() => driver.closed()))],
    ['when Envoy goes away while it works', (driver: ReturnType<typeof drive>) => (driver.message(headers), driver.closed())],
    [
      'when Envoy says so three times',
      (driver: ReturnType<typeof drive>) => (driver.message(headers), driver.closed(), driver.closed(), driver.closed()),
    ],
  ] as const) {
    test(name, async () => {
      let settled = 0;
      const { driver, ends } = script(async function* () {
        try {
          await turn();
          yield proceed;
          yield proceed;
        } finally {
          settled++;
        }
      });
      await play(driver);
      for (let index = 0; index < 5; index++) await turn();
      expect(settled).toBe(1);
      expect(ends()).toBe(1);
    });
  }
});

test('has ended only once the conversation’s finally has run', async () => {
  let settled = false;
  let ended = false;
  const { driver } = script(async function* () {
    try {
      yield proceed;
      yield proceed;
    } finally {
      await turn();
      settled = true;
    }
  });
  const end = driver.ended.then(() => (ended = true));
  driver.message(headers);
  await turn();
  driver.closed();
  expect(ended).toBe(false);
  await end;
  expect(settled).toBe(true);
});

test('says nothing to an Envoy that has gone', async () => {
  const { driver, said } = script(async function* () {
    await turn();
    yield proceed;
  });
  driver.message(headers);
  driver.closed();
  await turn();
  await turn();
  expect(said).toEqual([]);
});

test('never ends the stream before Envoy has, though the conversation is over', async () => {
  const { driver, ends } = script(async function* () {
    yield proceed;
  });
  driver.message(headers);
  await turn();
  driver.message(body);
  await turn();
  expect(ends()).toBe(0);
  driver.closed();
  expect(ends()).toBe(1);
});

test('answers a bug with a 500 that keeps its message back, and reports it', async () => {
  const { driver, said, failures } = script(async function* () {
    yield proceed;
    throw new Error('secret');
  });
  driver.message(headers);
  driver.message(body);
  await turn();
  expect(said[1]).toMatchObject({ to: 'request-body', reply: { type: 'immediate', status: 500 } });
  expect(JSON.stringify(said)).not.toContain('secret');
  expect(failures).toMatchObject([{ message: 'secret' }]);
});

test('a stream that ends before its first message opens nothing', async () => {
  let opened = 0;
  const { driver, ends } = script(async function* () {
    opened++;
    yield proceed;
  });
  driver.closed();
  await turn();
  expect([opened, ends()]).toEqual([0, 1]);
});

describe('a conversation that takes its time', () => {
  test('tells Envoy so, goes on at once, and answers the same message later', async () => {
    const freed = Promise.withResolvers<void>();
    const { driver, said } = script(async function* (first) {
      expect(yield { type: 'wait', forMs: 20_000 }).toBe(first);
      await freed.promise;
      yield proceed;
    });
    driver.message(headers);
    await turn();
    expect(said).toEqual([{ reply: { type: 'wait', forMs: 20_000 }, to: 'request-headers' }]);
    freed.resolve();
    await turn();
    expect(said[1]).toEqual({ reply: proceed, to: 'request-headers' });
  });

  test('is told when Envoy goes away, and giving up then is no failure', async () => {
    let settled = 0;
    const { driver, said, failures } = script(async function* (_, signal) {
      try {
        yield { type: 'wait', forMs: 20_000 };
        await sleep(60_000, undefined, { signal });
        yield proceed;
      } finally {
        settled++;
      }
    });
    driver.message(headers);
    await turn();
    driver.closed();
    await driver.ended;
    expect([settled, said.length, failures]).toEqual([1, 1, []]);
  });
});

describe('the signal of a conversation', () => {
  function signalled(pause: (signal: AbortSignal) => Promise<void>) {
    let seen: AbortSignal | undefined;
    const { driver } = script(async function* (_, signal) {
      seen = signal;
      yield proceed;
      await pause(signal);
      yield proceed;
    });
    return { driver, signal: () => seen };
  }

  test('aborts with an AbortError where Envoy goes away while it works', async () => {
    const { driver, signal } = signalled((gone) => sleep(60_000, undefined, { signal: gone }));
    driver.message(headers);
    await turn();
    driver.message(body);
    await turn();
    driver.closed();
    await driver.ended;
    expect(signal()?.reason).toMatchObject({ name: 'AbortError' });
  });

  test('does not where it waits for Envoy: it is ended, and waits for nothing else', async () => {
    const { driver, signal } = signalled(() => Promise.resolve());
    driver.message(headers);
    await turn();
    driver.closed();
    await driver.ended;
    expect(signal()?.aborted).toBe(false);
  });
});

describe('a conversation that holds messages', () => {
  const chunk = (text: string): Message => ({ type: 'response-body', body: Buffer.from(text), endOfStream: false });
  const answer: Message = { type: 'response-headers', headers: new Map(), endOfStream: false, attributes: new Map() };

  test('answers none of them until it releases them, then all, oldest first, and ends the stream', async () => {
    let settled = 0;
    const { driver, said, ends } = script(async function* () {
      try {
        yield { type: 'hold' };
        yield { type: 'hold' };
        yield { type: 'release', replies: [{ type: 'proceed', setHeaders: [[':status', '503']] }, proceed, proceed] };
      } finally {
        settled++;
      }
    });
    driver.message(answer);
    driver.message(chunk('a'));
    await turn();
    expect([said, ends()]).toEqual([[], 0]);
    driver.message(chunk('b'));
    await turn();
    expect(said.map(({ to, reply }) => [to, reply.type === 'proceed' && reply.setHeaders])).toEqual([
      ['response-headers', [[':status', '503']]],
      ['response-body', undefined],
      ['response-body', undefined],
    ]);
    driver.message(chunk('c'));
    await turn();
    driver.closed();
    await driver.ended;
    expect([said.length, settled]).toEqual([3, 1]);
  });
});

describe('a stream on which nothing comes', () => {
  /** Answers chunks, each to be followed by another within 100 ms; what it does when none comes is the test's. */
  const stalling = (whenStalled: Sent) =>
    script(async function* () {
      let message: Message = yield { type: 'proceed', stallMs: 100 };
      while (message.type !== 'stalled') message = yield { type: 'proceed', stallMs: 100 };
      yield whenStalled;
    });

  test('wakes its conversation, whose immediate reply is sent unasked', async () => {
    vi.useFakeTimers();
    const broken = { type: 'immediate', status: 504, headers: [], body: Buffer.alloc(0), details: 'remora_x' } as const;
    const { driver, said } = stalling(broken);
    driver.message(headers);
    await vi.advanceTimersByTimeAsync(99);
    driver.message(body);
    await vi.advanceTimersByTimeAsync(99);
    expect(said.length).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(said[2]?.reply).toBe(broken);
  });

  test('says nothing to Envoy where the conversation lets it go on', async () => {
    vi.useFakeTimers();
    const { driver, said } = stalling(proceed);
    driver.message(headers);
    await vi.advanceTimersByTimeAsync(1000);
    expect(said.length).toBe(1);
  });

  test('wakes nobody once it is over', async () => {
    vi.useFakeTimers();
    let woken = 0;
    const { driver } = script(async function* () {
      const message: Message = yield { type: 'proceed', stallMs: 100 };
      if (message.type === 'stalled') woken++;
    });
    driver.message(headers);
    await vi.advanceTimersByTimeAsync(50);
    driver.closed();
    await vi.advanceTimersByTimeAsync(1000);
    expect([woken, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

describe('a deadline', () => {
  const broken = { type: 'immediate', status: 429, headers: [], body: Buffer.alloc(0), details: 'remora_x' } as const;
  const ending = (): ReturnType<typeof script> =>
    script(async function* () {
      let message: Message = yield { type: 'proceed', stallMs: 50, deadlineMs: 100 };
      while (message.type !== 'stalled') message = yield proceed;
      yield broken;
    });

  test('wakes its conversation, however much comes by then', async () => {
    vi.useFakeTimers();
    const { driver, said } = ending();
    driver.message(headers);
    for (let passed = 0; passed < 100; passed += 10) {
      driver.message(body);
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(said.map(({ reply }) => reply.type)).toEqual([...Array<string>(11).fill('proceed'), 'immediate']);
  });

  test('is not put off by a message that is being answered', async () => {
    vi.useFakeTimers();
    const working = Promise.withResolvers<void>();
    const { driver, said } = script(async function* () {
      let message: Message = yield { type: 'proceed', deadlineMs: 100 };
      while (message.type !== 'stalled') {
        await working.promise;
        message = yield proceed;
      }
      yield broken;
    });
    driver.message(headers);
    await vi.advanceTimersByTimeAsync(50);
    driver.message(body);
    await vi.advanceTimersByTimeAsync(90);
    working.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(said.map(({ reply }) => reply.type)).toEqual(['proceed', 'proceed', 'immediate']);
  });

  test('wakes nobody once the conversation is over', async () => {
    vi.useFakeTimers();
    const { driver, said } = ending();
    driver.message(headers);
    await vi.advanceTimersByTimeAsync(20);
    driver.closed();
    await vi.advanceTimersByTimeAsync(1000);
    expect([said.length, vi.getTimerCount()]).toEqual([1, 0]);
  });
});
