import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createConfigLook, versionHash } from './reload-look.ts';

let folder: string;
let config: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-look-'));
  config = join(folder, 'remora.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const looker = (env: Record<string, string> = {}) => createConfigLook(config, env);

const withFiles = `
providers:
  openai: { kind: openai, apiKey: "file:key" }
  pool:
    kind: openai
    caFile: roots.pem
    credentials: [{ name: a, apiKey: "file:\${FOLDER}/a" }, { name: b, apiKey: plain }]
models:
  auto: { auto: { classifier: { url: "http://127.0.0.1:1", apiKey: "file:classifier" } } }
  named: { targets: [{ provider: openai, model: "file:no-secret" }] }
secrets: ["file:/run/secret"]
`;

test('the version is what sha256sum prints first', () => {
  expect(versionHash('hello\n')).toBe('5891b5b522d5');
});

test('what a config names is looked at too: its secrets and its root certificates', async () => {
  write('remora.yaml', withFiles);
  const { files } = await looker({ FOLDER: 'pool' })();
  expect(files).toEqual([config, ...['key', 'roots.pem', 'pool/a', 'classifier'].map((name) => join(folder, name)), '/run/secret']);
});

test.each(['key', 'roots.pem', 'pool/a', 'remora.yaml'])(
  'another content of %s is a change, also where the file was not there before',
  async (name) => {
    write('remora.yaml', withFiles);
    mkdirSync(join(folder, 'pool'));
    const look = looker({ FOLDER: 'pool' });
    const seen = [(await look()).fingerprint];
    for (const content of [`${withFiles}# one`, `${withFiles}# two`]) {
      write(name, content);
      seen.push((await look()).fingerprint);
    }
    expect(new Set(seen).size).toBe(3);
  },
);

test('the same content is no change, also after another', async () => {
  write('remora.yaml', withFiles);
  const look = looker();
  const first = await look();
  write('remora.yaml', 'other: 1');
  await look();
  write('remora.yaml', withFiles);
  expect(await look()).toEqual(first);
});

test.each([
  ['no YAML', 'providers: ['],
  ['nested beyond all measure', '['.repeat(20_000)],
])('a config that is %s keeps the files that it named before, so that mending them is seen', async (_, text) => {
  write('remora.yaml', withFiles);
  const look = looker();
  const { files } = await look();
  write('remora.yaml', text);
  expect(await look()).toMatchObject({ text, files });
});

test('a config that is gone has no text, and that is a change', async () => {
  write('remora.yaml', withFiles);
  const look = looker();
  const first = await look();
  rmSync(config);
  const gone = await look();
  expect(gone.text).toBeUndefined();
  expect(gone.fingerprint).not.toBe(first.fingerprint);
});
