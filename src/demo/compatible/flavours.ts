import { createHash } from 'node:crypto';
import { openAIFault, openAIRefusal } from '../openai/error.ts';
import { isObject } from '../shape.ts';
import type { Refusal } from '../vendor.ts';
import { cohereError, mistralError, numberedError, openAIError, openRouterError, tgiError, vllmError, xaiError } from './error.ts';
import { detailedCounts, threeCounts, type AnswerStyle, type Flavour } from './flavour.ts';
import type { WireRequest } from './request.ts';
import {
  lastAsks,
  nineCharacterIds,
  orderedRoles,
  picturesAsData,
  reasoningGoesBack,
  refuses,
  roles,
  takes,
  takesTurns,
  thinkingOrEffort,
  withoutStrictTools,
} from './rules.ts';

// What these sources leave open behaves as OpenAI does, and unknown fields are then ignored.

const words = (text: string): string[] => text.split(' ');

/** What every server knows. */
const basic = words('model messages stream max_tokens temperature top_p stop tools tool_choice response_format presence_penalty frequency_penalty');
const most = [
  ...basic,
  ...words('max_completion_tokens stream_options seed n parallel_tool_calls logprobs top_logprobs logit_bias user reasoning_effort'),
];
const basicMessage = words('role content name tool_calls tool_call_id');

const dotted = (path: readonly (string | number)[]): string => path.join('.');
const asksToThink = ({ reasoning_effort: effort }: WireRequest): boolean => typeof effort === 'string' && effort !== 'none';
const likeOpenAI = { usage: 'asked', usageOf: detailedCounts, calls: 'pieces' } satisfies AnswerStyle;

/**
 * https://docs.mistral.ai/api: the types of its client-ts (ChatCompletionRequest), live streams recorded by vercel/ai (packages/mistral).
 * Unknown fields: github.com/editor-code-assistant/eca/issues/315, charmbracelet/crush/issues/1590, openai/openai-agents-python/issues/442.
 * Ids and order of roles: langchain-ai/langchain/pull/24668, avante-corp/avante.nvim/pull/2695, NEKOparapa/AiNiee/issues/641.
 */
const mistral: Flavour = {
  name: 'Mistral',
  basePath: '/v1',
  models: ['mistral-large-latest', 'mistral-small-latest', 'magistral-medium-latest'],
  fields: [
    ...basic,
    ...words('random_seed n prediction parallel_tool_calls safe_prompt reasoning_effort prompt_cache_key metadata guardrails prompt_mode'),
  ],
  messageFields: [...basicMessage, 'prefix'],
  unknownFields: (path) => ({ ...openAIFault(dotted(path), undefined, 'This field is not known.'), status: 422 }),
  shapeStatus: 422,
  rules: [
    roles(words('system user assistant tool'), 422),
    nineCharacterIds,
    orderedRoles,
    lastAsks,
    takes('reasoning_effort', (effort) => effort === 'none' || effort === 'high', 422),
  ],
  reasons: (request) => request.model.startsWith('magistral') || asksToThink(request),
  answer: {
    reasoning: 'parts',
    usage: 'finish',
    usageOf: (counts, choices) => ({ ...threeCounts(counts, choices), prompt_tokens_details: { cached_tokens: counts.cacheRead } }),
    calls: 'with-finish',
    idOf: (id) => digest(id, 32),
    callIdOf: (id) => digest(id, 9),
  },
  errorBody: mistralError,
};

const digest = (text: string, length: number): string => createHash('sha256').update(text).digest('hex').slice(0, length);

/**
 * https://console.groq.com/docs/openai, the types of its groq-typescript (completions.ts), a live stream recorded by vercel/ai (packages/groq).
 * Unknown fields: github.com/tashfeenahmed/freellmapi/issues/1070, fanenr/chatbot/issues/21; the second usage: Portkey-AI/gateway/issues/1338.
 */
const groq: Flavour = {
  name: 'Groq',
  basePath: '/openai/v1',
  models: ['llama-3.3-70b-versatile', 'openai/gpt-oss-120b', 'qwen/qwen3-32b'],
  fields: [
    ...basic,
    ...words('max_completion_tokens stream_options seed n parallel_tool_calls user reasoning_effort reasoning_format include_reasoning service_tier'),
    ...words('search_settings documents citation_options compound_custom disable_tool_validation'),
  ],
  messageFields: [...words('role content tool_calls tool_call_id'), 'reasoning'],
  unknownFields: (path) => openAIFault(undefined, undefined, `The property '${dotted(path)}' is unsupported.`),
  rules: [takes('n', (n) => n === 1)],
  reasons: (request) => asksToThink(request) && request['reasoning_format'] !== 'hidden' && request['include_reasoning'] !== false,
  answer: {
    reasoning: 'reasoning',
    usage: 'finish',
    repeatsUsageIfAsked: true,
    usageOf: (counts, choices) => ({
      queue_time: 0.01,
      prompt_time: 0.01,
      completion_time: 0.01,
      total_time: 0.02,
      ...detailedCounts(counts, choices),
    }),
    calls: 'whole',
    beside(_, { isFirst, isFinish, usage }) {
      if (isFirst) return { x_groq: { id: 'req_demo' } };
      return isFinish ? { x_groq: { id: 'req_demo', usage } } : {};
    },
  },
  errorBody: ({ message, type, code }) => ({ error: { message, type, ...(code !== undefined && { code }) } }),
};

/** Whether DeepSeek thinks, which it does unless it is told not to; `deepseek-chat` is the name of the mode that does not. */
const deepSeekThinks = ({ model, thinking }: WireRequest): boolean =>
  isObject(thinking) ? thinking['type'] !== 'disabled' : model !== 'deepseek-chat';

/** https://api-docs.deepseek.com/api/create-chat-completion and /guides/thinking_mode, live streams recorded by vercel/ai (packages/deepseek). */
const deepseek: Flavour = {
  name: 'DeepSeek',
  basePath: '',
  models: ['deepseek-chat', 'deepseek-reasoner', 'deepseek-v4-flash', 'deepseek-v4-pro'],
  fields: [...basic, ...words('stream_options logprobs top_logprobs thinking reasoning_effort')],
  messageFields: [...basicMessage, ...words('reasoning_content prefix')],
  unknownFields: 'ignored',
  rules: [reasoningGoesBack(deepSeekThinks), takes('response_format', (format) => isObject(format) && format['type'] !== 'json_schema')],
  reasons: deepSeekThinks,
  answer: {
    reasoning: 'reasoning_content',
    usage: 'finish',
    usageOf: (counts, choices) => ({
      ...detailedCounts(counts, choices),
      prompt_cache_hit_tokens: counts.cacheRead,
      prompt_cache_miss_tokens: counts.input - counts.cacheRead,
    }),
    calls: 'pieces',
  },
  errorBody: openAIError,
};

/**
 * https://docs.x.ai/docs/api-reference, live streams recorded by vercel/ai (packages/xai): reasoning is not in the completion tokens.
 * Parameters and errors: github.com/BerriAI/litellm/issues/12635, yym68686/uni-api/issues/105.
 */
const xai: Flavour = {
  name: 'xAI',
  basePath: '/v1',
  models: ['grok-4.3', 'grok-3'],
  fields: most,
  messageFields: [...basicMessage, 'reasoning_content'],
  unknownFields: 'ignored',
  rules: [refuses(words('presence_penalty frequency_penalty stop'), ({ model }) => model !== 'grok-3')],
  reasons: asksToThink,
  answer: {
    reasoning: 'reasoning_content',
    usage: 'last',
    usageOf: (counts, choices) => ({
      ...detailedCounts(counts, choices),
      completion_tokens: (counts.output - counts.reasoning) * choices,
      num_sources_used: 0,
    }),
    calls: 'whole',
  },
  errorBody: xaiError,
};

/** https://openrouter.ai/docs/api-reference/streaming, /docs/api/reference/errors-and-debugging and /docs/use-cases/usage-accounting. */
const openrouter: Flavour = {
  name: 'OpenRouter',
  basePath: '/api/v1',
  models: ['openai/gpt-5-mini', 'anthropic/claude-haiku-4.5', 'deepseek/deepseek-r1'],
  fields: [...most, ...words('reasoning include_reasoning provider models route transforms usage top_k')],
  messageFields: [...basicMessage, ...words('reasoning reasoning_details refusal')],
  unknownFields: 'ignored',
  rules: [],
  reasons(request) {
    const { reasoning } = request;
    return isObject(reasoning)
      ? reasoning['exclude'] !== true && reasoning['enabled'] !== false && reasoning['effort'] !== 'none'
      : asksToThink(request);
  },
  answer: {
    reasoning: 'reasoning',
    usage: 'last',
    usageOf: (counts, choices) => ({ ...detailedCounts(counts, choices), cost: 0.0001, cost_details: { upstream_inference_cost: null } }),
    calls: 'pieces',
    idOf: (id) => id.replace('chatcmpl-', 'gen-'),
    beside: () => ({ provider: 'Demo' }),
    besideChoice: (finish) => ({ native_finish_reason: finish }),
    comment: 'OPENROUTER PROCESSING',
  },
  errorBody: openRouterError,
  errorEvent: (refusal) => ({
    id: 'gen-demo',
    object: 'chat.completion.chunk',
    ...openRouterError(refusal),
    choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error', native_finish_reason: 'error' }],
  }),
  responseHeaders: (requestId) => ({ 'x-generation-id': `gen-${requestId}` }),
};

/** The types of its together-typescript (completions.ts); reasoning: github.com/togethercomputer/openapi/pull/131; usage: mlflow/mlflow/pull/11557. */
const together: Flavour = {
  name: 'Together',
  basePath: '/v1',
  models: ['openai/gpt-oss-120b', 'deepseek-ai/DeepSeek-V3.1'],
  fields: [...basic, ...words('seed n stream_options reasoning_effort')],
  messageFields: basicMessage,
  unknownFields: 'ignored',
  rules: [],
  reasons: asksToThink,
  answer: {
    reasoning: 'reasoning',
    usage: 'finish',
    usageOf: threeCounts,
    calls: 'pieces',
    finish: { json: { stop: 'eos' }, stream: { stop: 'eos' } },
  },
  errorBody: openAIError,
};

/**
 * https://docs.fireworks.ai/tools-sdks/openai-compatibility. Unknown fields: github.com/FlowiseAI/Flowise/issues/2866, web-infra-dev/midscene/issues/1322;
 * fields and `thinking`: BerriAI/litellm/pull/30885.
 */
const fireworks: Flavour = {
  name: 'Fireworks',
  basePath: '/inference/v1',
  models: ['accounts/fireworks/models/gpt-oss-120b', 'accounts/fireworks/models/deepseek-v3p1'],
  fields: [...most, ...words('thinking reasoning_history top_k min_p prediction prompt_cache_key perf_metrics_in_response service_tier metadata')],
  messageFields: [...basicMessage, 'reasoning_content'],
  unknownFields: (path) => openAIFault(undefined, undefined, `Extra inputs are not permitted, field: '${bracketed(path)}'`),
  rules: [thinkingOrEffort],
  reasons: (request) => asksToThink(request) || (isObject(request['thinking']) && request['thinking']['type'] !== 'disabled'),
  answer: { reasoning: 'reasoning_content', usage: 'finish', usageOf: detailedCounts, calls: 'pieces' },
  errorBody: ({ message, type, code }) => ({ error: { object: 'error', type, code: code ?? type, message } }),
};

const bracketed = (path: readonly (string | number)[]): string =>
  path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');

/**
 * https://docs.perplexity.ai/docs/sonar/openai-compatibility, a live stream recorded by vercel/ai (packages/perplexity).
 * Turns and errors: github.com/perplexityai/api-discussion/issues/265; no end mark: issues/209 there.
 */
const perplexity: Flavour = {
  name: 'Perplexity',
  basePath: '',
  models: ['sonar', 'sonar-pro', 'sonar-reasoning-pro'],
  fields: [
    ...words('model messages stream max_tokens temperature top_p presence_penalty frequency_penalty response_format reasoning_effort'),
    ...words('search_mode search_domain_filter'),
  ],
  messageFields: words('role content'),
  unknownFields: 'ignored',
  rules: [takesTurns],
  answer: {
    usage: 'each',
    usageOf: (counts, choices) => ({ ...threeCounts(counts, choices), search_context_size: 'low', cost: { total_cost: 0.005 } }),
    calls: 'pieces',
    repeatsRole: true,
    isMarkedDone: false,
    beside: (_, { isFinish }) => ({ ...(isFinish && { object: 'chat.completion.done' }), citations: ['https://example.com/'] }),
  },
  errorBody: numberedError,
};

/** github.com/ollama/ollama: openai/openai.go and middleware/openai.go; docs/api/openai-compatibility.mdx. `max_completion_tokens` is not known there. */
const ollama: Flavour = {
  name: 'Ollama',
  basePath: '/v1',
  models: ['llama3.2', 'gpt-oss:20b', 'qwen3:8b'],
  isOpen: true,
  fields: [
    ...words('model messages stream stream_options max_tokens seed stop temperature frequency_penalty presence_penalty top_p response_format tools'),
    ...words('reasoning reasoning_effort'),
  ],
  messageFields: [...basicMessage, 'reasoning'],
  unknownFields: 'ignored',
  rules: [picturesAsData],
  reasons: (request) => asksToThink(request) || (isObject(request['reasoning']) && request['reasoning']['effort'] !== 'none'),
  answer: {
    ...likeOpenAI,
    reasoning: 'reasoning',
    usageOf: threeCounts,
    calls: 'whole',
    repeatsRole: true,
    beside: () => ({ system_fingerprint: 'fp_ollama' }),
  },
  errorBody: openAIError,
};

/** github.com/vllm-project/vllm: vllm/entrypoints/openai/protocol.py; the name of reasoning: pull/27752; errors: pull/22099. */
const vllm: Flavour = {
  name: 'vLLM',
  basePath: '/v1',
  models: ['Qwen/Qwen3-8B', 'meta-llama/Llama-3.1-8B-Instruct'],
  fields: [...most, ...words('top_k min_p chat_template_kwargs guided_json include_reasoning')],
  messageFields: [...basicMessage, 'reasoning'],
  unknownFields: 'ignored',
  rules: [],
  reasons: (request) => asksToThink(request) && request['include_reasoning'] !== false,
  answer: { ...likeOpenAI, reasoning: 'reasoning', usageOf: threeCounts, besideChoice: () => ({ stop_reason: null }) },
  errorBody: vllmError,
};

/** github.com/ggml-org/llama.cpp, tools/server: server-task.cpp (to_json_oaicompat_chat_stream) and server-common.cpp (format_error_response). */
const llamaCpp: Flavour = {
  name: 'llama.cpp',
  basePath: '/v1',
  models: ['model.gguf'],
  fields: [...most, ...words('top_k min_p grammar json_schema chat_template_kwargs reasoning_format')],
  messageFields: [...basicMessage, 'reasoning_content'],
  unknownFields: 'ignored',
  rules: [],
  reasons: (request) => asksToThink(request) && request['reasoning_format'] !== 'none',
  answer: {
    ...likeOpenAI,
    reasoning: 'reasoning_content',
    usageOf: threeCounts,
    callIdOf: (id) => digest(id, 32),
    beside: (_, { isFinish }) => ({ system_fingerprint: 'b1-demo', ...(isFinish && { timings: { prompt_n: 1, predicted_n: 1 } }) }),
  },
  errorBody: ({ status, message, type }) => ({ error: { code: status, message, type } }),
};

const isList = (value: unknown): boolean => Array.isArray(value);

/** github.com/huggingface/text-generation-inference: docs/openapi.json, router/src/chat.rs and lib.rs, the snapshots of test_tools_llama. */
const tgi: Flavour = {
  name: 'TGI',
  basePath: '/v1',
  models: ['tgi', 'meta-llama/Llama-3.1-8B-Instruct'],
  fields: [...basic, ...words('stream_options seed logprobs top_logprobs')],
  messageFields: basicMessage,
  unknownFields: 'ignored',
  shapeStatus: 422,
  matchesResults: false, // all calls have one id
  rules: [takes('stop', isList, 422), takes('logit_bias', isList, 422)],
  answer: {
    ...likeOpenAI,
    usageOf: threeCounts,
    finish: {
      json: { 'stop-sequence': 'stop_sequence', 'tool-calls': 'stop' },
      stream: { 'stop-sequence': 'stop_sequence', 'tool-calls': 'stop' },
    },
    idOf: () => '',
    callIdOf: () => '0',
    repeatsRole: true,
    beside: () => ({ system_fingerprint: '3.1.2-demo' }),
  },
  errorBody: tgiError,
};

/**
 * https://docs.cohere.com/docs/compatibility-api; what it takes since 2025-08: github.com/cohere-ai/cohere-developer-experience/pull/606.
 * Unknown fields: OpenRouterTeam/openrouter-examples/issues/71. Where its reasoning would stand could not be found out.
 */
const cohere: Flavour = {
  name: 'Cohere',
  basePath: '/compatibility/v1',
  models: ['command-a-03-2025', 'command-r-08-2024'],
  fields: [...basic, ...words('max_completion_tokens stream_options seed logprobs reasoning_effort user')],
  messageFields: basicMessage,
  unknownFields: (path): Refusal => ({ ...openAIRefusal(400), status: 422, message: `There is no parameter '${dotted(path)}'.` }),
  rules: [withoutStrictTools, takes('reasoning_effort', (effort) => effort === 'none' || effort === 'high')],
  answer: likeOpenAI,
  errorBody: cohereError,
};

/** The flavours by their names. */
export const flavours = {
  mistral,
  groq,
  deepseek,
  xai,
  openrouter,
  together,
  fireworks,
  perplexity,
  ollama,
  vllm,
  'llama.cpp': llamaCpp,
  tgi,
  cohere,
} as const;

export type FlavourName = keyof typeof flavours;
