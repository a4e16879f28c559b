import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createGateway, entry, storeAt } from '../store.fixture.ts';
import { StoreError } from '../store.ts';
import { migrations } from './migrations.ts';
import { createEmbeddedStore } from './store.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-open-'));
  path = join(folder, 'remora.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => createEmbeddedStore({ path, now: () => storeAt });

/** Runs SQL on the file by other means. */
function prepare(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

test('a folder and files are made for their owner only', async () => {
  path = join(folder, 'data', 'remora.db');
  const store = open();
  await createGateway(store, 'one').sync({ entries: [entry()] });
  expect(['', '-wal', '-shm'].map((suffix) => (statSync(`${path}${suffix}`).mode & 0o777).toString(8))).toEqual(['600', '600', '600']);
  expect((statSync(join(folder, 'data')).mode & 0o777).toString(8)).toBe('700');
  await store.close();
});

test('a file that is no database is refused, and left as it was', () => {
  const text = 'not a database\n'.repeat(100);
  writeFileSync(path, text);
  expect(open).toThrow(`${path} is not a SQLite database. Move the file away. Otherwise choose another path for the store in the config.`);
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('the database of another program is refused, and left as it was', () => {
  prepare('CREATE TABLE recipes (name TEXT); PRAGMA user_version = 1');
  const before = readFileSync(path);
  expect(open).toThrow(`${path} is a database of another program.`);
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('a file of a newer schema is refused', async () => {
  await open().close();
  prepare(`PRAGMA user_version = ${migrations.length + 1}`);
  expect(open).toThrow(
    `${path} has schema version ${migrations.length + 1}, this release knows versions up to ${migrations.length}. Start the newer release`,
  );
});

test('a damaged file is refused', async () => {
  await open().close();
  const bytes = readFileSync(path);
  writeFileSync(path, Buffer.concat([bytes.subarray(0, 100), Buffer.alloc(bytes.length - 100, 0xff)]));
  expect(open).toThrow(`${path} is damaged. Put a backup in its place.`);
});

test('a folder is refused', () => {
  path = folder;
  expect(open).toThrow(`${path} cannot be opened as the store`);
});

test('a path below something that is no folder is refused', () => {
  writeFileSync(path, '');
  path = join(path, 'remora.db');
  expect(open).toThrow(StoreError);
});

test.skipIf(process.getuid?.() === 0)('a folder that may not be written is refused', () => {
  chmodSync(folder, 0o500);
  expect(open).toThrow('Make its folder writable');
  chmodSync(folder, 0o700);
});

test('nothing is left open behind: the file can be used once it is mended', async () => {
  writeFileSync(path, 'not a database\n'.repeat(100));
  expect(open).toThrow(StoreError);
  rmSync(path);
  await open().close();
  expect(existsSync(path)).toBe(true);
});

/** A process that opens the store, says so, and does what else is told. */
function startOpener(rest = '') {
  const program = `
    import { createEmbeddedStore } from ${JSON.stringify(join(import.meta.dirname, 'store.ts'))};
    const store = createEmbeddedStore({ path: ${JSON.stringify(path)}, now: () => ${storeAt} });
    ${rest}`;
  return spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'ignore', 'pipe'] });
}

async function endOf(child: ReturnType<typeof startOpener>) {
  const exited = once(child, 'exit');
  let said = '';
  for await (const chunk of child.stderr) said += String(chunk);
  await exited;
  return { said, code: child.exitCode };
}

test('processes may open a new file at once', { timeout: 60_000 }, async () => {
  const children = Array.from({ length: 6 }, () => startOpener('await store.close();'));
  for (const one of await Promise.all(children.map(endOf))) expect(one).toEqual({ said: '', code: 0 });
});

test('node:sqlite warns of nothing, and an open store keeps no process alive', async () => {
  expect(await endOf(startOpener())).toEqual({ said: '', code: 0 });
});
