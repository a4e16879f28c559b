import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeWatchedFile } from './cds.ts';

const folder = mkdtempSync(join(tmpdir(), 'remora-cds-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a watched file is replaced as a whole, and nothing is left beside it', async () => {
  const file = join(folder, 'clusters.json');
  await writeWatchedFile(file, { resources: [{ name: 'p_openai' }] });
  await writeWatchedFile(file, { resources: [] });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ resources: [] });
  expect(readdirSync(folder)).toEqual(['clusters.json']);
});
