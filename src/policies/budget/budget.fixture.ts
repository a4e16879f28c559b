import { GatewayError } from '../../errors.ts';
import { noUsage, type Usage } from '../../llm/usage.ts';
import { createHabits } from '../../pricing/habits.ts';
import { createPrices } from '../../pricing/prices.ts';
import { ClientRequest } from '../../protocols/client-request.ts';
import { openaiChat } from '../../protocols/openai-chat/index.ts';
import { FakeQuotas } from '../../quotas/quotas.fixture.ts';
import type { Quotas } from '../../quotas/quotas.ts';
import { budgetQuota } from '../../quotas/quotas-of.ts';
import type { ConfiguredPrice, Deployment } from '../../routing/deployment.ts';
import { deployment as deploymentAt } from '../../routing/deployment.fixture.ts';
import { opening, outcome as outcomeOf } from '../opening.fixture.ts';
import type { Guidance, Opening, Outcome, PolicyRun } from '../policy.ts';
import { budget, tenant, terms } from '../tenant.fixture.ts';
import type { Budget } from '../terms.ts';
import type { Alert } from './alerts.ts';
import { createFairShares, type FairShares } from './fair-share.ts';
import { createBudget } from './index.ts';
import { createPaces, type Paces } from './pace.ts';

/** When every exchange of these tests begins, in milliseconds since 1970. */
export const noon = Date.UTC(2026, 10, 21, 12);
/** In nano-dollars. */
export const dollar = 1_000_000_000n;

/** A deployment at a provider of that name; a price undefined for one that nobody knows. */
export const deployment = (name: string, price: ConfiguredPrice | undefined): Deployment => deploymentAt(name, 'llama-4', { price });

/** Costs 1,000 nano-dollars per token of input and 2,000 per token of output. */
export const cheap = deployment('cheap', { input: 1, output: 2 });
/** Ten times as dear. */
export const dear = deployment('dear', { input: 10, output: 20 });
/** Without a price. */
export const unpriced = deployment('house', undefined);

/** A request of exactly 300 bytes, so of 100 tokens by our estimate. */
export function request(fields: Record<string, unknown> = {}): ClientRequest {
  const text = (padding: number) => JSON.stringify({ model: 'fast', ...fields, messages: [{ role: 'user', content: 'x'.repeat(padding) }] });
  return new ClientRequest(openaiChat, Buffer.from(text(300 - text(0).length)));
}

/** An answer of the cheap deployment, complete but for what is given. */
export const outcome = (fields: Partial<Outcome> = {}): Outcome => outcomeOf({ deployment: cheap, requestBytes: 300, served: 'fast', ...fields });

/** Usage of so many tokens. */
export const tokens = (inputTokens: number, outputTokens: number): Usage => ({ ...noUsage, inputTokens, outputTokens });

/** Whose the tenant's terms are. */
export const owner = 'tenant:marketing';

/** A tenant that may spend so many nano-dollars a month; undefined for no budget. */
export const marketing = (amount: bigint | undefined, fields: Partial<Budget> = {}) =>
  tenant('marketing', { terms: amount === undefined ? [] : [terms(owner, { budgets: [budget({ amount, ...fields })] })] });

/** One exchange, as seen by the budget. */
export interface World {
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
export function open({
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
export function spent(nanos: bigint, fields: Partial<Budget> = {}): FakeQuotas {
  const quotas = new FakeQuotas();
  quotas.spend([{ quota: budgetQuota(owner, budget({ amount: 10n * dollar, ...fields }), noon), amount: Number(nanos) }]);
  return quotas;
}

/** The error that something was refused with. */
export async function refusalOf(work: Promise<unknown>): Promise<GatewayError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GatewayError)) throw new Error('not refused', { cause: error });
  return error;
}
