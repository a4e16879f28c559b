import { execFile } from 'node:child_process';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BudgetView } from '../../src/admin/budgets.ts';
import type { ShownKey } from '../../src/admin/keys.ts';
import { eventually, startGateway, startWorld, temporaryFolder, type RunningGateway, type World } from './gateway.ts';
import { rejection, say, sdks } from './sdks.ts';

// A token of input costs a milli-dollar and one of output two, so that sums can be done in the head.
const price = { input: 1000, output: 2000 };
const usages = {
  openai: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
  anthropic: { input_tokens: 100, cache_read_input_tokens: 0, cache_creation_input_tokens: 0, output_tokens: 20 },
};

let world: World;
let gateway: RunningGateway;
let config: string;

beforeAll(async () => {
  world = await startWorld();
  const folder = temporaryFolder();
  config = join(folder, 'remora.yaml');
  const models = {
    gpt: { targets: [{ provider: 'openai', model: 'gpt-5-mini', price }] },
    claude: { targets: [{ provider: 'anthropic', model: 'claude-haiku-4-5', price }] },
  };
  gateway = await startGateway({ ...world.config, models, tenants: { team: {}, spenders: {} } }, { folder });
});
afterAll(async () => {
  await gateway?.stop();
  await world?.stop();
});
beforeEach(() => {
  world.openai.behave({ say: { usage: usages.openai } });
  world.anthropic.behave({ say: { usage: usages.anthropic } });
});

/** Runs a command beside the gateway. */
function remora(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['bin/remora.js', ...args, '--config', config], (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

async function remoraJson(...args: string[]): Promise<unknown> {
  const { code, out, err } = await remora(...args, '--json');
  if (code !== 0) throw new Error(err);
  return JSON.parse(out) as unknown;
}

const created = async (...more: string[]): Promise<ShownKey> =>
  (await remoraJson('keys', 'create', '--tenant', 'team', '--name', 'website', ...more)) as ShownKey;

const modelOf = { openai: 'gpt', '@anthropic-ai/sdk': 'claude' } as const;
const [openaiSdk, anthropicSdk] = sdks;

let probes = 0;

/** Whether a key is taken. Each time an address of its own asks: one that has failed often is answered late. */
async function works(key: string): Promise<boolean> {
  const localAddress = `127.0.1.${(probes = (probes % 250) + 1)}`;
  const headers = { authorization: `Bearer ${key}` };
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    get(`${gateway.url}/v1/models`, { localAddress, headers, agent: false }, resolve).once('error', reject),
  );
  response.resume();
  return response.statusCode === 200;
}
const untilWorks = (key: string): Promise<boolean> =>
  eventually(
    () => works(key),
    (taken) => taken,
  );

async function admin(method: string, path: string, body?: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json', 'x-remora-admin': 'ada' };
  const response = await fetch(`${gateway.adminUrl}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  return response.status === 204 ? undefined : response.json();
}

describe('a key that is made while the gateway runs', { timeout: 120_000 }, () => {
  test('works without a restart, with each SDK', async () => {
    const { key } = await created();
    await untilWorks(key);
    for (const sdk of sdks) expect((await sdk.ask(gateway, say(modelOf[sdk.name]), { key })).text).not.toBe('');
    expect(gateway.output()).not.toContain(key);
  });

  test('is made by the admin API as well, and may only what it says', async () => {
    const { key } = (await admin('POST', '/api/keys', { tenant: 'team', name: 'api', models: ['gpt'] })) as ShownKey;
    await untilWorks(key);
    expect(await rejection(anthropicSdk.ask(gateway, say('claude'), { key }))).toMatchObject({ status: 403 });
  });

  test('when rotated works beside the new one for a time, and then no more', async () => {
    const { id, key } = await created();
    await untilWorks(key);
    const { key: second } = (await remoraJson('keys', 'rotate', id, '--overlap', '1h')) as ShownKey;
    await untilWorks(second);
    expect(await works(key)).toBe(true);
    const { key: third } = (await admin('POST', `/api/keys/${id}/rotate`, { overlap: '2s' })) as ShownKey;
    await untilWorks(third);
    await eventually(
      () => works(second),
      (taken) => !taken,
    );
    expect(await works(third)).toBe(true);
    for (const sdk of sdks) {
      for (const old of [key, second]) {
        expect(await rejection(sdk.ask(gateway, say(modelOf[sdk.name]), { key: old }))).toBeInstanceOf(sdk.errors.AuthenticationError);
      }
    }
  });

  test('when disabled is refused in words that each SDK knows, until it is enabled; when deleted, for good', async () => {
    const { id, key } = await created();
    await untilWorks(key);
    expect((await remora('keys', 'disable', id)).out).toBe(`${id} is disabled.\n`);
    await eventually(
      () => works(key),
      (taken) => !taken,
    );
    for (const sdk of sdks) {
      const error = await rejection(sdk.ask(gateway, say(modelOf[sdk.name]), { key }));
      expect(error).toBeInstanceOf(sdk.errors.PermissionDeniedError);
      expect((error['headers'] as Headers).get('x-remora-error')).toBe('key-disabled');
    }
    await remora('keys', 'enable', id);
    await untilWorks(key);
    await admin('DELETE', `/api/keys/${id}`);
    await eventually(
      () => works(key),
      (taken) => !taken,
    );
    for (const sdk of sdks) expect(await rejection(sdk.ask(gateway, say(modelOf[sdk.name]), { key }))).toBeInstanceOf(sdk.errors.AuthenticationError);
  });
});

describe('what was spent', { timeout: 120_000 }, () => {
  test('is what usage shows, by the command and by the API, and the ledger adds up', async () => {
    const { id, key } = (await admin('POST', '/api/keys', {
      tenant: 'spenders',
      name: 'spender',
      budgets: [{ amount: 1000, per: 'month' }],
    })) as ShownKey;
    const ask = (model: 'gpt' | 'claude', team: string) => {
      const sdk = model === 'gpt' ? openaiSdk : anthropicSdk;
      return sdk.ask(gateway, say(model), { key, headers: { 'x-remora-label-team': team } });
    };
    await untilWorks(key);
    await ask('gpt', 'ads');
    await ask('claude', 'ads');
    await ask('claude', 'search');
    const groups = 'groupBy=served,label:team';
    const seen = await eventually(
      () => admin('GET', `/api/usage?${groups}&key=${id}`) as Promise<{ rows: Record<string, unknown>[]; total: Record<string, unknown> }>,
      ({ total }) => total['requests'] === 3,
    );
    expect(seen.total).toMatchObject({ inputTokens: 300, outputTokens: 60, estimated: 0, unpriced: 0, costDollars: '0.42' });
    const rows = seen.rows.map((row) => [row['served'], row['label:team'], row['requests'], row['costDollars']].join(' '));
    expect(rows.toSorted()).toEqual(['claude ads 1 0.14', 'claude search 1 0.14', 'gpt ads 1 0.14']);
    const { out } = await remora('usage', '--by', 'key', '--where', 'tenant=spenders', '--format', 'csv');
    expect(out.split('\r\n')[1]).toBe(`${id},3,0,0,300,0,0,0,0,60,0,0,0,0,420000000,0.42`);
    const entries = (await admin('GET', `/api/entries?key=${id}&limit=1`)) as { entries: Record<string, unknown>[] };
    expect(entries.entries).toMatchObject([{ key: id, served: 'claude', labels: { team: 'search' }, costNanos: 140_000_000 }]);
    const verified = await remora('usage', '--verify');
    expect([verified.code, verified.out]).toEqual([0, expect.stringMatching(/are the sums of their entries\.\n$/)]);
  });

  test('is bounded by a budget, which an admin can top up', async () => {
    const { id, key } = (await admin('POST', '/api/keys', { tenant: 'team', name: 'poor', budgets: [{ amount: 0.2, per: 'day' }] })) as ShownKey;
    const ask = () => openaiSdk.ask(gateway, say('gpt', 'Hello', { maxTokens: 20 }), { key });
    await untilWorks(key);
    await ask();
    expect(await rejection(ask().then(ask))).toBeInstanceOf(openaiSdk.errors.RateLimitError);
    const find = async (): Promise<BudgetView | undefined> =>
      ((await remoraJson('budgets', 'list', '--tenant', 'team')) as BudgetView[]).find(({ counts }) => counts.key === id);
    const budget = await eventually(find, (found) => found !== undefined && Number(found.spent) > 0);
    expect(budget).toMatchObject({ unit: 'dollars', limit: '0.20', extra: '0.00' });
    const topped = await admin('POST', '/api/budgets/top-up', { id: budget?.id, amount: '10', reason: 'trade fair' });
    expect(topped).toMatchObject({ extra: '10.00' });
    await eventually(
      () =>
        ask().then(
          () => true,
          () => false,
        ),
      (taken) => taken,
    );
    const { records } = (await admin('GET', '/api/audit?limit=1')) as { records: unknown[] };
    expect(records).toMatchObject([{ by: 'ada', action: 'budget.top-up', detail: { amount: '10', reason: 'trade fair' } }]);
  });
});
