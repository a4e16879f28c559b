import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ledgerContract, type KeptEntry } from '../ledger.contract.ts';
import { StoreError } from '../ledger.ts';
import { entry, trafficAt } from '../ledger.traffic.contract.ts';
import { createEmbeddedLedger, type EmbeddedLedgerOptions, type StoreEvent } from './ledger.ts';
import { migrations } from './migrations.ts';

/** The process that the contract's crash test kills. */
const traffic = fileURLToPath(new URL('ledger.traffic.contract.ts', import.meta.url));

const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'remora-ledger-'));

function readEntries(path: string): KeptEntry[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const statement = database.prepare('SELECT exchange, tenant, period, cost_nanos FROM entries ORDER BY id');
  statement.setReadBigInts(true);
  const kept = statement.all().map((row) => ({
    exchange: String(row['exchange']),
    tenant: String(row['tenant']),
    period: String(row['period']),
    costNanos: BigInt(String(row['cost_nanos'])),
  }));
  database.close();
  return kept;
}

function fail({ type }: StoreEvent): never {
  throw new Error(`the store said ${type}`);
}

ledgerContract('embedded', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'remora.db');
  return {
    open: (now) => createEmbeddedLedger({ path, now, onEvent: fail }),
    kept: () => readEntries(path),
    startTraffic: (first) => spawn(process.execPath, [traffic, path, `${first}`], { stdio: ['ignore', 'pipe', 'inherit'] }),
    remove: () => rmSync(folder, { recursive: true }),
  };
});

describe('embedded ledger', () => {
  let folder: string;
  let path: string;
  let events: StoreEvent[];
  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder, 'data', 'remora.db');
    events = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (options: Partial<EmbeddedLedgerOptions> = {}) =>
    createEmbeddedLedger({ path, now: () => trafficAt, onEvent: (event) => events.push(event), ...options });

  /** Makes every write fail until it is closed. */
  function lockForWriting(): DatabaseSync {
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    return other;
  }

  test('creates its folder and files for their owner only', async () => {
    const ledger = open();
    ledger.record(entry({ tenant: 'free', costNanos: 1 }));
    await ledger.flush();
    const modes = ['', '-wal', '-shm', '-lock'].map((suffix) => (statSync(`${path}${suffix}`).mode & 0o777).toString(8));
    expect(modes).toEqual(['600', '600', '600', '600']);
    expect((statSync(join(folder, 'data')).mode & 0o777).toString(8)).toBe('700');
    await ledger.close();
  });

  test('writes entries by itself, without being asked to flush', async () => {
    const ledger = open({ flushIntervalMs: 1 });
    ledger.record(entry({ exchange: 'one', tenant: 'free', costNanos: 1 }));
    await expect.poll(() => readEntries(path).length).toBe(1);
    await ledger.close();
  });

  test('keeps every field of an entry', async () => {
    const usage = {
      inputTokens: 1,
      cacheReadTokens: 2,
      cacheWriteTokens: 3,
      outputTokens: 4,
      reasoningTokens: 5,
      inputAudioTokens: 0,
      outputAudioTokens: 0,
    };
    const ledger = open();
    ledger.record({
      ...entry({ tenant: 'free', costNanos: 6 }),
      usage,
      estimated: true,
      unpriced: true,
      end: 'left',
      status: 0,
      attempts: 2,
      experiments: ['x:a', 'y:b'],
    });
    await ledger.close();
    const database = new DatabaseSync(path, { readOnly: true });
    expect({ ...database.prepare('SELECT * FROM entries').get() }).toEqual({
      id: 1,
      period: '2026-11',
      tenant: 'free',
      key: 'website',
      exchange: 'exchange',
      protocol: 'openai-chat',
      model: 'fast',
      deployment: 'openai/gpt-5-mini',
      provider_model: 'gpt-5-mini',
      input_tokens: 1,
      cache_read_tokens: 2,
      cache_write_tokens: 3,
      output_tokens: 4,
      reasoning_tokens: 5,
      cost_nanos: 6,
      estimated: 1,
      unpriced: 1,
      ended: 'left',
      status: 0,
      attempts: 2,
      experiments: 'x:a,y:b',
      started_at: trafficAt,
    });
    database.close();
  });

  test('while the file cannot be written, keeps entries in memory, says so once, and writes them when it can', async () => {
    const ledger = open();
    const other = lockForWriting();
    for (let count = 0; count < 3; count += 1) {
      ledger.record(entry({ tenant: 'free', costNanos: 1 }));
      await expect(ledger.flush()).rejects.toThrow(StoreError);
    }
    expect(events.map(({ type }) => type)).toEqual(['write-failed']);
    expect(ledger.spent('free')).toBe(3n);
    other.close();
    await ledger.flush();
    expect(events[1]).toEqual({ type: 'write-recovered', dropped: 0 });
    expect(readEntries(path)).toHaveLength(3);
    await ledger.close();
  });

  test('with its queue full, reserves nothing more and drops only entries that no budget paid for', async () => {
    const ledger = open({ maxQueuedEntries: 1 });
    const hold = await ledger.reserve({ tenant: 'marketing', amountNanos: 10, limitNanos: 10n });
    const other = lockForWriting();
    await ledger.flush();
    ledger.record(entry({ exchange: 'first', tenant: 'free', costNanos: 1 }));
    await expect(ledger.flush()).rejects.toThrow('entries waiting in memory: 1');
    ledger.record(entry({ exchange: 'dropped', tenant: 'free', costNanos: 1 }));
    hold?.settle(entry({ exchange: 'paid', tenant: 'marketing', costNanos: 10 }));
    expect(() => ledger.reserve({ tenant: 'clinic', amountNanos: 1, limitNanos: 10n })).toThrow(StoreError);
    other.close();
    await ledger.flush();
    expect(events[1]).toEqual({ type: 'write-recovered', dropped: 1 });
    expect(readEntries(path).map(({ exchange }) => exchange)).toEqual(['first', 'paid']);
    expect(ledger.spent('free')).toBe(1n);
    await ledger.close();
  });

  test('a batch that fails midway is written once, as a whole, later', async () => {
    const ledger = open();
    await ledger.flush();
    const other = new DatabaseSync(path);
    other.exec(`CREATE TRIGGER fail BEFORE INSERT ON entries WHEN new.exchange = 'second' BEGIN SELECT raise(ABORT, 'no room'); END`);
    for (const exchange of ['first', 'second', 'third']) ledger.record(entry({ exchange, tenant: 'free', costNanos: 1 }));
    await expect(ledger.flush()).rejects.toThrow('no room');
    expect(readEntries(path)).toEqual([]);
    other.exec('DROP TRIGGER fail');
    other.close();
    await ledger.flush();
    await ledger.close();
    expect(readEntries(path).map(({ exchange }) => exchange)).toEqual(['first', 'second', 'third']);
    const after = open();
    expect(after.spent('free')).toBe(3n);
    await after.close();
  });

  test('counts entries that still wait when a month is first looked at', async () => {
    let instant = trafficAt;
    const ledger = open({ now: () => instant });
    const december = Date.UTC(2026, 11, 1);
    ledger.record(entry({ tenant: 'free', costNanos: 5, startedAt: december }));
    instant = december;
    expect(ledger.spent('free')).toBe(5n);
    await ledger.close();
  });

  test('a close that cannot write rejects, and lets go of the file all the same', async () => {
    const ledger = open();
    const other = lockForWriting();
    ledger.record(entry({ tenant: 'free', costNanos: 1 }));
    await expect(ledger.close()).rejects.toThrow('entries waiting in memory: 1');
    other.close();
    await open().close();
  });

  test('refuses to book after it is closed rather than lose the entry in silence', async () => {
    const ledger = open();
    await ledger.close();
    expect(() => ledger.record(entry({ tenant: 'free', costNanos: 1 }))).toThrow(StoreError);
    await ledger.close();
  });
});

describe('a file the embedded ledger cannot use', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder, 'remora.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = () => createEmbeddedLedger({ path, now: () => trafficAt, onEvent: () => {} });

  /** Runs SQL on the file by other means. */
  function prepare(sql: string): void {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  }

  test('is one that is no database', () => {
    const text = 'not a database\n'.repeat(100);
    writeFileSync(path, text);
    expect(open).toThrow(`${path} is not a SQLite database. Move the file away. Otherwise choose another path for the store in the config.`);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('is the database of another program, which is left as it was', () => {
    prepare('CREATE TABLE recipes (name TEXT); PRAGMA user_version = 1');
    const before = readFileSync(path);
    expect(open).toThrow(`${path} is a database of another program.`);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('is one of a newer schema', async () => {
    await open().close();
    prepare(`PRAGMA user_version = ${migrations.length + 1}`);
    expect(open).toThrow(
      `${path} has schema version ${migrations.length + 1}, this release knows versions up to ${migrations.length}. Start the newer release`,
    );
  });

  test('is one that another gateway has open, until that one is gone', { timeout: 20_000 }, async () => {
    const first = open();
    expect(open).toThrow(`${path} is in use by another process, and only one gateway may write it. Stop that process.`);
    await first.close();
    await open().close();
  });

  test('is a folder', () => {
    path = folder;
    expect(open).toThrow(`${path} cannot be opened as the store`);
  });

  test('is one below something that is no folder', () => {
    writeFileSync(path, '');
    path = join(path, 'remora.db');
    expect(open).toThrow(StoreError);
  });

  test.skipIf(process.getuid?.() === 0)('is one in a folder that may not be written', () => {
    chmodSync(folder, 0o500);
    expect(open).toThrow('Make its folder writable');
    chmodSync(folder, 0o700);
  });

  test('leaves nothing open behind: the file can be used once it is mended', async () => {
    writeFileSync(path, 'not a database\n'.repeat(100));
    expect(open).toThrow(StoreError);
    rmSync(path);
    await open().close();
    expect(existsSync(path)).toBe(true);
  });
});

test('node:sqlite warns of nothing, and waiting entries keep no process alive', async () => {
  const folder = temporaryFolder();
  const program = `
    import { createEmbeddedLedger } from ${JSON.stringify(join(import.meta.dirname, 'ledger.ts'))};
    import { entry } from ${JSON.stringify(join(import.meta.dirname, '..', 'ledger.traffic.contract.ts'))};
    const ledger = createEmbeddedLedger({ path: ${JSON.stringify(join(folder, 'remora.db'))}, now: Date.now, flushIntervalMs: 2 ** 30, onEvent() {} });
    ledger.record(entry({ tenant: 'free', costNanos: 1 }));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let warnings = '';
  for await (const chunk of child.stderr) warnings += String(chunk);
  await exited;
  rmSync(folder, { recursive: true });
  expect([warnings, child.exitCode]).toEqual(['', 0]);
});
