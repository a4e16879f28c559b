import { describe, expect, test } from 'vitest';
import { drive } from './driver.ts';
import { proceed, type Conversation, type Message, type Reply } from './message.ts';

const headers: Message = { type: 'request-headers', headers: new Map(), endOfStream: false, attributes: new Map(), metadata: new Map() };
const body: Message = { type: 'request-body', body: Buffer.from('{}') };

/** Drives a conversation by hand and keeps what it says. */
function script(open: (first: Message) => Conversation) {
  const said: { reply: Reply; to: Message['type'] }[] = [];
  const failures: unknown[] = [];
  let ends = 0;
  const driver = drive(open, { reply: (reply, to) => said.push({ reply, to }), end: () => ends++ }, (error) => failures.push(error));
  return { driver, said, failures, ends: () => ends };
}

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
