import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually, freePort, hashOf, keys, startGateway, type ConfigData, type RunningGateway } from './gateway.ts';
import { startHeld } from './held.ts';
import { rejection, say, sdks } from './sdks.ts';
import { metricSum, post, untilIdle, untilStanding, type Seen } from './trio.ts';

const names = ['open', 'a', 'b', 'c', 'high', 'normal', 'low'] as const;
const keyOf = (name: (typeof names)[number]): string => (name === 'open' ? keys.open : `rk-${name}`);
const tenants = Object.fromEntries(
  names.map((name) => [
    name,
    { keys: [{ name: 'test', hash: hashOf(keyOf(name)) }], ...((name === 'high' || name === 'low') && { priority: name }) },
  ]),
);

const [held, other, closed] = [await startHeld(), await startHeld(), await freePort()];
const places = 4;

/** Providers that answer when they are told to: one without limits, and two that take one request at a time. */
const config = (resilience: ConfigData): ConfigData => ({
  providers: {
    held: { kind: 'openai-compatible', baseUrl: held.url },
    small: { kind: 'openai-compatible', baseUrl: held.url, maxConcurrent: 1 },
    'small-too': { kind: 'openai-compatible', baseUrl: other.url, maxConcurrent: 1 },
    gone: { kind: 'openai-compatible', baseUrl: `http://127.0.0.1:${closed}`, breaker: { failures: 1, rest: '1m' } },
  },
  models: {
    ...Object.fromEntries(['held', 'small', 'small-too'].map((provider) => [provider, { targets: [{ provider, model: 'm' }] }])),
    'gone-or-small': { targets: [{ provider: 'gone', model: 'm' }], fallback: ['small'] },
    both: { targets: [{ provider: 'small', model: 'm' }], fallback: ['small-too'] },
  },
  tenants,
  resilience: { breaker: false, maxConcurrent: places, ...resilience },
});

let running: RunningGateway | undefined;
const gateway = (): RunningGateway => {
  if (running === undefined) throw new Error('it has not been started');
  return running;
};

beforeAll(async () => {
  running = await startGateway(config({ queue: { max: 8, wait: '30s' } }));
});
beforeEach(async () => {
  held.release();
  other.release();
  await untilIdle(gateway());
  held.clear();
  other.clear();
});
afterAll(async () => {
  await running?.stop();
  await held.stop();
  await other.stop();
});

/** A request of a tenant that says something, and how to hang up on it. */
function send(
  text: string,
  { tenant = 'open', model = 'held' }: { tenant?: (typeof names)[number]; model?: string } = {},
): { answer: Promise<Seen>; hangUp(): void } {
  const leaving = new AbortController();
  const answer = post(gateway(), model, { messages: [{ role: 'user', content: text }] }, { key: keyOf(tenant), signal: leaving.signal });
  answer.catch(() => {});
  return { answer, hangUp: () => leaving.abort() };
}

const untilWaiting = (count: number): Promise<number> =>
  eventually(
    () => metricSum(gateway(), 'remora_requests_waiting'),
    (waiting) => waiting === count,
  );
const untilOpen = (count: number, at = held): Promise<number> =>
  eventually(
    () => at.open,
    (open) => open === count,
  );
const refused = (reason: string): Promise<number> => metricSum(gateway(), 'remora_requests_refused', { reason });

/** Takes all places of the gateway. */
async function fill(): Promise<ReturnType<typeof send>[]> {
  const filling = Array.from({ length: places }, () => send('inside'));
  await untilOpen(places);
  return filling;
}

/** Requests of a tenant that wait behind each other in this order. */
async function queue(texts: readonly string[], tenant: (typeof names)[number]): Promise<ReturnType<typeof send>[]> {
  const before = await metricSum(gateway(), 'remora_requests_waiting');
  const queued: ReturnType<typeof send>[] = [];
  for (const [index, text] of texts.entries()) {
    queued.push(send(text, { tenant }));
    await untilWaiting(before + index + 1);
  }
  return queued;
}

/** Lets one request after the other in, and gives the order in which those came that had waited. */
async function letIn(waiting: number): Promise<readonly string[]> {
  for (let next = 1; next <= waiting; next++) {
    held.release(1);
    await eventually(
      () => held.said.length,
      (count) => count === places + next,
    );
  }
  return held.said.slice(places);
}

async function expectServed(sent: readonly ReturnType<typeof send>[]): Promise<void> {
  held.release();
  other.release();
  for (const { status } of await Promise.all(sent.map(({ answer }) => answer))) expect(status).toBe(200);
}

describe('where all places of the gateway are taken', () => {
  test('requests wait, no more are under way than may be, and all are served', async () => {
    const sent = [...(await fill()), ...(await queue(['1', '2', '3'], 'a')), ...(await queue(['4', '5'], 'b'))];
    expect(await metricSum(gateway(), 'remora_requests_waiting', { priority: 'normal' })).toBe(5);
    await letIn(5);
    await expectServed(sent);
    expect(held.most).toBe(places);
    expect(await untilWaiting(0)).toBe(0);
  });

  test('tenants take turns, however much one of them asks', async () => {
    const sent = [...(await fill()), ...(await queue(['a1', 'a2', 'a3', 'a4'], 'a')), ...(await queue(['b1', 'b2'], 'b'))];
    expect(await letIn(6)).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'a4']);
    await expectServed(sent);
  });

  test('those of a higher priority go first, but for a turn in thirteen, so that nobody is forgotten', async () => {
    const sent = [
      ...(await fill()),
      ...(await queue(['low', 'low', 'low', 'low'], 'low')),
      ...(await queue(['high', 'high', 'high', 'high'], 'high')),
    ];
    const order = await letIn(8);
    expect(order.slice(0, 5).filter((text) => text === 'high').length).toBeGreaterThanOrEqual(4);
    expect(order.slice(5)).toEqual(['low', 'low', 'low']);
    await expectServed(sent);
  });

  test('a tenant may take half of the queue, and all of it may be taken: then the answer is 429 at once', async () => {
    const sent = [...(await fill()), ...(await queue(['a1', 'a2', 'a3', 'a4'], 'a'))];
    const before = [await refused('tenant-queue-full'), await refused('queue-full')];
    const tooMany = await send('a5', { tenant: 'a' }).answer;
    expect([tooMany.status, tooMany.headers.get('x-remora-error')]).toEqual([429, 'too-many-requests']);
    expect(Number(tooMany.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    sent.push(...(await queue(['b1', 'b2', 'b3', 'b4'], 'b')));
    for (const sdk of sdks) {
      const thrown = await rejection(sdk.ask(gateway(), say('held', 'c1'), { key: keyOf('c') }));
      expect(thrown).toBeInstanceOf(sdk.errors.RateLimitError);
      expect(Number((thrown['headers'] as Headers).get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    expect([await refused('tenant-queue-full'), await refused('queue-full')]).toEqual([Number(before[0]) + 1, Number(before[1]) + sdks.length]);
    expect(await letIn(8)).toHaveLength(8);
    await expectServed(sent);
  });

  test('a client that hangs up leaves the queue, and one that hangs up inside makes room', async () => {
    const [first, ...inside] = await fill();
    const [leaver, ...waiting] = await queue(['leaver', 'stayer'], 'a');
    leaver?.hangUp();
    await untilWaiting(1);
    first?.hangUp();
    await untilWaiting(0);
    await untilOpen(places);
    expect(held.said).not.toContain('leaver');
    expect(held.said.at(-1)).toBe('stayer');
    await expectServed([...inside, ...waiting]);
    await untilIdle(gateway());
  });
});

describe('where a provider takes no more', () => {
  test('the next deployment is asked at once, and that one waited for where there is none', async () => {
    const first = send('first', { model: 'both' });
    await untilOpen(1);
    const second = send('second', { model: 'both' });
    await untilOpen(1, other);
    const third = send('third', { model: 'both' });
    const alone = send('alone', { model: 'small', tenant: 'a' });
    await eventually(
      () => metricSum(gateway(), 'remora_exchanges_open'),
      (open) => open === 4,
    );
    expect([held.said, other.said]).toEqual([['first'], ['second']]);
    other.release(1); // whichever has room first
    await eventually(
      () => other.said.length,
      (count) => count === 2,
    );
    expect([held.said, other.said]).toEqual([['first'], ['second', 'third']]);
    held.release(1);
    await eventually(
      () => held.said.length,
      (count) => count === 2,
    );
    expect(held.said).toEqual(['first', 'alone']);
    await expectServed([first, second, third, alone]);
    expect([held.most, other.most]).toEqual([1, 1]);
    const busy = await metricSum(gateway(), 'remora_deployments_skipped_total', { deployment: 'small/m', reason: 'busy' });
    expect(busy).toBeGreaterThanOrEqual(1);
    expect((await second.answer).headers.get('x-remora-attempts')).toBe('1');
  });
});

test('a deployment that rests is not waited for, one that is busy beside it is', async () => {
  other.release();
  held.release();
  expect((await send('falls back', { model: 'gone-or-small' }).answer).headers.get('x-remora-attempts')).toBe('2');
  await untilStanding(gateway(), 'gone', 'resting');
  held.clear();
  const first = send('first', { model: 'gone-or-small' });
  await untilOpen(1);
  const waiting = send('waiting', { model: 'gone-or-small' });
  await eventually(
    () => metricSum(gateway(), 'remora_exchanges_open'),
    (open) => open === 2,
  );
  held.release(1);
  await eventually(
    () => held.said.length,
    (count) => count === 2,
  );
  expect(held.said).toEqual(['first', 'waiting']);
  await expectServed([first, waiting]);
});

describe('with another config', () => {
  /** Puts another config in force. */
  async function reload(resilience: ConfigData): Promise<void> {
    const { hash } = await gateway().configReport();
    gateway().rewrite(config(resilience));
    await eventually(
      async () => (await gateway().configReport()).hash,
      (now) => now !== hash,
    );
  }

  test('who has waited as long as anybody may is told so, and when to come back', async () => {
    await reload({ queue: { max: 8, wait: '400ms' } });
    const sent = await fill();
    const [waiter] = await queue(['waiter'], 'a');
    const seen = await waiter?.answer;
    expect([seen?.status, seen?.headers.get('x-remora-error')]).toEqual([429, 'too-many-requests']);
    expect(seen?.ms).toBeGreaterThanOrEqual(390);
    expect(Number(seen?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    await untilWaiting(0);
    await expectServed(sent);
    expect(held.said).not.toContain('waiter');
  });

  test('without a queue nobody waits', async () => {
    await reload({});
    const sent = await fill();
    const { status, headers } = await send('too many').answer;
    expect([status, headers.get('x-remora-error'), headers.has('retry-after')]).toEqual([429, 'too-many-requests', true]);
    const small = await send('one', { model: 'small' }).answer;
    expect(small.status).toBe(429);
    await expectServed(sent);
  });

  test('bodies take no more memory than they may, all together', async () => {
    await reload({ maxBodyMemory: '1MiB' });
    const big = 'x'.repeat(400_000);
    const huge = await send('x'.repeat(1_200_000)).answer;
    expect([huge.status, huge.headers.get('x-remora-error'), huge.headers.has('retry-after')]).toEqual([503, 'overloaded', true]);
    expect(held.said).toEqual([]);
    const sent = [send(big), send(big)];
    await untilOpen(2);
    expect(await metricSum(gateway(), 'remora_body_bytes')).toBeGreaterThan(800_000);
    for (const sdk of sdks) {
      const thrown = await rejection(sdk.ask(gateway(), say('held', big)));
      expect([thrown['status'], (thrown['headers'] as Headers).get('x-remora-error')]).toEqual([503, 'overloaded']);
    }
    expect(await refused('body-memory')).toBe(3);
    await expectServed(sent);
    await untilIdle(gateway());
    expect(await metricSum(gateway(), 'remora_body_bytes')).toBe(0);
    await expectServed([send(big)]);
  });
});
