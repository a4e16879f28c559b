import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compileConfig } from '../config/load.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { BudgetStanding } from '../stores/store.ts';
import { entry } from '../usage/entry.fixture.ts';
import { adminRoutes } from './routes.ts';
import { serveAdmin } from './server.ts';
import { createMemoryStore, type MemoryStore } from './store.fixture.ts';

const start = Date.UTC(2026, 10, 21, 12);
const dayMs = 86_400_000;

const config = {
  providers: { house: { kind: 'openai-compatible', baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'k' } },
  models: {
    fast: { targets: [{ provider: 'house', model: 'm', price: { input: 1, output: 1 } }] },
    smart: { targets: [{ provider: 'house', model: 'n', price: { input: 1, output: 1 } }] },
  },
  tenants: {
    marketing: { timeZone: 'Europe/Berlin', models: ['fast'], keys: [{ name: 'file-key', hash: `sha256:${'a'.repeat(64)}` }] },
    research: {},
  },
};

let store: MemoryStore;
let now: number;
let random: { keys: number; ids: number };
let snapshot: Snapshot;
let close: () => Promise<void>;
let base: string;

beforeEach(async () => {
  store = createMemoryStore();
  now = start;
  random = { keys: 0, ids: 0 };
  snapshot = compileConfig(JSON.stringify(config), { path: 'remora.yaml', env: {} });
  const routes = adminRoutes({
    store,
    snapshot: () => snapshot,
    now: () => now,
    randomBytes: (size) => Buffer.alloc(size, size === 32 ? (random.keys += 1) : (random.ids += 1)),
  });
  const metrics = { render: async () => ({ contentType: 'text/plain', text: '' }) };
  const served = await serveAdmin({ host: '127.0.0.1', port: 0 }, { metrics, api: {}, notReady: () => undefined, routes });
  base = `http://127.0.0.1:${served.port}`;
  ({ close } = served);
});
afterEach(() => close());

// oxlint-disable-next-line typescript/no-explicit-any -- what is answered is looked at field by field
type Told = any;

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; told: Told }> {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-remora-admin': 'ada' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, told: text.startsWith('{') ? JSON.parse(text) : text };
}

const create = (more: Record<string, unknown> = {}) => ask('POST', '/api/keys', { name: 'website', tenant: 'marketing', ...more });
const refusal = async (asked: ReturnType<typeof ask>): Promise<unknown> => {
  const { status, told } = await asked;
  return [status, told.error.message];
};

describe('a new key', () => {
  test('is 256 random bits, shown once, and kept as its SHA-256', async () => {
    const { status, told } = await create({ user: 'ada', expires: '90d', networks: ['10.0.0.0/8'], models: ['fast'] });
    expect(status).toBe(201);
    expect(told.key).toBe(`rk_${Buffer.alloc(32, 1).toString('base64url')}`);
    expect(told).toMatchObject({
      tenant: 'marketing',
      user: 'ada',
      source: 'store',
      state: 'active',
      expiresAt: new Date(start + 90 * dayMs).toISOString(),
    });
    expect(store.held.keys).toMatchObject([{ id: told.id, hash: hash('sha256', told.key, 'hex'), createdAt: start, networks: ['10.0.0.0/8'] }]);
    const later = await Promise.all([ask('GET', `/api/keys/${told.id}`), ask('GET', '/api/keys'), ask('GET', '/api/audit')]);
    for (const { told: seen } of later) {
      expect(JSON.stringify(seen)).not.toContain(told.key);
      expect(JSON.stringify(seen)).not.toContain(hash('sha256', told.key, 'hex'));
    }
  });

  test('shows limits and budgets as they are written, and takes what it shows', async () => {
    const limits = [
      { requests: 600, per: 'minute' },
      { concurrent: 5, model: 'fast' },
    ];
    const ladder = [
      { at: '80%', use: 'fast' },
      { at: '90%', queue: '20s' },
      { at: '99.5%', deny: true },
    ];
    const budgets = [
      { amount: 0.29, per: 'month', grace: '5%', ladder },
      { tokens: 1000, per: 'day', provider: 'house' },
    ];
    const { told } = await create({ limits, budgets });
    const written = { ...budgets[0], ladder: [ladder[0], { at: '90%', queue: '20000ms' }, ladder[2]] };
    expect(told).toMatchObject({ limits, budgets: [written, budgets[1]] });
    expect(store.held.keys[0]?.budgets[0]).toMatchObject({ amount: 290_000_000n, timeZone: 'Europe/Berlin', grace: 0.05 });
    const again = await ask('PATCH', `/api/keys/${told.id}`, { limits: told.limits, budgets: told.budgets });
    expect(again.told).toMatchObject({ limits: told.limits, budgets: told.budgets });
  });

  test.each([
    [{ tenant: 'marketting' }, 'The config has no tenant "marketting"; did you mean "marketing"?'],
    [{ models: ['smart'] }, 'The tenant marketing may not use the model smart; a key can only narrow what its tenant may.'],
    [{ models: ['fast2'] }, 'The config has no model "fast2"; did you mean "fast"?'],
    [{ limits: [{ requests: 1, per: 'minute', provider: 'hose' }] }, 'The config has no provider "hose"; did you mean "house"?'],
    [{ budgets: [{ amount: 1, per: 'month', ladder: [{ at: '1%', use: 'x' }] }] }, 'The config has no model "x".'],
    [{ name: 'Web Site' }, '"name" must be a name of lower-case letters, digits, "-" and "_", 63 at most.'],
    [{ name: undefined }, '"name" is missing; add it: name of the key in traces and in the ledger.'],
    [{ limit: [] }, '"limit" is not a field; did you mean limits?'],
    [{ limits: [{ requests: 1 }] }, '"limits[0].per" is missing; add it: the time that `requests` or `tokens` are per.'],
    [{ networks: ['10.0.0.0/33'] }, '"networks[0]" must be a network or an address, such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32.'],
    [{ expires: 'soon' }, '"expires" must be a moment such as 2027-01-01T00:00:00Z, or a time from now such as 90d.'],
    [{ expires: '2020-01-01T00:00:00Z' }, '"expires" must be in the future; to end a key now, disable or delete it.'],
  ])('with %j is refused with a sentence', async (more, message) => {
    expect(await refusal(create(more))).toEqual([400, message]);
    expect(store.held.keys).toEqual([]);
  });

  test('needs a JSON object', async () => {
    expect(await refusal(ask('POST', '/api/keys', [1]))).toEqual([400, 'Send a JSON object, such as {"name": "…"}.']);
    expect(await refusal(ask('POST', '/api/keys'))).toEqual([400, 'Send a JSON object, such as {"name": "…"}.']);
  });

  test('gets another id where one is taken', async () => {
    const first = await create();
    random.ids = 0;
    expect([first.told.id, (await create()).told.id]).toEqual(['key_0101010101010101', 'key_0202020202020202']);
  });
});

describe('a key', () => {
  test('is listed with those of the config, of one tenant where asked', async () => {
    await create();
    await create({ tenant: 'research', name: 'lab' });
    const { told } = await ask('GET', '/api/keys');
    expect(told.keys.map((key: Told) => [key.tenant, key.name, key.source])).toEqual([
      ['marketing', 'file-key', 'config'],
      ['marketing', 'website', 'store'],
      ['research', 'lab', 'store'],
    ]);
    expect((await ask('GET', '/api/keys?tenant=research')).told.keys).toHaveLength(1);
    expect(told.keys[0]).toMatchObject({ id: 'marketing/file-key', createdAt: null });
  });

  test('of the config is seen here, and changed in the file', async () => {
    expect((await ask('GET', '/api/keys/marketing%2Ffile-key')).told.source).toBe('config');
    for (const [method, path] of [
      ['DELETE', ''],
      ['POST', '/disable'],
      ['POST', '/rotate'],
      ['PATCH', ''],
    ] as const) {
      const told = await refusal(ask(method, `/api/keys/marketing%2Ffile-key${path}`, method === 'PATCH' ? {} : undefined));
      expect(told).toEqual([409, 'The key marketing/file-key is declared in the config: change the file.']);
    }
  });

  test('when rotated has a new text, and the old one for a time', async () => {
    const { told: first } = await create();
    const { told: second } = await ask('POST', `/api/keys/${first.id}/rotate`, { overlap: '2h' });
    expect([second.id, second.key === first.key, second.previousUntil]).toEqual([first.id, false, new Date(start + 7_200_000).toISOString()]);
    expect(store.held.keys[0]).toMatchObject({
      hash: hash('sha256', second.key, 'hex'),
      previous: { hash: hash('sha256', first.key, 'hex'), until: start + 7_200_000 },
    });
    now += 7_200_000;
    expect((await ask('GET', `/api/keys/${first.id}`)).told.previousUntil).toBeNull();
    await ask('POST', `/api/keys/${first.id}/rotate`, { overlap: '0s' });
    expect(store.held.keys[0]?.previous).toBeUndefined();
    await ask('POST', `/api/keys/${first.id}/rotate`);
    expect(store.held.keys[0]?.previous?.until).toBe(now + dayMs);
    expect(await refusal(ask('POST', `/api/keys/${first.id}/rotate`, { overlap: '91d' }))).toMatchObject([
      400,
      expect.stringContaining('"overlap" must be'),
    ]);
  });

  test('is disabled, enabled and deleted, each of which is audited once', async () => {
    const { id } = (await create()).told;
    expect((await ask('POST', `/api/keys/${id}/disable`)).told.state).toBe('disabled');
    await ask('POST', `/api/keys/${id}/disable`);
    expect((await ask('POST', `/api/keys/${id}/enable`)).told.state).toBe('active');
    expect((await ask('DELETE', `/api/keys/${id}`)).status).toBe(204);
    expect(await refusal(ask('GET', `/api/keys/${id}`))).toEqual([404, `There is no key ${id}; list the keys for their ids.`]);
    expect(store.held.keys[0]?.removedAt).toBe(start); // other gateways have to hear of it
    const { told } = await ask('GET', '/api/audit?limit=10');
    expect(told.records.map(({ by, action, subject }: Told) => [by, action, subject])).toEqual([
      ['ada', 'key.delete', id],
      ['ada', 'key.enable', id],
      ['ada', 'key.disable', id],
      ['ada', 'key.create', id],
    ]);
  });

  test('is changed field by field, and null takes a restriction away', async () => {
    const { id } = (await create({ models: ['fast'], expires: '1d', networks: ['10.0.0.1'] })).told;
    const { told } = await ask('PATCH', `/api/keys/${id}`, { name: 'site', models: null });
    expect(told).toMatchObject({ name: 'site', models: null, networks: ['10.0.0.1'], expiresAt: new Date(start + dayMs).toISOString() });
    expect((await ask('PATCH', `/api/keys/${id}`, { expires: null })).told.expiresAt).toBeNull();
    expect(await refusal(ask('PATCH', `/api/keys/${id}`, { models: ['smart'] }))).toMatchObject([400, expect.stringContaining('may not use')]);
    expect(await refusal(ask('PATCH', `/api/keys/${id}`, { tenant: 'research' }))).toMatchObject([
      400,
      expect.stringContaining('"tenant" is not a field'),
    ]);
  });

  test('shows that it is of no use', async () => {
    const { id } = (await create({ expires: '1d' })).told;
    const state = async (): Promise<string> => (await ask('GET', `/api/keys/${id}`)).told.state;
    snapshot = { ...snapshot, tenants: new Map() };
    expect(await state()).toBe('no-tenant');
    now += dayMs;
    expect(await state()).toBe('expired');
  });

  test('changed by two at once takes both changes', async () => {
    const { id } = (await create()).told;
    const { put } = store.keys;
    let isFirst = true;
    store.keys.put = async (key, before) => {
      if (isFirst && before !== undefined) {
        isFirst = false;
        store.held.keys = store.held.keys.map((held) => ({ ...held, name: 'theirs' }));
      }
      return put(key, before);
    };
    expect((await ask('POST', `/api/keys/${id}/disable`)).told).toMatchObject({ name: 'theirs', state: 'disabled' });
    store.keys.put = async () => false;
    expect(await refusal(ask('POST', `/api/keys/${id}/enable`))).toEqual([409, `The key ${id} is being changed by others; try again.`]);
  });

  test('that is made while the audit cannot be written is told of as made', async () => {
    store.audit.append = () => Promise.reject(new Error('away'));
    expect(await refusal(create())).toEqual([503, expect.stringMatching(/^key\.create was done to key_\w+, but could not be written to the audit/)]);
  });
});

const standing = (fields: Partial<BudgetStanding> = {}): BudgetStanding => ({
  id: 'tenant:marketing/month/2026-11',
  unit: 'nanos',
  limit: 5_000_000_000_000n,
  spent: 1_000_000_001n,
  leased: 3_000_000_000n,
  dead: 1_000_000_000n,
  left: 4_996_000_000_000n,
  extra: 0n,
  counts: { tenant: 'marketing' },
  from: Date.UTC(2026, 9, 31, 23),
  to: Date.UTC(2026, 10, 30, 23),
  ...fields,
});

describe('a budget', () => {
  test('stands as exact dollars, or tokens', async () => {
    store.held.budgets = [standing(), standing({ id: 'x', unit: 'tokens', spent: 12n, to: Number.MAX_SAFE_INTEGER })];
    const { told } = await ask('GET', '/api/budgets');
    expect(told.budgets[0]).toEqual({
      id: 'tenant:marketing/month/2026-11',
      unit: 'dollars',
      limit: '5000.00',
      extra: '0.00',
      spent: '1.000000001',
      held: '2.00',
      dead: '1.00',
      left: '4996.00',
      counts: { tenant: 'marketing' },
      period: { from: '2026-10-31T23:00:00.000Z', to: '2026-11-30T23:00:00.000Z' },
    });
    expect(told.budgets[1]).toMatchObject({ unit: 'tokens', spent: '12', period: { to: null } });
  });

  test('is listed by tenant, with those of its keys', async () => {
    const { id } = (await create()).told;
    store.held.budgets = [
      standing(),
      standing({ id: 'k', counts: { key: id } }),
      standing({ id: 'f', counts: { key: 'marketing/file-key' } }),
      standing({ id: 'r', counts: { tenant: 'research' } }),
    ];
    expect((await ask('GET', '/api/budgets?tenant=marketing')).told.budgets.map((each: Told) => each.id)).toEqual(['f', 'k', standing().id]);
  });

  test('is topped up, or cut, with a reason', async () => {
    store.held.budgets = [standing()];
    const topped = await ask('POST', '/api/budgets/top-up', { id: standing().id, amount: '250.00', reason: 'fair in Köln' });
    expect(topped.told).toMatchObject({ extra: '250.00', left: '5246.00' });
    expect((await ask('POST', '/api/budgets/top-up', { id: standing().id, amount: '-0.5', reason: 'too much' })).told.extra).toBe('249.50');
    expect(store.held.records[1]).toEqual({
      at: start,
      by: 'ada',
      action: 'budget.top-up',
      subject: standing().id,
      detail: { amount: '250.00', unit: 'dollars', reason: 'fair in Köln' },
    });
  });

  test('gets back what dead gateways hold', async () => {
    store.held.budgets = [standing()];
    expect((await ask('POST', '/api/budgets/release', { id: standing().id, reason: 'they are gone' })).told).toMatchObject({
      dead: '0.00',
      left: '4997.00',
    });
    expect(store.held.records[0]?.detail).toEqual({ released: '1.00', unit: 'dollars', reason: 'they are gone' });
  });

  test.each([
    ['top-up', { id: 'none', amount: '1', reason: 'x' }, 404, 'There is no budget none in its period; list the budgets for their ids.'],
    ['release', { id: 'none', reason: 'x' }, 404, 'There is no budget none in its period; list the budgets for their ids.'],
    [
      'top-up',
      { id: standing().id, amount: '1e3', reason: 'x' },
      400,
      '"amount" must be dollars as text, such as "250.00"; a negative amount takes away.',
    ],
    [
      'top-up',
      { id: standing().id, amount: '0', reason: 'x' },
      400,
      '"amount" must be dollars as text, such as "250.00"; a negative amount takes away.',
    ],
    ['top-up', { id: standing().id, amount: 250, reason: 'x' }, 400, '"amount" must be text.'],
    ['top-up', { id: standing().id, amount: '1' }, 400, '"reason" is missing; add it.'],
    ['release', { id: standing().id, reason: ' ' }, 400, '"reason" must say why, in 500 characters at most.'],
  ])('%s with %j is refused with a sentence', async (action, body, ...expected) => {
    store.held.budgets = [standing()];
    expect(await refusal(ask('POST', `/api/budgets/${action}`, body))).toEqual(expected);
    expect(store.held.records).toEqual([]);
  });
});

describe('usage', () => {
  beforeEach(() => {
    store.held.entries = [
      entry({ id: 'a', startedAt: start - dayMs, costNanos: 5, tenants: ['marketing'] }),
      entry({ id: 'b', startedAt: start - 1, costNanos: 1_000_000_000, labels: { team: '=cmd' } }),
    ];
  });

  test('is grouped and cut into buckets', async () => {
    const { told } = await ask('GET', '/api/usage?groupBy=tenant,label:team&bucket=day');
    expect(told.rows.map((row: Told) => [row.bucket, row.tenant, row['label:team'], row.requests, row.costNanos, row.costDollars])).toEqual([
      ['2026-11-20', 'marketing', '', 1, '5', '0.000000005'],
      ['2026-11-21', 'search', '=cmd', 1, '1000000000', '1.00'],
    ]);
    expect(told).toMatchObject({ timeZone: 'UTC', keptSince: '1970-01-01T00:00:00.000Z', total: { requests: 2, costDollars: '1.000000005' } });
  });

  test('comes as CSV that no spreadsheet runs', async () => {
    const { told } = await ask('GET', '/api/usage?groupBy=label.team&format=csv&from=1h');
    expect(told).toBe(
      `label:team,requests,billedAttempts,copies,inputTokens,cacheReadTokens,cacheWriteTokens,cacheWrite1hTokens,inputAudioTokens,outputTokens,reasoningTokens,outputAudioTokens,estimated,unpriced,costNanos,costDollars\r\n'=cmd,1,0,0,10,0,0,0,0,5,0,0,0,0,1000000000,1.00\r\n`,
    );
  });

  test('of a tenant is that of all within it', async () => {
    expect((await ask('GET', '/api/usage?tenant=acme')).told.total.requests).toBe(1);
  });

  test.each([
    ['format=xml', '"format" must be json or csv.'],
    ['from=2026-13-01', expect.stringContaining('"from" must be a day')],
    ['team=x', expect.stringContaining('"team" is no parameter. Usage is told apart by tenant,')],
  ])('with %s is refused with a sentence', async (query, message) => {
    expect(await refusal(ask('GET', `/api/usage?${query}`))).toEqual([400, message]);
  });

  test('is looked into exchange by exchange, the newest first', async () => {
    const { told: first } = await ask('GET', '/api/entries?limit=1');
    expect(first.entries.map(({ id }: Told) => id)).toEqual(['b']);
    const { told: second } = await ask('GET', `/api/entries?limit=1&cursor=${first.cursor}`);
    expect([second.entries.map(({ id }: Told) => id), second.cursor]).toEqual([['a'], null]);
    expect(await refusal(ask('GET', '/api/entries?limit=5000'))).toEqual([400, '"limit" must be from 1 to 1000.']);
  });
});
