import { describe, expect, test } from 'vitest';
import { noUsage } from '../../llm/usage.ts';
import { FakeQuotas } from '../../quotas/quotas.fixture.ts';
import type { LedgerEntry } from '../../stores/entry.ts';
import type { Outcome } from '../policy.ts';
import { cheap, dear, marketing, noon, open, outcome, refusalOf, request, tokens, unpriced } from './budget.fixture.ts';

describe('after the call', () => {
  /** Settles one exchange and returns its entry, or undefined where it left none. Nothing may stay reserved. */
  async function settled(ended: Outcome): Promise<LedgerEntry | undefined> {
    const { quotas, reserved, chain, settle } = open();
    await chain(request({ max_tokens: 50 }), [cheap, dear]);
    settle(ended);
    expect([reserved(), quotas.open]).toEqual([0, 0]);
    expect(quotas.entries.length).toBeLessThanOrEqual(1);
    return quotas.entries[0];
  }

  test("books the provider's own usage at the price of the deployment that answered", async () => {
    const usage = { ...tokens(80, 30), cacheReadTokens: 20, reasoningTokens: 10 };
    expect(await settled(outcome({ deployment: dear, attempts: 2, usage, deliveredBytes: 3000 }))).toEqual({
      id: 'exchange-1',
      exchange: 'exchange-1',
      kind: 'exchange',
      tenants: ['marketing'],
      user: '',
      key: 'k',
      protocol: 'openai-chat',
      model: 'fast',
      served: 'fast',
      route: '',
      provider: 'dear',
      priceVersion: 'config',
      cache: 'none',
      reason: '',
      step: '',
      labels: { team: 'web' },
      endedAt: noon,
      deployment: 'dear/llama-4',
      providerModel: 'llama-4',
      usage,
      costNanos: 80 * 10_000 + 30 * 20_000,
      estimated: false,
      unpriced: false,
      end: 'complete',
      status: 200,
      attempts: 2,
      experiments: [],
      startedAt: noon,
    });
  });

  test.each<[string, Partial<Outcome>]>([
    ['we refused', { end: 'refused', status: 403, deployment: undefined, attempts: 0, requestBytes: 0 }],
    ['a deployment was chosen but no attempt made', { end: 'failed', status: 500, attempts: 0 }],
    ['the client left before any attempt', { end: 'left', status: 0, deployment: undefined, attempts: 0, requestBytes: 0 }],
  ])('frees the reservation without an entry where %s', async (_, ended) => {
    expect(await settled(outcome(ended))).toBeUndefined();
  });

  test.each([400, 429, 500, 503])('enters an exchange that ended in an error %i at no cost', async (status) => {
    expect(await settled(outcome({ end: 'failed', status }))).toMatchObject({
      usage: noUsage,
      costNanos: 0,
      estimated: false,
      end: 'failed',
      status,
    });
  });

  test('charges what an error reports as used all the same', async () => {
    expect(await settled(outcome({ end: 'failed', status: 500, usage: tokens(10, 0) }))).toMatchObject({ costNanos: 10_000, estimated: false });
  });

  test('books the tier of service that the answer names, and an estimate at the one that was asked for', async () => {
    const tiered = { ...cheap, serviceTiers: { flex: { factor: 0.5 } } };
    const settledAt = async (asked: string, ended: Partial<Outcome>) => {
      const { quotas, chain, settle } = open();
      await chain(request({ max_tokens: 50, service_tier: asked }), [tiered]);
      settle(outcome({ deployment: tiered, ...ended }));
      const [entry] = quotas.entries;
      return [entry?.usage.serviceTier, entry?.priceVersion, entry?.costNanos];
    };
    const usage = { ...tokens(100, 10), serviceTier: 'flex' };
    expect(await settledAt('auto', { usage })).toEqual(['flex', 'config flex', 60_000]);
    expect(await settledAt('flex', { usage: { ...usage, serviceTier: '' } })).toEqual(['', 'config', 120_000]);
    expect(await settledAt('priority', { usage: { ...usage, serviceTier: 'priority' } })).toEqual([
      'priority',
      'config (usual price for priority)',
      120_000,
    ]);
    expect(await settledAt('flex', { end: 'left' })).toEqual(['flex', 'config flex', 50_000]);
    expect(await settledAt('auto', { end: 'left' })).toEqual(['', 'config', 100_000]);
  });

  test('books the input as an estimate where the client left before the first byte: the provider bills what it read', async () => {
    expect(await settled(outcome({ end: 'left', status: 0 }))).toMatchObject({ usage: tokens(100, 0), costNanos: 100_000, estimated: true });
  });

  test.each<Partial<Outcome>>([{ end: 'complete' }, { end: 'cut' }, { end: 'left' }, { end: 'failed' }, { end: 'failed', status: 502 }])(
    'estimates from what was sent and delivered where no usage came: %o',
    async (ended) => {
      const expected = { usage: tokens(100, 11), costNanos: 100 * 1000 + 11 * 2000, estimated: true };
      expect(await settled(outcome({ deliveredBytes: 31, ...ended }))).toMatchObject(expected);
    },
  );

  test.each<Outcome['end']>(['left', 'cut', 'failed'])(
    'charges what was delivered where the usage is only that of the beginning: %s',
    async (end) => {
      const expected = { usage: tokens(90, 20), costNanos: 90 * 1000 + 20 * 2000, estimated: true };
      expect(await settled(outcome({ end, usage: tokens(90, 1), deliveredBytes: 60 }))).toMatchObject(expected);
    },
  );

  test('takes the usage of an answer that stopped midway where it counts more than was delivered, as an estimate', async () => {
    const usage = tokens(90, 25);
    expect(await settled(outcome({ end: 'left', usage, deliveredBytes: 60 }))).toMatchObject({ usage, estimated: true });
  });

  test('books what the client was told that it cost', async () => {
    const { run, quotas, chain, settle } = open();
    await chain(request({ max_tokens: 50 }), [cheap]);
    const over = outcome({ usage: tokens(80, 30) });
    expect(run.endHeaders?.(over)).toEqual([['x-remora-cost', '0.00014']]);
    settle(over);
    expect(quotas.entries).toMatchObject([{ costNanos: 140_000 }]);
  });

  test('settles once', async () => {
    const { quotas, chain, settle } = open();
    await chain(request(), [cheap]);
    settle(outcome({ usage: tokens(1, 1) }));
    settle(outcome({ usage: tokens(1, 1) }));
    expect(quotas.entries).toHaveLength(1);
  });

  test('frees what was reserved where the client left while the ledger was still asked', async () => {
    const { quotas, reserved, chain, settle } = open({ isLate: true });
    const reserving = chain(request(), [cheap]);
    settle(outcome({ end: 'left', status: 0, deployment: undefined, attempts: 0 }));
    await reserving;
    expect([reserved(), quotas.entries.length]).toEqual([0, 0]);
  });

  test('books the whole reservation where the price has gone in the meantime', async () => {
    const entry = await settled(outcome({ deployment: unpriced, usage: tokens(1, 1) }));
    expect(entry).toMatchObject({ costNanos: 100 * 10_000 + 50 * 20_000, unpriced: true });
  });

  test('refused for want of budget, an exchange leaves no entry', async () => {
    const { quotas, chain, settle } = open({ amountNanos: 1n });
    await refusalOf(chain(request(), [cheap]));
    settle(outcome({ end: 'refused', status: 429, deployment: undefined, attempts: 0 }));
    expect(quotas.entries).toEqual([]);
  });

  test('enters exchanges of a tenant without a budget too, those without a price at zero and marked', async () => {
    const quotas = new FakeQuotas();
    for (const used of [cheap, unpriced]) {
      const { chain, settle } = open({ of: marketing(undefined), quotas });
      await chain(request(), [used]);
      settle(outcome({ deployment: used, usage: tokens(1, 1) }));
    }
    expect(quotas.entries.map(({ costNanos, unpriced: marked }) => [costNanos, marked])).toEqual([
      [3000, false],
      [0, true],
    ]);
  });
});

describe('an attempt that failed', () => {
  const failed = (fields: object) => ({
    number: 1,
    deployment: dear,
    outcome: {
      cluster: 'c',
      status: 0,
      failure: undefined,
      details: '',
      startedAt: noon,
      durationMs: 5,
      firstByteMs: undefined,
      headers: new Map(),
      ...fields,
    },
  });

  test('is booked where its provider has read the request and bills it: what we broke off', async () => {
    const { run, quotas, chain } = open();
    await chain(request({ max_tokens: 50 }), [dear, cheap]);
    run.onAttempt?.(failed({ failure: 'timeout' }));
    expect(quotas.entries).toMatchObject([
      { id: 'exchange-1.1', kind: 'attempt', provider: 'dear', usage: tokens(100, 0), costNanos: 100 * 10_000, estimated: true, reason: 'timeout' },
    ]);
  });

  test.each([{ status: 503 }, { status: 429 }, { failure: 'connect' }])('is not where nobody bills it: %o', async (fields) => {
    const { run, quotas, chain } = open();
    await chain(request({ max_tokens: 50 }), [dear, cheap]);
    run.onAttempt?.(failed(fields));
    expect(quotas.entries).toEqual([]);
  });
});
