import { optional, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { AssistantContent, Message, ObjectText, ReasoningContent, ToolCallContent } from '../../llm/request.ts';
import { argumentsObject, writtenObject } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';
import { cacheOf, nonEmpty, texts, userContent } from './request-decode-content.ts';

/** Messages in canonical form. */
export function decodeMessages(messages: readonly JsonNode[], warnings: Warnings): Message[] {
  const context: Context = { warnings, functionCallId: undefined };
  return messages.flatMap((message) => {
    const decode = decoders.get(requiredString(message, 'role'));
    if (decode === undefined) throw new JsonFieldError(`${message.path}.role`, `must be one of ${[...decoders.keys()].join(', ')}`);
    return decode(message, context) ?? [];
  });
}

interface Context {
  warnings: Warnings;
  /** The id given to the latest `function_call`, which has none of its own, until its result comes. */
  functionCallId: string | undefined;
}

const decoders = new Map<string, (message: JsonNode, context: Context) => Message | undefined>([
  ['system', decodeSystem],
  ['developer', decodeSystem],
  ['user', decodeUser],
  ['assistant', decodeAssistant],
  ['tool', decodeTool],
  ['function', decodeFunctionResult],
]);

function decodeSystem(message: JsonNode, { warnings }: Context): Message {
  warnings.others(message, ['role', 'content']);
  return { role: 'system', content: texts(required(message, 'content'), warnings) };
}

function decodeUser(message: JsonNode, { warnings }: Context): Message {
  warnings.others(message, ['role', 'content']);
  return { role: 'user', content: userContent(required(message, 'content'), warnings) };
}

/** `name`, which some clients add, says once more which tool was called. */
function decodeTool(message: JsonNode, { warnings }: Context): Message {
  warnings.others(message, ['role', 'content', 'tool_call_id', 'name', 'cache_control']);
  const toolCallId = requiredString(message, 'tool_call_id');
  return { role: 'tool', toolCallId, content: userContent(required(message, 'content'), warnings), isError: false, ...cacheOf(message, warnings) };
}

/** The result of a `function_call`, the form before `tool_calls`. */
function decodeFunctionResult(message: JsonNode, context: Context): Message | undefined {
  const toolCallId = context.functionCallId;
  context.functionCallId = undefined;
  if (toolCallId === undefined) {
    context.warnings.add(message, 'is not carried: no function_call comes before it');
    return undefined;
  }
  context.warnings.others(message, ['role', 'content', 'name']);
  const content = optional(message, 'content');
  return { role: 'tool', toolCallId, content: content === undefined ? [] : texts(content, context.warnings), isError: false };
}

function decodeAssistant(message: JsonNode, context: Context): Message {
  const { warnings } = context;
  warnings.others(message, [...assistantFields, ...(isEmptyList(optional(message, 'annotations')) ? ['annotations'] : [])]);
  const content = optional(message, 'content');
  const said: AssistantContent[] = decodeReasoning(message, warnings);
  if (content !== undefined) said.push(...texts(content, warnings));
  said.push(...nonEmpty(optionalString(message, 'refusal') ?? ''));
  for (const node of optional(message, 'tool_calls')?.items() ?? []) said.push(decodeToolCall(node, warnings));
  const functionCall = optional(message, 'function_call');
  if (functionCall !== undefined) {
    context.functionCallId = `function_call_${message.name}`;
    said.push(decodeCall(context.functionCallId, functionCall, warnings));
  }
  return { role: 'assistant', content: said };
}

const assistantFields = ['role', 'content', 'refusal', 'tool_calls', 'function_call', 'reasoning_content', 'reasoning'];
const isEmptyList = (node: JsonNode | undefined): boolean => node?.type === 'array' && node.items().length === 0;

/** What the model thought, as compatible servers and we ourselves name it in answers; clients echo it. Who sends both means the same. */
function decodeReasoning(message: JsonNode, warnings: Warnings): ReasoningContent[] {
  const reasoning = optional(message, 'reasoning_content') ?? optional(message, 'reasoning');
  if (reasoning === undefined) return [];
  if (reasoning.type === 'string') return reasoning.string() === '' ? [] : [{ type: 'reasoning', text: reasoning.string() }];
  warnings.add(reasoning, 'is not carried: reasoning that is no text');
  return [];
}

function decodeToolCall(node: JsonNode, warnings: Warnings): ToolCallContent {
  const id = requiredString(node, 'id');
  warnings.others(node, ['id', 'type', 'index', 'function', 'custom']);
  const custom = optional(node, 'custom');
  if (custom === undefined) return decodeCall(id, required(node, 'function'), warnings);
  // Left out, its result would answer nothing, which providers refuse.
  warnings.add(custom, 'is carried as the call of a function with one argument, input');
  const input = writtenObject({ input: requiredString(custom, 'input') });
  return { type: 'tool-call', id, name: requiredString(custom, 'name'), arguments: input };
}

function decodeCall(id: string, fn: JsonNode, warnings: Warnings): ToolCallContent {
  warnings.others(fn, ['name', 'arguments']);
  return { type: 'tool-call', id, name: requiredString(fn, 'name'), arguments: callArguments(required(fn, 'arguments'), warnings) };
}

/** The client cannot mend its history, so arguments that are no object are carried as well as may be. */
function callArguments(node: JsonNode, warnings: Warnings): ObjectText {
  const { value, isValid } = argumentsObject(node.string());
  if (!isValid) warnings.add(node, 'is not a JSON object; it is carried as the field invalid_json of one');
  return value;
}
