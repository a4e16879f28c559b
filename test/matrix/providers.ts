import { startFakeAnthropic } from '../../src/demo/anthropic.ts';
import { startFakeAzureOpenAI } from '../../src/demo/azure-openai.ts';
import { startFakeBedrock } from '../../src/demo/bedrock.ts';
import { startFakeCohere } from '../../src/demo/cohere.ts';
import { startFakeCompatible, type FlavourName } from '../../src/demo/compatible.ts';
import { startFakeGemini } from '../../src/demo/gemini.ts';
import { startFakeOpenAI } from '../../src/demo/openai.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { demoProject } from '../../src/demo/vertex/oauth.ts';
import { startFakeVertex } from '../../src/demo/vertex.ts';
import { providerKinds } from '../../src/providers/registry.ts';

/** A provider of the matrix, and its strict fake. */
export interface ProviderUnderTest {
  /** In the config, and of its model. */
  name: string;
  /** On the page. */
  title: string;
  start(): Promise<FakeProvider>;
  /** As the config has it. */
  config(fake: Pick<FakeProvider, 'url' | 'apiKey'>): Record<string, unknown>;
  /** Models of the provider's own: one that answers, and one that thinks before it does. */
  models: { plain: string; thinking?: string };
  /** What the provider has not, whoever asks, by feature, and why; or what it has not for clients of one protocol. */
  lacks: Readonly<Record<string, string | { client: string; why: string }>>;
  /** Arguments of a call that has none, where they are not an empty object. */
  noArguments?: string;
  /** What a request looks like that brings back what the model thought; its text where it is absent. */
  reasoningBack?: RegExp;
  /** The same for what it thought hidden. */
  redactedBack?: RegExp;
  /** Why an answer ended that a filter stopped, in the provider's own word. */
  filteredAs?: string;
}

const encrypted = /"encrypted_content":"[^"]/;
const openaiState = { noArguments: '', reasoningBack: encrypted, redactedBack: encrypted };
const claudeState = { reasoningBack: /"signature":"[^"]/, redactedBack: /"redacted_thinking"/, filteredAs: 'refusal' };
const geminiState = { reasoningBack: /"thoughtSignature":"[^"]/, filteredAs: 'SAFETY' };
const converseState = { reasoningBack: /"signature":"[^"]/, redactedBack: /"redactedContent"/, filteredAs: 'content_filtered' };

const compatible = (
  name: FlavourName,
  title: string,
  models: ProviderUnderTest['models'],
  more: Partial<ProviderUnderTest> = {},
): ProviderUnderTest => {
  const kind = name.replace('.', '-');
  return {
    name: kind,
    title,
    start: () => startFakeCompatible(name),
    config: ({ url, apiKey }) => ({ kind, baseUrl: url, apiKey }),
    models,
    lacks: {},
    noArguments: '',
    ...more,
  };
};

/** Those whose models matter are there once for each maker. */
export const providers: readonly ProviderUnderTest[] = [
  {
    name: 'openai',
    title: 'OpenAI',
    start: () => startFakeOpenAI(),
    config: ({ url, apiKey }) => ({ kind: 'openai', baseUrl: url, apiKey }),
    models: { plain: 'gpt-4o-mini', thinking: 'gpt-5-mini' },
    lacks: {},
    ...openaiState,
  },
  {
    name: 'azure-openai',
    title: 'Azure OpenAI',
    start: () => startFakeAzureOpenAI(),
    config: ({ url, apiKey }) => ({ kind: 'azure-openai', baseUrl: url, apiKey }),
    models: { plain: 'gpt-4o-mini', thinking: 'gpt-5-mini' },
    lacks: {},
    ...openaiState,
  },
  {
    name: 'anthropic',
    title: 'Anthropic',
    start: () => startFakeAnthropic(),
    config: ({ url, apiKey }) => ({ kind: 'anthropic', baseUrl: url, apiKey }),
    models: { plain: 'claude-sonnet-4-5' },
    lacks: {},
    ...claudeState,
  },
  {
    name: 'gemini',
    title: 'Gemini',
    start: () => startFakeGemini(),
    config: ({ url, apiKey }) => ({ kind: 'gemini', baseUrl: url, apiKey }),
    models: { plain: 'gemini-2.5-flash', thinking: 'gemini-3-flash-preview' },
    lacks: {},
    ...geminiState,
  },
  {
    name: 'vertex-gemini',
    title: 'Vertex AI, Gemini',
    start: () => startFakeVertex(),
    config: ({ url, apiKey }) => ({ kind: 'vertex', baseUrl: url, project: demoProject, accessToken: apiKey }),
    models: { plain: 'gemini-2.5-flash', thinking: 'gemini-3-flash-preview' },
    lacks: {},
    ...geminiState,
  },
  {
    name: 'vertex-claude',
    title: 'Vertex AI, Claude',
    start: () => startFakeVertex(),
    config: ({ url, apiKey }) => ({ kind: 'vertex', baseUrl: url, project: demoProject, accessToken: apiKey }),
    models: { plain: 'claude-sonnet-4-5' },
    lacks: {},
    ...claudeState,
  },
  {
    name: 'bedrock-claude',
    title: 'Bedrock, Claude',
    start: () => startFakeBedrock(),
    config: ({ url, apiKey }) => ({ kind: 'bedrock', baseUrl: url, region: 'eu-central-1', apiKey }),
    models: { plain: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0' },
    lacks: {},
    ...converseState,
  },
  {
    name: 'bedrock-nova',
    title: 'Bedrock, Nova',
    start: () => startFakeBedrock(),
    config: ({ url, apiKey }) => ({ kind: 'bedrock', baseUrl: url, region: 'eu-central-1', apiKey }),
    models: { plain: 'amazon.nova-lite-v1:0' },
    lacks: {},
    ...converseState,
  },
  {
    name: 'cohere',
    title: 'Cohere',
    start: () => startFakeCohere(),
    config: ({ url, apiKey }) => ({ kind: 'cohere', baseUrl: url, apiKey }),
    models: { plain: 'command-a-03-2025' },
    lacks: {},
    noArguments: '',
  },
  compatible('mistral', 'Mistral', { plain: 'mistral-large-latest', thinking: 'magistral-medium-latest' }),
  compatible('groq', 'Groq', { plain: 'llama-3.3-70b-versatile', thinking: 'openai/gpt-oss-120b' }),
  compatible('deepseek', 'DeepSeek', { plain: 'deepseek-chat', thinking: 'deepseek-v4-pro' }),
  compatible('xai', 'xAI', { plain: 'grok-4.3' }),
  compatible('openrouter', 'OpenRouter', { plain: 'openai/gpt-5-mini' }),
  compatible('together', 'Together', { plain: 'openai/gpt-oss-120b' }),
  compatible('fireworks', 'Fireworks', { plain: 'accounts/fireworks/models/gpt-oss-120b' }),
  compatible('perplexity', 'Perplexity', { plain: 'sonar', thinking: 'sonar-reasoning-pro' }),
  compatible('ollama', 'Ollama', { plain: 'qwen3:8b' }),
  compatible('vllm', 'vLLM', { plain: 'Qwen/Qwen3-8B' }),
  compatible('llama.cpp', 'llama.cpp', { plain: 'model.gguf' }),
  compatible('tgi', 'TGI', { plain: 'tgi' }),
];

/** Whether a client of this protocol is given the provider's own bytes. */
export function speaks({ config, models }: ProviderUnderTest, protocol: string): boolean {
  const { kind } = config({ url: '', apiKey: '' });
  const apis = providerKinds.get(String(kind))?.apis ?? [];
  return apis.some((api) => api.protocol.name === protocol && (api.serves?.(models.plain) ?? true));
}

/** Why a provider has not what a feature needs, for clients of this protocol; undefined where it has. */
export function lackOf({ lacks }: ProviderUnderTest, feature: string, protocol: string): string | undefined {
  const lack = lacks[feature];
  if (typeof lack !== 'object') return lack;
  return lack.client === protocol ? lack.why : undefined;
}
