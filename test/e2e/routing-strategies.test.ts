import { afterAll, describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import { chat, many, setFleet, tally, type Told } from './fleet.ts';
import { eventually, keys, type ConfigData, type RunningGateway } from './gateway.ts';
import { createMovedClock } from './moved-clock.ts';

const clock = createMovedClock();
afterAll(() => clock.remove());
let halfHours = 0;
/** Longer than measurements count, and shorter than they are remembered. */
const passHalfAnHour = (): void => clock.setAhead(++halfHours * 1_800_000);

/** A provider as an account of another. */
const account = (name: string, { baseUrl, apiKey }: ConfigData): ConfigData => ({ name, baseUrl, apiKey });

const fleet = setFleet(
  { a: 'openai', b: 'openai', c: 'openai', unpriced: 'vllm' },
  ({ to, providers }) => ({
    providers: { ...providers, pool: { kind: 'openai', credentials: (['a', 'b'] as const).map((name) => account(name, providers[name])) } },
    models: {
      split: { targets: [to('a', { weight: 3 }), to('b'), to('c', { weight: 0 })] },
      canary: { targets: [to('a', { weight: 90 }), to('b', { weight: 10 })] },
      cheapest: {
        strategy: 'cheapest',
        targets: [to('unpriced'), to('a', { price: { input: 1, output: 1 } }), to('b', { price: { input: 0.1, output: 5 } })],
      },
      'equally-cheap': { strategy: 'cheapest', targets: [to('a', { price: { input: 1, output: 1 } }), to('b', { price: { input: 1, output: 1 } })] },
      fastest: { strategy: 'fastest', targets: [to('a'), to('b')] },
      'least-busy': { strategy: 'least-busy', targets: [to('a'), to('b', { weight: 2 })] },
      priority: { strategy: 'priority', targets: [to('a'), to('b', { weight: 1000 }), to('c')] },
      even: { targets: [to('a'), to('b')] },
      pooled: { targets: [to('a', { provider: 'pool' })] },
      a: { targets: [to('a')] },
      b: { targets: [to('b')] },
    },
  }),
  { env: clock.env },
);

const ask = (model: string, asking: Parameters<typeof chat>[2] = {}): Promise<Told> => chat(fleet.gateway, model, asking);

describe('weighted', () => {
  test('targets get their shares, and one of weight 0 gets nothing', async () => {
    const told = await many(200, () => ask('split'));
    expect(told.every(({ status, attempts }) => status === 200 && attempts === '1')).toBe(true);
    const { a, b, c } = fleet.counts();
    expect({ a, b, c }).toEqual({ a: 200 - b, b, c: 0 });
    expect(tally(told)).toEqual({ a, b });
    // 50 are expected; the bounds are six standard deviations away, which chance passes once in a billion runs.
    expect(b).toBeGreaterThan(12);
    expect(b).toBeLessThan(88);
  });

  test('a canary gets its few, and where it fails users do not notice', async () => {
    fleet.fakes.b.behaveAlways({ refuse: { status: 503 } });
    const told = await many(200, () => ask('canary'));
    expect(tally(told)).toEqual({ a: 200 });
    expect(told.every(({ status }) => status === 200)).toBe(true);
    const { b } = fleet.counts();
    expect(told.filter(({ attempts }) => attempts === '2')).toHaveLength(b);
    expect(b).toBeGreaterThan(0); // 20 are expected
    expect(b).toBeLessThan(50);
  });
});

describe('cheapest', () => {
  const long = 'word '.repeat(5000);

  test('goes by what this very request is expected to cost', async () => {
    const short = await many(10, () => ask('cheapest', { more: { max_tokens: 400 } }));
    expect(tally(short)).toEqual({ a: 10 }); // little input, and output is cheap at a
    const read = await many(10, () => ask('cheapest', { text: long, more: { max_tokens: 10 } }));
    expect(tally(read)).toEqual({ b: 10 }); // much input, and input is cheap at b
  });

  test('comes to the dearer one where the cheapest fails, and last to one without a price', async () => {
    fleet.fakes.a.behaveAlways({ refuse: { status: 503 } });
    const second = await ask('cheapest', { more: { max_tokens: 400 } });
    expect([second.by, second.attempts]).toEqual(['b', '2']);
    fleet.fakes.b.behaveAlways({ refuse: { status: 503 } });
    const last = await ask('cheapest', { more: { max_tokens: 400 } });
    expect([last.by, last.attempts]).toEqual(['unpriced', '3']);
  });

  test('shares requests where costs are equal', async () => {
    const told = await many(60, () => ask('equally-cheap'));
    expect(Object.keys(tally(told)).toSorted()).toEqual(['a', 'b']);
  });
});

describe('least-busy', () => {
  test('held requests are spread by weight, and a provider that is free again gets the next', async () => {
    const gone = new AbortController();
    const hold = (): Promise<unknown> =>
      fetch(`${fleet.gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${keys.open}` },
        body: JSON.stringify({ model: 'least-busy', stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
        signal: gone.signal,
      });
    for (const name of ['a', 'b'] as const) fleet.fakes[name].behaveAlways({ break: { how: 'stall', after: 3 } });
    for (let third = 1; third <= 8; third++) {
      for (let index = 0; index < 3; index++) await hold(); // its headers are here, its end never comes
      expect(fleet.counts()).toMatchObject({ a: third, b: 2 * third });
    }
    expect(await openAttempts(fleet.gateway)).toEqual([8, 16]);
    gone.abort();
    await eventually(
      () => openAttempts(fleet.gateway),
      (open) => open.every((count) => count === 0),
    );
  });
});

/** Attempts under way at a and at b, by the metric. */
async function openAttempts(gateway: RunningGateway): Promise<number[]> {
  const open = await gateway.metric('remora_deployment_attempts_open');
  return ['a', 'b'].map((name) => open.get(`deployment="${name}/gpt-4.1-mini"`) ?? -1);
}

describe('priority', () => {
  test('the first is asked as long as it works, then the next, and the first again once it is back', async () => {
    expect(tally(await many(30, () => ask('priority')))).toEqual({ a: 30 });
    fleet.fakes.a.behaveAlways({ refuse: { status: 500 } });
    const failing = await many(30, () => ask('priority'));
    expect(tally(failing)).toEqual({ b: 30 });
    expect(failing.every(({ attempts }) => attempts === '2')).toBe(true);
    fleet.fakes.b.behaveAlways({ refuse: { status: 429 } });
    expect(await ask('priority')).toMatchObject({ by: 'c', attempts: '3' });
    fleet.fakes.a.behaveAlways(undefined);
    expect(tally(await many(30, () => ask('priority')))).toEqual({ a: 30 });
  });
});

describe.each([
  ['streams', true],
  ['JSON answers', false],
] as const)('fastest, for %s', (_, stream) => {
  // Few tokens, so that the time to the first one decides.
  const fastest = (model = 'fastest'): Promise<Told> => ask(model, { stream, more: { max_tokens: 10 } });
  const slow = { delayMs: 2000 };
  test('a slow one is left alone, and found again once it is fast', async () => {
    passHalfAnHour(); // so that nothing measured before counts
    fleet.fakes.a.behaveAlways(slow);
    await Promise.all([fastest('a'), fastest('b')]); // now both are measured
    expect(tally(await many(50, () => fastest(), 2))).toEqual({ b: 50 });

    fleet.fakes.a.clear();
    passHalfAnHour(); // what was measured may no longer hold
    await eventually(
      () => many(20, () => fastest(), 4),
      () => fleet.counts().a > 0, // a few requests see whether it is fast now
    );
    fleet.fakes.b.behaveAlways(slow);
    await eventually(
      () => many(20, () => fastest(), 4),
      (told) => tally(told)['a'] === 20,
    );
  });
});

describe('headroom', () => {
  /** An answer with what OpenAI tells of its limits. */
  const withRemaining = (remaining: number): Behaviour => ({
    raw: {
      headers: {
        'content-type': 'application/json',
        'x-ratelimit-limit-requests': '100',
        'x-ratelimit-remaining-requests': String(remaining),
        'x-ratelimit-reset-requests': '29m',
      },
      chunks: [
        JSON.stringify({
          id: 'c',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
        }),
      ],
    },
  });

  describe.each(['even', 'pooled'])('%s', (model) => {
    test.each([0, 1, 2])('one that has %i in a hundred requests left loses them to the other before any is refused', async (remaining) => {
      passHalfAnHour(); // what was said before is past
      fleet.fakes.a.behaveAlways(withRemaining(remaining));
      await eventually(
        () => ask(model).then(() => fleet.counts()),
        ({ a }) => a === 1,
      );
      const { b } = fleet.counts();
      expect((await many(40, () => ask(model))).every(({ attempts }) => attempts === '1')).toBe(true);
      expect(fleet.counts()).toMatchObject({ a: 1, b: b + 40 });
      const gauge = await fleet.gateway.metric('remora_deployment_headroom');
      expect(gauge.get(`deployment="${model === 'even' ? 'a' : 'pool#a'}/gpt-4.1-mini"`)).toBe(remaining / 100);

      fleet.fakes.b.behave({ refuse: { status: 503 } });
      expect(await ask(model)).toMatchObject({ status: 200, attempts: '2' }); // better than nobody
      fleet.fakes.a.behaveAlways(undefined);
      passHalfAnHour(); // its limits are whole again
      await eventually(
        () => ask(model).then(() => fleet.counts()),
        ({ a }) => a === 3,
      );
    });
  });
});
