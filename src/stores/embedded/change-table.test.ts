import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { change, sharingAt } from '../health-share.contract.ts';
import { createChangeTable } from './change-table.ts';

let folder: string;
let databases: DatabaseSync[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-changes-'));
  databases = [];
});
afterEach(() => {
  for (const database of databases) database.close();
  rmSync(folder, { recursive: true });
});

function open() {
  const database = new DatabaseSync(join(folder, 'health.db'));
  databases.push(database);
  return createChangeTable(database);
}

test('each change is news once, also to a table that writes itself', () => {
  const [one, two] = [open(), open()];
  one.write([change({ id: 'first' })], 0);
  expect(two.news().map(({ id }) => id)).toEqual(['first']);
  for (let level = 0; level < 3; level += 1) {
    one.write([change({ level, at: sharingAt + level })], 0);
    two.write([change({ id: 'two', level, at: sharingAt + level })], 0);
    expect(two.news().map((read) => [read.id, read.level])).toEqual([
      ['openai/gpt-5-mini', level],
      ['two', level],
    ]);
    expect(two.news()).toEqual([]);
  }
});

test('of two changes at once, the one whose process has the greater name stays', () => {
  const [one, two] = [open(), open()];
  one.write([change({ by: 'b' })], 0);
  two.write([change({ by: 'a' })], 0);
  expect(open().news()).toEqual([change({ by: 'b' })]);
});

test('what is older than told is dropped', () => {
  const one = open();
  one.write([change()], 0);
  one.write([change({ id: 'later', at: sharingAt + 10 })], sharingAt + 5);
  expect(
    open()
      .news()
      .map(({ id }) => id),
  ).toEqual(['later']);
});
