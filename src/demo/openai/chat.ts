/* oxlint-disable typescript/no-deprecated -- the API still takes what its SDK calls deprecated, and so does its fake. */
import type { ChatCompletionCreateParamsBase, ChatCompletionMessageParam } from 'openai/resources/chat/completions/completions';
import type { Prompt } from '../answer.ts';
import { knowsModel } from '../behaviour.ts';
import { firstRefusal } from '../vendor.ts';
import type { Gate, Vendor } from '../vendor.ts';
import { openAIEvents, openAIJson } from './answer.ts';
import { openAIFault, openAIProblem } from './error.ts';
import type { FileStore } from './files.ts';
import { openAIErrorBody } from './gate.ts';
import { openAIModels, servesOther, unknownModel } from './models.ts';
import { cachedPrefixes } from './prompt-cache.ts';
import { filesExist, openAIRules } from './rules.ts';
import { openAIRequestShape } from './shape.ts';

/** A request to Chat Completions. */
export type ChatRequest = ChatCompletionCreateParamsBase;

/** Chat Completions as https://platform.openai.com/docs/api-reference/chat has them. */
export function createChatVendor(gate: Gate, files: FileStore): Vendor<ChatRequest> {
  const rules = [...openAIRules, filesExist(files)];
  return {
    ...gate,
    name: 'OpenAI',
    models: openAIModels,
    toolCallPrefix: 'call_',
    answerPrefix: 'chatcmpl-',
    match: (path) => (path === '/v1/chat/completions' ? {} : undefined),
    read(body, models) {
      const problem = openAIRequestShape(body, []);
      if (problem) return { refusal: openAIProblem(problem) };
      // The shape has just been checked against what the SDK's type says.
      const request = body as ChatRequest;
      const { model } = request;
      if (!knowsModel(models, model)) return { refusal: unknownModel(model) };
      if (servesOther(model, openAIModels)) return { refusal: { ...openAIFault('model', undefined, `'${model}' is no chat model.`), status: 404 } };
      const refusal = firstRefusal(rules, request);
      return refusal ? { refusal } : { request };
    },
    modelOf: ({ model }) => model,
    isStream: ({ stream }) => stream === true,
    prompt: toPrompt,
    cachePrefixes: ({ messages, tools = [] }) => cachedPrefixes([tools, messages.filter(({ role }) => role === 'system' || role === 'developer')]),
    json: openAIJson,
    events: openAIEvents,
    errorEvent: (refusal) => ({ data: openAIErrorBody(refusal) }),
  };
}

function toPrompt(request: ChatRequest): Prompt {
  const { model, messages, tools = [], tool_choice, parallel_tool_calls, stop, max_tokens, max_completion_tokens } = request;
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
    ...jsonAsked(request),
  };
}

/** The schema that a request wants its text to fit; any object at all for `json_object`. */
function jsonAsked({ response_format: format }: ChatRequest): { jsonSchema?: unknown } {
  if (format?.type === 'json_schema') return { jsonSchema: format.json_schema.schema ?? { type: 'object' } };
  return format?.type === 'json_object' ? { jsonSchema: { type: 'object', properties: { said: { type: 'string' } } } } : {};
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

function toToolChoice(choice: ChatRequest['tool_choice']): Prompt['toolChoice'] {
  if (choice === undefined || typeof choice === 'string') return { type: choice ?? 'auto' };
  if (choice.type === 'allowed_tools') return { type: choice.allowed_tools.mode };
  return { type: 'tool', name: choice.type === 'function' ? choice.function.name : choice.custom.name };
}
