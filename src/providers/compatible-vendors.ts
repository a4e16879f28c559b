import { openaiChat } from '../protocols/openai-chat/index.ts';
import { openaiCompletions } from '../protocols/openai-completions/index.ts';
import { openaiEmbeddings } from '../protocols/openai-embeddings/index.ts';
import type { Quirks } from '../protocols/protocol.ts';
import { rerank } from '../protocols/rerank/index.ts';
import { plainMessages, takesOnly } from './openai-fields.ts';
import { api, bearerKey, type Provider } from './provider.ts';

/** A vendor or a server that speaks OpenAI's protocols with differences of its own. */
interface CompatibleVendor {
  /** The vendor's own address; undefined where every user has their own. */
  baseUrl: string | undefined;
  /** False: it may be called without a key. */
  needsKey?: boolean;
  /** As in `Provider`. */
  pricedAs?: string;
  /** How its chat differs from OpenAI's; absent where it has none. */
  chat?: Quirks;
  /** The same of its embeddings, and whether it completes text and ranks. */
  embeddings?: Quirks;
  completes?: boolean;
  /** As in `Api`, of its chat. */
  hasOwnAnswers?: true;
  ranks?: boolean;
  /** Whether OpenAI's other endpoints (images, files) may be there too. */
  passesThrough?: boolean;
}

const lowToHigh = ['low', 'medium', 'high'] as const;

/** Text completions know the old name of the output limit alone, and usage is asked for as in chat. */
const completing: Quirks = { maxTokensField: 'max_tokens' };

// What a source leaves open is taken to be as at OpenAI. A field that a server would ignore counts as refused: the client is told.
const vendors: Readonly<Record<string, CompatibleVendor>> = {
  /**
   * https://docs.mistral.ai/api, and its client-ts (src/models/components/chatcompletionrequest.ts). Unknown fields are refused (422).
   * Ids and order of roles: github.com/langchain-ai/langchain/issues/24668, yetone/avante.nvim/pull/2695.
   */
  mistral: {
    baseUrl: 'https://api.mistral.ai/v1',
    pricedAs: 'mistral',
    chat: {
      ...takesOnly('seed stop n prediction parallel_tool_calls reasoning_effort prompt_cache_key metadata tools tool_choice'),
      ...plainMessages(),
      maxTokensField: 'max_tokens',
      renamedFields: { seed: 'random_seed' },
      toolCallIds: 'nine-alphanumeric',
      usageInStream: 'never-ask',
      reasoningField: 'none',
      showsReasoning: true,
      reasoningEfforts: ['none', 'high'],
      systemRole: 'system',
      systemInside: false,
      userAfterTool: false,
    },
    embeddings: { renamedFields: { dimensions: 'output_dimension' }, refusedFields: ['user'] },
    hasOwnAnswers: true, // calls in streams without an index, reasoning inside the content, errors without an envelope
  },

  /** https://console.groq.com/docs/openai and https://console.groq.com/docs/reasoning; unknown fields are refused (400). */
  groq: {
    baseUrl: 'https://api.groq.com/openai/v1',
    pricedAs: 'groq',
    chat: {
      ...takesOnly('seed stop stream_options parallel_tool_calls user reasoning_effort service_tier tools tool_choice'),
      ...plainMessages('name'),
      maxTokensField: 'max_completion_tokens',
      usageInStream: 'always',
      reasoningField: 'reasoning',
      reasoningEfforts: ['none', ...lowToHigh],
      systemRole: 'system',
    },
  },

  /** https://api-docs.deepseek.com/api/create-chat-completion and https://api-docs.deepseek.com/guides/thinking_mode */
  deepseek: {
    baseUrl: 'https://api.deepseek.com',
    pricedAs: 'deepseek',
    chat: {
      ...takesOnly('stop stream_options logprobs top_logprobs reasoning_effort tools tool_choice'),
      maxTokensField: 'max_tokens',
      usageInStream: 'always',
      reasoningField: 'reasoning_content',
      reasoningParameter: 'thinking',
      reasoningEfforts: ['low', 'high', 'max'],
      systemRole: 'system',
      jsonSchema: false,
    },
  },

  /** https://docs.x.ai/docs/api-reference and https://docs.x.ai/docs/guides/reasoning: reasoning models, which all are now, refuse penalties and `stop`. */
  xai: {
    baseUrl: 'https://api.x.ai/v1',
    pricedAs: 'x-ai',
    chat: {
      ...takesOnly(
        'seed n stream_options parallel_tool_calls logprobs top_logprobs logit_bias user reasoning_effort tools tool_choice',
        'presence_penalty',
        'frequency_penalty',
      ),
      maxTokensField: 'max_completion_tokens',
      reasoningField: 'reasoning_content',
      reasoningEfforts: ['none', ...lowToHigh],
    },
  },

  /** https://openrouter.ai/docs/api-reference/overview and https://openrouter.ai/docs/use-cases/reasoning-tokens; what a model does not take it leaves out by itself. */
  openrouter: {
    baseUrl: 'https://openrouter.ai/api/v1',
    pricedAs: 'openrouter',
    chat: {
      maxTokensField: 'max_tokens',
      usageInStream: 'always',
      reasoningField: 'reasoning',
      reasoningParameter: 'reasoning',
      topK: true,
      cacheMarkers: 'cache_control',
    },
    embeddings: {},
    completes: true,
  },

  /** https://docs.together.ai/reference/chat-completions-1 and https://docs.together.ai/docs/rerank-overview: its `logprobs` is a number, unlike OpenAI's. */
  together: {
    baseUrl: 'https://api.together.xyz/v1',
    pricedAs: 'together',
    chat: {
      ...takesOnly('seed n stop stream_options reasoning_effort tools tool_choice'),
      maxTokensField: 'max_tokens',
      reasoningField: 'reasoning',
      reasoningEfforts: lowToHigh,
      systemRole: 'system',
      stopList: true,
      topK: true,
    },
    embeddings: { refusedFields: ['dimensions', 'user'] },
    completes: true,
    ranks: true,
  },

  /** https://docs.fireworks.ai/api-reference/post-chatcompletions; unknown fields are refused (400). Its rerank answers in a shape of its own. */
  fireworks: {
    baseUrl: 'https://api.fireworks.ai/inference/v1',
    pricedAs: 'fireworks',
    chat: {
      ...takesOnly(
        'seed n stop stream_options parallel_tool_calls logprobs top_logprobs logit_bias user reasoning_effort prediction prompt_cache_key service_tier metadata tools tool_choice',
      ),
      ...plainMessages(),
      maxTokensField: 'max_tokens',
      usageInStream: 'always',
      reasoningField: 'reasoning_content',
      systemRole: 'system',
      topK: true,
    },
    embeddings: { refusedFields: ['user'] },
    completes: true,
  },

  /** https://docs.perplexity.ai/docs/sonar/openai-compatibility: Sonar searches by itself and knows no tools. */
  perplexity: {
    baseUrl: 'https://api.perplexity.ai',
    pricedAs: 'perplexity',
    chat: {
      ...takesOnly('reasoning_effort'),
      ...plainMessages('name', 'tool_calls', 'tool_call_id'),
      maxTokensField: 'max_tokens',
      usageInStream: 'always',
      reasoningField: 'none',
      reasoningEfforts: ['minimal', ...lowToHigh],
      systemRole: 'system',
      systemInside: false,
      alternates: true,
    },
  },

  /** https://docs.ollama.com/api/openai-compatibility; it ignores what it does not know, an output limit under the new name too. */
  ollama: {
    baseUrl: 'http://localhost:11434/v1',
    needsKey: false,
    chat: {
      ...takesOnly('seed stop stream_options reasoning_effort tools'),
      maxTokensField: 'max_tokens',
      reasoningField: 'reasoning',
      reasoningEfforts: ['none', ...lowToHigh],
      systemRole: 'system',
      imageUrls: false,
    },
    embeddings: { refusedFields: ['user'] },
    completes: true,
  },

  /** https://docs.vllm.ai/en/stable/serving/openai_compatible_server.html; `developer` is a role that most models' templates do not know. */
  vllm: {
    baseUrl: undefined,
    needsKey: false,
    chat: { maxTokensField: 'max_tokens', reasoningField: 'reasoning', systemRole: 'system', topK: true },
    embeddings: {},
    completes: true,
    ranks: true,
  },

  /** https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md */
  'llama-cpp': {
    baseUrl: undefined,
    needsKey: false,
    chat: { maxTokensField: 'max_tokens', reasoningField: 'reasoning_content', systemRole: 'system', topK: true },
    embeddings: {},
    completes: true,
    ranks: true,
  },

  /** https://huggingface.co/docs/text-generation-inference/reference/api_reference and its openapi.json */
  tgi: {
    baseUrl: undefined,
    needsKey: false,
    chat: {
      ...takesOnly('seed stop stream_options logprobs top_logprobs tools tool_choice'),
      maxTokensField: 'max_tokens',
      reasoningField: 'none',
      reasoningParameter: 'none',
      systemRole: 'system',
      stopList: true,
    },
    completes: true,
    hasOwnAnswers: true, // every call has the same id, answers have none
  },

  /** https://api.jina.ai/redoc: vectors and ranking alone. */
  jina: {
    baseUrl: 'https://api.jina.ai/v1',
    embeddings: { renamedFields: { encoding_format: 'embedding_type' }, refusedFields: ['user'] },
    ranks: true,
  },

  /** Any other server that speaks OpenAI's protocols: an address of one's own, often without a key. */
  'openai-compatible': {
    baseUrl: undefined,
    needsKey: false,
    chat: { maxTokensField: 'max_tokens' },
    embeddings: {},
    completes: true,
    ranks: true,
    passesThrough: true,
  },
};

const toProvider = (kind: string, { baseUrl, needsKey = true, pricedAs, chat, embeddings, ...has }: CompatibleVendor): Provider => ({
  kind,
  apis: [
    ...(chat === undefined
      ? []
      : [api(openaiChat, '/chat/completions', { quirks: chat, ...(has.hasOwnAnswers && { hasOwnAnswers: has.hasOwnAnswers }) })]),
    ...(has.completes === true ? [api(openaiCompletions, '/completions', { quirks: completing })] : []),
    ...(embeddings === undefined ? [] : [api(openaiEmbeddings, '/embeddings', { quirks: embeddings })]),
    ...(has.ranks === true ? [api(rerank, '/rerank')] : []),
  ],
  defaultBaseUrl: () => baseUrl,
  settings: { required: [], optional: [] },
  credentials: needsKey ? [['apiKey']] : [['apiKey'], []],
  pricedAs,
  ...(has.passesThrough === true && { passThroughPath: (path: string) => path }),
  connect: bearerKey,
});

/** A provider for each, by the name of its kind in the config. */
export const compatibleVendors: readonly Provider[] = Object.entries(vendors).map(([kind, vendor]) => toProvider(kind, vendor));
