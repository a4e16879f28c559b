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
import type { Client } from './conversation.ts';
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
  lacks: Readonly<Record<string, Lack>>;
  /** Endpoints of clients' own protocols that its fake has not, and why. */
  without?: Readonly<Record<string, string>>;
  /** Arguments of a call that has none, where they are not an empty object. */
  noArguments?: string;
  /** What a request looks like that brings back what the model thought; its text where it is absent. */
  reasoningBack?: RegExp;
  /** The same for what it thought hidden. */
  redactedBack?: RegExp;
  /** Why an answer ended that a filter stopped, in the provider's own word. */
  filteredAs?: (client: string) => string;
  /** Usage of an answer whose prompt was cached, where that must be asked for and not every client can. */
  cachedUsage?: Record<string, number>;
  /** Its fake tells no probabilities: only what it was sent is looked at. */
  mutesLogprobs?: true;
}

/** Why, for clients of one protocol or name, or of all but one protocol. */
type Lack = string | { why: string; client?: string; except?: string };

const encrypted = /"encrypted_content":"[^"]/;
const openaiState = { noArguments: '', reasoningBack: encrypted, redactedBack: encrypted };
const claudeCached = { input_tokens: 100, cache_read_input_tokens: 2000, cache_creation_input_tokens: 0 };
const claudeLacks = { 'end: content filter': { client: 'openai-completions', why: 'It knows refusals alone, which are text there.' } };
const claudeState = {
  reasoningBack: /"signature":"[^"]/,
  redactedBack: /"redacted_thinking"/,
  filteredAs: () => 'refusal',
  cachedUsage: claudeCached,
};
const geminiState = { reasoningBack: /"thoughtSignature":"(?!skip_|context_)[^"]/, filteredAs: () => 'SAFETY' };
const bedrockState = {
  reasoningBack: /"signature":"[^"]/,
  redactedBack: /"redactedContent"|"redacted_thinking"/,
  filteredAs: (client: string) => (client === 'anthropic-messages' ? 'refusal' : 'content_filtered'),
  cachedUsage: { ...claudeCached, inputTokens: 100, cacheReadInputTokens: 2000, cacheWriteInputTokens: 0 },
};

const chatWithoutReasoning = { client: 'openai-chat', why: 'OpenAI’s Chat Completions show no reasoning, and take none back.' };
const openaiLacks = {
  'text of the reasoning': chatWithoutReasoning,
  'reasoning back in a tool loop': chatWithoutReasoning,
  'redacted reasoning back in a tool loop': chatWithoutReasoning,
};
const compatibleLacks = {
  'redacted reasoning back in a tool loop': 'It hides no reasoning.',
  'end: refusal': 'Its refusals are text.',
};
const doesNotThink = 'It does not think.';
const ownErrors = {
  client: 'openai-chat, AI SDK',
  why: 'Its errors have a shape of its own, which clients of its own protocol get as they are; this SDK cannot read it.',
};
const ownErrorLacks = { 'errors of the provider': ownErrors, overload: ownErrors };
const unknownPlace = 'Where it shows reasoning could not be found out.';
const uncounted = { 'reasoning tokens': 'It does not count them.', 'cached tokens in usage': 'It does not count them.' };

const completes = (kind: string): boolean => providerKinds.get(kind)?.apis.some(({ protocol }) => protocol.name === 'openai-completions') ?? false;

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
    noArguments: '',
    mutesLogprobs: true,
    ...(completes(kind) && { without: { 'openai-completions': 'It gets the client’s own bytes at an endpoint that its fake has not.' } }),
    ...more,
    lacks: { ...compatibleLacks, ...more.lacks },
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
    lacks: openaiLacks,
    ...openaiState,
  },
  {
    name: 'azure-openai',
    without: { 'openai-completions': 'A deployment of a chat model completes no text.' },
    title: 'Azure OpenAI',
    start: () => startFakeAzureOpenAI(),
    config: ({ url, apiKey }) => ({ kind: 'azure-openai', baseUrl: url, apiKey }),
    models: { plain: 'gpt-4o-mini', thinking: 'gpt-5-mini' },
    lacks: openaiLacks,
    ...openaiState,
  },
  {
    name: 'anthropic',
    title: 'Anthropic',
    start: () => startFakeAnthropic(),
    config: ({ url, apiKey }) => ({ kind: 'anthropic', baseUrl: url, apiKey }),
    models: { plain: 'claude-sonnet-4-5' },
    lacks: claudeLacks,
    ...claudeState,
  },
  {
    name: 'gemini',
    title: 'Gemini',
    start: () => startFakeGemini(),
    config: ({ url, apiKey }) => ({ kind: 'gemini', baseUrl: url, apiKey }),
    models: { plain: 'gemini-2.5-flash', thinking: 'gemini-3-flash-preview' },
    lacks: {
      'redacted reasoning back in a tool loop': 'It hides no reasoning.',
      'service tier': { client: 'anthropic-messages', why: 'Standard is all there is.' },
    },
    ...geminiState,
  },
  {
    name: 'vertex-gemini',
    title: 'Vertex AI, Gemini',
    start: () => startFakeVertex(),
    config: ({ url, apiKey }) => ({ kind: 'vertex', baseUrl: url, project: demoProject, accessToken: apiKey }),
    models: { plain: 'gemini-2.5-flash', thinking: 'gemini-3-flash-preview' },
    lacks: {
      'redacted reasoning back in a tool loop': 'It hides no reasoning.',
      'service tier': { client: 'anthropic-messages', why: 'Standard is all there is.' },
    },
    ...geminiState,
  },
  {
    name: 'vertex-claude',
    title: 'Vertex AI, Claude',
    start: () => startFakeVertex(),
    config: ({ url, apiKey }) => ({ kind: 'vertex', baseUrl: url, project: demoProject, accessToken: apiKey }),
    models: { plain: 'claude-sonnet-4-5' },
    lacks: claudeLacks,
    ...claudeState,
  },
  {
    name: 'bedrock-claude',
    title: 'Bedrock, Claude',
    start: () => startFakeBedrock(),
    config: ({ url, apiKey }) => ({ kind: 'bedrock', baseUrl: url, region: 'eu-central-1', apiKey }),
    models: { plain: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0' },
    lacks: { 'reasoning tokens': { except: 'anthropic-messages', why: 'Converse does not count them.' } },
    ...bedrockState,
  },
  {
    name: 'bedrock-nova',
    title: 'Bedrock, Nova',
    start: () => startFakeBedrock(),
    config: ({ url, apiKey }) => ({ kind: 'bedrock', baseUrl: url, region: 'eu-central-1', apiKey }),
    models: { plain: 'amazon.nova-lite-v1:0' },
    lacks: {
      'text of the reasoning': doesNotThink,
      'reasoning back in a tool loop': doesNotThink,
      'redacted reasoning back in a tool loop': doesNotThink,
      'reasoning tokens': doesNotThink,
    },
    ...bedrockState,
  },
  {
    name: 'cohere',
    title: 'Cohere',
    start: () => startFakeCohere(),
    config: ({ url, apiKey }) => ({ kind: 'cohere', baseUrl: url, apiKey }),
    models: { plain: 'command-a-03-2025' },
    lacks: {
      ...compatibleLacks,
      'text of the reasoning': unknownPlace,
      'reasoning back in a tool loop': unknownPlace,
      'reasoning tokens': unknownPlace,
    },
    noArguments: '',
    mutesLogprobs: true,
  },
  compatible(
    'mistral',
    'Mistral',
    { plain: 'mistral-large-latest', thinking: 'magistral-medium-latest' },
    {
      lacks: { 'reasoning tokens': 'It does not count them.' },
    },
  ),
  compatible('groq', 'Groq', { plain: 'llama-3.3-70b-versatile', thinking: 'openai/gpt-oss-120b' }),
  compatible('deepseek', 'DeepSeek', { plain: 'deepseek-chat', thinking: 'deepseek-v4-pro' }),
  compatible('xai', 'xAI', { plain: 'grok-4.3' }, { lacks: ownErrorLacks }),
  compatible(
    'openrouter',
    'OpenRouter',
    { plain: 'openai/gpt-5-mini' },
    {
      lacks: {
        'error inside a stream': { client: 'openai-chat, AI SDK', why: 'Such an event has choices too, and the AI SDK looks at those alone.' },
      },
    },
  ),
  compatible('together', 'Together', { plain: 'openai/gpt-oss-120b' }, { lacks: uncounted }),
  compatible('fireworks', 'Fireworks', { plain: 'accounts/fireworks/models/gpt-oss-120b' }),
  compatible(
    'perplexity',
    'Perplexity',
    { plain: 'sonar', thinking: 'sonar-reasoning-pro' },
    { lacks: { ...uncounted, 'text of the reasoning': 'It stands in the text.' } },
  ),
  compatible('ollama', 'Ollama', { plain: 'qwen3:8b' }, { lacks: uncounted }),
  compatible('vllm', 'vLLM', { plain: 'Qwen/Qwen3-8B' }, { lacks: uncounted }),
  compatible('llama.cpp', 'llama.cpp', { plain: 'model.gguf' }, { lacks: uncounted }),
  compatible(
    'tgi',
    'TGI',
    { plain: 'tgi' },
    {
      lacks: {
        ...uncounted,
      },
    },
  ),
];

/** Whether a client of this protocol is given the provider's own bytes. */
export function speaks({ config, models }: ProviderUnderTest, protocol: string): boolean {
  const { kind } = config({ url: '', apiKey: '' });
  const apis = providerKinds.get(String(kind))?.apis ?? [];
  return apis.some((api) => api.protocol.name === protocol && (api.serves?.(models.plain) ?? true));
}

/** Why a provider has not what a feature needs, for clients of this protocol; undefined where it has. */
export function lackOf(
  { lacks, without }: ProviderUnderTest,
  feature: string,
  { name, protocol }: Pick<Client, 'name' | 'protocol'>,
): string | undefined {
  const lack = without?.[protocol] ?? lacks[feature];
  if (typeof lack !== 'object') return lack;
  const { why, client, except } = lack;
  return (client === undefined || client === protocol || client === name) && except !== protocol ? why : undefined;
}
