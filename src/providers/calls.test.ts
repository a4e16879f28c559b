import { afterEach, describe, expect, test } from 'vitest';
import { startFakeAnthropic } from '../demo/anthropic.ts';
import { startFakeAzureOpenAI } from '../demo/azure-openai.ts';
import { startFakeBedrock } from '../demo/bedrock.ts';
import { startFakeCohere } from '../demo/cohere.ts';
import { compatibleNames, startFakeCompatible, type FlavourName } from '../demo/compatible.ts';
import { startFakeGemini } from '../demo/gemini.ts';
import { startFakeOpenAI } from '../demo/openai.ts';
import { startFakeRerank } from '../demo/rerank.ts';
import type { FakeProvider } from '../demo/server.ts';
import { startFakeVertex } from '../demo/vertex.ts';
import { anthropicCountTokens } from '../protocols/anthropic-count-tokens/index.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/index.ts';
import { ClientRequest } from '../protocols/client-request.ts';
import { openaiChat } from '../protocols/openai-chat/index.ts';
import { openaiEmbeddings } from '../protocols/openai-embeddings/index.ts';
import type { LocatedPart, Protocol } from '../protocols/protocol.ts';
import { rerank } from '../protocols/rerank/index.ts';
import { createSeals } from '../protocols/seal.ts';
import type { Deployment } from '../routing/deployment.ts';
import { prepareAttempt } from '../routing/prepare-attempt.ts';
import type { Credential, Settings } from './provider.ts';
import { providerKinds } from './registry.ts';
import { deployment, endpoint } from '../routing/deployment.fixture.ts';

/** A provider at a fake, with what the fake wants to be shown. */
interface Place {
  kind: string;
  fake: FakeProvider;
  credential: Credential;
  settings?: Settings;
}

const started: FakeProvider[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((fake) => fake.stop()));
});

const withKey =
  (kind: string, start: () => Promise<FakeProvider>, settings: Settings = {}) =>
  async (): Promise<Place> => {
    const fake = await start();
    return { kind, fake, credential: { apiKey: fake.apiKey }, settings };
  };

const kindOf = (flavour: FlavourName): string => (flavour === 'llama.cpp' ? 'llama-cpp' : flavour);
const flavours = compatibleNames.filter((name) => name !== 'cohere');

const places: Record<string, () => Promise<Place>> = {
  openai: withKey('openai', startFakeOpenAI),
  azure: withKey('azure-openai', startFakeAzureOpenAI),
  'azure with a dated API': withKey('azure-openai', startFakeAzureOpenAI, { apiVersion: '2024-10-21' }),
  anthropic: withKey('anthropic', startFakeAnthropic),
  gemini: withKey('gemini', startFakeGemini),
  vertex: async () => {
    const fake = await startFakeVertex();
    return { kind: 'vertex', fake, credential: { accessToken: fake.apiKey }, settings: { project: fake.project, location: 'europe-west4' } };
  },
  bedrock: async () => {
    const fake = await startFakeBedrock({ region: 'eu-central-1' });
    return { kind: 'bedrock', fake, credential: fake.credentials, settings: { region: 'eu-central-1' } };
  },
  cohere: withKey('cohere', startFakeCohere),
  rerank: withKey('openai-compatible', startFakeRerank),
  ...Object.fromEntries(flavours.map((flavour) => [flavour, withKey(kindOf(flavour), () => startFakeCompatible(flavour))])),
};

async function placeOf(name: string): Promise<Place> {
  const place = await places[name]?.();
  if (place === undefined) throw new Error(`no place ${name}`);
  started.push(place.fake);
  return place;
}

function deploymentAt({ kind, fake, credential, settings = {} }: Place, model: string): Deployment {
  const provider = providerKinds.get(kind);
  if (provider === undefined) throw new Error(`no kind ${kind}`);
  const authorize = provider.connect(credential, settings);
  return deployment(endpoint(kind, { provider, baseUrl: new URL(fake.url), settings, credential: { name: 'default', weight: 1, authorize } }), model);
}

const seal = createSeals(['a secret of at least thirty-two characters'], (size) => Buffer.alloc(size, 7))('team');

/** Makes an attempt as the gateway would, and reads the answer as the gateway would. */
async function attempt(
  place: Place,
  model: string,
  protocol: Protocol,
  body: object,
  clientHeaders: Record<string, string> = {},
): Promise<{ status: number; parts: LocatedPart[]; failure: string; spoken: string }> {
  const request = new ClientRequest(protocol, Buffer.from(JSON.stringify({ model: 'asked', ...body })));
  const call = { headers: new Map(Object.entries(clientHeaders)), query: '' };
  const { api, path, headers, body: sent } = await prepareAttempt(request, deploymentAt(place, model), { call, seal });
  const response = await fetch(new URL(path, place.fake.url), { method: 'POST', headers: Object.fromEntries(headers), body: new Uint8Array(sent) });
  const received = Buffer.from(await response.arrayBuffer());
  const spoken = api.protocol.name;
  if (response.status !== 200) return { status: response.status, parts: [], failure: received.toString(), spoken };
  if (!request.facts.stream) return { status: 200, parts: api.protocol.decodeAnswer(received), failure: '', spoken };
  const decoder = api.protocol.createDecoder();
  const parser = (api.framing ?? api.protocol.framing).createParser();
  return { status: 200, parts: parser.push(received).flatMap((event) => decoder.push(event)), failure: '', spoken };
}

const textOf = (parts: readonly LocatedPart[]): string => parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');

const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'The weather somewhere.',
      strict: true,
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
    },
  },
];

/** What clients of OpenAI's set, of which each vendor takes another part; OpenAI itself refuses some of it for some models. */
const common = { max_completion_tokens: 2000, seed: 7, stop: 'END', user: 'u-1', store: false };
const everything = { ...common, metadata: { a: 'b' }, verbosity: 'low', n: 1, logit_bias: {}, prompt_cache_key: 'k', reasoning_effort: 'minimal' };
const settingsAt = (name: string): object => (name === 'openai' || name.startsWith('azure') ? common : everything);

const bedrockClaude = 'eu.anthropic.claude-haiku-4-5-20251001-v1:0';

const chats: [place: string, model: string][] = [
  ['openai', 'gpt-4o-mini'],
  ['azure', 'gpt-4o-mini'],
  ['azure with a dated API', 'gpt-4o-mini'],
  ['anthropic', 'claude-haiku-4-5'],
  ['gemini', 'gemini-2.5-flash'],
  ['vertex', 'gemini-2.5-flash'],
  ['vertex', 'claude-haiku-4-5@20251001'],
  ['bedrock', bedrockClaude],
  ['bedrock', `arn:aws:bedrock:eu-central-1:123456789012:inference-profile/${bedrockClaude}`],
  ['bedrock', 'amazon.nova-lite-v1:0'],
  ['cohere', 'command-a-03-2025'],
  ['mistral', 'mistral-large-latest'],
  ['groq', 'openai/gpt-oss-120b'],
  ['deepseek', 'deepseek-v4-flash'],
  ['xai', 'grok-4.3'],
  ['openrouter', 'anthropic/claude-haiku-4.5'],
  ['together', 'openai/gpt-oss-120b'],
  ['fireworks', 'accounts/fireworks/models/gpt-oss-120b'],
  ['perplexity', 'sonar'],
  ['ollama', 'gpt-oss:20b'],
  ['vllm', 'Qwen/Qwen3-8B'],
  ['llama.cpp', 'model.gguf'],
  ['tgi', 'tgi'],
];

describe.each(chats)('a client of OpenAI Chat Completions at %s (%s)', (name, model) => {
  const settings = settingsAt(name);
  const messages = [
    { role: 'developer', content: 'Be kind.' },
    { role: 'user', content: 'Grüße' },
  ];

  test('gets an answer with its usage', async () => {
    const { status, failure, parts } = await attempt(await placeOf(name), model, openaiChat, { messages, ...settings });
    expect([status, failure]).toEqual([200, '']);
    expect(textOf(parts)).toContain('Grüße');
    expect(parts.some((part) => part.type === 'usage' && part.usage.inputTokens > 0 && part.usage.outputTokens > 0)).toBe(true);
  });

  test('gets a stream with its usage, to the end', async () => {
    const { status, failure, parts } = await attempt(await placeOf(name), model, openaiChat, { messages, ...settings, stream: true });
    expect([status, failure]).toEqual([200, '']);
    expect(textOf(parts)).toContain('Grüße');
    expect(parts.some((part) => part.type === 'usage' && part.usage.outputTokens > 0)).toBe(true);
    expect(parts.some((part) => part.type === 'finish' || part.type === 'end')).toBe(true);
  });

  test.skipIf(name === 'perplexity')('has a tool called and gives its result', async () => {
    const place = await placeOf(name);
    const asking = { role: 'user', content: 'use get_weather "Chur"' };
    const asked = await attempt(place, model, openaiChat, { messages: [asking], tools, tool_choice: 'auto', parallel_tool_calls: true, ...settings });
    expect([asked.status, asked.failure]).toEqual([200, '']);
    const call = asked.parts.find((part) => part.type === 'tool-call');
    expect(call).toMatchObject({ name: 'get_weather' });
    const id = call?.type === 'tool-call' ? call.id : '';
    const calling = {
      role: 'assistant',
      content: null,
      refusal: null,
      annotations: [],
      tool_calls: [{ id, type: 'function', function: { name: 'get_weather', arguments: '{"city":"Chur"}' } }],
    };
    const result = { role: 'tool', tool_call_id: id, content: 'sunny' };
    const answered = await attempt(place, model, openaiChat, { messages: [asking, calling, result], tools, ...settings });
    expect([answered.status, answered.failure]).toEqual([200, '']);
    expect(textOf(answered.parts)).toContain('sunny');
  });
});

describe('a client of OpenAI Embeddings', () => {
  test.each([
    ['openai', 'text-embedding-3-small'],
    ['azure', 'text-embedding-3-small'],
    ['gemini', 'gemini-embedding-001'],
    ['bedrock', 'amazon.titan-embed-text-v2:0'],
    ['bedrock', 'eu.cohere.embed-v4:0'],
    ['cohere', 'embed-v4.0'],
  ])('gets vectors at %s (%s)', async (name, model) => {
    const input = model.startsWith('amazon.titan') ? ['Bob'] : ['Bob', 'Ann']; // Titan takes one text per call
    const { status, failure, parts } = await attempt(await placeOf(name), model, openaiEmbeddings, { input, user: 'u-1' });
    expect([status, failure]).toEqual([200, '']);
    expect(parts.flatMap((part) => (part.type === 'embedding' ? [part.index] : []))).toEqual([...input.keys()]);
  });
});

describe('a client that has documents ranked', () => {
  test.each([
    ['rerank', 'jina-reranker-v3'],
    ['bedrock', 'cohere.rerank-v3-5:0'],
    ['cohere', 'rerank-v3.5'],
  ])('gets scores at %s (%s)', async (name, model) => {
    const body = { query: 'Who is Bob?', documents: ['Ann draws.', 'Bob builds.'], top_n: 1 };
    const { status, failure, parts } = await attempt(await placeOf(name), model, rerank, body);
    expect([status, failure]).toEqual([200, '']);
    expect(parts.flatMap((part) => (part.type === 'ranking' ? [part.index] : []))).toEqual([1]);
  });
});

describe('a client of Anthropic', () => {
  const messages = [{ role: 'user', content: 'Grüße' }];
  const beta = { 'anthropic-beta': 'context-1m-2025-08-07', 'anthropic-version': '2023-06-01' };

  test.each([
    ['openai', 'gpt-4o-mini', 'openai-input-tokens'],
    ['anthropic', 'claude-haiku-4-5', 'anthropic-count-tokens'],
    ['gemini', 'gemini-2.5-flash', 'gemini-count-tokens'],
    ['vertex', 'gemini-2.5-flash', 'gemini-count-tokens'],
    ['bedrock', bedrockClaude, 'bedrock-count-tokens'],
  ])('has tokens counted at %s (%s)', async (name, model, protocol) => {
    const body = { messages, system: 'Be kind.' };
    const { status, failure, parts, spoken } = await attempt(await placeOf(name), model, anthropicCountTokens, body, beta);
    expect([status, failure, spoken]).toEqual([200, '', protocol]);
    expect(parts.some((part) => part.type === 'usage' && part.usage.inputTokens > 0)).toBe(true);
  });

  test.each([
    ['anthropic', 'claude-haiku-4-5', false],
    ['vertex', 'claude-haiku-4-5@20251001', false],
    ['vertex', 'claude-haiku-4-5@20251001', true],
  ])('speaks its own protocol with %s (%s), streams: %s', async (name, model, stream) => {
    const place = await placeOf(name);
    const { status, failure, parts, spoken } = await attempt(place, model, anthropicMessages, { messages, max_tokens: 100, stream }, beta);
    expect([status, failure, spoken]).toEqual([200, '', 'anthropic-messages']);
    expect(textOf(parts)).toContain('Grüße');
    expect(place.fake.requests[0]?.headers['anthropic-beta']).toBe(beta['anthropic-beta']);
  });

  test.each([false, true])('speaks its own protocol with Claude at Bedrock, which has the betas in the body; streams: %s', async (stream) => {
    const place = await placeOf('bedrock');
    const { status, failure, parts, spoken } = await attempt(place, bedrockClaude, anthropicMessages, { messages, max_tokens: 100, stream }, beta);
    expect([status, failure, spoken]).toEqual([200, '', 'anthropic-messages']);
    expect(textOf(parts)).toContain('Grüße');
    expect(parts.some((part) => part.type === 'usage' && part.usage.outputTokens > 0)).toBe(true);
    const [request] = place.fake.requests;
    expect(request?.headers['anthropic-beta']).toBeUndefined();
    expect(JSON.parse(String(request?.body))).toMatchObject({ anthropic_beta: [beta['anthropic-beta']] });
  });
});

test('what a provider speaks nothing of is refused before a call', async () => {
  const asked = attempt(await placeOf('anthropic'), 'claude-haiku-4-5', openaiEmbeddings, { input: 'Bob' });
  await expect(asked).rejects.toMatchObject({ code: 'not-carried' });
});
