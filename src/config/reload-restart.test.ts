import { expect, test } from 'vitest';
import { compileConfig } from './load.ts';
import { fieldsThatNeedARestart } from './reload-restart.ts';

const base = {
  providers: { openai: { kind: 'openai', apiKey: 'sk-1' } },
  models: { fast: { targets: [{ provider: 'openai', model: 'gpt-5-mini' }] } },
  telemetry: { otlp: 'http://127.0.0.1:4318' },
  secrets: ['a'.repeat(32)],
};
const compile = (more: object) => compileConfig(JSON.stringify({ ...base, ...more }), { path: 'remora.yaml', env: {} });
const changed = (more: object): string[] => fieldsThatNeedARestart(compile({}), compile(more));

test.each([
  ['listen', { listen: '127.0.0.1:9090' }],
  ['admin.listen', { admin: { listen: '127.0.0.1:9091' } }],
  ['store', { store: { embedded: { path: 'other.db' } } }],
  ['resilience.share', { resilience: { share: { redis: 'redis://127.0.0.1' } } }],
  ['secrets', { secrets: ['b'.repeat(32)] }],
  ['cors', { cors: { origins: ['https://app.example.com'] } }],
  ['telemetry', { telemetry: { otlp: 'http://127.0.0.1:4319' } }],
  ['telemetry', { telemetry: { otlp: 'http://127.0.0.1:4318', sampling: 0.5 } }],
])('another %s needs a restart', (field, more) => {
  expect(changed(more)).toEqual([field]);
});

test('all such fields are named at once', () => {
  expect(changed({ listen: '127.0.0.1:9090', cors: { origins: ['*'] } })).toEqual(['listen', 'cors']);
});

test('everything else can change while exchanges run', () => {
  const more = {
    providers: { other: { kind: 'openai', baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'sk-2' } },
    models: { slow: { targets: [{ provider: 'other', model: 'x' }] } },
    tenants: { team: { keys: [{ name: 'a', hash: `sha256:${'a'.repeat(64)}` }] } },
    resilience: { maxConcurrent: 5, maxBodyMemory: '64MiB', breaker: false },
    passThrough: { provider: 'other' },
  };
  expect(changed(more)).toEqual([]);
});

test('the same config needs none', () => {
  expect(changed({})).toEqual([]);
});
