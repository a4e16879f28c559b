import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileText } from '../config/reload-compile.ts';
import type { NextConfig } from '../config/reload.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { createLog } from '../telemetry/log.ts';
import { createServeApply } from './serve-apply.ts';

const log = createLog('silent');

/** A config with one provider per port. */
const config = (number: number, ...ports: number[]): NextConfig => {
  const providers = Object.fromEntries(
    ports.map((port) => [`at${port}`, { kind: 'openai', baseUrl: `http://127.0.0.1:${port}/v1`, apiKey: `sk-${number}` }]),
  );
  const models = { fast: { targets: ports.map((port) => ({ provider: `at${port}`, model: 'gpt-5-mini', weight: number })) } };
  return { ...compileText(JSON.stringify({ providers, models }), { path: 'remora.yaml', env: {} }), number };
};

function sidecar() {
  const used: Snapshot[] = [];
  const use = async ({ snapshot }: NextConfig): Promise<{ idle: Promise<unknown> }> => {
    used.push(snapshot);
    return { idle: Promise.resolve() };
  };
  return { used, use };
}

test('without a file of clusters, a config comes into force that needs none but those of the start', async () => {
  const apply = await createServeApply(config(1, 1, 2).snapshot, {}, log);
  const to = sidecar();
  const fewer = config(2, 1);
  const again = config(3, 2, 1);
  await apply(fewer, to);
  await apply(again, to);
  expect(to.used).toEqual([fewer.snapshot, again.snapshot]);
});

test('one that needs another is refused, with what to do', async () => {
  const apply = await createServeApply(config(1, 1).snapshot, {}, log);
  const to = sidecar();
  await expect(apply(config(2, 1, 2), to)).rejects.toThrow(
    /^Envoy lacks the clusters p_at2\.[0-9a-f]{8}: print its config again with "remora envoy", /,
  );
  expect(to.used).toEqual([]);
});

test('the file of clusters is there from the start on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-serve-'));
  const file = join(folder, 'new', 'clusters.json');
  await createServeApply(config(1, 1).snapshot, { clusters: file, envoyAdmin: '127.0.0.1:1' }, log);
  expect(readFileSync(file, 'utf8')).toContain('p_at1.');
  rmSync(folder, { recursive: true });
});

test.each([{ clusters: 'clusters.json' }, { envoyAdmin: '127.0.0.1:1' }])('%j alone is refused', async (options) => {
  await expect(createServeApply(config(1, 1).snapshot, options, log)).rejects.toThrow('--clusters and --envoy-admin belong together');
  expect(existsSync('clusters.json')).toBe(false);
});
