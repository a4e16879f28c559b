/* oxlint-disable typescript/no-deprecated -- the API still takes what its SDK calls deprecated, and so does its fake. */
import type { IncomingHttpHeaders } from 'node:http';
import type { ChatCompletionCreateParamsBase, ChatCompletionMessageParam } from 'openai/resources/chat/completions/completions';
import type { Prompt } from './answer.ts';
import { behaviourOfModel } from './behaviour.ts';
import { openAIEvents, openAIJson } from './openai/answer.ts';
import { openAIProblem, openAIRefusal } from './openai/error.ts';
import { openAIModels } from './openai/models.ts';
import { openAIRules } from './openai/rules.ts';
import { openAIRequestShape } from './openai/shape.ts';
import { startFake } from './server.ts';
import type { FakeOptions, FakeProvider } from './server.ts';
import { firstRefusal } from './vendor.ts';
import type { Refusal, Vendor } from './vendor.ts';

type Request = ChatCompletionCreateParamsBase;

/** Prompts below this are not cached (https://platform.openai.com/docs/guides/prompt-caching). */
const minCachedBytes = 4 * 1024;

/** The fake OpenAI: Chat Completions as https://platform.openai.com/docs/api-reference/chat has them. */
export const startFakeOpenAI = (options: FakeOptions = {}): Promise<FakeProvider> =>
  startFake({ vendors: [openAI], basePath: '/v1' }, 'sk-demo-openai', options);

export const openAI: Vendor<Request> = {
  name: 'OpenAI',
  match: (path) => (path === '/v1/chat/completions' ? {} : undefined),
  models: openAIModels,
  maxBodyBytes: 64 * 1024 * 1024,
  toolCallPrefix: 'call_',
  answerPrefix: 'chatcmpl-',
  responseHeaders: (requestId) => ({
    'x-request-id': requestId,
    'openai-version': '2020-10-01',
    'openai-organization': 'demo',
    'openai-processing-ms': '1',
    'x-ratelimit-limit-requests': '10000',
    'x-ratelimit-remaining-requests': '9999',
    'x-ratelimit-reset-requests': '6ms',
  }),
  checkCall: ({ headers }, apiKey) => checkKey(headers, apiKey),
  read(body, models) {
    const problem = openAIRequestShape(body, []);
    if (problem) return { refusal: openAIProblem(problem) };
    // The shape has just been checked against what the SDK's type says.
    const request = body as Request;
    const { model } = request;
    if (!models.has(model) && !behaviourOfModel(model)) {
      return { refusal: { ...openAIRefusal(404), message: `There is no model '${model}', or not for this key.`, code: 'model_not_found' } };
    }
    const refusal = firstRefusal(openAIRules, request);
    return refusal ? { refusal } : { request };
  },
  modelOf: ({ model }) => model,
  isStream: ({ stream }) => stream === true,
  prompt: toPrompt,
  cachePrefixes({ messages, tools = [] }) {
    const prefix = JSON.stringify([tools, messages.filter(({ role }) => role === 'system' || role === 'developer')]);
    return prefix.length >= minCachedBytes ? [prefix] : [];
  },
  json: openAIJson,
  events: openAIEvents,
  refusalFor: openAIRefusal,
  errorBody: ({ message, type = null, param = null, code = null }) => ({ error: { message, type, param, code } }),
  errorEvent: ({ message, type = null, param = null, code = null }) => ({ data: { error: { message, type, param, code } } }),
};

function checkKey({ authorization = '' }: IncomingHttpHeaders, apiKey: string): Refusal | undefined {
  if (authorization === `Bearer ${apiKey}`) return undefined;
  if (/^Bearer \S/.test(authorization)) return openAIRefusal(401);
  return { status: 401, type: 'invalid_request_error', message: 'There is no API key: it goes into the header Authorization, as "Bearer KEY".' };
}

function toPrompt({ model, messages, tools = [], tool_choice, parallel_tool_calls, stop, max_tokens, max_completion_tokens }: Request): Prompt {
  const lastAnswer = messages.findLastIndex(({ role }) => role === 'assistant');
  const names = new Map(messages.flatMap(callsOf));
  return {
    model,
    userText: textOf(messages.findLast(({ role }) => role === 'user')),
    toolResults: messages.at(-1)?.role === 'tool' ? messages.slice(lastAnswer + 1).flatMap((message) => resultsOf(message, names)) : [],
    tools: tools.flatMap((tool) => (tool.type === 'function' ? [{ name: tool.function.name, schema: tool.function.parameters }] : [])),
    toolChoice: toToolChoice(tool_choice),
    parallelToolCalls: parallel_tool_calls ?? true,
    stop: typeof stop === 'string' ? [stop] : (stop ?? []),
    maxTokens: max_completion_tokens ?? max_tokens ?? undefined,
  };
}

function callsOf(message: ChatCompletionMessageParam): [id: string, name: string][] {
  if (message.role !== 'assistant') return [];
  return (message.tool_calls ?? []).map((call) => [call.id, call.type === 'function' ? call.function.name : call.custom.name]);
}

function resultsOf(message: ChatCompletionMessageParam, names: ReadonlyMap<string, string>): Prompt['toolResults'] {
  return message.role === 'tool' ? [{ name: names.get(message.tool_call_id) ?? message.tool_call_id, text: textOf(message) }] : [];
}

function textOf(message: ChatCompletionMessageParam | undefined): string {
  const content = message?.content ?? '';
  if (typeof content === 'string') return content;
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

function toToolChoice(choice: Request['tool_choice']): Prompt['toolChoice'] {
  if (choice === undefined || typeof choice === 'string') return { type: choice ?? 'auto' };
  if (choice.type === 'allowed_tools') return { type: choice.allowed_tools.mode };
  return { type: 'tool', name: choice.type === 'function' ? choice.function.name : choice.custom.name };
}
