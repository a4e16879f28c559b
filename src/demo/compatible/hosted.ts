import { openAIFault, openAIRefusal } from '../openai/error.ts';
import { isObject } from '../shape.ts';
import { cohereError, mistralError, numberedError, openAIError, openRouterError, xaiError } from './error.ts';
import { asksToThink, basicFields, basicMessageFields, hexId, likeOpenAI, mostFields, words } from './fields.ts';
import { detailedCounts, threeCounts, type Flavour } from './flavour.ts';
import type { WireRequest } from './request.ts';
import {
  lastAsks,
  nineCharacterIds,
  orderedRoles,
  reasoningGoesBack,
  refuses,
  roles,
  takes,
  takesTurns,
  thinkingOrEffort,
  withoutStrictTools,
} from './rules.ts';

// What these sources leave open behaves as OpenAI does, and unknown fields are then ignored.

const dotted = (path: readonly (string | number)[]): string => path.join('.');

/**
 * https://docs.mistral.ai/api: the types of its client-ts (ChatCompletionRequest), live streams recorded by vercel/ai (packages/mistral).
 * Unknown fields: github.com/editor-code-assistant/eca/issues/315, charmbracelet/crush/issues/1590, openai/openai-agents-python/issues/442.
 * Ids and order of roles: langchain-ai/langchain/pull/24668, avante-corp/avante.nvim/pull/2695, NEKOparapa/AiNiee/issues/641.
 */
export const mistral: Flavour = {
  name: 'Mistral',
  basePath: '/v1',
  models: ['mistral-large-latest', 'mistral-small-latest', 'magistral-medium-latest'],
  fields: [
    ...basicFields,
    ...words('random_seed n prediction parallel_tool_calls safe_prompt reasoning_effort prompt_cache_key metadata guardrails prompt_mode'),
  ],
  messageFields: [...basicMessageFields, 'prefix'],
  showsResults: true,
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
    idOf: (id) => hexId(id, 32),
    callIdOf: (id) => hexId(id, 9),
  },
  errorBody: mistralError,
};

/**
 * https://console.groq.com/docs/openai, the types of its groq-typescript (completions.ts), a live stream recorded by vercel/ai (packages/groq).
 * Unknown fields: github.com/tashfeenahmed/freellmapi/issues/1070, fanenr/chatbot/issues/21; the second usage: Portkey-AI/gateway/issues/1338.
 */
export const groq: Flavour = {
  name: 'Groq',
  basePath: '/openai/v1',
  models: ['llama-3.3-70b-versatile', 'openai/gpt-oss-120b', 'qwen/qwen3-32b'],
  fields: [
    ...basicFields,
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
export const deepseek: Flavour = {
  name: 'DeepSeek',
  basePath: '',
  models: ['deepseek-chat', 'deepseek-reasoner', 'deepseek-v4-flash', 'deepseek-v4-pro'],
  fields: [...basicFields, ...words('stream_options logprobs top_logprobs thinking reasoning_effort')],
  messageFields: [...basicMessageFields, ...words('reasoning_content prefix')],
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
export const xai: Flavour = {
  name: 'xAI',
  basePath: '/v1',
  models: ['grok-4.3', 'grok-3'],
  fields: mostFields,
  messageFields: [...basicMessageFields, 'reasoning_content'],
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
export const openrouter: Flavour = {
  name: 'OpenRouter',
  basePath: '/api/v1',
  models: ['openai/gpt-5-mini', 'anthropic/claude-haiku-4.5', 'deepseek/deepseek-r1'],
  fields: [...mostFields, ...words('reasoning include_reasoning provider models route transforms usage top_k')],
  messageFields: [...basicMessageFields, ...words('reasoning reasoning_details refusal')],
  partFields: ['cache_control'],
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

/** Its together-typescript (completions.ts); github.com/togethercomputer/openapi/pull/131 (reasoning), mlflow/mlflow/pull/11557 (usage). */
export const together: Flavour = {
  name: 'Together',
  basePath: '/v1',
  models: ['openai/gpt-oss-120b', 'deepseek-ai/DeepSeek-V3.1'],
  fields: [...basicFields, ...words('seed n stream_options reasoning_effort')],
  messageFields: basicMessageFields,
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
 * https://docs.fireworks.ai/tools-sdks/openai-compatibility.
 * Unknown fields: github.com/FlowiseAI/Flowise/issues/2866, web-infra-dev/midscene/issues/1322; `thinking`: BerriAI/litellm/pull/30885.
 */
export const fireworks: Flavour = {
  name: 'Fireworks',
  basePath: '/inference/v1',
  models: ['accounts/fireworks/models/gpt-oss-120b', 'accounts/fireworks/models/deepseek-v3p1'],
  fields: [
    ...mostFields,
    ...words('thinking reasoning_history top_k min_p prediction prompt_cache_key perf_metrics_in_response service_tier metadata'),
  ],
  messageFields: [...basicMessageFields, 'reasoning_content'],
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
export const perplexity: Flavour = {
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

/**
 * https://docs.cohere.com/docs/compatibility-api; what it takes since 2025-08: github.com/cohere-ai/cohere-developer-experience/pull/606.
 * Unknown fields: OpenRouterTeam/openrouter-examples/issues/71. Where its reasoning would stand could not be found out.
 */
export const cohere: Flavour = {
  name: 'Cohere',
  basePath: '/compatibility/v1',
  models: ['command-a-03-2025', 'command-r-08-2024'],
  fields: [...basicFields, ...words('max_completion_tokens stream_options seed logprobs reasoning_effort user')],
  messageFields: basicMessageFields,
  unknownFields: (path) => ({ ...openAIRefusal(400), status: 422, message: `There is no parameter '${dotted(path)}'.` }),
  rules: [withoutStrictTools, takes('reasoning_effort', (effort) => effort === 'none' || effort === 'high')],
  answer: likeOpenAI,
  errorBody: cohereError,
};
