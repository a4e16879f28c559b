import { describe, expect, test } from 'vitest';
import { noUsage } from '../../llm/usage.ts';
import { ClientRequest } from '../../protocols/client-request.ts';
import { openaiInputTokens } from '../../protocols/openai-input-tokens/index.ts';
import { FakeQuotas } from '../../quotas/quotas.fixture.ts';
import { budgetQuota } from '../../quotas/quotas-of.ts';
import { budget, identity, tenant, terms } from '../tenant.fixture.ts';
import { cheap, dear, dollar, marketing, noon, open, outcome, owner, refusalOf, request, tokens, unpriced } from './budget.fixture.ts';

test('tells of labels that it could not take', async () => {
  const { run, chain } = open();
  await chain(request(), [cheap]);
  expect(run.warnings?.()).toEqual([{ field: 'x-remora-label-Team', detail: 'is dropped' }]);
});

describe('a count of tokens', () => {
  const counted = new ClientRequest(openaiInputTokens, Buffer.from('{"model":"fast","input":"Hi"}'));

  test('reserves nothing and costs nothing, also where the budget is spent and the price unknown', async () => {
    const { quotas, reserved, chain, settle } = open({ amountNanos: 0n });
    await chain(counted, [unpriced]);
    expect(reserved()).toBe(0);
    settle(outcome({ deployment: unpriced }));
    expect(quotas.entries).toMatchObject([{ protocol: 'openai-input-tokens', usage: noUsage, costNanos: 0, estimated: false, unpriced: false }]);
  });
});

describe('a call that passes through unread', () => {
  test('reserves and books the price of its kind', async () => {
    const { quotas, reserved, pass, settle } = open();
    await pass('images');
    expect(reserved()).toBe(40_000_000);
    settle(outcome());
    expect(quotas.entries).toMatchObject([{ protocol: 'pass-through', model: 'images', costNanos: 40_000_000 }]);
    expect(reserved()).toBe(0);
  });

  test('costs nothing where the provider refused it', async () => {
    const { quotas, reserved, pass, settle } = open();
    await pass('images');
    settle(outcome({ end: 'failed', status: 400 }));
    expect(quotas.entries).toMatchObject([{ costNanos: 0 }]);
    expect(reserved()).toBe(0);
  });

  test('is refused under a budget where its kind has no price', async () => {
    const { pass } = open();
    expect(await refusalOf(pass('audio'))).toMatchObject({ code: 'unpriced-model' });
  });

  test('without a budget needs no price, and is entered all the same', async () => {
    const quotas = new FakeQuotas();
    const { pass, settle } = open({ of: marketing(undefined), quotas });
    await pass('audio');
    settle(outcome());
    expect(quotas.entries).toMatchObject([{ protocol: 'pass-through', model: 'audio', costNanos: 0 }]);
  });
});

describe('who pays', () => {
  test('are all tenants around the one that calls, its user and its key', async () => {
    const all = [
      terms('tenant:company', { budgets: [budget()] }),
      terms(owner, { budgets: [budget({ unit: 'tokens', amount: 1000n })] }),
      terms('key:k', { budgets: [budget()] }),
    ];
    const of = tenant('marketing', { chain: ['company', 'marketing'], terms: all });
    const quotas = new FakeQuotas();
    const { chain, settle } = open({ of, quotas });
    await chain(request({ max_tokens: 50 }), [cheap]);
    expect(quotas.asked[0]?.map(({ quota: { id }, amount }) => [id.split('|')[1], amount])).toEqual([
      ['tenant:company', 200_000],
      [owner, 150],
      ['key:k', 200_000],
    ]);
    settle(outcome({ usage: tokens(80, 10) }));
    const used = all.map(({ owner: whose, budgets }) => budgets.map((each) => quotas.standing(budgetQuota(whose, each, noon)).spent)[0]);
    expect(used).toEqual([100_000, 90, 100_000]);
    expect(quotas.entries).toMatchObject([{ tenants: ['company', 'marketing'] }]);
  });

  test('a budget of a provider counts what that provider serves', async () => {
    const fields = { provider: 'dear' };
    const { quotas, chain, settle } = open({ of: marketing(dollar, fields) });
    await chain(request({ max_tokens: 50 }), [cheap, dear]);
    expect(quotas.asked).toHaveLength(1);
    settle(outcome({ usage: tokens(80, 10) })); // the cheap one served
    expect(quotas.standing(budgetQuota(owner, budget({ amount: dollar, ...fields }), noon)).spent).toBe(0);
  });

  test('whoever brings a key of their own costs us nothing', async () => {
    const of = marketing(10n);
    const { quotas, reserved, chain, settle } = open({ of, fields: { identity: identity(of, { ownCredential: 'sk-own' }) } });
    await chain(request({ max_tokens: 50 }), [cheap, unpriced]);
    expect(reserved()).toBe(0);
    settle(outcome({ usage: tokens(80, 10) }));
    expect(quotas.entries).toMatchObject([{ costNanos: 0, priceVersion: 'own key', unpriced: false }]);
  });
});
