import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, hashOf, startGateway, startWorld, type RunningGateway, type World } from './gateway.ts';
import { createMovedClock } from './moved-clock.ts';
import { anthropicSdk, openaiSdk, say } from './sdks.ts';
import { extended } from './stage.ts';

// What requests cost, to the nano-dollar, against sums made by hand. A dollar per million tokens is 1,000 nano-dollars per token.

const prices = {
  'openai/gpt-5-mini': {
    price: [
      { from: '2027-01-01', input: 3, output: 15, cacheRead: 0.3, reasoning: 30 },
      { from: '2027-02-01', input: 2.5, output: 12, perRequest: 0.01, tiers: [{ above: 1000, input: 5, output: 18 }] },
    ],
  },
  'anthropic/*': { price: { input: 0.1, output: 0.3, cacheRead: 0.01, cacheWrite: 0.125 }, discount: '7%' },
};

const clock = createMovedClock();
const moveTo = (instant: string): void => clock.setAhead(Date.parse(instant) - Date.now());

let world: World;
let gateway: RunningGateway;
beforeAll(async () => {
  world = await startWorld();
  moveTo('2026-12-31T23:59:00Z');
  const providers = { openai: { kind: 'openai', baseUrl: world.openai.url, apiKey: world.openai.apiKey, discount: '12%' } };
  const tenants = { payer: { keys: [{ name: 'test', hash: hashOf('rk-payer') }], budget: { amount: 1000, per: 'year' } } };
  gateway = await startGateway({ ...extended(world, { providers, tenants }), prices }, { env: clock.env });
});
afterAll(async () => {
  await gateway?.stop();
  await world?.stop();
  clock.remove();
});

const inDollars = (nanos: number): string => (nanos / 1e9).toFixed(9).replace(/0+$/, '');

/** Asks with an answer for which the provider counts this, and gives what the client was told it cost. */
async function costOf(usage: Record<string, unknown>, beforeEnd?: () => void): Promise<string | null> {
  world.openai.behave({ say: { usage }, ...(beforeEnd && { delayMs: 300 }) });
  const arrived = world.openai.nextRequest();
  const answer = openaiSdk.ask(gateway, say('gpt', 'Hello', { maxTokens: 100 }), { key: 'rk-payer' });
  await arrived;
  beforeEnd?.();
  return (await answer).headers.get('x-remora-cost');
}

const openaiUsage = (input: number, cached = 0, reasoning = 0) => ({
  prompt_tokens: input,
  completion_tokens: 50,
  total_tokens: input + 50,
  prompt_tokens_details: { cached_tokens: cached },
  completion_tokens_details: { reasoning_tokens: reasoning },
});

/** Sums made by hand. */
const sums = {
  /** 600 of input, 400 from the cache, 40 of output, 10 of reasoning; less 12%. */
  january: ((600 * 3000 + 400 * 300 + 40 * 15_000 + 10 * 30_000) * 88) / 100,
  /** 1,000 of input, whose cache has no price of its own now, 50 of output and a cent; less 12%. */
  february: ((1000 * 2500 + 50 * 12_000 + 10_000_000) * 88) / 100,
  /** One token more, so all are dearer. */
  long: ((1001 * 5000 + 50 * 18_000 + 10_000_000) * 88) / 100,
  /** 60 of input, 7 read from and 3 written to the cache, 21 of output; less 7%, rounded up. */
  claude: Math.ceil(((60 * 100 + 7 * 10 + 3 * 125 + 21 * 300) * 93) / 100),
};

describe('a request costs what the price of its time says:', () => {
  test('the catalogue’s before the first version', async () => {
    expect(Number(await costOf(openaiUsage(1000)))).toBeGreaterThan(0);
  });

  test('the first version’s from its midnight on, by kinds of tokens, less the discount', async () => {
    moveTo('2027-01-01T00:00:01Z');
    expect(sums.january).toBe(2_481_600);
    expect(await costOf(openaiUsage(1000, 400, 10))).toBe(inDollars(sums.january));
  });

  test('that of its beginning where it ends in the next', async () => {
    moveTo('2027-01-31T23:59:50Z');
    expect(await costOf(openaiUsage(1000, 400, 10), () => moveTo('2027-02-01T00:00:01Z'))).toBe(inDollars(sums.january));
  });

  test('the next version’s, with its fee', async () => {
    expect(sums.february).toBe(11_528_000);
    expect(await costOf(openaiUsage(1000, 400, 10))).toBe(inDollars(sums.february));
  });

  test('its tier’s for all tokens of a long input', async () => {
    expect(sums.long).toBe(13_996_400);
    expect(await costOf(openaiUsage(1001))).toBe(inDollars(sums.long));
  });

  test('a discount of its own, rounded up to a nano-dollar', async () => {
    expect(sums.claude).toBe(11_853); // 11,852.85
    world.anthropic.behave({ say: { usage: { input_tokens: 60, cache_read_input_tokens: 7, cache_creation_input_tokens: 3, output_tokens: 21 } } });
    const { headers } = await anthropicSdk.ask(gateway, say('claude', 'Hello', { maxTokens: 100 }), { key: 'rk-payer' });
    expect(headers.get('x-remora-cost')).toBe(inDollars(sums.claude));
  });

  test('the same in a stream, whose headers cannot say it', async () => {
    world.openai.behave({ say: { usage: openaiUsage(1001) } });
    const { headers } = await openaiSdk.ask(gateway, say('gpt', 'Hello', { maxTokens: 100, stream: true }), { key: 'rk-payer' });
    expect(headers.has('x-remora-cost')).toBe(false);
  });
});

test('reports add up to the same, by version', async () => {
  const query = 'tenant=payer&groupBy=priceVersion&from=2027-01-01&to=2027-12-31';
  const { rows, total } = await eventually(
    async () =>
      (await (await fetch(`${gateway.adminUrl}/api/usage?${query}`)).json()) as { rows: Record<string, unknown>[]; total: Record<string, unknown> },
    (report) => report.total['requests'] === 6,
  );
  const byVersion = Object.fromEntries(rows.map((row) => [row['priceVersion'], Number(row['costNanos'])]));
  expect(byVersion).toEqual({
    'config 2027-01-01 -12%': 2 * sums.january,
    'config 2027-02-01 -12%': sums.february + 2 * sums.long,
    'config -7%': sums.claude,
  });
  const all = 2 * sums.january + sums.february + 2 * sums.long + sums.claude;
  expect([Number(total['costNanos']), total['costDollars']]).toEqual([all, inDollars(all)]);
});

test('the budget has spent what the entries add up to', async () => {
  const { budgets } = (await (await fetch(`${gateway.adminUrl}/api/budgets?tenant=payer`)).json()) as { budgets: Record<string, unknown>[] };
  const entries = (await gateway.entries()).filter(({ started_at }) => Number(started_at) >= Date.parse('2027-01-01'));
  const spent = entries.reduce((sum, entry) => sum + Number(entry['cost_nanos']), 0);
  expect(budgets.find(({ id }) => String(id).includes('|2027|'))).toMatchObject({ spent: inDollars(spent) });
});
