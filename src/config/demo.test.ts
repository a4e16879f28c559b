import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { demoConfig, type DemoOptions } from './demo.ts';
import { compileConfig } from './load.ts';
import type { Pool } from '../routing/deployment.ts';

/** What a provider is shown of the first credential. */
const shownBy = (pool: Pool | undefined): unknown =>
  pool?.[0].credential.authorize({ method: 'POST', host: '', path: '', body: Buffer.alloc(0), headers: new Map() });

const committed = readFileSync('remora.yaml', 'utf8');
const options: DemoOptions = {
  path: 'remora.yaml',
  env: {},
  providers: new Map([
    ['openai', { baseUrl: 'http://127.0.0.1:7001/v1', apiKey: 'demo-openai' }],
    ['anthropic', { baseUrl: 'http://127.0.0.1:7002', apiKey: 'demo-anthropic' }],
  ]),
  keyHash: `sha256:${'d'.repeat(64)}`,
};
const compileDemo = (text: string, more: Partial<DemoOptions> = {}) => {
  const merged = { ...options, ...more };
  return compileConfig(demoConfig(text, merged), { path: '/elsewhere/demo.yaml', env: merged.env });
};

test('the committed config compiles where its keys are set', () => {
  const snapshot = compileConfig(committed, { path: 'remora.yaml', env: { OPENAI_API_KEY: 'a', ANTHROPIC_API_KEY: 'b' } });
  expect([...snapshot.endpoints.keys()]).toEqual(['openai', 'anthropic']);
});

test('the committed config compiles as a demo without any key', () => {
  const { endpoints, keys, tenants, store } = compileDemo(committed);
  expect(endpoints.get('openai')?.[0]).toMatchObject({ baseUrl: new URL('http://127.0.0.1:7001/v1') });
  expect(endpoints.get('anthropic')?.[0]).toMatchObject({ baseUrl: new URL('http://127.0.0.1:7002') });
  expect(keys.find(({ hash }) => hash === 'd'.repeat(64))?.tenant).toBe('demo');
  expect(tenants.get('demo')).toMatchObject({ models: undefined, terms: [{ budgets: [{ amount: 5_000_000_000n }] }], privacy: { restore: true } });
  expect(tenants.get('demo')?.privacy?.redact.size).toBe(5);
  expect(store).toMatchObject({ kind: 'embedded', path: resolve('.remora/remora.db') });
});

test('a provider whose key is set stays real, and its key stays a reference', () => {
  const env = { OPENAI_API_KEY: 'sk-real-secret' };
  const text = demoConfig(committed, { ...options, env });
  expect(text).toContain('${OPENAI_API_KEY}');
  expect(text).not.toContain('sk-real-secret');
  const { endpoints } = compileDemo(committed, { env });
  expect(endpoints.get('openai')?.[0]).toMatchObject({ baseUrl: new URL('https://api.openai.com/v1') });
  expect(shownBy(endpoints.get('openai'))).toEqual({ authorization: 'Bearer sk-real-secret' });
  expect(shownBy(endpoints.get('anthropic'))).toEqual({ 'x-api-key': 'demo-anthropic' });
});

test('the demo listens on loopback whatever the config says', () => {
  expect(compileDemo(`listen: 0.0.0.0:9999\n${committed}`).listen).toEqual({ host: '127.0.0.1', port: 9999 });
  expect(compileDemo(`listen: "\${ADDRESS}"\n${committed}`, { env: { ADDRESS: '10.1.2.3:9999' } }).listen).toEqual({ host: '127.0.0.1', port: 9999 });
  expect(compileDemo(`listen: "[::1]:9999"\n${committed}`).listen).toEqual({ host: '::1', port: 9999 });
});

test('a provider whose key is missing, or that has a file of roots, is replaced as a whole', () => {
  const text = committed
    .replace(/openai: .*/, 'openai: { kind: openai }')
    .replace("apiKey: '${ANTHROPIC_API_KEY}'", "apiKey: '${ANTHROPIC_API_KEY}', caFile: none.pem");
  const { providers } = parse(demoConfig(text, options)) as { providers: Record<string, unknown> };
  expect(providers['openai']).toEqual({ kind: 'openai', ...options.providers.get('openai') });
  expect(providers['anthropic']).toEqual({ kind: 'anthropic', ...options.providers.get('anthropic') });
});

test("a server of one's own stays, with or without a key", () => {
  const text = `providers:
  house: { kind: openai-compatible, baseUrl: http://127.0.0.1:8000/v1, caFile: package.json }
  proxy: { kind: openai, baseUrl: http://127.0.0.1:8001/v1 }
models:
  llama: { targets: [{ provider: house, model: llama-4 }, { provider: proxy, model: gpt-5 }] }
`;
  const { endpoints } = compileDemo(text);
  expect(endpoints.get('house')?.[0]).toMatchObject({ caFile: resolve('package.json'), baseUrl: new URL('http://127.0.0.1:8000/v1') });
  expect(endpoints.get('proxy')?.[0].baseUrl.href).toBe('http://127.0.0.1:8001/v1');
});

test('a tenant that is called demo keeps its name', () => {
  const { tenants } = compileDemo(committed.replace('  team:', '  demo:'));
  expect([...tenants.keys()]).toEqual(['demo', 'demo-2']);
});

test('what is wrong in the config is shown where it stands there', () => {
  const text = committed.replace('provider: openai, model: gpt-5-mini', 'provider: opnai, model: gpt-5-mini');
  expect(() => demoConfig(text, options)).toThrow(/^remora\.yaml:10:27 models\.fast\.targets\[0\]\.provider: there is no provider "opnai"/);
});
