import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRunDirectory } from './run-directory.ts';

test("a run's folder is this user's alone, and goes with the run", async () => {
  const directory = await createRunDirectory();
  expect(statSync(directory.path).mode & 0o777).toBe(0o700);
  await directory.remove();
  expect(existsSync(directory.path)).toBe(false);
});

test('the paths of its sockets are short enough, however long the temporary folder is', async () => {
  const directory = await createRunDirectory(`/tmp/${'long/'.repeat(30)}`);
  expect(Buffer.byteLength(join(directory.path, 'extproc.63.sock'))).toBeLessThanOrEqual(103);
  await directory.remove();
});
