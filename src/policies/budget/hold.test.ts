import { describe, expect, test } from 'vitest';
import { ClientRequest } from '../../protocols/client-request.ts';
import { openaiEmbeddings } from '../../protocols/openai-embeddings/index.ts';
import { FakeQuotas } from '../../quotas/quotas.fixture.ts';
import { StoreError } from '../../stores/store.ts';
import { budget, limit, tenant, terms } from '../tenant.fixture.ts';
import { cheap, dear, dollar, marketing, noon, open, outcome, owner, refusalOf, request, spent, tokens, unpriced } from './budget.fixture.ts';
import { createFairShares } from './fair-share.ts';

test.each([{ max_tokens: Number.MAX_SAFE_INTEGER }, { n: Number.MAX_SAFE_INTEGER }])(
  'refuses %o, which is more than can be counted',
  async (fields) => {
    const of = tenant('marketing', { terms: [terms(owner, { budgets: [budget({ unit: 'tokens', amount: 1000n })] })] });
    const { chain, quotas } = open({ of });
    expect(await refusalOf(chain(request(fields), [cheap]))).toMatchObject({ code: 'budget-exceeded' });
    expect(quotas.asked[0]).toMatchObject([{ amount: Number.MAX_SAFE_INTEGER }]);
  },
);

test('says that no wait helps a request of more tokens than a limit ever lets come', async () => {
  const of = tenant('marketing', { terms: [terms(owner, { limits: [limit({ of: 'tokens', amount: 500, per: 'minute' })] })] });
  const error = await refusalOf(open({ of }).chain(request({ max_tokens: 600 }), [cheap]));
  expect(error.code).toBe('rate-limited');
  expect(error.message).toBe(
    'This request may use up to 700 tokens, but tenant "marketing" has a limit of 500 per minute: no wait helps. Ask for fewer output tokens, or send less.',
  );
});

test('holds for a limit of tokens what is usual, not the most that might come', async () => {
  const quotas = new FakeQuotas();
  await open({ of: tenant('marketing', { terms: [terms(owner, { limits: [limit({ of: 'tokens', amount: 5000 })] })] }), quotas }).chain(request(), [
    cheap,
  ]);
  expect(quotas.asked[0]?.map(({ amount }) => amount)).toEqual([1100]);
});

test('needs no wait where the leases have enough, and refuses the same where the store has to be asked', async () => {
  const asked = request({ max_tokens: 50 });
  const routed = { served: 'fast', route: '', chain: [cheap] };
  expect(open().run.onChain?.(asked, routed)).toBe(asked);
  const { run, reserved } = open({ isLate: true });
  await expect(run.onChain?.(asked, routed)).resolves.toBe(asked);
  expect(reserved()).toBe(100 * 1000 + 50 * 2000);
  expect((await refusalOf(open({ isLate: true, amountNanos: 1n }).chain(asked, [cheap]))).code).toBe('budget-exceeded');
});

test('refuses what may cost more than is left, with the amounts and the date that help', async () => {
  const quotas = spent(9n * dollar);
  await open({ quotas }).chain(request({ max_tokens: 450_000 }), [cheap]);
  const error = await refusalOf(open({ quotas }).chain(request({ max_tokens: 100_000 }), [cheap]));
  expect(error.code).toBe('budget-exceeded');
  expect(error.message).toBe(
    'This request may cost up to $0.2001, but tenant "marketing" has $0.0999 left of its $10.00 for this month ($0.9001 more is reserved by requests under way). ' +
      'Ask for fewer output tokens, or wait: the budget starts afresh on 2026-12-01 00:00 (UTC).',
  );
});

test('advises nobody to ask for fewer output tokens where there are none', async () => {
  const vectors = new ClientRequest(openaiEmbeddings, Buffer.from('{"model":"fast","input":"Hi"}'));
  expect((await refusalOf(open({ amountNanos: 0n }).chain(vectors, [cheap]))).message).toContain('. Send less, or wait: ');
  expect((await refusalOf(open({ amountNanos: 0n }).pass('images'))).message).toContain('. Wait: ');
});

test('refuses a request that the ledger cannot account for, as something that passes', async () => {
  const quotas = new FakeQuotas();
  quotas.failure = new StoreError('the disk is full');
  const error = await refusalOf(open({ quotas }).chain(request(), [cheap]));
  expect([error.code, error.retryable, error.cause]).toEqual(['gateway-unavailable', true, quotas.failure]);
  expect(error.message).not.toContain('disk');
});

test('a tenant without a budget reserves nothing and may use what has no price', async () => {
  const quotas = new FakeQuotas();
  await open({ of: marketing(undefined), quotas }).chain(request(), [unpriced]);
  expect(quotas.asked).toEqual([]);
});

describe('limits of tokens, models and providers', () => {
  const perMinute = limit({ of: 'tokens', amount: 400 });

  test('are reserved with the money, and refused as what passes', async () => {
    const of = tenant('marketing', { terms: [terms(owner, { limits: [perMinute] })] });
    const quotas = new FakeQuotas();
    await open({ of, quotas }).chain(request({ max_tokens: 150 }), [cheap]);
    const error = await refusalOf(open({ of, quotas }).chain(request({ max_tokens: 150 }), [cheap]));
    expect([error.code, error.retryable, error.retryAfterSeconds]).toEqual(['rate-limited', true, 2]);
    expect(error.message).toBe('Tenant "marketing" is at its limit of 400 tokens per minute. Try again in 2 s.');
  });

  test('a provider at its limit is not called', async () => {
    const shared = { models: new Map(), providers: new Map([['cheap', terms('provider:cheap', { limits: [limit({ amount: 1 })] })]]) };
    const of = tenant('marketing');
    const quotas = new FakeQuotas();
    const first = open({ of, quotas, fields: { shared } });
    expect(first.run.mayCall?.(cheap)).toBe(true);
    await first.chain(request(), [cheap]);
    expect(first.run.mayCall?.(cheap)).toBe(false);
    expect(first.run.mayCall?.(dear)).toBe(true);
  });

  test('a tenant does not use up what all share while others want some', async () => {
    const shared = { models: new Map([['fast', terms('model:fast', { limits: [limit({ amount: 10 })] })]]), providers: new Map() };
    const quotas = new FakeQuotas();
    const fairShares = createFairShares({ now: () => noon });
    const ask = async (name: string): Promise<void> => {
      const { chain, settle } = open({ of: tenant(name), quotas, fields: { shared }, fairShares });
      await chain(request(), [cheap]);
      settle(outcome({ usage: tokens(1, 1) }));
    };
    await ask('modest');
    for (let asked = 0; asked < 6; asked += 1) await ask('greedy');
    expect(await refusalOf(ask('greedy'))).toMatchObject({ code: 'rate-limited' });
    await ask('modest');
  });
});
