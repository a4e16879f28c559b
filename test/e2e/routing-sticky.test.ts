import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chat, many, setFleet, tally, tenant, type Asking, type Told } from './fleet.ts';
import { anthropicClient, eventually, keys, startGateway, type RunningGateway } from './gateway.ts';

const names = ['a', 'b', 'c'] as const;
type Name = (typeof names)[number];
const tenants = Array.from({ length: 12 }, (_, index) => `team-${index}`);
const keyOf = (name: string): string => `rk-${name}`;

const fleet = setFleet({ a: 'openai', b: 'openai', c: 'openai' }, ({ to, providers }) => {
  const targets = names.map((name) => to(name));
  const accounts = names.map((name) => ({ name, baseUrl: providers[name]['baseUrl'], apiKey: providers[name]['apiKey'] }));
  return {
    providers: { ...providers, pool: { kind: 'openai', credentials: accounts } },
    models: {
      pooled: { sticky: 'user', targets: [to('a', { provider: 'pool' })] },
      tenant: { sticky: 'tenant', targets },
      user: { sticky: 'user', targets },
      conversation: { sticky: 'conversation', strategy: 'least-busy', targets },
      limited: { sticky: 'tenant', targets: names.map((name) => to(name, { model: 'gpt-4o-mini' })) },
      a: { targets: [to('a')] },
      b: { targets: [to('b')] },
      compared: {
        experiment: {
          name: 'newer-model',
          variants: [
            { name: 'control', model: 'a', weight: 70 },
            { name: 'newer', model: 'b', weight: 30 },
          ],
        },
        fallback: ['spare'],
      },
      'compared-by-tenant': {
        experiment: {
          name: 'by-tenant',
          by: 'tenant',
          variants: [
            { name: 'control', model: 'a' },
            { name: 'newer', model: 'b' },
          ],
        },
      },
      spare: { targets: [to('c')] },
    },
    tenants: Object.fromEntries([['open', tenant(keys.open)], ...tenants.map((name) => [name, tenant(keyOf(name))] as const)]),
    resilience: { breaker: { failures: 2, rest: '500ms', longestRest: '1s' } },
  };
});

/** A second gateway of the same config: what one does, one that is started anew or runs beside it does too. */
let another: RunningGateway;
beforeAll(async () => void (another = await startGateway(fleet.config)));
afterAll(() => another?.stop());

const ask = (model: string, asking: Asking = {}, gateway = fleet.gateway): Promise<Told> => chat(gateway, model, asking);

/** Who answers several requests, half of them at another gateway; expects that it is always the same. */
async function keeperOf(model: string, asking: (index: number) => Asking): Promise<string> {
  const told = await many(8, (index) => ask(model, asking(index), index % 2 === 0 ? fleet.gateway : another), 4);
  const [keeper = ''] = Object.keys(tally(told));
  expect(tally(told)).toEqual({ [keeper]: 8 });
  return keeper;
}

const turn = (role: string, content: string): object => ({ role, content });

describe('sticky', () => {
  test('by tenant: all that a tenant asks goes to one deployment, and tenants are spread', async () => {
    const keepers = await Promise.all(tenants.map((name) => keeperOf('tenant', (index) => ({ key: keyOf(name), text: `Question ${index}` }))));
    expect(new Set(keepers).size).toBe(3);
  });

  test('by user: all that a user asks does, in whatever protocol; another tenant’s user of that name is another one', async () => {
    const users = Array.from({ length: 12 }, (_, index) => `user-${index}`);
    const keepers = await Promise.all(users.map((user) => keeperOf('user', (index) => ({ text: `Question ${index}`, more: { user } }))));
    expect(new Set(keepers).size).toBe(3);
    const others = await Promise.all(
      users.map((user) => keeperOf('user', (index) => ({ key: keyOf('team-1'), text: `Question ${index}`, more: { user } }))),
    );
    expect(others).not.toEqual(keepers);
    for (const [index, user] of users.entries()) {
      const { response } = await anthropicClient(fleet.gateway)
        .messages.create({ model: 'user', max_tokens: 20, metadata: { user_id: user }, messages: [{ role: 'user', content: 'Hello' }] })
        .withResponse();
      expect(response.headers.get('x-remora-deployment')).toBe(`${keepers[index]}/gpt-4.1-mini`);
    }
  });

  test('by conversation: its further turns go where the first went, whether the client names it or not', async () => {
    const openings = Array.from({ length: 12 }, (_, index) => `Tell me about the number ${index}.`);
    const unnamed = openings.map((opening) =>
      keeperOf('conversation', (index) => {
        const later = Array.from({ length: index }, (__, at) => [turn('assistant', `Answer ${at}`), turn('user', `And ${at}?`)]).flat();
        return { more: { messages: [turn('system', 'Be brief.'), turn('user', opening), ...later] } };
      }),
    );
    expect(new Set(await Promise.all(unnamed)).size).toBe(3);
    const named = openings.map((_, at) =>
      keeperOf('conversation', (index) => ({ text: `Question ${index}`, headers: { 'x-remora-conversation': `c-${at}` } })),
    );
    expect(new Set(await Promise.all(named)).size).toBe(3);
  });

  test('to one account of a pool, since prompt caches belong to accounts', async () => {
    const used = new Set<string>();
    for (const user of tenants) {
      for (const name of names) fleet.fakes[name].clear();
      await keeperOf('pooled', (index) => ({ text: `Question ${index}`, more: { user } }));
      const asked = names.filter((name) => fleet.counts()[name] > 0);
      expect(asked).toHaveLength(1);
      used.add(asked.join());
    }
    expect(used.size).toBe(3);
  });

  test('while a deployment rests another one takes its callers, always the same; afterwards they come back', async () => {
    const key = keyOf('team-3');
    const asking = (): Promise<Told> => ask('tenant', { key });
    const own = (await asking()).by as Name;
    fleet.fakes[own].behaveAlways({ refuse: { status: 503 } });
    const meanwhile = await many(60, asking, 2);
    expect(meanwhile.every(({ status, by }) => status === 200 && by !== own)).toBe(true);
    const atOnce = meanwhile.filter(({ attempts }) => attempts === '1'); // the others tried whether it was back
    expect(atOnce.length).toBeGreaterThan(5);
    expect(Object.keys(tally(atOnce))).toHaveLength(1);

    fleet.fakes[own].behaveAlways(undefined);
    await eventually(asking, ({ by }) => by === own);
    expect(tally(await many(20, asking, 1))).toEqual({ [own]: 20 });
  });

  test('callers stay while their deployment has anything left of its limits, and leave it when that is spent', async () => {
    const own = (await ask('limited')).by as Name;
    const refusal = { status: 400, body: { error: { message: 'No.', type: 'invalid_request_error' } } };
    const limits = (remaining: string): Record<string, string> => ({
      'x-ratelimit-limit-requests': '100',
      'x-ratelimit-remaining-requests': remaining,
      'x-ratelimit-reset-requests': '1h',
    });
    fleet.fakes[own].behave({ refuse: { ...refusal, headers: limits('1') } });
    await ask('limited');
    expect(tally(await many(10, () => ask('limited'), 1))).toEqual({ [own]: 10 });
    fleet.fakes[own].behave({ refuse: { ...refusal, headers: limits('0') } });
    await ask('limited');
    await eventually(
      () => fleet.gateway.metric('remora_deployment_headroom'),
      (left) => left.get(`deployment="${own}/gpt-4o-mini"`) === 0,
    );
    const others = tally(await many(10, () => ask('limited'), 1));
    expect(Object.values(others)).toEqual([10]);
    expect(others).not.toHaveProperty(own);
  });
});

describe('an experiment', () => {
  const users = Array.from({ length: 200 }, (_, index) => `user-${index}`);

  test('shares users by weight, each always to the same variant', async () => {
    const first = await many(users.length, (index) => ask('compared', { more: { user: users[index] } }));
    const second = await many(users.length, (index) => ask('compared', { text: 'More', more: { user: users[index] } }, another));
    expect(second.map(({ by }) => by)).toEqual(first.map(({ by }) => by));
    const { a = 0, b = 0 } = tally(first);
    expect(a + b).toBe(users.length);
    expect(b).toBeGreaterThan(users.length * 0.2);
    expect(b).toBeLessThan(users.length * 0.4);
  });

  test('goes by the tenant where the config says so, and by the conversation where a request names no user', async () => {
    const keepers: string[] = [];
    for (const name of tenants)
      keepers.push(await keeperOf('compared-by-tenant', (index) => ({ key: keyOf(name), text: `Question ${index}`, more: { user: `u-${index}` } })));
    expect(new Set(keepers)).toEqual(new Set(['a', 'b']));
    for (const conversation of ['x', 'y', 'z'])
      await keeperOf('compared', (index) => ({ text: `Question ${index}`, headers: { 'x-remora-conversation': conversation } }));
  });

  test('shows in the ledger and in the metrics, also where its variant failed and another model answered', async () => {
    const chosen = async (choice: string): Promise<number> =>
      (await fleet.gateway.metric('remora_choices_total')).get(`by="experiment",name="newer-model",choice="${choice}"`) ?? 0;
    const variants = { a: 'control', b: 'newer' } as const;
    const user = users[0];
    const { by } = await ask('compared', { more: { user } });
    const variant = variants[by as 'a' | 'b'];
    const before = await chosen(variant);
    const entriesBefore = (await fleet.gateway.entries()).length;
    fleet.fakes[by as Name].behave({ refuse: { status: 503 } });
    expect(await ask('compared', { more: { user } })).toMatchObject({ by: 'c', attempts: '2' });
    expect(await ask('compared', { more: { user } })).toMatchObject({ by, attempts: '1' });
    await ask(by, { more: { user } });
    const entries = (await fleet.gateway.entries()).slice(entriesBefore);
    expect(entries.map(({ deployment, experiments }) => [deployment, experiments])).toEqual([
      ['c/gpt-4.1-mini', `newer-model:${variant}`],
      [`${by}/gpt-4.1-mini`, `newer-model:${variant}`],
      [`${by}/gpt-4.1-mini`, ''],
    ]);
    expect(await chosen(variant)).toBe(before + 2);
  });
});
