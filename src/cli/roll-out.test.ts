import { expect, test } from 'vitest';
import { compileText } from '../config/reload-compile.ts';
import { ReloadRefused, type NextConfig } from '../config/reload.ts';
import { EnvoyError } from '../envoy/envoy-error.ts';
import { createRollOut, type RollOutDeps } from './roll-out.ts';

const text = JSON.stringify({
  providers: { one: { kind: 'openai', baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'sk-1' } },
  models: { fast: { targets: [{ provider: 'one', model: 'gpt-5-mini' }] } },
});
const config = (number: number): NextConfig => ({ ...compileText(text, { path: 'remora.yaml', env: {} }), number });

/** What a roll-out does, in order; versions 1 to 5 have clusters at the beginning. */
function rollOut({ add = async () => {}, use }: { add?: RollOutDeps['clusters']['add']; use?: RollOutDeps['sidecar']['use'] } = {}) {
  const done: string[] = [];
  const idle = Promise.withResolvers<void>();
  const apply = createRollOut({
    clusters: {
      async add(version, endpoints) {
        done.push(`add ${version}: ${endpoints.map(({ name }) => name).join(' ')}`);
        await add(version, endpoints);
        done.push('Envoy has them');
      },
      async drop(isOver) {
        done.push(`drop ${[1, 2, 3, 4, 5].filter(isOver).join(' ')}`);
      },
    },
    sidecar: {
      async use(next) {
        done.push(`use ${next.number}`);
        return use === undefined ? { idle: idle.promise } : use(next);
      },
    },
    onLeftOver: (error) => void done.push(String(error)),
  });
  return { done, apply, idle: idle.resolve };
}

test('Envoy has the clusters before the sidecar uses the config, and loses the old ones only when nobody uses them', async () => {
  const { done, apply, idle } = rollOut();
  await apply(config(4));
  expect(done).toEqual(['add 4: one', 'Envoy has them', 'use 4']);
  idle();
  await Promise.resolve();
  expect(done.slice(3)).toEqual(['drop 1 2 3']);
});

test('the next change waits for none of the old exchanges', async () => {
  const { done, apply } = rollOut();
  await apply(config(4));
  await apply(config(5));
  expect(done).toContain('use 5');
});

test('without clusters the sidecar is not told', async () => {
  const { done, apply } = rollOut({ add: () => Promise.reject(new EnvoyError('Envoy is not ready.')) });
  await expect(apply(config(4))).rejects.toThrow(new ReloadRefused(['Envoy is not ready.']));
  expect(done).toEqual(['add 4: one']);
});

test('where the sidecar does not use it, its clusters go again, and only those', async () => {
  const { done, apply } = rollOut({ use: () => Promise.reject(new ReloadRefused(['a secret is gone'])) });
  await expect(apply(config(4))).rejects.toThrow('a secret is gone');
  expect(done.slice(2)).toEqual(['use 4', 'drop 4']);
});
