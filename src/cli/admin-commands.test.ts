import { hash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEmbeddedStore } from '../stores/embedded/store.ts';
import { budget, entry, move } from '../stores/store.fixture.ts';
import type { Store } from '../stores/store.ts';
import { budgetsCommand } from './budgets.ts';
import { keysCommand } from './keys.ts';
import { textTable } from './text-table.ts';
import { usageCommand } from './usage.ts';
import { UserError } from './user-error.ts';
import type { Terminal } from './with-store.ts';
import { writtenBudget, writtenLimit } from './written-terms.ts';

let folder: string;
let config: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-admin-'));
  config = join(folder, 'remora.yaml');
  path = join(folder, 'store.db');
  const written = {
    providers: { house: { kind: 'openai-compatible', baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'k' } },
    models: { fast: { targets: [{ provider: 'house', model: 'm', price: { input: 1, output: 1 } }] } },
    tenants: { marketing: { keys: [{ name: 'file-key', hash: `sha256:${'a'.repeat(64)}` }] } },
    store: { embedded: { path } },
  };
  writeFileSync(config, JSON.stringify(written));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a command says. */
async function run(command: (say: Terminal) => Command, ...args: string[]): Promise<{ out: string; err: string }> {
  const said = { out: '', err: '' };
  const say: Terminal = { out: (text) => void (said.out += text), err: (text) => void (said.err += text) };
  const [first, ...rest] = args;
  const made = command(say);
  const silent = { writeErr: say.err, writeOut: say.out };
  for (const each of [made, ...made.commands]) each.exitOverride().configureOutput(silent);
  await made.parseAsync(first === undefined ? ['--config', config] : [first, ...rest, '--config', config], { from: 'user' });
  return said;
}

/** Works with the store as a gateway does beside the command. */
async function inStore<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
  const store = createEmbeddedStore({ path, now: Date.now });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

const created = async (...more: string[]): Promise<{ id: string; key: string }> => {
  const { out } = await run(keysCommand, 'create', '--tenant', 'marketing', '--name', 'website', '--json', ...more);
  return JSON.parse(out) as { id: string; key: string };
};

describe('remora keys', () => {
  test('create prints the key alone, and says beside it that it is shown once', async () => {
    const { out, err } = await run(keysCommand, 'create', '--tenant', 'marketing', '--name', 'website');
    expect(out).toMatch(/^rk_[A-Za-z0-9_-]{43}\n$/);
    expect(err).toMatch(/^This is the key key_[0-9a-f]{16} of marketing\. It is shown once; store it now\.\n$/);
    const { keys } = await inStore((store) => store.keys.all());
    expect(keys).toMatchObject([{ name: 'website', tenant: 'marketing', hash: hash('sha256', out.trim(), 'hex') }]);
  });

  test('create takes what a key may', async () => {
    await created(
      '--user',
      'ada',
      '--model',
      'fast',
      '--network',
      '10.0.0.0/8',
      '192.0.2.7',
      '--limit',
      'requests=600/minute',
      'concurrent=20,model=fast',
      '--budget',
      '0.5/month,grace=5%',
      '--expires',
      '2d',
    );
    const [key] = (await inStore((store) => store.keys.all())).keys;
    expect(key).toMatchObject({
      user: 'ada',
      models: ['fast'],
      networks: ['10.0.0.0/8', '192.0.2.7'],
      limits: [
        { of: 'requests', amount: 600, per: 'minute' },
        { of: 'concurrent', amount: 20, model: 'fast' },
      ],
      budgets: [{ amount: 500_000_000n, unit: 'nanos', per: 'month', grace: 0.05 }],
    });
  });

  test('list shows keys of the store and of the config, without anything to guess them by', async () => {
    const { id, key } = await created('--user', 'ada');
    const { out } = await run(keysCommand, 'list');
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['ID', 'NAME', 'TENANT', 'USER', 'STATE', 'SOURCE', 'EXPIRES'],
      ['marketing/file-key', 'file-key', 'marketing', 'active', 'config'],
      [id, 'website', 'marketing', 'ada', 'active', 'store'],
      [''],
    ]);
    const { out: json } = await run(keysCommand, 'list', '--json', '--tenant', 'marketing');
    for (const seen of [out, json]) expect([seen.includes(key), seen.includes(hash('sha256', key, 'hex'))]).toEqual([false, false]);
  });

  test('rotate, disable, enable, show and delete do so, and are audited', async () => {
    const { id, key } = await created();
    const rotated = await run(keysCommand, 'rotate', id, '--overlap', '1h', '--as', 'ada');
    expect(rotated.out).not.toBe(`${key}\n`);
    expect(rotated.err).toMatch(/The key before it is valid until 20.*Z\.\n$/);
    expect((await run(keysCommand, 'disable', id)).out).toBe(`${id} is disabled.\n`);
    expect((await run(keysCommand, 'show', id)).out).toContain('state: disabled\n');
    expect((await run(keysCommand, 'show', id)).out).not.toContain('null');
    expect((await run(keysCommand, 'enable', id)).out).toBe(`${id} is enabled.\n`);
    expect((await run(keysCommand, 'delete', id)).out).toBe(`${id} is deleted.\n`);
    await expect(run(keysCommand, 'show', id)).rejects.toThrow(`There is no key ${id}; list the keys for their ids.`);
    const audited = await inStore((store) => store.audit.list(10));
    expect(audited.map(({ by, action }) => `${by} ${action}`)).toEqual([
      'cli key.delete',
      'cli key.enable',
      'cli key.disable',
      'ada key.rotate',
      'cli key.create',
    ]);
  });

  test('what is wrong is a sentence for whoever runs it', async () => {
    const create = (...more: string[]) => run(keysCommand, 'create', '--tenant', 'marketing', '--name', 'website', ...more);
    await expect(create('--limit', 'many')).rejects.toThrow(UserError);
    await expect(create('--limit', 'requests=1/fortnight')).rejects.toThrow('"limits[0].per" must be one of second, minute, hour, day.');
    await expect(create('--expires', 'never')).rejects.toThrow('"expires" must be');
    writeFileSync(path, 'this is no database, but it is long enough to be looked at as if it were one');
    await expect(create()).rejects.toThrow(UserError);
  });
});

const now = Date.now();
const period = { from: now - 86_400_000, to: now + 86_400_000 };
const quota = budget({ limit: 5_000_000_000n, ...period });

/** A gateway that has spent, and lives on or has died. */
const spend = (store: Store) =>
  store.sync({
    holder: 'gateway',
    number: 1,
    now: Date.now(),
    entries: [
      entry({ costNanos: 1_500_000_000, startedAt: now - 1000, labels: { team: '=x' } }),
      entry({ costNanos: 250_000_000, startedAt: now - 2000, served: 'large' }),
    ],
    moves: [move(quota, { overdraft: 1_750_000_000, spent: 1_750_000_000 })],
  });

describe('remora budgets', () => {
  test('list and top-up show how a budget stands', async () => {
    await inStore(spend);
    const { out } = await run(budgetsCommand, 'list');
    expect(out.split('\n').map((line) => line.split(/ +/))).toEqual([
      ['ID', 'UNIT', 'LIMIT', 'EXTRA', 'SPENT', 'HELD', 'DEAD', 'LEFT', 'UNTIL'],
      [quota.id, 'dollars', '5.00', '0.00', '1.75', '0.00', '0.00', '3.25', new Date(period.to).toISOString()],
      [''],
    ]);
    const topped = await run(budgetsCommand, 'top-up', quota.id, '0.75', '--reason', 'fair', '--json');
    expect(JSON.parse(topped.out)).toMatchObject([{ extra: '0.75', left: '4.00' }]);
    expect(JSON.parse((await run(budgetsCommand, 'list', '--tenant', 'marketing', '--json')).out)).toHaveLength(1);
    expect(JSON.parse((await run(budgetsCommand, 'list', '--tenant', 'other', '--json')).out)).toEqual([]);
    await expect(run(budgetsCommand, 'top-up', quota.id, '1')).rejects.toThrow("required option '--reason <text>' not specified");
    await expect(run(budgetsCommand, 'release', 'none', '--reason', 'x')).rejects.toThrow('There is no budget none in its period');
  });
});

describe('remora usage', () => {
  test('shows what was used and what it cost', async () => {
    await inStore(spend);
    const { out } = await run(usageCommand, '--by', 'served');
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['SERVED', 'REQUESTS', 'INPUT', 'CACHED', 'OUTPUT', 'ESTIMATED', 'UNPRICED', 'COST ($)'],
      ['gpt-5-mini', '1', '10', '0', '5', '0', '0', '1.50'],
      ['large', '1', '10', '0', '5', '0', '0', '0.25'],
      ['TOTAL', '2', '20', '0', '10', '0', '0', '1.75'],
      [''],
    ]);
    const { out: csv } = await run(usageCommand, '--by', 'label:team', '--where', 'served=gpt-5-mini', '--format', 'csv');
    expect(csv).toMatch(/^label:team,requests,.*,costDollars\r\n'=x,1,.*,1\.50\r\n$/);
    const { out: json } = await run(usageCommand, '--by', 'tenant', '--json', '--where', 'tenant=acme');
    expect(JSON.parse(json)).toMatchObject({ rows: [{ tenant: 'marketing', costDollars: '1.75' }], total: { requests: 2 } });
    await expect(run(usageCommand, '--from', 'lately')).rejects.toThrow('"from" must be a day such as');
    await expect(run(usageCommand, '--where', 'tenant')).rejects.toThrow('--where takes name=value');
  });

  test('verify says that totals and entries are the same, or which are not', async () => {
    await inStore(spend);
    const { out } = await run(usageCommand, '--verify');
    expect(out).toBe(
      `good  ${quota.id}: $1.75 spent, entries add up to $1.75\nThe running totals of all budgets (1) are the sums of their entries.\n`,
    );
    await inStore((store) =>
      store.sync({ holder: 'gateway', number: 2, now: Date.now(), entries: [], moves: [move(quota, { overdraft: 1, spent: 1 })] }),
    );
    await expect(run(usageCommand, '--verify')).rejects.toThrow(`The ledger does not add up for ${quota.id}`);
  });
});

describe('terms of the command line', () => {
  test('are those of the config', () => {
    expect([writtenLimit('tokens=5/day,provider=openai'), writtenBudget('tokens=10/week'), writtenBudget('12.50/total,model=fast')]).toEqual([
      { tokens: 5, per: 'day', provider: 'openai' },
      { tokens: 10, per: 'week' },
      { amount: 12.5, per: 'total', model: 'fast' },
    ]);
  });

  test.each(['requests', 'requests=x/day', '5/day', 'requests=1/day,colour=red', 'requests=1/day,model'])('%j is refused', (text) => {
    expect(() => writtenLimit(text)).toThrow(UserError);
  });
});

test('a table tells terminals nothing', () => {
  expect(textTable([{ title: 'A' }, { title: 'B', align: 'right' }], [['x\u001B[31m\n', 50]])).toBe('A         B\nx?[31m?  50\n');
});

test('keys of providers need not be set for commands that call none', async () => {
  const written = JSON.parse(readFileSync(config, 'utf8')) as { providers: { house: { apiKey: string } } };
  written.providers.house.apiKey = '${NO_SUCH_KEY}';
  writeFileSync(config, JSON.stringify(written));
  expect((await run(keysCommand, 'list')).out).toContain('file-key');
});
