import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HealthChange } from '../../routing/health/change.ts';
import { change, expectSoon, healthShareContract, patient, sharingAt } from '../health-share.contract.ts';
import type { HealthShareEvent } from '../health-share.ts';
import { createEmbeddedHealthShare } from './health-share.ts';

const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'remora-share-'));

healthShareContract('embedded', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'data', 'health.db');
  return {
    open: (options) => createEmbeddedHealthShare({ path, intervalMs: 10, ...options }),
    async spoil() {
      await createEmbeddedHealthShare({ path, now: () => sharingAt, onChange: () => {}, onEvent: () => {} }).close();
      const database = new DatabaseSync(path);
      database.exec(`INSERT INTO health_changes_1 (key, at, by, change) VALUES ('x', ${sharingAt}, '', '{"kind":')`);
      database.close();
    },
    breakDown: () => void mkdirSync(path, { recursive: true }),
    repair: () => rmdirSync(path),
    remove: () => rmSync(folder, { recursive: true }),
  };
});

describe('embedded health share', patient, () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder, 'health.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function open(intervalMs = 10, now: () => number = () => sharingAt) {
    const heard: HealthChange[] = [];
    const events: HealthShareEvent[] = [];
    const share = createEmbeddedHealthShare({
      path,
      now,
      intervalMs,
      onChange: (one) => heard.push(one),
      onEvent: (event) => events.push(event),
    });
    return { share, heard, events };
  }

  test('hears another process', async () => {
    const { share, heard } = open();
    const module = new URL('health-share.ts', import.meta.url).href;
    const script = `import { createEmbeddedHealthShare } from ${JSON.stringify(module)};
      const share = createEmbeddedHealthShare({ path: ${JSON.stringify(path)}, now: () => ${sharingAt}, onChange() {}, onEvent(event) { throw event.error; } });
      share.publish(${JSON.stringify(change({ by: 'other' }))});
      await share.close();`;
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await expectSoon(() => heard).toEqual([change({ by: 'other' })]);
    await share.close();
  });

  test('is readable by its owner only', async () => {
    const { share } = open();
    share.publish(change());
    await share.close();
    const again = open();
    expect(['', '-wal', '-shm'].map((suffix) => (statSync(`${path}${suffix}`).mode & 0o777).toString(8))).toEqual(['600', '600', '600']);
    await again.share.close();
  });

  test('waits while another process writes, and says so only where that takes long', async () => {
    let at = sharingAt;
    const first = open(10, () => at);
    const second = open();
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    first.share.publish(change());
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([first.events, second.heard]).toEqual([[], []]);
    at += 5001;
    await expectSoon(() => first.events.map(({ type }) => type)).toEqual(['share-failed']);
    other.exec('ROLLBACK');
    other.close();
    await expectSoon(() => second.heard).toEqual([change()]);
    expect(first.events.map(({ type }) => type)).toEqual(['share-failed', 'share-recovered']);
    for (const { share } of [first, second]) await share.close();
  });

  test('begins anew where the file is not what it was, and tells again what it knows', async () => {
    const [first, second] = [open(), open()];
    first.share.publish(change());
    await expectSoon(() => second.heard).toEqual([change()]);
    const other = new DatabaseSync(path);
    other.exec('DROP TABLE health_changes_1');
    other.close();
    second.share.publish(change({ id: 'second' }));
    await expectSoon(() => first.heard.map(({ id }) => id)).toEqual(['second']);
    const late = open();
    await expectSoon(() => late.heard.length).toBe(2);
    for (const { share } of [first, second, late]) await share.close();
  });

  test('keeps one row of each thing, and none of what is long past', async () => {
    const { share } = open();
    for (let level = 0; level < 20; level += 1) {
      share.publish(change({ level, at: sharingAt + level }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await share.close();
    const later = open(10, () => sharingAt + 3_700_000);
    later.share.publish(change({ id: 'later', at: sharingAt + 3_700_000 }));
    await later.share.close();
    const database = new DatabaseSync(path, { readOnly: true });
    expect(
      database
        .prepare('SELECT key FROM health_changes_1')
        .all()
        .map((row) => row['key']),
    ).toEqual(['breaker:later']);
    database.close();
  });
});
