import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { compileConfig } from '../src/config/load.ts';

const guides = [
  'docs/guides/routing.md',
  'docs/guides/resilience.md',
  'docs/guides/identity.md',
  'docs/guides/keys.md',
  'docs/guides/budgets.md',
  'docs/guides/usage.md',
  'docs/guides/prices.md',
  'docs/guides/stores.md',
];
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  ...guides,
  'examples/README.md',
  ...readdirSync('examples', { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [`examples/${entry.name}/README.md`] : [])),
];

type Fields = Record<string, unknown>;

/** What the guides' configs, which show only what they speak of, leave to the reader. */
const usual = {
  providers: {
    openai: { kind: 'openai', apiKey: 'key' },
    azure: { kind: 'azure-openai', resource: 'acme', apiKey: 'key' },
    anthropic: { kind: 'anthropic', apiKey: 'key' },
    bedrock: { kind: 'bedrock', region: 'eu-central-1' },
    gemini: { kind: 'gemini', apiKey: 'key' },
    together: { kind: 'together', apiKey: 'key' },
    groq: { kind: 'groq', apiKey: 'key' },
    house: { kind: 'vllm', baseUrl: 'http://vllm:8000/v1' },
    'gpu-large': { kind: 'vllm', baseUrl: 'http://large:8000/v1' },
    'gpu-small': { kind: 'vllm', baseUrl: 'http://small:8000/v1' },
  },
  models: { cheap: { targets: [{ provider: 'openai', model: 'gpt-5-nano' }] } },
  tenants: { reports: {} },
};

const configs = guides.flatMap((guide) =>
  [...readFileSync(guide, 'utf8').matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) => ({ guide, text })),
);

/** A guide's config with what it leaves out. */
function completed(text: string): string {
  const written = parse(text) as Record<string, Fields>;
  return JSON.stringify({
    ...written,
    providers: { ...usual.providers, ...written['providers'] },
    models: { ...usual.models, ...written['models'] },
    tenants: { ...usual.tenants, ...written['tenants'] },
  });
}

/** Every variable is set. */
const variablesIn = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [
      name,
      name.endsWith('_URL') ? 'redis://redis:6379' : 'a-key-of-more-than-32-characters',
    ]),
  );

test.each(configs)('$guide shows a config that works: $text', ({ guide, text }) => {
  const compiled = compileConfig(completed(text), { path: guide, env: variablesIn(text) });
  expect(compiled.models.size).toBeGreaterThan(0);
});

/** A heading as GitHub names it in addresses. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

const headingsOf = (file: string): string[] => [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => slug(heading));

describe.each(pages)('%s', (page) => {
  test('has no link that leads nowhere', () => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => link);
    const lost = links.filter((link) => {
      const [path = '', heading] = link.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      return !existsSync(file) || (heading !== undefined && !headingsOf(file).includes(heading));
    });
    expect(lost).toEqual([]);
  });
});
