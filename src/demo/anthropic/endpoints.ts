import type { ModelInfo } from '@anthropic-ai/sdk/resources/models';
import { tokensOfBytes } from '../answerer.ts';
import { knowsModel } from '../behaviour.ts';
import { firstRefusal } from '../vendor.ts';
import type { PlainAnswer, PlainEndpoint } from '../vendor.ts';
import { anthropicFault, anthropicProblem, anthropicRefusal } from './error.ts';
import { maxOutputTokens } from './models.ts';
import { anthropicRules } from './rules.ts';
import { anthropicCountShape } from './shape.ts';
import type { AnthropicRequest } from './shape.ts';

/** Counts what a request would bring in; refuses what Messages would (https://platform.claude.com/docs/en/api/messages-count-tokens). */
function countTokens(json: unknown, bodyBytes: number, models: ReadonlySet<string>): PlainAnswer {
  const problem = anthropicCountShape(json, []);
  if (problem) return { refusal: anthropicProblem(problem) };
  // The shape has just been checked against what the SDK's type says.
  const counted = json as Omit<AnthropicRequest, 'max_tokens'>;
  if (!knowsModel(models, counted.model)) return { refusal: { ...anthropicRefusal(404), message: `model: ${counted.model}` } };
  const refusal = firstRefusal(anthropicRules, { ...counted, max_tokens: maxOutputTokens(counted.model) ?? Number.MAX_SAFE_INTEGER });
  return refusal ? { refusal } : { json: { input_tokens: tokensOfBytes(bodyBytes) } };
}

const toModel = (id: string): ModelInfo => ({
  id,
  type: 'model',
  display_name: id,
  created_at: '2025-01-01T00:00:00Z',
  capabilities: null,
  deprecated_at: null,
  lifecycle: 'active',
  line: null,
  max_input_tokens: 200_000,
  max_tokens: maxOutputTokens(id) ?? null,
  retires_at: null,
});

/** What Anthropic serves beside Messages: the count of tokens, and the models. */
export const anthropicEndpoints: readonly PlainEndpoint[] = [
  {
    name: 'count tokens',
    match: (method, path) => (method === 'POST' && path === '/v1/messages/count_tokens' ? {} : undefined),
    answer: ({ json, body }, models) => countTokens(json, body.length, models),
  },
  {
    name: 'list models',
    match(method, path, query) {
      if (method !== 'GET' || path !== '/v1/models') return undefined;
      const { limit = '20', after_id = '' } = Object.fromEntries(query);
      return { limit, after: after_id };
    },
    answer({ address }, models) {
      const limit = Number(address['limit']);
      if (!Number.isInteger(limit) || limit < 1 || limit > 1000) return { refusal: anthropicFault('limit', 'must be between 1 and 1000') };
      const ids = [...models];
      const rest = ids.slice(ids.indexOf(String(address['after'])) + 1);
      const data = rest.slice(0, limit).map(toModel);
      return { json: { data, has_more: rest.length > data.length, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null } };
    },
  },
  {
    name: 'look at a model',
    match(method, path) {
      const id = method === 'GET' ? /^\/v1\/models\/([^/]+)$/.exec(path)?.[1] : undefined;
      return id === undefined ? undefined : { id: decodeURIComponent(id) };
    },
    answer({ address }, models) {
      const id = String(address['id']);
      return models.has(id) ? { json: toModel(id) } : { refusal: { ...anthropicRefusal(404), message: `model: ${id}` } };
    },
  },
];
