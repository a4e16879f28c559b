import { expect, test } from 'vitest';
import type { Snapshot } from '../config/snapshot.ts';
import { createSnapshots } from './snapshots.ts';

const [first, second] = [{}, {}] as [Snapshot, Snapshot];

/** Whether a promise has resolved by now. */
async function isResolved(promise: Promise<void>): Promise<boolean> {
  let resolved = false;
  void promise.then(() => (resolved = true));
  await new Promise((resolve) => setTimeout(resolve, 120));
  return resolved;
}

test('an exchange keeps the snapshot that it began with, and the new one is idle when the last of those is past its attempts', async () => {
  const snapshots = createSnapshots(first, () => 0);
  const [one, two] = [snapshots.began(first), snapshots.began(first)];
  snapshots.use(second);
  expect(snapshots.current()).toBe(second);
  snapshots.began(second);
  const idle = snapshots.untilIdle(second, 1000);
  one();
  one(); // says nothing more
  expect(await isResolved(idle)).toBe(false);
  two();
  expect(await isResolved(idle)).toBe(true);
});

test('nobody is waited for longer than the time given', async () => {
  let now = 0;
  const snapshots = createSnapshots(first, () => now);
  snapshots.began(first);
  snapshots.use(second);
  const idle = snapshots.untilIdle(second, 1000);
  now = 1001;
  expect(await isResolved(idle)).toBe(true);
});
