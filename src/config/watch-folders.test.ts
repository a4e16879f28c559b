import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFolderWatch, type FolderWatch } from './watch-folders.ts';

let folder: string;
let file: string;
let changes: number;
let told: PromiseWithResolvers<void>;
let watch: FolderWatch;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-watch-'));
  file = join(folder, 'remora.yaml');
  writeFileSync(file, 'one');
  changes = 0;
  told = Promise.withResolvers();
  watch = createFolderWatch(() => {
    changes += 1;
    told.resolve();
  });
});
afterEach(() => {
  watch.close();
  rmSync(folder, { recursive: true });
});

test('a file that is written in place is told of', async () => {
  watch.watch([file]);
  writeFileSync(file, 'two');
  await expect(told.promise).resolves.toBeUndefined();
});

test('a file that another one replaces, as editors do, is told of', async () => {
  watch.watch([file]);
  writeFileSync(`${file}.swp`, 'two');
  renameSync(`${file}.swp`, file);
  await expect(told.promise).resolves.toBeUndefined();
});

test('a ConfigMap of Kubernetes is told of, whose files never change but lead through a link that does', async () => {
  rmSync(file);
  mkdirSync(join(folder, '..2026_1'));
  mkdirSync(join(folder, '..2026_2'));
  symlinkSync('..2026_1', join(folder, '..data'));
  symlinkSync(join('..data', 'remora.yaml'), file);
  watch.watch([file]);
  symlinkSync('..2026_2', join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  await expect(told.promise).resolves.toBeUndefined();
});

test('other files beside it are not told of, such as a store that is written all the time', async () => {
  watch.watch([file]);
  writeFileSync(join(folder, 'remora.db'), 'x');
  writeFileSync(file, 'two');
  await told.promise;
  const before = changes;
  expect(before).toBeLessThanOrEqual(2); // both of the config
});

test('a folder that does not exist yet is watched from the next call on', async () => {
  const later = join(folder, 'later', 'key');
  watch.watch([later]);
  mkdirSync(join(folder, 'later'));
  watch.watch([later]);
  writeFileSync(later, 'two');
  await expect(told.promise).resolves.toBeUndefined();
});
