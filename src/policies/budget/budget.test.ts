import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { noUsage, type Usage } from '../../llm/usage.ts';
import { createHabits } from '../../pricing/habits.ts';
import { createPrices } from '../../pricing/prices.ts';
import { ClientRequest } from '../../protocols/client-request.ts';
import { openaiChat } from '../../protocols/openai-chat/index.ts';
import { openaiEmbeddings } from '../../protocols/openai-embeddings/index.ts';
import { openaiInputTokens } from '../../protocols/openai-input-tokens/index.ts';
import { FakeQuotas } from '../../quotas/quotas.fixture.ts';
import type { Quotas } from '../../quotas/quotas.ts';
import { budgetQuota } from '../../quotas/quotas-of.ts';
import type { ConfiguredPrice, Deployment } from '../../routing/deployment.ts';
import { deployment as deploymentAt, model, target } from '../../routing/deployment.fixture.ts';
import type { LedgerEntry } from '../../stores/entry.ts';
import { StoreError } from '../../stores/store.ts';
import { opening, outcome as outcomeOf } from '../opening.fixture.ts';
import type { Guidance, Opening, Outcome, PolicyRun } from '../policy.ts';
import { budget, identity, limit, tenant, terms } from '../tenant.fixture.ts';
import type { Budget, Step } from '../terms.ts';
import type { Alert } from './alerts.ts';
import { createFairShares, type FairShares } from './fair-share.ts';
import { createBudget } from './index.ts';
import { createPaces, type Paces } from './pace.ts';

const noon = Date.UTC(2026, 10, 21, 12);
const dollar = 1_000_000_000n;

const deployment = (name: string, price: ConfiguredPrice | undefined): Deployment => deploymentAt(name, 'llama-4', { price });

const cheap = deployment('cheap', { input: 1, output: 2 }); // 1,000 and 2,000 nano-dollars per token
const dear = deployment('dear', { input: 10, output: 20 });
const unpriced = deployment('house', undefined);

/** A request of exactly 300 bytes, so of 100 tokens by our estimate. */
function request(fields: Record<string, unknown> = {}): ClientRequest {
  const text = (padding: number) => JSON.stringify({ model: 'fast', ...fields, messages: [{ role: 'user', content: 'x'.repeat(padding) }] });
  return new ClientRequest(openaiChat, Buffer.from(text(300 - text(0).length)));
}

const outcome = (fields: Partial<Outcome> = {}): Outcome => outcomeOf({ deployment: cheap, requestBytes: 300, served: 'fast', ...fields });

const tokens = (inputTokens: number, outputTokens: number): Usage => ({ ...noUsage, inputTokens, outputTokens });

const owner = 'tenant:marketing';

/** A tenant that may spend so many nano-dollars a month; undefined for no budget. */
const marketing = (amount: bigint | undefined, fields: Partial<Budget> = {}) =>
  tenant('marketing', { terms: amount === undefined ? [] : [terms(owner, { budgets: [budget({ amount, ...fields })] })] });

interface World {
  quotas: FakeQuotas;
  alerts: Alert[];
  /** What is reserved in budgets of money. */
  reserved(): number;
  run: PolicyRun;
  route(asked: ClientRequest): Promise<Guidance | undefined>;
  chain(asked: ClientRequest, deployments: readonly Deployment[]): Promise<ClientRequest>;
  pass(group: string): Promise<void>;
  settle(ended: Outcome): void;
}

/** One exchange of a tenant with a budget of ten dollars unless told otherwise. */
function open({
  amountNanos = 10n * dollar,
  of = marketing(amountNanos),
  quotas = new FakeQuotas(),
  fields = {},
  fairShares = createFairShares({ now: () => noon }),
  paces = createPaces({ now: () => noon, holders: () => 1 }),
  isLate = false,
}: {
  amountNanos?: bigint;
  of?: ReturnType<typeof tenant>;
  quotas?: FakeQuotas;
  fields?: Partial<Opening>;
  fairShares?: FairShares;
  paces?: Paces;
  isLate?: boolean;
} = {}): World {
  const alerts: Alert[] = [];
  const policy = createBudget({
    quotas: isLate ? late(quotas) : quotas,
    prices: createPrices({ now: () => noon }),
    habits: createHabits({ maxPairs: 10 }),
    paces,
    fairShares,
    labelsOf: () => ({ labels: { team: 'web' }, warnings: [{ field: 'x-remora-label-Team', detail: 'is dropped' }] }),
    passThroughNanos: (group) => (group === 'images' ? 40_000_000 : undefined),
    warn: (alert) => void alerts.push(alert),
    onLimited() {},
    onCost() {},
    onStep() {},
    now: () => noon,
  });
  const run = policy.open(opening(of, { id: 'exchange-1', ...fields }));
  if (run === undefined) throw new Error('the budget has a part in every exchange');
  const held = (): number =>
    of.terms.flatMap(({ owner: whose, budgets }) => budgets.map((each) => quotas.standing(budgetQuota(whose, each, noon)).held))[0] ?? 0;
  return {
    quotas,
    alerts,
    reserved: held,
    run,
    route: async (asked) => run.onRoute?.(asked),
    chain: async (asked, deployments) => (await run.onChain?.(asked, { served: 'fast', route: '', chain: deployments })) ?? asked,
    pass: async (group) => run.onPassThrough?.(group, cheap),
    settle: (ended) => run.onSettled?.(ended),
  };
}

/** The same quotas, of which nothing is known before the store was asked. */
function late(quotas: FakeQuotas): Quotas {
  const known = new Set<string>();
  return {
    holders: 1,
    reserve: async (charges) => quotas.reserve(charges),
    record: (entry, used) => quotas.record(entry, used),
    async know(asked) {
      for (const { id } of asked) known.add(id);
    },
    standing: (quota) => (known.has(quota.id) ? quotas.standing(quota) : undefined),
    flush: () => quotas.flush(),
    close: () => quotas.close(),
  };
}

/** Quotas of which the tenant's budget of ten dollars has so much spent. */
function spent(nanos: bigint, fields: Partial<Budget> = {}): FakeQuotas {
  const quotas = new FakeQuotas();
  quotas.spend([{ quota: budgetQuota(owner, budget({ amount: 10n * dollar, ...fields }), noon), amount: Number(nanos) }]);
  return quotas;
}

async function refusalOf(work: Promise<unknown>): Promise<GatewayError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GatewayError)) throw new Error('not refused', { cause: error });
  return error;
}

describe('before the call', () => {
  test('reserves a third of the bytes as input and the requested maximum as output, at the dearest deployment of the chain', async () => {
    const { reserved, chain } = open();
    await chain(request({ max_tokens: 50 }), [cheap, dear, cheap]);
    expect(reserved()).toBe(100 * 10_000 + 50 * 20_000);
  });

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

  test('reserves all output that cannot be seen while it runs, and caps it where the client sets no maximum', async () => {
    const { reserved, chain } = open();
    const sent = await chain(request(), [cheap]);
    expect(reserved()).toBe(100 * 1000 + 16_384 * 2000);
    expect(sent.facts.maxTokens).toBe(16_384);
  });

  test('caps nothing where the client has, or nobody pays', async () => {
    expect((await open().chain(request({ max_tokens: 50 }), [cheap])).facts.maxTokens).toBe(50);
    expect((await open({ of: marketing(undefined) }).chain(request(), [cheap])).facts.maxTokens).toBeUndefined();
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

  test('tells of labels that it could not take', async () => {
    const { run, chain } = open();
    await chain(request(), [cheap]);
    expect(run.warnings?.()).toEqual([{ field: 'x-remora-label-Team', detail: 'is dropped' }]);
  });

  test('reserves what the model may think besides', async () => {
    const { reserved, chain } = open();
    await chain(request({ reasoning_effort: 'low' }), [cheap]);
    expect(reserved()).toBe(100 * 1000 + (16_384 + 2048) * 2000);
  });

  test('reserves what writing to the prompt cache costs, where the request asks for that', async () => {
    const cached = deployment('cached', { input: 1, output: 2, cacheWrite: 1.25 });
    const plain = open();
    await plain.chain(request({ max_tokens: 50 }), [cached]);
    expect(plain.reserved()).toBe(100 * 1000 + 50 * 2000);
    const marked = open();
    await marked.chain(request({ max_tokens: 50, prompt_cache_key: 'k' }), [cached]);
    expect(marked.reserved()).toBe(100 * 1250 + 50 * 2000);
  });

  test('reserves what writing to it for an hour costs, where the request says so', async () => {
    const cached = deployment('cached', { input: 1, output: 2, cacheWrite: 1.25, cacheWrite1h: 2 });
    const reservedFor = async (ttl: string | undefined) => {
      const { chain, reserved } = open();
      await chain(request({ max_tokens: 50, cache_control: { type: 'ephemeral', ttl } }), [cached]);
      return reserved();
    };
    expect(await Promise.all([undefined, '1h', '30m'].map(reservedFor))).toEqual([1250, 2000, 2000].map((input) => 100 * input + 50 * 2000));
  });

  test('reserves the price of the dearest tier of service that has one, where the request asks for any but the usual one', async () => {
    const tiered = { ...cheap, serviceTiers: { flex: { factor: 0.5 }, priority: { factor: 2 } } };
    const reservedFor = async (service_tier: string) => {
      const { chain, reserved } = open();
      await chain(request({ max_tokens: 50, service_tier }), [tiered]);
      return reserved();
    };
    const usual = 100 * 1000 + 50 * 2000;
    expect(await Promise.all(['default', 'priority', 'auto', 'flex'].map(reservedFor))).toEqual([usual, 2 * usual, 2 * usual, 2 * usual]);
  });

  test('reserves of a stream what it usually has, and caps nothing', async () => {
    const { reserved, chain } = open();
    const sent = await chain(request({ stream: true }), [cheap]);
    expect(reserved()).toBe(100 * 1000 + 1000 * 2000);
    expect(sent.facts.maxTokens).toBeUndefined();
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

  test('refuses a chain with a deployment of unknown price anywhere in it, and names it', async () => {
    const { reserved, chain } = open();
    const error = await refusalOf(chain(request(), [cheap, unpriced]));
    expect(error.code).toBe('unpriced-model');
    expect(error.message).toBe('The price of "house/llama-4" is not known, so no budget can pay for it. Give its target a "price" in the config.');
    expect(reserved()).toBe(0);
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
});

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

  test('trusts the usage of an answer that stopped midway where it counts more than was delivered', async () => {
    const usage = tokens(90, 25);
    expect(await settled(outcome({ end: 'left', usage, deliveredBytes: 60 }))).toMatchObject({ usage, estimated: false });
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

describe('a stream', () => {
  test('is ended where the budget has nothing more for it', async () => {
    const of = marketing(2_300_000n);
    const { run, chain } = open({ of });
    await chain(request({ stream: true }), [cheap]);
    const observe = run.observer?.(cheap);
    let seen = 0;
    const read = (): void => {
      for (; seen < 100; seen += 1) observe?.({ type: 'text', choice: 0, block: 0, text: 'x'.repeat(90) });
    };
    expect(read).toThrow(GatewayError);
    expect(seen * 30).toBeLessThan(1300); // tokens
  });

  test('goes on, with more held for it, where there is enough', async () => {
    const { run, reserved, chain } = open();
    await chain(request({ stream: true }), [cheap]);
    const observe = run.observer?.(cheap);
    for (let index = 0; index < 100; index += 1) observe?.({ type: 'text', choice: 0, block: 0, text: 'x'.repeat(90) });
    expect(reserved()).toBeGreaterThan(3000 * 2000);
  });

  test('without a budget is not watched', async () => {
    const { run, chain } = open({ of: marketing(undefined) });
    await chain(request({ stream: true }), [cheap]);
    expect(run.observer?.(cheap)).toBeUndefined();
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
