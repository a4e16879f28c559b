import { describe, expect, test } from 'vitest';
import { GatewayError } from '../errors.ts';
import { noUsage, type Usage } from '../llm/usage.ts';
import { createPrices } from '../pricing/prices.ts';
import { ClientRequest } from '../protocols/client-request.ts';
import { openaiChat } from '../protocols/openai-chat/index.ts';
import { openaiEmbeddings } from '../protocols/openai-embeddings/index.ts';
import { openaiInputTokens } from '../protocols/openai-input-tokens/index.ts';
import type { ConfiguredPrice, Deployment } from '../routing/deployment.ts';
import { StoreError, type Hold, type Ledger, type LedgerEntry, type Reservation } from '../stores/ledger.ts';
import { createBudget } from './budget.ts';
import type { Outcome } from './policy.ts';
import type { Identity } from './tenant.ts';
import { deployment as deploymentAt } from '../routing/deployment.fixture.ts';
import { tenant } from './tenant.fixture.ts';

const noon = Date.UTC(2026, 10, 21, 12);
const dollar = 1_000_000_000n;

/** A ledger of one tenant that keeps what it is told. */
class FakeLedger implements Ledger {
  spentNanos = 0n;
  readonly open = new Set<Hold>();
  readonly settled: LedgerEntry[] = [];
  readonly recorded: LedgerEntry[] = [];
  failure: Error | undefined;

  async reserve({ amountNanos, limitNanos }: Reservation): Promise<Hold | undefined> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    if (this.spentNanos + this.reserved() + BigInt(amountNanos) > limitNanos) return undefined;
    const hold: Hold = {
      amountNanos,
      settle: (entry) => {
        if (this.open.delete(hold)) return this.settled.push(entry) > 0;
        return false;
      },
      release: () => this.open.delete(hold),
    };
    this.open.add(hold);
    return hold;
  }

  spent = (): bigint => this.spentNanos;
  reserved = (): bigint => [...this.open].reduce((sum, { amountNanos }) => sum + BigInt(amountNanos), 0n);
  record = (entry: LedgerEntry): void => void this.recorded.push(entry);
  flush = async (): Promise<void> => {};
  close = async (): Promise<void> => {};
}

const deployment = (name: string, price: ConfiguredPrice | undefined): Deployment => deploymentAt(name, 'llama-4', { price });

const cheap = deployment('cheap', { input: 1, output: 2 }); // 1,000 and 2,000 nano-dollars per token
const dear = deployment('dear', { input: 10, output: 20 });
const unpriced = deployment('house', undefined);

/** A request of exactly 300 bytes, so of 100 tokens by our estimate. */
function request(fields: Record<string, unknown> = {}): ClientRequest {
  const text = (padding: number) => JSON.stringify({ model: 'fast', ...fields, messages: [{ role: 'user', content: 'x'.repeat(padding) }] });
  return new ClientRequest(openaiChat, Buffer.from(text(300 - text(0).length)));
}

const identity = (amountNanos: bigint | undefined): Identity => ({
  tenant: tenant('marketing', { budget: amountNanos === undefined ? undefined : { amountNanos, per: 'month' } }),
  key: 'website',
});

const outcome = (fields: Partial<Outcome> = {}): Outcome => ({
  end: 'complete',
  status: 200,
  deployment: cheap,
  attempts: 1,
  warnings: 0,
  usage: undefined,
  requestBytes: 300,
  experiments: [],
  deliveredBytes: 0,
  ...fields,
});

const tokens = (inputTokens: number, outputTokens: number): Usage => ({ ...noUsage, inputTokens, outputTokens });

/** One exchange of a tenant with a budget of ten dollars unless told otherwise. */
function open({ amountNanos = 10n * dollar, ledger = new FakeLedger() }: { amountNanos?: bigint | undefined; ledger?: FakeLedger } = {}) {
  return { ledger, ...openFor(identity(amountNanos), ledger) };
}

function openFor(who: Identity, ledger: FakeLedger) {
  const run = createBudget({
    ledger,
    prices: createPrices({ now: () => noon }),
    passThroughNanos: (group) => (group === 'images' ? 40_000_000 : undefined),
    now: () => noon,
  }).open({ id: 'exchange-1', identity: who });
  return {
    chain: async (asked: ClientRequest, deployments: readonly Deployment[]) => run?.onChain?.(asked, deployments),
    pass: async (group: string) => run?.onPassThrough?.(group, cheap),
    settle: (ended: Outcome) => run?.onSettled?.(ended),
  };
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
    const { ledger, chain } = open();
    await chain(request({ max_tokens: 50 }), [cheap, dear, cheap]);
    expect(ledger.reserved()).toBe(100n * 10_000n + 50n * 20_000n);
  });

  test('reserves what the model may think besides, where the client sets no maximum', async () => {
    const { ledger, chain } = open();
    await chain(request({ reasoning_effort: 'low' }), [cheap]);
    expect(ledger.reserved()).toBe(100n * 1000n + (4096n + 2048n) * 2000n);
  });

  test('reserves 4,096 output tokens where the client sets no maximum', async () => {
    const { ledger, chain } = open();
    await chain(request(), [cheap]);
    expect(ledger.reserved()).toBe(100n * 1000n + 4096n * 2000n);
  });

  test('refuses what may cost more than is left, with the amounts and the date that help', async () => {
    const ledger = new FakeLedger();
    ledger.spentNanos = 9n * dollar;
    const before = open({ ledger });
    await before.chain(request({ max_tokens: 450_000 }), [cheap]);
    const { chain } = open({ ledger });
    const error = await refusalOf(chain(request({ max_tokens: 100_000 }), [cheap]));
    expect(error.code).toBe('budget-exceeded');
    expect(error.message).toBe(
      'This request may cost up to $0.2001, but tenant "marketing" has $0.0999 left of its $10.00 for this month ($0.9001 more is reserved by requests under way). ' +
        'Ask for fewer output tokens, or wait: the budget starts afresh on 2026-12-01 (UTC).',
    );
  });

  test('advises nobody to ask for fewer output tokens where there are none', async () => {
    const vectors = new ClientRequest(openaiEmbeddings, Buffer.from('{"model":"fast","input":"Hi"}'));
    expect((await refusalOf(open({ amountNanos: 0n }).chain(vectors, [cheap]))).message).toContain('. Send less, or wait: ');
    expect((await refusalOf(open({ amountNanos: 0n }).pass('images'))).message).toContain('. Wait: ');
  });

  test('refuses a chain with a deployment of unknown price anywhere in it, and names it', async () => {
    const { ledger, chain } = open();
    const error = await refusalOf(chain(request(), [cheap, unpriced]));
    expect(error.code).toBe('unpriced-model');
    expect(error.message).toBe('The price of "house/llama-4" is not known, so no budget can pay for it. Give its target a "price" in the config.');
    expect(ledger.reserved()).toBe(0n);
  });

  test('refuses a request that the ledger cannot account for, as something that passes', async () => {
    const ledger = new FakeLedger();
    ledger.failure = new StoreError('the disk is full');
    const error = await refusalOf(open({ ledger }).chain(request(), [cheap]));
    expect([error.code, error.retryable, error.cause]).toEqual(['gateway-unavailable', true, ledger.failure]);
    expect(error.message).not.toContain('disk');
  });

  test('a tenant without a budget reserves nothing and may use what has no price', async () => {
    const ledger = new FakeLedger();
    await openFor(identity(undefined), ledger).chain(request(), [unpriced]);
    expect(ledger.reserved()).toBe(0n);
  });
});

describe('after the call', () => {
  /** Settles one exchange and returns its entry, or undefined where it left none. Nothing may stay reserved. */
  async function settled(ended: Outcome): Promise<LedgerEntry | undefined> {
    const { ledger, chain, settle } = open();
    await chain(request({ max_tokens: 50 }), [cheap, dear]);
    settle(ended);
    expect(ledger.reserved()).toBe(0n);
    expect(ledger.settled.length + ledger.recorded.length).toBeLessThanOrEqual(1);
    return ledger.settled[0];
  }

  test("books the provider's own usage at the price of the deployment that answered", async () => {
    const usage = { ...tokens(80, 30), cacheReadTokens: 20, reasoningTokens: 10 };
    expect(await settled(outcome({ deployment: dear, attempts: 2, usage, deliveredBytes: 3000 }))).toEqual({
      exchange: 'exchange-1',
      tenant: 'marketing',
      key: 'website',
      protocol: 'openai-chat',
      model: 'fast',
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

  test('settles once', async () => {
    const { ledger, chain, settle } = open();
    await chain(request(), [cheap]);
    settle(outcome({ usage: tokens(1, 1) }));
    settle(outcome({ usage: tokens(1, 1) }));
    expect([ledger.settled.length, ledger.recorded.length]).toEqual([1, 0]);
  });

  test('frees what was reserved where the client left while the ledger was still asked', async () => {
    const { ledger, chain, settle } = open();
    const reserving = chain(request(), [cheap]);
    settle(outcome({ end: 'left', status: 0, deployment: undefined, attempts: 0 }));
    await reserving;
    expect([ledger.reserved(), ledger.settled.length, ledger.recorded.length]).toEqual([0n, 0, 0]);
  });

  test('books the whole reservation where the price has gone in the meantime', async () => {
    const entry = await settled(outcome({ deployment: unpriced, usage: tokens(1, 1) }));
    expect(entry).toMatchObject({ costNanos: 100 * 10_000 + 50 * 20_000, unpriced: true });
  });

  test('refused for want of budget, an exchange leaves no entry', async () => {
    const { ledger, chain, settle } = open({ amountNanos: 1n });
    await refusalOf(chain(request(), [cheap]));
    settle(outcome({ end: 'refused', status: 429, deployment: undefined, attempts: 0 }));
    expect([ledger.settled.length, ledger.recorded.length]).toEqual([0, 0]);
  });

  test('enters exchanges of a tenant without a budget too, those without a price at zero and marked', async () => {
    const ledger = new FakeLedger();
    for (const used of [cheap, unpriced]) {
      const { chain, settle } = openFor(identity(undefined), ledger);
      await chain(request(), [used]);
      settle(outcome({ deployment: used, usage: tokens(1, 1) }));
    }
    expect(ledger.recorded.map(({ costNanos, unpriced: marked }) => [costNanos, marked])).toEqual([
      [3000, false],
      [0, true],
    ]);
  });
});

describe('a count of tokens', () => {
  const counted = new ClientRequest(openaiInputTokens, Buffer.from('{"model":"fast","input":"Hi"}'));

  test('reserves nothing and costs nothing, also where the budget is spent and the price unknown', async () => {
    const { ledger, chain, settle } = open({ amountNanos: 0n });
    await chain(counted, [unpriced]);
    expect(ledger.reserved()).toBe(0n);
    settle(outcome({ deployment: unpriced }));
    expect(ledger.recorded).toMatchObject([{ protocol: 'openai-input-tokens', usage: noUsage, costNanos: 0, estimated: false, unpriced: false }]);
  });
});

describe('a call that passes through unread', () => {
  test('reserves and books the price of its kind', async () => {
    const { ledger, pass, settle } = open();
    await pass('images');
    expect(ledger.reserved()).toBe(40_000_000n);
    settle(outcome());
    expect(ledger.settled).toMatchObject([{ protocol: 'pass-through', model: 'images', costNanos: 40_000_000 }]);
    expect(ledger.reserved()).toBe(0n);
  });

  test('costs nothing where the provider refused it', async () => {
    const { ledger, pass, settle } = open();
    await pass('images');
    settle(outcome({ end: 'failed', status: 400 }));
    expect(ledger.settled).toMatchObject([{ costNanos: 0 }]);
    expect(ledger.reserved()).toBe(0n);
  });

  test('is refused under a budget where its kind has no price', async () => {
    const { pass } = open();
    expect(await refusalOf(pass('audio'))).toMatchObject({ code: 'unpriced-model' });
  });

  test('without a budget needs no price, and is entered all the same', async () => {
    const ledger = new FakeLedger();
    const { pass, settle } = openFor(identity(undefined), ledger);
    await pass('audio');
    settle(outcome());
    expect(ledger.recorded).toMatchObject([{ protocol: 'pass-through', model: 'audio', costNanos: 0 }]);
  });
});
