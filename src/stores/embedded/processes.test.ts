import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createGateway, entry, readEntries, storeAt } from '../store.fixture.ts';
import { createEmbeddedStore } from './store.ts';
import { trafficBudget, trafficCost } from './store.traffic.contract.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-processes-'));
  path = join(folder, 'remora.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Starts a process that spends, and hears what it says of each sync. */
function startTraffic(holder: string, until: 'spend' | 'for-ever') {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'store.traffic.contract.ts'), path, holder, until], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: { count: number; granted: number }[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const [count = 0, granted = 0] = line.split(' ').map(Number);
    said.push({ count, granted });
  });
  const over = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(() => child.exitCode);
  return { holder, child, lines, said, over };
}

/** A process that may write no file beyond some size, as on a disk that is full; it says with what its syncs end. */
function startOnFullDisk() {
  const module = (name: string): string => JSON.stringify(join(import.meta.dirname, name));
  const program = `
    import { createEmbeddedStore } from ${module('store.ts')};
    import { createGateway, entry, readEntries, storeAt } from ${module('../store.fixture.ts')};
    const store = createEmbeddedStore({ path: ${JSON.stringify(path)}, now: () => storeAt });
    const gateway = createGateway(store, 'one');
    let booked = 0;
    try {
      for (;; booked += 100) await gateway.sync({ entries: Array.from({ length: 100 }, (_, index) => entry({ id: String(booked + index) })) });
    } catch (error) {
      const kept = await readEntries(store);
      console.log(JSON.stringify({ name: error.name, message: error.message, isWhole: kept.length === booked && booked > 0 }));
    }`;
  const limited = `trap '' XFSZ; ulimit -f 1024; exec "$0" --input-type=module --eval "$1"`;
  return spawn('/bin/bash', ['-c', limited, process.execPath, program], { stdio: ['ignore', 'pipe', 'inherit'] });
}

const open = () => createEmbeddedStore({ path, now: () => storeAt });

test('processes killed at any point lose nothing that was answered, and charge nothing twice', { timeout: 120_000 }, async () => {
  const kills = 30;
  const atOnce = 5;
  const answered = new Map<string, number>();
  for (let kill = 0; kill < kills; kill += atOnce) {
    const running = Array.from({ length: atOnce }, (_, index) => startTraffic(`life-${kill + index}`, 'for-ever'));
    await Promise.all(
      running.map(async ({ holder, child, lines, said, over }, index) => {
        await once(lines, 'line');
        await setTimeout((kill * 7 + index * 13) % 40);
        child.kill('SIGKILL');
        await over;
        answered.set(holder, said.at(-1)?.count ?? 0);
      }),
    );
  }

  const store = open();
  const kept = await readEntries(store);
  let total = 0;
  for (const [holder, count] of answered) {
    const own = kept.filter(({ id }) => id.startsWith(`${holder}-`));
    // What it had not heard the answer of yet may be kept as well: one sync at most.
    expect(own.length - count).toBeOneOf([0, 1]);
    expect(own.map(({ id }) => Number(id.slice(holder.length + 1))).toSorted((a, b) => a - b)).toEqual(own.map((_, index) => index + 1));
    for (const { id, costNanos } of own) {
      const number = Number(id.slice(holder.length + 1));
      expect(costNanos).toBe(number === 1 ? 0 : trafficCost(number));
      total += costNanos;
    }
  }
  expect(kept.length).toBeGreaterThan(kills);
  expect(await Array.fromAsync(store.ledger.verify(storeAt))).toEqual([{ id: trafficBudget.id, spent: BigInt(total), entries: BigInt(total) }]);
  await store.close();
  const database = new DatabaseSync(path, { readOnly: true });
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  expect(database.prepare(`SELECT sum(cost_nanos) AS nanos FROM sums WHERE owner = 'tmarketing'`).get()).toEqual({ nanos: total });
  database.close();
});

test('processes that spend one budget at once get all of it, and not a nano-dollar more', async () => {
  const running = ['one', 'two'].map((holder) => startTraffic(holder, 'spend'));
  expect(await Promise.all(running.map(({ over }) => over))).toEqual([0, 0]);
  const granted = running.map(({ said }) => said.reduce((sum, one) => sum + one.granted, 0));
  const store = open();
  const state = await createGateway(store, 'looking').move(trafficBudget);
  expect(granted.every((one) => one > 0)).toBe(true);
  expect(granted.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(12_000);
  expect(state).toMatchObject({ spent: 12_000n - state.left, leased: 0n });
  expect(state.left).toBeLessThan(50n);
  for (const sum of await Array.fromAsync(store.ledger.verify(storeAt))) expect(sum.entries).toBe(sum.spent);
  await store.close();
});

test('a disk that is full is an error that says so, and what was booked before stays', async () => {
  const child = startOnFullDisk();
  let said = '';
  for await (const chunk of child.stdout) said += String(chunk);
  expect(JSON.parse(said)).toEqual({
    name: 'StoreError',
    message: expect.stringMatching(/^The store .+ cannot be used \(.+\)\. Make room on the disk, and see that the file can be written\.$/),
    isWhole: true,
  });
  const store = open();
  expect((await readEntries(store)).length % 100).toBe(0);
  await createGateway(store, 'two').sync({ entries: [entry({ id: 'later' })] });
  await store.close();
});
