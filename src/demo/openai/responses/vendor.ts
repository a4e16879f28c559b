import type { ResponseInputItem } from 'openai/resources/responses/responses';
import type { Prompt } from '../../answer.ts';
import { knowsModel } from '../../behaviour.ts';
import { firstRefusal } from '../../vendor.ts';
import type { Gate, Refusal, Vendor } from '../../vendor.ts';
import { openAIFault, openAIProblem } from '../error.ts';
import { isReasoningModel, openAIModels, unknownModel } from '../models.ts';
import { cachedPrefixes } from '../prompt-cache.ts';
import { endedResponse, toDrafts } from './answer.ts';
import type { ResponsesReply } from './answer.ts';
import { responsesEvents } from './events.ts';
import { responsesRules } from './rules.ts';
import type { ResponsesState } from './rules.ts';
import { responsesRequestShape } from './shape.ts';
import type { ResponsesRequest } from './shape.ts';
import type { WireResponse } from './store.ts';

/** Responses as https://platform.openai.com/docs/api-reference/responses has them. */
export function createResponsesVendor(gate: Gate, state: ResponsesState): Vendor<ResponsesRequest> {
  const rules = responsesRules(state);
  const save = ({ request: { body, input, items } }: ResponsesReply, response: WireResponse): void => {
    // What a model gives out, it takes back.
    if (body.store !== false) state.responses.save({ response, input, conversation: [...items, ...(response.output as ResponseInputItem[])] });
  };
  return {
    ...gate,
    name: 'OpenAI',
    models: openAIModels,
    toolCallPrefix: 'call_',
    answerPrefix: 'resp_',
    match: (path) => (path === '/v1/responses' ? {} : undefined),
    read(body, models) {
      const problem = responsesRequestShape(body, []);
      if (problem) return { refusal: openAIProblem(problem) };
      // The shape has just been checked against what the SDK's type says.
      const checked = body as ResponsesRequest['body'];
      if (!knowsModel(models, checked.model)) return { refusal: unknownModel(checked.model) };
      const joined = joinConversation(checked, state);
      if ('refusal' in joined) return joined;
      const refusal = firstRefusal(rules, joined.request);
      return refusal ? { refusal } : joined;
    },
    modelOf: ({ body }) => body.model,
    isStream: ({ body }) => body.stream === true,
    prompt: toPrompt,
    cachePrefixes: ({ body, items }) =>
      cachedPrefixes([
        body.tools,
        body.instructions,
        items.filter((item) => 'role' in item && (item.role === 'system' || item.role === 'developer')),
      ]),
    json(reply) {
      const response = endedResponse(reply, toDrafts(reply, state.scope));
      save(reply, response);
      return response;
    },
    events(reply) {
      const { events, response } = responsesEvents(reply, toDrafts(reply, state.scope));
      save(reply, response);
      return events;
    },
    errorEvent: ({ message, code, type, param }, sequence_number) => ({
      event: 'error',
      data: { type: 'error', code: code ?? type ?? null, message, param: param ?? null, sequence_number },
    }),
  };
}

/** Puts what is stored before the input, and in place of what refers to it. */
export function joinConversation(
  body: ResponsesRequest['body'],
  { responses }: ResponsesState,
): { request: ResponsesRequest } | { refusal: Refusal } {
  const { input: given, previous_response_id: previousId } = body;
  const previous = previousId ? responses.get(previousId) : undefined;
  if (previousId && !previous) {
    const message = `There is no previous response with id '${previousId}'.`;
    return { refusal: openAIFault('previous_response_id', 'previous_response_not_found', message) };
  }
  if (given === undefined && !previous)
    return { refusal: openAIFault('input', 'missing_required_parameter', "One of 'input' and 'previous_response_id' is required.") };
  const input: ResponseInputItem[] = typeof given === 'string' ? [{ type: 'message', role: 'user', content: given }] : (given ?? []);
  const resolved: ResponseInputItem[] = [];
  for (const item of input) {
    const found = item.type === 'item_reference' ? responses.item(item.id) : item;
    if (!found) {
      const message = `There is no item '${'id' in item ? item.id : ''}'. Items are not kept where 'store' is false.`;
      return { refusal: { ...openAIFault('input', undefined, message), status: 404 } };
    }
    resolved.push(found);
  }
  return { request: { body, input: resolved, items: [...(previous?.conversation ?? []), ...resolved] } };
}

function toPrompt({ body, items }: ResponsesRequest): Prompt {
  const { tools = [], tool_choice: choice, text, reasoning, include } = body;
  const lastOutput = items.findLastIndex((item) => !isToolOutput(item));
  const names = new Map(
    items.flatMap((item) => (item.type === 'function_call' || item.type === 'custom_tool_call' ? [[item.call_id, item.name]] : [])),
  );
  const asksForReasoning = (isObjectSet(reasoning) && reasoning.effort !== 'none') || include?.includes('reasoning.encrypted_content') === true;
  return {
    model: body.model,
    userText: textOf(items.findLast((item) => 'role' in item && item.role === 'user')),
    toolResults: items.slice(lastOutput + 1).flatMap((item) => {
      if (!isToolOutput(item)) return [];
      const id = item.call_id ?? '';
      return [{ name: names.get(id) ?? id, text: textOfContent(item.output) }];
    }),
    tools: tools.flatMap((tool) => (tool.type === 'function' ? [{ name: tool.name, schema: tool.parameters }] : [])),
    toolChoice: toToolChoice(choice),
    parallelToolCalls: body.parallel_tool_calls ?? true,
    stop: [],
    maxTokens: body.max_output_tokens ?? undefined,
    reasons: isReasoningModel(body.model) && asksForReasoning,
    ...(text?.format?.type === 'json_schema' && { jsonSchema: text.format.schema }),
    ...(text?.format?.type === 'json_object' && { jsonSchema: { type: 'object', properties: { said: { type: 'string' } } } }),
  };
}

const isObjectSet = <Value extends object>(value: Value | null | undefined): value is Value => value !== null && value !== undefined;

type ToolOutput = Extract<ResponseInputItem, { type: 'function_call_output' | 'custom_tool_call_output' }>;

const isToolOutput = (item: ResponseInputItem): item is ToolOutput => item.type === 'function_call_output' || item.type === 'custom_tool_call_output';

const textOf = (item: ResponseInputItem | undefined): string => (item && 'content' in item && 'role' in item ? textOfContent(item.content) : '');

function textOfContent(content: string | readonly { type: string; text?: string }[]): string {
  if (typeof content === 'string') return content;
  return content.flatMap(({ text }) => (text === undefined ? [] : [text])).join('\n');
}

function toToolChoice(choice: ResponsesRequest['body']['tool_choice']): Prompt['toolChoice'] {
  if (choice === undefined || typeof choice === 'string') return { type: choice ?? 'auto' };
  if (choice.type === 'allowed_tools') return { type: choice.mode };
  return choice.type === 'function' ? { type: 'tool', name: choice.name } : { type: 'auto' };
}
