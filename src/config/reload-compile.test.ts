import { expect, test } from 'vitest';
import { ConfigError } from './problem.ts';
import { compileParsed, compileText } from './reload-compile.ts';

const sound = `
listen: 127.0.0.1:9080
providers:
  openai: { kind: openai, apiKey: "\${KEY}", maxConcurrent: 5 }
models:
  fast: &fast { targets: [{ provider: openai, model: gpt-5-mini, weight: 3 }] }
  same: *fast
tenants:
  team: { keys: [{ name: laptop, hash: "sha256:${'a'.repeat(64)}" }], budget: { amount: 1.5, per: month } }
`;
const options = { path: 'remora.yaml', env: { KEY: 'sk-1' } };

test('another process makes the same config of the data, which crosses as JSON', () => {
  const { snapshot, data } = compileText(sound, options);
  const there = compileParsed(JSON.parse(JSON.stringify(data)), options);
  expect(JSON.stringify(plain(there))).toBe(JSON.stringify(plain(snapshot)));
});

test('secrets stay where they are: the data holds their names', () => {
  expect(JSON.stringify(compileText(sound, options).data)).not.toContain('sk-1');
});

test('what is wrong with a text is told with its lines', () => {
  expect(() => compileText(`${sound}more: 1\n`, options)).toThrow('remora.yaml:10:1 more');
});

test('what is wrong with data is told without', () => {
  expect(() => compileParsed(compileText(sound, options).data, { ...options, env: {} })).toThrow(
    'remora.yaml providers.openai.apiKey: the environment variable KEY is not set',
  );
});

test('a file that cannot be read is told of', () => {
  expect(() => compileText(undefined, { ...options, path: '/nowhere/remora.yaml' })).toThrow(ConfigError);
});

/** Maps and sets as JSON has them. */
const plain = (value: unknown): unknown => {
  if (value instanceof Map) return [...value].map(([key, inner]) => [key, plain(inner)]);
  if (value instanceof Set) return [...value];
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof URL) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
};
