import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openSecret } from './secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'remora-secret-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a secret is made once, and only its owner may read it', () => {
  const path = join(folder, 'new', 'remora.secret');
  const secret = openSecret(path, randomBytes);
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(openSecret(path, randomBytes)).toBe(secret);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a file that is empty or cut is refused rather than used', () => {
  const path = join(folder, 'cut');
  writeFileSync(path, 'abc');
  expect(() => openSecret(path, randomBytes)).toThrow('holds no secret of ours');
});
