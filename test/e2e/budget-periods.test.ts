import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BudgetView } from '../../src/admin/budgets.ts';
import { eventually, hashOf, startGateway, startWorld, type ConfigData, type RunningGateway, type World } from './gateway.ts';
import { createMovedClock } from './moved-clock.ts';
import { anthropicSdk, openaiSdk, rejection, say, type Sdk } from './sdks.ts';
import { extended } from './stage.ts';

// Budgets of every period, at the instants where their time zones begin a new one. The gateway's clock goes forward through 2027; every request costs a dollar.

const price = { input: 0, output: 0, perRequest: 1 };
const tenant = (name: string, fields: object) => ({ keys: [{ name: 'test', hash: hashOf(`rk-${name}`) }], ...fields });
const periodic = (name: string, per: string, timeZone: string) => tenant(name, { timeZone, budget: { amount: 2, per } });

const tenants = {
  day: periodic('day', 'day', 'America/New_York'),
  week: periodic('week', 'week', 'Europe/Berlin'),
  quarter: periodic('quarter', 'quarter', 'Australia/Adelaide'),
  year: periodic('year', 'year', 'Pacific/Auckland'),
  total: periodic('total', 'total', 'UTC'),
  tokens: tenant('tokens', { budget: { tokens: 500, per: 'day' } }),
  'of-model': tenant('of-model', { budgets: [{ amount: 1, per: 'day', model: 'gpt' }] }),
  'of-provider': tenant('of-provider', { budgets: [{ amount: 1, per: 'day', provider: 'openai' }] }),
  crowd: { keys: [{ name: 'test', hash: hashOf('rk-crowd'), user: 'ada' }], perUser: { budget: { amount: 2, per: 'month' } } },
  stepped: tenant('stepped', { budget: { amount: 6, per: 'day', ladder: [{ at: '50%', deny: true }] } }),
  grace: tenant('grace', { budget: { amount: 4, per: 'day', grace: '50%' } }),
};

const clock = createMovedClock();
const moveTo = (instant: string): void => clock.setAhead(Date.parse(instant) - Date.now());

let world: World;
let gateway: RunningGateway;
let config: ConfigData;
beforeAll(async () => {
  world = await startWorld();
  const models = {
    gpt: { targets: [{ provider: 'openai', model: 'gpt-5-mini', price }] },
    'gpt-too': { targets: [{ provider: 'openai', model: 'gpt-4o', price }] },
    claude: { targets: [{ provider: 'anthropic', model: 'claude-haiku-4-5', price }] },
    'gpt-then-claude': { targets: [{ provider: 'openai', model: 'gpt-5-mini', price }], fallback: ['claude'] },
  };
  moveTo('2027-03-14T05:00:01Z');
  config = extended(world, { models, tenants });
  gateway = await startGateway(config, { env: clock.env });
});
afterAll(async () => {
  await gateway?.stop();
  await world?.stop();
  clock.remove();
});

const ask = (key: string, { sdk = openaiSdk, model = 'gpt' }: { sdk?: Sdk; model?: string } = {}) =>
  sdk.ask(gateway, say(model, 'Hello', { maxTokens: 100 }), { key: `rk-${key}` });

/** The message of the refusal, which each SDK shows as its own error. */
async function refusal(key: string, options: { sdk?: Sdk; model?: string } = {}): Promise<string> {
  const { sdk = openaiSdk } = options;
  const error = await rejection(ask(key, options));
  expect(error).toBeInstanceOf(sdk.errors.RateLimitError);
  expect(JSON.stringify(error['error'])).toContain('"budget-exceeded"');
  expect((error['headers'] as Headers).get('x-should-retry')).toBe('false');
  return error.message;
}

const budgetsOf = async (name: string): Promise<BudgetView[]> =>
  ((await (await fetch(`${gateway.adminUrl}/api/budgets?tenant=${name}`)).json()) as { budgets: BudgetView[] }).budgets;

describe('a budget that is spent begins afresh with its period', () => {
  test.each([
    {
      per: 'day', // New York sets its clocks forward on this one: it has 23 hours
      begin: '2027-03-14T05:00:02Z',
      before: '2027-03-15T03:59:55Z',
      after: '2027-03-15T04:00:01Z',
      renews: '2027-03-15 00:00 (America/New_York)',
    },
    {
      per: 'week', // Berlin does so at its end
      begin: '2027-03-22T00:00:00Z',
      before: '2027-03-28T21:59:55Z',
      after: '2027-03-28T22:00:01Z',
      renews: '2027-03-29 00:00 (Europe/Berlin)',
    },
    {
      per: 'quarter',
      begin: '2027-03-30T00:00:00Z',
      before: '2027-03-31T13:29:55Z',
      after: '2027-03-31T13:30:01Z',
      renews: '2027-04-01 00:00 (Australia/Adelaide)',
    },
    {
      per: 'year',
      begin: '2027-12-30T00:00:00Z',
      before: '2027-12-31T10:59:55Z',
      after: '2027-12-31T11:00:01Z',
      renews: '2028-01-01 00:00 (Pacific/Auckland)',
    },
  ])('$per', async ({ per, begin, before, after, renews }) => {
    const period = `for this ${per}`;
    moveTo(begin);
    await ask(per, { sdk: anthropicSdk, model: 'claude' });
    await ask(per);
    expect(await refusal(per)).toContain(period);
    moveTo(before);
    expect(await refusal(per, { sdk: anthropicSdk, model: 'claude' })).toContain(`starts afresh on ${renews}`);
    moveTo(after);
    const { headers } = await ask(per);
    expect(headers.get('x-remora-budget-left')).toBe('1');
    await ask(per, { sdk: anthropicSdk, model: 'claude' });
    expect(await refusal(per)).toContain(period);
  });

  test('but for one in total', async () => {
    moveTo('2028-01-02T00:00:00Z');
    await ask('total');
    await ask('total');
    moveTo('2030-01-01T00:00:00Z');
    expect(await refusal('total')).toMatch(/in total.*ask the platform team for more/);
  });
});

test('a budget of tokens counts what the provider counted', async () => {
  moveTo('2030-01-02T00:00:00Z');
  world.openai.behave({ say: { usage: { prompt_tokens: 300, completion_tokens: 80, total_tokens: 380 } } });
  await ask('tokens');
  expect(await refusal('tokens')).toMatch(/has 120 tokens left of its 500 tokens for this day/);
  moveTo('2030-01-03T00:00:01Z');
  const { headers } = await ask('tokens');
  expect(Number(headers.get('x-remora-budget-left-tokens'))).toBeLessThan(500);
});

test('a budget for a model counts what that model serves alone', async () => {
  moveTo('2030-01-04T00:00:00Z');
  await ask('of-model', { model: 'gpt-too' });
  await ask('of-model');
  expect(await refusal('of-model')).toContain('for model "gpt"');
  await ask('of-model', { model: 'gpt-too' });
  await ask('of-model', { sdk: anthropicSdk, model: 'claude' });
});

test('a budget for a provider counts what that provider serves alone', async () => {
  await ask('of-provider', { sdk: anthropicSdk, model: 'claude' });
  await ask('of-provider', { model: 'gpt-too' });
  expect(await refusal('of-provider')).toContain('for provider "openai"');
  await ask('of-provider', { sdk: anthropicSdk, model: 'claude' });
  expect((await ask('of-provider', { model: 'gpt-then-claude' })).headers.get('x-remora-deployment')).toBe('anthropic/claude-haiku-4-5');
});

test('grace goes on beyond the amount, and a top-up beyond that', async () => {
  for (let request = 0; request < 6; request++) await ask('grace');
  expect(await refusal('grace')).toContain('has $0.00 left of its $4.00');
  await topUp('grace', '1');
  await eventually(() => isServed('grace'), Boolean);
  expect(await refusal('grace')).toContain('$0.00 left');
});

test('a step that refuses ends with a top-up, though nothing was asked of the store meanwhile', async () => {
  for (let request = 0; request < 3; request++) await ask('stepped');
  expect(await refusal('stepped')).toContain('50%');
  await eventually(
    () => budgetsOf('stepped'),
    ([budget]) => Number(budget?.spent) === 3,
  );
  await topUp('stepped', '6');
  await eventually(() => isServed('stepped'), Boolean);
});

async function topUp(name: string, amount: string): Promise<void> {
  const [{ id } = { id: '' }] = await budgetsOf(name);
  const body = JSON.stringify({ id, amount, reason: 'a fair' });
  const answer = await fetch(`${gateway.adminUrl}/api/budgets/top-up`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(answer.status).toBe(200);
}

const isServed = (key: string): Promise<boolean> =>
  ask(key).then(
    () => true,
    () => false,
  );

test("a user's budget that was out of the config for a while has spent what the user did", async () => {
  const change = async (next: ConfigData): Promise<void> => {
    const { number } = await gateway.configReport();
    gateway.rewrite(next);
    await eventually(gateway.configReport, (report) => report.number > number);
  };
  await ask('crowd');
  await change(extended(world, { models: config['models'] as ConfigData, tenants: { ...tenants, crowd: { keys: tenants.crowd.keys } } }));
  await ask('crowd');
  await change(config);
  await eventually(
    () => budgetsOf('crowd'),
    ([budget]) => Number(budget?.spent) === 2,
  );
  expect(await refusal('crowd')).toContain('user "crowd/ada"');
});

test('a report shows what was spent in the days of the time zone', async () => {
  const query = 'tenant=day&bucket=day&timeZone=America/New_York&from=2027-03-01&to=2027-04-01';
  const { rows } = await eventually(
    async () => (await (await fetch(`${gateway.adminUrl}/api/usage?${query}`)).json()) as { rows: Record<string, unknown>[] },
    (report) => report.rows.length === 2,
  );
  expect(rows).toMatchObject([
    { bucket: '2027-03-14', costDollars: '2.00' },
    { bucket: '2027-03-15', costDollars: '2.00' },
  ]);
});
