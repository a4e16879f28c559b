import { expect, test } from 'vitest';
import { compileText } from './reload-compile.ts';
import type { ConfigLook } from './reload-look.ts';
import { createReloader, ReloadRefused, type NextConfig } from './reload.ts';

const text = (weight: number, more = ''): string => `
providers:
  openai: { kind: openai, apiKey: sk-1 }
models:
  fast: { targets: [{ provider: openai, model: gpt-5-mini, weight: ${weight} }] }
${more}`;
const look = (content: string): ConfigLook => ({ text: content, fingerprint: content, files: [] });
const compile = async (content: string | undefined) => compileText(content, { path: 'remora.yaml', env: {} });

/** A reloader that starts with `text(1)`, and what it tells. `apply` is what bringing a config into force does. */
async function reloader(apply: (next: NextConfig) => Promise<void> = async () => {}) {
  const told: unknown[] = [];
  const end = new AbortController();
  const { take } = createReloader({
    first: { snapshot: (await compile(text(1))).snapshot, look: look(text(1)) },
    compile,
    apply,
    listener: {
      applied: ({ number }) => void told.push(`applied ${number}`),
      refused: (problems) => void told.push(problems),
      unchanged: () => void told.push('unchanged'),
    },
    signal: end.signal,
  });
  return { told, take, end };
}

const weightOf = ({ snapshot }: NextConfig): number | undefined => snapshot.models.get('fast')?.targets[0]?.weight;

test('a good change comes into force with the next number and its hash', async () => {
  const applied: unknown[] = [];
  const { told, take } = await reloader(async (next) => void applied.push([next.number, next.hash, weightOf(next)]));
  await take(look(text(2)));
  await take(look(text(3)));
  expect(told).toEqual(['applied 2', 'applied 3']);
  expect(applied).toEqual([
    [2, expect.stringMatching(/^[0-9a-f]{12}$/), 2],
    [3, expect.stringMatching(/^[0-9a-f]{12}$/), 3],
  ]);
});

test('everything that is wrong with a bad one is told with its line, once', async () => {
  const { told, take } = await reloader(() => Promise.reject(new Error('a bad config was applied')));
  const bad = look(text(1, 'lisen: 127.0.0.1:1\nmore: 1\n'));
  await take(bad);
  await take(bad);
  expect(told).toEqual([[expect.stringContaining('remora.yaml:6:1 lisen'), expect.stringContaining('remora.yaml:7:1 more')]]);
});

test('a forced try tells again', async () => {
  const { told, take } = await reloader();
  const bad = look(text(1, 'more: 1\n'));
  await take(bad);
  await take(bad, { force: true });
  expect(told).toHaveLength(2);
});

test('a bad one that is mended to what is in force is good, and changes nothing', async () => {
  const applied: unknown[] = [];
  const { told, take } = await reloader(async (next) => void applied.push(next));
  await take(look('['));
  await take(look(text(1)));
  expect(told).toEqual([[expect.any(String)], 'unchanged']);
  expect(applied).toEqual([]);
});

test('the same content is looked at no further, unless a try is forced', async () => {
  const { told, take } = await reloader();
  await take(look(text(1)));
  expect(told).toEqual([]);
  await take(look(text(1)), { force: true });
  expect(told).toEqual(['unchanged']);
});

test('fields that need a restart refuse all of the change, and are named', async () => {
  const { told, take } = await reloader(() => Promise.reject(new Error('it was applied')));
  await take(look(text(2, 'listen: 127.0.0.1:9090\nadmin: { listen: 127.0.0.1:9091 }\n')));
  expect(told).toEqual([['listen, admin.listen changed: restart Remora to apply that']]);
});

test('one that cannot come into force leaves the old one there, and a later one has its number', async () => {
  let fails = true;
  const { told, take } = await reloader(async () => {
    if (fails) throw new ReloadRefused(['Envoy is not ready.']);
  });
  await take(look(text(2)));
  await take(look(text(1)));
  fails = false;
  await take(look(text(3)));
  expect(told).toEqual([['Envoy is not ready.'], 'unchanged', 'applied 2']);
});

test('a change during a reload comes after it', async () => {
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  const { take } = await reloader(async (next) => {
    order.push(`begin ${weightOf(next)}`);
    if (next.number === 2) await first.promise;
    order.push(`end ${weightOf(next)}`);
  });
  const both = [take(look(text(2))), take(look(text(3)))];
  first.resolve();
  await Promise.all(both);
  expect(order).toEqual(['begin 2', 'end 2', 'begin 3', 'end 3']);
});

test('after the end nobody hears of anything, also of a reload that was under way', async () => {
  const begun = Promise.withResolvers<void>();
  const { told, take, end } = await reloader(async () => {
    begun.resolve();
    await new Promise((resolve) => end.signal.addEventListener('abort', resolve));
    throw new Error('Envoy is gone');
  });
  const taken = take(look(text(2)));
  await begun.promise;
  end.abort();
  await taken;
  await take(look(text(3)));
  expect(told).toEqual([]);
});
