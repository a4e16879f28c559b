import { describe, expect, test } from 'vitest';
import { providerKinds } from '../../providers/registry.ts';
import { lookUp } from './look-up.ts';
import { modelKeys } from './model-key.ts';
import { catalogue } from './models.ts';

test.each([
  ['gpt-4o-2024-08-06', ['gpt-4o-2024-08-06', 'gpt-4o']],
  ['claude-haiku-4-5-20251001', ['claude-haiku-4-5-20251001', 'claude-haiku-4-5']],
  ['claude-haiku-4-5@20251001', ['claude-haiku-4-5@20251001', 'claude-haiku-4-5']],
  [
    'eu.anthropic.claude-sonnet-4-5-20250929-v1:0',
    ['anthropic.claude-sonnet-4-5-20250929-v1:0', 'anthropic.claude-sonnet-4-5-20250929', 'anthropic.claude-sonnet-4-5'],
  ],
  ['arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0', ['amazon.nova-lite-v1:0', 'amazon.nova-lite']],
  ['meta.llama3-1-8b-instruct-v1:0', ['meta.llama3-1-8b-instruct-v1:0', 'meta.llama3-1-8b-instruct']],
  ['publishers/google/models/gemini-2.5-pro', ['gemini-2.5-pro']],
  ['models/gemini-2.5-pro', ['gemini-2.5-pro']],
  ['accounts/fireworks/models/deepseek-v3p1', ['deepseek-v3p1']],
  ['meta-llama/Llama-3.3-70B-Instruct:free', ['meta-llama/llama-3.3-70b-instruct:free', 'meta-llama/llama-3.3-70b-instruct']],
  ['deepseek/deepseek-v3', ['deepseek/deepseek-v3']],
])('%s is known by these names', (model, keys) => {
  expect(modelKeys(model)).toEqual(keys);
});

describe('a model', () => {
  test.each([
    ['openai', 'gpt-4.1', { contextTokens: 1_047_576, outputTokens: 32_768, images: true, reasoning: false }],
    ['openai', 'gpt-4o-2024-05-13', { contextTokens: 128_000, outputTokens: 4096 }],
    ['openai', 'gpt-5-mini-2025-08-07', { contextTokens: 400_000, outputTokens: 128_000, reasoning: true }],
    ['openai', 'o3-mini', { images: false, reasoning: true }],
    ['anthropic', 'claude-haiku-4-5-20251001', { contextTokens: 200_000, outputTokens: 64_000, images: true, documents: true, audio: false }],
    ['aws', 'us.anthropic.claude-haiku-4-5-20251001-v1:0', { contextTokens: 200_000, documents: true }],
    ['aws', 'amazon.nova-micro-v1:0', { contextTokens: 128_000, images: false }],
    ['google', 'gemini-2.5-pro', { contextTokens: 1_048_576 + 65_536, outputTokens: 65_536, audio: true }],
    ['azure', 'gpt-4o', { contextTokens: 128_000 }],
    ['groq', 'llama-3.3-70b-versatile', { contextTokens: 131_072, outputTokens: 32_768, images: false }],
    ['openrouter', 'anthropic/claude-opus-5', { contextTokens: 1_000_000, documents: true }],
    ['cohere', 'embed-v4.0', { dimensions: [256, 512, 1024, 1536] }],
    ['openai', 'text-embedding-ada-002', { dimensions: [1536] }],
    ['aws', 'amazon.titan-embed-text-v2:0', { dimensions: [256, 512, 1024] }],
  ])('of %s: %s', (provider, model, has) => {
    expect(lookUp(provider, model)).toMatchObject(has);
  });

  test('that nobody knows has nothing', () => {
    expect(lookUp('openai', 'no-such-model')).toEqual({});
    expect(lookUp('no-such-provider', 'no-such-model')).toEqual({});
    expect(lookUp('openai', 'constructor')).toEqual({});
  });

  test('that makes vectors of any length is held to none', () => {
    expect(lookUp('openai', 'text-embedding-3-small').dimensions).toBeUndefined();
  });

  test('is of the provider first, then of its maker', () => {
    expect(lookUp('azure', 'gpt-5').contextTokens).toBe(400_000);
    expect(lookUp('google', 'claude-opus-5')).toMatchObject({ contextTokens: 1_000_000, outputTokens: 128_000, images: true });
  });
});

describe('the catalogue', () => {
  const rows = Object.entries(catalogue).flatMap(([provider, models]) => models.map((row) => [`${provider}: ${row[0]}`, row] as const));

  test('has no model twice, and says only what capabilities are called', () => {
    expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length);
    const said = new Set(rows.flatMap(([, [, , , can, cannot]]) => `${can} ${cannot}`.split(' ')));
    expect([...said].toSorted()).toEqual(['', 'audio', 'documents', 'images', 'reasoning', 'tools']);
  });

  test('has numbers that can be', () => {
    const odd = rows.filter(
      ([, [, contextTokens, outputTokens]]) => (contextTokens !== 0 && contextTokens < 2000) || outputTokens > Math.max(contextTokens, 1),
    );
    expect(odd.map(([name]) => name)).toEqual([]);
  });

  test('says nothing of a model both ways', () => {
    expect(rows.filter(([, [, , , can, cannot]]) => can.split(' ').some((word) => word !== '' && cannot.split(' ').includes(word)))).toEqual([]);
  });

  test('knows every provider whose prices are known', () => {
    const ids = [...providerKinds.values()].flatMap(({ pricedAs }) => (typeof pricedAs === 'string' ? [pricedAs] : []));
    expect(ids.filter((id) => catalogue[id] === undefined)).toEqual([]);
  });
});
