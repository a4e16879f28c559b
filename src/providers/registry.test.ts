import { calcPrice, findProvider } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import { compatibleNames } from '../demo/compatible.ts';
import type { Credential, Settings } from './provider.ts';
import { providerKinds } from './registry.ts';

const kind = (name: string) => {
  const provider = providerKinds.get(name);
  if (provider === undefined) throw new Error(`no kind ${name}`);
  return provider;
};

const call = { method: 'POST', host: 'provider.example', path: '/', body: Buffer.alloc(0), headers: new Map<string, string>() };
const shown = (name: string, credential: Credential) => kind(name).connect(credential, {})(call);

describe('a key is shown as its vendor asks', () => {
  test.each([
    ['anthropic', { 'x-api-key': 'k' }],
    ['gemini', { 'x-goog-api-key': 'k' }],
    ['azure-openai', { 'api-key': 'k' }],
    ['bedrock', { authorization: 'Bearer k' }],
  ])('%s', (name, headers) => expect(shown(name, { apiKey: 'k' })).toEqual(headers));

  const others = [...providerKinds.keys()].filter((name) => !['anthropic', 'gemini', 'azure-openai', 'bedrock', 'vertex'].includes(name));
  test.each(others)('%s: as a bearer', (name) => expect(shown(name, { apiKey: 'k' })).toEqual({ authorization: 'Bearer k' }));

  test.each(['openai', 'openai-compatible', 'anthropic', 'ollama'])('%s: nothing where there is none', (name) => expect(shown(name, {})).toEqual({}));

  test.each(['vertex', 'azure-openai'])('%s takes an access token too', (name) => {
    expect(shown(name, { accessToken: 't' })).toEqual({ authorization: 'Bearer t' });
  });
});

const aws: Settings = { region: 'eu-central-1' };
const google: Settings = { project: 'p', location: 'europe-west4' };
const azure: Settings = { resource: 'r' };
const dated: Settings = { resource: 'r', apiVersion: '2024-10-21' };
const claude = 'eu.anthropic.claude-haiku-4-5-20251001-v1:0';
const eastern = 'https://bedrock-runtime.eu-central-1.amazonaws.com/model';
const western = 'https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/publishers';

test.each<[kind: string, protocol: string, settings: Settings, model: string, ...addresses: [string, stream?: string]]>([
  ['openai', 'openai-chat', {}, 'm', 'https://api.openai.com/v1/chat/completions'],
  ['openai', 'openai-responses', {}, 'm', 'https://api.openai.com/v1/responses'],
  ['openai', 'openai-completions', {}, 'gpt-3.5-turbo-instruct', 'https://api.openai.com/v1/completions'],
  ['openai', 'openai-embeddings', {}, 'm', 'https://api.openai.com/v1/embeddings'],
  ['openai', 'openai-input-tokens', {}, 'm', 'https://api.openai.com/v1/responses/input_tokens'],
  ['azure-openai', 'openai-chat', azure, 'm', 'https://r.openai.azure.com/openai/v1/chat/completions'],
  ['azure-openai', 'openai-chat', dated, 'my dep', 'https://r.openai.azure.com/openai/deployments/my%20dep/chat/completions?api-version=2024-10-21'],
  ['azure-openai', 'openai-embeddings', dated, 'm', 'https://r.openai.azure.com/openai/deployments/m/embeddings?api-version=2024-10-21'],
  ['azure-openai', 'openai-responses', dated, 'm', 'https://r.openai.azure.com/openai/v1/responses'],
  ['anthropic', 'anthropic-messages', {}, 'm', 'https://api.anthropic.com/v1/messages'],
  ['anthropic', 'anthropic-count-tokens', {}, 'm', 'https://api.anthropic.com/v1/messages/count_tokens'],
  [
    'gemini',
    'gemini-generate',
    {},
    'm',
    'https://generativelanguage.googleapis.com/v1beta/models/m:generateContent',
    'https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse',
  ],
  ['gemini', 'gemini-embed', {}, 'm', 'https://generativelanguage.googleapis.com/v1beta/models/m:batchEmbedContents'],
  ['gemini', 'gemini-count-tokens', {}, 'm', 'https://generativelanguage.googleapis.com/v1beta/models/m:countTokens'],
  [
    'vertex',
    'gemini-generate',
    google,
    'gemini-x',
    `${western}/google/models/gemini-x:generateContent`,
    `${western}/google/models/gemini-x:streamGenerateContent?alt=sse`,
  ],
  [
    'vertex',
    'anthropic-messages',
    google,
    'claude-x@20251001',
    `${western}/anthropic/models/claude-x@20251001:rawPredict`,
    `${western}/anthropic/models/claude-x@20251001:streamRawPredict`,
  ],
  [
    'vertex',
    'gemini-count-tokens',
    { project: 'p' },
    'g',
    'https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google/models/g:countTokens',
  ],
  [
    'vertex',
    'gemini-count-tokens',
    { project: 'p', location: 'eu' },
    'g',
    'https://aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu/publishers/google/models/g:countTokens',
  ],
  [
    'bedrock',
    'bedrock-converse',
    aws,
    claude,
    `${eastern}/${encodeURIComponent(claude)}/converse`,
    `${eastern}/${encodeURIComponent(claude)}/converse-stream`,
  ],
  [
    'bedrock',
    'anthropic-messages',
    aws,
    claude,
    `${eastern}/${encodeURIComponent(claude)}/invoke`,
    `${eastern}/${encodeURIComponent(claude)}/invoke-with-response-stream`,
  ],
  ['bedrock', 'bedrock-embed', aws, 'amazon.titan-embed-text-v2:0', `${eastern}/amazon.titan-embed-text-v2%3A0/invoke`],
  ['bedrock', 'bedrock-rerank', aws, 'cohere.rerank-v3-5:0', `${eastern}/cohere.rerank-v3-5%3A0/invoke`],
  ['bedrock', 'bedrock-count-tokens', aws, claude, `${eastern}/${encodeURIComponent(claude)}/count-tokens`],
  ['cohere', 'openai-chat', {}, 'command-a-03-2025', 'https://api.cohere.com/compatibility/v1/chat/completions'],
  ['cohere', 'cohere-embed', {}, 'embed-v4.0', 'https://api.cohere.com/v2/embed'],
  ['cohere', 'cohere-rerank', {}, 'rerank-v3.5', 'https://api.cohere.com/v2/rerank'],
  ['mistral', 'openai-chat', {}, 'm', 'https://api.mistral.ai/v1/chat/completions'],
  ['mistral', 'openai-embeddings', {}, 'm', 'https://api.mistral.ai/v1/embeddings'],
  ['groq', 'openai-chat', {}, 'm', 'https://api.groq.com/openai/v1/chat/completions'],
  ['deepseek', 'openai-chat', {}, 'm', 'https://api.deepseek.com/chat/completions'],
  ['xai', 'openai-chat', {}, 'm', 'https://api.x.ai/v1/chat/completions'],
  ['openrouter', 'openai-chat', {}, 'm', 'https://openrouter.ai/api/v1/chat/completions'],
  ['together', 'rerank', {}, 'm', 'https://api.together.xyz/v1/rerank'],
  ['fireworks', 'openai-completions', {}, 'm', 'https://api.fireworks.ai/inference/v1/completions'],
  ['perplexity', 'openai-chat', {}, 'm', 'https://api.perplexity.ai/chat/completions'],
  ['ollama', 'openai-embeddings', {}, 'm', 'http://localhost:11434/v1/embeddings'],
  ['jina', 'rerank', {}, 'm', 'https://api.jina.ai/v1/rerank'],
])('%s speaks %s with %j', (name, protocol, settings, model, ...addresses) => {
  const { apis, defaultBaseUrl } = kind(name);
  const found = apis.find((each) => each.protocol.name === protocol && (each.serves?.(model) ?? true));
  const addressOf = (stream: boolean) => `${defaultBaseUrl(settings)}${found?.path({ model, stream }, settings)}`;
  expect([addressOf(false), addressOf(true)]).toEqual([addresses[0], addresses.at(-1)]);
});

test.each(['vllm', 'llama-cpp', 'tgi', 'openai-compatible'])('%s is called at an address of its own alone, and has no price', (name) => {
  expect([kind(name).defaultBaseUrl({}), kind(name).pricedAs]).toEqual([undefined, undefined]);
});

test.each([
  [azure, '/files/{id}', '/openai/v1/files/{id}'],
  [dated, '/files/{id}', '/openai/files/{id}?api-version=2024-10-21'],
  [dated, '/images/generations', '/openai/deployments/dall-e/images/generations?api-version=2024-10-21'],
])('at Azure with %j, %s passes to %s', (settings, path, expected) => {
  expect(kind('azure-openai').passThroughPath?.(path, { model: 'dall-e' }, settings)).toBe(expected);
});

test('no address is made of a setting that is missing', () => {
  expect(['bedrock', 'azure-openai'].map((name) => kind(name).defaultBaseUrl({}))).toEqual([undefined, undefined]);
});

describe('Bedrock tells what a model is for by its id', () => {
  const arn = 'arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0';
  test.each([
    ['anthropic.claude-opus-4-7', ['bedrock-converse', 'anthropic-messages', 'bedrock-count-tokens']],
    ['us-gov.anthropic.claude-opus-4-7', ['bedrock-converse', 'anthropic-messages', 'bedrock-count-tokens']],
    [arn, ['bedrock-converse', 'anthropic-messages', 'bedrock-count-tokens']],
    ['arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc', ['bedrock-converse', 'bedrock-count-tokens']],
    ['amazon.nova-lite-v1:0', ['bedrock-converse', 'bedrock-count-tokens']],
    ['us.cohere.embed-v4:0', ['bedrock-embed']],
    ['amazon.rerank-v1:0', ['bedrock-rerank']],
  ])('%s', (model, protocols) => {
    const serving = kind('bedrock').apis.filter(({ serves }) => serves?.(model) ?? true);
    expect(serving.map(({ protocol }) => protocol.name)).toEqual(protocols);
  });
});

test('each vendor that the demo can stand in for is a kind', () => {
  const names = compatibleNames.map((name) => (name === 'llama.cpp' ? 'llama-cpp' : name));
  expect(names.filter((name) => !providerKinds.has(name))).toEqual([]);
});

describe('the price catalogue', () => {
  const catalogueId = (name: string, model: string) => {
    const { pricedAs } = kind(name);
    return typeof pricedAs === 'function' ? pricedAs(model) : pricedAs;
  };

  test('knows each vendor by the name that is given', () => {
    const named = [...providerKinds.keys()].flatMap((name) => catalogueId(name, 'm') ?? []);
    expect(named.filter((providerId) => findProvider({ providerId }) === undefined)).toEqual([]);
    expect(named.length).toBeGreaterThan(10);
  });

  test.each([
    ['bedrock', 'anthropic.claude-opus-4-7'],
    ['bedrock', 'eu.anthropic.claude-haiku-4-5-20251001-v1:0'],
    ['bedrock', 'arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0'],
    ['bedrock', 'us.amazon.nova-lite-v1:0'],
    ['vertex', 'claude-haiku-4-5@20251001'],
    ['vertex', 'gemini-2.5-flash'],
    ['gemini', 'gemini-embedding-001'],
    ['azure-openai', 'gpt-5-mini'],
    ['xai', 'grok-4.3'],
    ['cohere', 'command-a-03-2025'],
    ['fireworks', 'accounts/fireworks/models/gpt-oss-120b'],
  ])('has a price at %s for %s', (name, model) => {
    const found = calcPrice({ input_tokens: 1000 }, model, { providerId: catalogueId(name, model) ?? '' });
    expect(found?.input_price).toBeGreaterThan(0);
  });
});
