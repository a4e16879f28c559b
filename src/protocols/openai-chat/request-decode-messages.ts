import { optional, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { AssistantContent, ImageContent, Message, ObjectText, TextContent, ToolCallContent, UserContent } from '../../llm/request.ts';
import { argumentsObject, writtenObject } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';

/** Messages in canonical form. Empty texts are left out: they say nothing, and some providers refuse them. */
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

function decodeTool(message: JsonNode, { warnings }: Context): Message {
  warnings.others(message, ['role', 'content', 'tool_call_id']);
  const toolCallId = requiredString(message, 'tool_call_id');
  return { role: 'tool', toolCallId, content: userContent(required(message, 'content'), warnings), isError: false };
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
  warnings.others(message, ['role', 'content', 'refusal', 'tool_calls', 'function_call']);
  const content = optional(message, 'content');
  const said: AssistantContent[] = content === undefined ? [] : texts(content, warnings);
  said.push(...nonEmpty(optionalString(message, 'refusal') ?? ''));
  for (const node of optional(message, 'tool_calls')?.items() ?? []) said.push(decodeToolCall(node, warnings));
  const functionCall = optional(message, 'function_call');
  if (functionCall !== undefined) {
    context.functionCallId = `function_call_${message.name}`;
    said.push(decodeCall(context.functionCallId, functionCall, warnings));
  }
  return { role: 'assistant', content: said };
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

const nonEmpty = (text: string): TextContent[] => (text === '' ? [] : [{ type: 'text', text }]);

/** A string, or an array of text parts. */
function texts(content: JsonNode, warnings: Warnings): TextContent[] {
  return userContent(content, warnings).filter((item) => item.type === 'text');
}

function userContent(content: JsonNode, warnings: Warnings): UserContent[] {
  return content.type === 'string' ? nonEmpty(content.string()) : content.items().flatMap((part) => decodePart(part, warnings));
}

function decodePart(part: JsonNode, warnings: Warnings): UserContent[] {
  const type = requiredString(part, 'type');
  switch (type) {
    case 'text':
    case 'refusal':
      warnings.others(part, ['type', type]);
      return nonEmpty(requiredString(part, type));
    case 'image_url':
      warnings.others(part, ['type', 'image_url']);
      return decodeImage(required(part, 'image_url'), warnings);
    default:
      warnings.add(part, `is not carried: content of type ${type}`);
      return [];
  }
}

function decodeImage(image: JsonNode, warnings: Warnings): ImageContent[] {
  const url = requiredString(image, 'url');
  warnings.others(image, optionalString(image, 'detail') === 'auto' ? ['url', 'detail'] : ['url']);
  if (!/^data:/i.test(url)) return [{ type: 'image', source: { kind: 'url', url } }];
  const comma = url.indexOf(',');
  const [mediaType = '', ...parameters] = url.slice('data:'.length, comma).split(';');
  if (comma === -1 || mediaType === '' || parameters.at(-1)?.toLowerCase() !== 'base64') {
    warnings.add(image, 'is not carried: a data URL without a media type or base64');
    return [];
  }
  return [{ type: 'image', source: { kind: 'base64', mediaType, data: url.slice(comma + 1) } }];
}
