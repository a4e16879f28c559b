import { expect, test } from 'vitest';
import { readEnvironment } from './environment.ts';

test('names what Remora takes from the environment', () => {
  const environment = readEnvironment({ ENVOY: '/opt/envoy', PATH: '/usr/bin::/bin', REMORA_LOG_LEVEL: 'debug' });
  expect(environment).toMatchObject({ envoyPath: '/opt/envoy', searchPath: ['/usr/bin', '/bin'], logLevel: 'debug' });
});

test('what is unset, empty or unknown has its default', () => {
  expect(readEnvironment({})).toMatchObject({ envoyPath: undefined, searchPath: [], logLevel: 'info' });
  expect(readEnvironment({ ENVOY: '', REMORA_LOG_LEVEL: 'loud' })).toMatchObject({ envoyPath: undefined, logLevel: 'info' });
});
