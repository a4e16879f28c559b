import { describe, expect, test } from 'vitest';
import { ClientRequest } from '../../protocols/client-request.ts';
import { openaiEmbeddings } from '../../protocols/openai-embeddings/index.ts';
import { budgetQuota } from '../../quotas/quotas-of.ts';
import { model, target } from '../../routing/deployment.fixture.ts';
import { budget } from '../tenant.fixture.ts';
import type { Step } from '../terms.ts';
import { cheap, dollar, marketing, noon, open, outcome, owner, refusalOf, request, spent, tokens, type World } from './budget.fixture.ts';
import { createPaces } from './pace.ts';

describe('the ladder', () => {
  const ladder: Step[] = [
    { at: 0.5, does: { type: 'warn' } },
    { at: 0.6, does: { type: 'max-tokens', maxTokens: 40 } },
    { at: 0.7, does: { type: 'effort', effort: 'low' } },
    { at: 0.8, does: { type: 'use', model: 'cheap' } },
    { at: 0.95, does: { type: 'deny' } },
  ];
  const at = (tenths: bigint) => ({ of: marketing(10n * dollar, { ladder }), quotas: spent((tenths * dollar) / 10n, { ladder }) });

  test('takes no step before its share is used', async () => {
    const { alerts, route } = open(at(49n));
    expect(await route(request())).toBeUndefined();
    expect(alerts).toEqual([]);
  });

  test('warns, and has a request go on as it is', async () => {
    const { alerts, route } = open(at(50n));
    expect(await route(request())).toEqual({});
    expect(alerts).toMatchObject([{ owner, at: 0.5, used: 0.5, amount: 10n * dollar, unit: 'nanos' }]);
  });

  test.each([
    [{}, 40],
    [{ max_tokens: 30 }, 30],
    [{ max_tokens: 500 }, 40],
  ])('lowers the maximum of %o to %i', async (fields, maxTokens) => {
    expect(await open(at(60n)).route(request(fields))).toMatchObject({ set: { maxTokens } });
  });

  test.each([
    ['high', 'low'],
    ['minimal', 'minimal'],
  ])('lowers an effort of %s to %s', async (asked, effort) => {
    expect(await open(at(70n)).route(request({ reasoning_effort: asked }))).toMatchObject({ set: { reasoningEffort: effort } });
  });

  test('asks no effort of a model that does not think', async () => {
    expect((await open(at(70n)).route(request()))?.set).toEqual({ maxTokens: 40 });
  });

  test('has another model serve, and says which steps were taken', async () => {
    const { run, route, chain, settle, quotas } = open(at(80n));
    const asked = request({ max_tokens: 10 });
    expect(await route(asked)).toMatchObject({ use: 'cheap', set: { maxTokens: 10 } });
    const told = new Map(run.headers?.('openai-chat'));
    expect(told.get('x-remora-budget-left')).toBe('2');
    expect(told.get('x-remora-budget-step')).toContain(`use cheap at 80% of ${owner} per month`);
    await chain(asked, [cheap]);
    settle(outcome({ usage: tokens(1, 1) }));
    expect(quotas.entries[0]?.step).toContain('use cheap at 80%');
  });

  const embedding = (): ClientRequest => new ClientRequest(openaiEmbeddings, Buffer.from(JSON.stringify({ model: 'fast', input: 'hello' })));

  test('asks the store where nothing is known of a budget yet', async () => {
    expect(await open({ ...at(80n), isLate: true }).route(request())).toMatchObject({ use: 'cheap' });
  });

  test('leaves embeddings to their model, and claims no step that they do not take', async () => {
    const { run, route } = open(at(80n));
    expect(await route(embedding())).toEqual({});
    expect(new Map(run.headers?.('openai-chat')).has('x-remora-budget-step')).toBe(false);
  });

  test('has another model serve embeddings where the budget is for their model alone', async () => {
    const fields = { ladder, model: 'fast' };
    const { route } = open({ of: marketing(10n * dollar, fields), quotas: spent(8n * dollar, fields) });
    expect(await route(embedding())).toMatchObject({ use: 'cheap' });
  });

  test.each([
    [['fast'], undefined],
    [['fast', 'cheap'], 'cheap'],
  ])('of callers who may use %o, %s serves them instead', async (allowed, use) => {
    const { of, quotas } = at(80n);
    const models = new Map([['cheap', model('cheap', [target(cheap)])]]);
    const { route } = open({ of: { ...of, models: new Set(allowed) }, quotas, fields: { models } });
    expect((await route(request()))?.use).toBe(use);
  });

  test('refuses at its last step, though there is money left', async () => {
    const { run, route } = open(at(95n));
    const error = await refusalOf(route(request()));
    expect(error.code).toBe('budget-exceeded');
    expect(new Map(run.headers?.('openai-chat')).get('x-remora-budget-step')).toContain(`deny at 95% of ${owner} per month`);
    expect(error.message).toBe(
      'Tenant "marketing" has used 95% of its budget for this month, where its config stops it. Wait: the budget starts afresh on 2026-12-01 00:00 (UTC).',
    );
  });

  test('counts what is reserved as used', async () => {
    const { of, quotas } = at(79n);
    await open({ of, quotas }).chain(request({ max_tokens: 50_000 }), [cheap]);
    expect(await open({ of, quotas }).route(request())).toMatchObject({ use: 'cheap' });
  });

  test('of a budget for a model says nothing of requests for another', async () => {
    const fields = { ladder, model: 'smart' };
    const { route } = open({ of: marketing(10n * dollar, fields), quotas: spent(9n * dollar, fields) });
    expect(await route(request())).toBeUndefined();
  });

  test('has requests wait for their turn, and refuses those that would wait too long', async () => {
    const queue: Step[] = [{ at: 0.9, does: { type: 'queue', waitMs: 1000 } }];
    const of = marketing(10n * dollar, { ladder: queue });
    const quotas = spent(9n * dollar, { ladder: queue });
    const first = open({ of, quotas });
    expect(await first.route(request())).toMatchObject({ waitMs: 0 });
    await first.chain(request({ max_tokens: 10 }), [cheap]);
    first.settle(outcome({ usage: tokens(100_000, 0) }));
    expect(await first.route(request())).toMatchObject({ waitMs: 0 });
    const error = await refusalOf(first.route(request()));
    expect([error.code, error.retryable, error.retryAfterSeconds]).toEqual(['rate-limited', true, expect.any(Number)]);
  });
});

describe('a turn at the queue of a budget', () => {
  const queue: Step[] = [{ at: 0.9, does: { type: 'queue', waitMs: 60_000_000 } }];

  /** The waits of three requests, the second of which ends as told before it is routed. */
  async function waits(second: (world: World) => Promise<void>): Promise<(number | undefined)[]> {
    const paces = createPaces({ now: () => noon, holders: () => 1 });
    const quotas = spent(9n * dollar, { ladder: queue });
    const ask = (): World => open({ of: marketing(10n * dollar, { ladder: queue }), quotas, paces });
    paces.learn(budgetQuota(owner, budget({ amount: 10n * dollar, ladder: queue }), noon).id, 10_000_000);
    await ask().route(request());
    const leaving = ask();
    const first = await leaving.route(request());
    await second(leaving);
    return [first?.waitMs, (await ask().route(request()))?.waitMs];
  }

  test('is given back by a client who leaves while it waits', async () => {
    const [left, next] = await waits(async ({ settle }) => settle(outcome({ end: 'left', deployment: undefined, attempts: 0 })));
    expect(left).toBeGreaterThan(0);
    expect(next).toBe(left);
  });

  test('stays with a request that was routed', async () => {
    const [had = 0, next] = await waits(async ({ chain, settle }) => {
      await chain(request({ max_tokens: 10 }), [cheap]);
      settle(outcome({ end: 'left' }));
    });
    expect(next).toBeGreaterThan(had);
  });
});
