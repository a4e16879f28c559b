import type { IncomingHttpHeaders } from 'node:http';
import type { MessageParam, ToolResultBlockParam } from '@anthropic-ai/sdk/resources/messages/messages';
import type { Prompt } from './answer.ts';
import { anthropicEvents, anthropicJson } from './anthropic/answer.ts';
import { cachePrefixes } from './anthropic/cache.ts';
import { anthropicEndpoints } from './anthropic/endpoints.ts';
import { anthropicProblem, anthropicRefusal } from './anthropic/error.ts';
import { anthropicModels } from './anthropic/models.ts';
import { anthropicRules, latestVersionRules } from './anthropic/rules.ts';
import { anthropicRequestShape } from './anthropic/shape.ts';
import type { AnthropicRequest } from './anthropic/shape.ts';
import { blocksOf, toTurns } from './anthropic/turns.ts';
import { knowsModel } from './behaviour.ts';
import { startFake } from './server.ts';
import type { FakeOptions, FakeProvider } from './server.ts';
import { isObject } from './shape.ts';
import { firstRefusal } from './vendor.ts';
import type { Refusal, Vendor } from './vendor.ts';

/** https://platform.claude.com/docs/en/api/versioning */
const latestVersion = '2026-10-21';
const versions = ['2023-01-01', '2023-06-01', latestVersion];

/** The fake Anthropic: Messages as https://platform.claude.com/docs/en/api/messages has them, the count of their tokens, and the models. */
export const startFakeAnthropic = (options: FakeOptions = {}): Promise<FakeProvider> =>
  startFake({ vendors: [anthropic], plain: anthropicEndpoints, basePath: '' }, 'sk-ant-demo', options);

/** Messages: what answers wherever Claude is served; another platform lays its own path, checks and errors over it. */
export const anthropic: Vendor<AnthropicRequest> = {
  name: 'Anthropic',
  match: (path) => (path === '/v1/messages' ? {} : undefined),
  models: anthropicModels,
  maxBodyBytes: 32 * 1024 * 1024,
  toolCallPrefix: 'toolu_',
  answerPrefix: 'msg_',
  responseHeaders: (requestId) => ({
    'request-id': requestId,
    'anthropic-organization-id': 'demo',
    'anthropic-ratelimit-requests-limit': '10000',
    'anthropic-ratelimit-requests-remaining': '9999',
    'anthropic-ratelimit-requests-reset': '2030-01-01T00:00:00Z',
  }),
  checkCall: ({ headers }, apiKey) => checkHeaders(headers, apiKey),
  read(given, models, { headers }) {
    const body = withoutBeta(given, headers);
    const problem = anthropicRequestShape(body, []);
    if (problem) return { refusal: anthropicProblem(problem) };
    // The shape has just been checked against what the SDK's type says.
    const request = body as AnthropicRequest;
    if (!knowsModel(models, request.model)) return { refusal: { ...anthropicRefusal(404), message: `model: ${request.model}` } };
    const isLatest = headers['anthropic-version'] === latestVersion;
    const refusal = (isLatest ? firstRefusal(latestVersionRules, request) : undefined) ?? firstRefusal(anthropicRules, request);
    return refusal ? { refusal } : { request };
  },
  modelOf: ({ model }) => model,
  isStream: ({ stream }) => stream === true,
  prompt: toPrompt,
  cachePrefixes,
  json: anthropicJson,
  events: anthropicEvents,
  refusalFor: anthropicRefusal,
  errorBody: ({ type, message }, request_id) => ({ type: 'error', error: { type, message }, request_id }),
  errorEvent: ({ type, message }) => ({ event: 'error', data: { type: 'error', error: { type, message } } }),
};

/** `output_format` was where `output_config.format` is, as long as structured outputs were a beta. */
function withoutBeta(body: unknown, { 'anthropic-beta': betas = '' }: IncomingHttpHeaders): unknown {
  if (!isObject(body) || !('output_format' in body) || !String(betas).includes('structured-outputs')) return body;
  const { output_format: format, output_config = {}, ...rest } = body;
  return { ...rest, output_config: isObject(output_config) ? { ...output_config, format } : output_config };
}

/** The key goes into `x-api-key`, or as the SDKs have it since version 2026-10-21 into `authorization`; the first wins where both come. */
function checkHeaders(headers: IncomingHttpHeaders, apiKey: string): Refusal | undefined {
  const { authorization, 'x-api-key': key, 'anthropic-version': version } = headers;
  if (key === undefined && authorization === undefined) {
    return { ...anthropicRefusal(401), message: 'There is no API key: it goes into the header x-api-key, or into Authorization as "Bearer KEY".' };
  }
  if (key === undefined ? authorization !== `Bearer ${apiKey}` : key !== apiKey) return anthropicRefusal(401);
  if (version === undefined) return { ...anthropicRefusal(400), message: 'anthropic-version: this header is required' };
  return versions.includes(String(version))
    ? undefined
    : { ...anthropicRefusal(400), message: `anthropic-version: '${String(version)}' is no version` };
}

function toPrompt(request: AnthropicRequest): Prompt {
  const { model, messages, tools = [], tool_choice: choice, stop_sequences = [], max_tokens, thinking, output_config } = request;
  const lastTurn = toTurns(messages).at(-1);
  const names = new Map(
    messages.flatMap((message) =>
      blocksOf(message).flatMap((block): [string, string][] => (block.type === 'tool_use' ? [[block.id, block.name]] : [])),
    ),
  );
  const results = lastTurn?.blocks.filter((block) => block.type === 'tool_result') ?? [];
  return {
    model,
    userText: textOf(messages.findLast((message) => message.role === 'user' && textOf(message) !== '')),
    toolResults: results.map((result) => ({ name: names.get(result.tool_use_id) ?? result.tool_use_id, text: resultText(result) })),
    tools: tools.flatMap((tool) => ('input_schema' in tool ? [{ name: tool.name, schema: tool.input_schema }] : [])),
    toolChoice:
      choice?.type === 'tool' ? { type: 'tool', name: choice.name } : { type: choice?.type === 'any' ? 'required' : (choice?.type ?? 'auto') },
    parallelToolCalls: !(choice && 'disable_parallel_tool_use' in choice && choice.disable_parallel_tool_use),
    stop: stop_sequences,
    maxTokens: max_tokens,
    reasons: thinking !== undefined && thinking.type !== 'disabled',
    ...(output_config?.format && { jsonSchema: output_config.format.schema }),
  };
}

function textOf(message: MessageParam | undefined): string {
  return message ? textOfBlocks(blocksOf(message)) : '';
}

const textOfBlocks = (blocks: readonly { type: string; text?: string }[]): string =>
  blocks.flatMap(({ type, text }) => (type === 'text' && text !== undefined ? [text] : [])).join('\n');

const resultText = ({ content = '' }: ToolResultBlockParam): string =>
  typeof content === 'string' ? content : textOfBlocks(content.filter((block) => block.type === 'text'));
