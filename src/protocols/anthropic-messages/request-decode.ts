import { optional, optionalBoolean, optionalCount, optionalNumber, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { AssistantContent, ChatRequest, ImageContent, Message, TextContent, Tool, ToolChoice, UserContent } from '../../llm/request.ts';
import { objectText } from '../object-text.ts';
import type { Carried } from '../protocol.ts';
import { Warnings } from '../warnings.ts';

/** The fields of a request that `decodeRequest` reads. */
const bodyFields = ['model', 'max_tokens', 'messages', 'stream', 'system', 'tools', 'tool_choice', 'stop_sequences'];
const optionFields = ['temperature', 'top_p', 'top_k', 'metadata'];

/** A client's request in canonical form. Whatever has no place there is named in a warning. Throws JsonFieldError where the API would refuse. */
export function decodeRequest(body: JsonNode): Carried<ChatRequest> {
  const warnings = new Warnings(cacheMarks);
  const system = optional(body, 'system');
  const messages = required(body, 'messages').items();
  const tools = optional(body, 'tools')?.items() ?? [];
  warnings.others(body, [...bodyFields, ...optionFields]);
  const value: ChatRequest = {
    stream: optionalBoolean(body, 'stream') ?? false,
    messages: [
      ...(system === undefined ? [] : [systemMessage(system, warnings)]),
      ...messages.flatMap((message) => decodeMessage(message, warnings)),
    ],
    tools: tools.flatMap((tool) => decodeTool(tool, warnings)),
    stop: (optional(body, 'stop_sequences')?.items() ?? []).map((sequence) => sequence.string()),
  };
  decodeToolChoice(body, value, warnings);
  decodeOptions(body, value, warnings);
  return { value, warnings: warnings.list };
}

/** Every block may carry one. */
const cacheMarks = new Map([
  ['cache_control', 'cache marks have no counterpart in other protocols and are left out, here and wherever else they stand'],
]);

/** A content block that is left out. */
const omitBlock = (block: JsonNode, type: string, warnings: Warnings): void =>
  warnings.add(block, `content of type "${type}" has no counterpart in other protocols and is left out`);

function decodeMessage(message: JsonNode, warnings: Warnings): Message[] {
  warnings.others(message, ['role', 'content']);
  const role = required(message, 'role');
  const content = required(message, 'content');
  switch (role.string()) {
    case 'user':
      return userMessages(content, warnings);
    case 'assistant':
      return assistantMessages(content, warnings);
    case 'system':
      return [systemMessage(content, warnings)];
    default:
      throw new JsonFieldError(role.path, 'must be user, assistant or system');
  }
}

/** Tool results become messages of their own, before the rest: they answer the calls of the message before. */
function userMessages(content: JsonNode, warnings: Warnings): Message[] {
  if (content.type === 'string') return [{ role: 'user', content: [{ type: 'text', text: content.string() }] }];
  const results: Message[] = [];
  const rest: UserContent[] = [];
  for (const block of contentBlocks(content)) {
    if (requiredString(block, 'type') === 'tool_result') results.push(toolResult(block, warnings));
    else rest.push(...userContent(block, warnings));
  }
  return rest.length === 0 ? results : [...results, { role: 'user', content: rest }];
}

function toolResult(block: JsonNode, warnings: Warnings): Message {
  warnings.others(block, ['type', 'tool_use_id', 'content', 'is_error']);
  const content = optional(block, 'content');
  return {
    role: 'tool',
    toolCallId: requiredString(block, 'tool_use_id'),
    content: content === undefined ? [] : resultContent(content, warnings),
    isError: optionalBoolean(block, 'is_error') ?? false,
  };
}

const resultContent = (content: JsonNode, warnings: Warnings): UserContent[] =>
  content.type === 'string' ? [{ type: 'text', text: content.string() }] : contentBlocks(content).flatMap((block) => userContent(block, warnings));

function userContent(block: JsonNode, warnings: Warnings): UserContent[] {
  const type = requiredString(block, 'type');
  if (type === 'text') return [textContent(block, warnings)];
  if (type === 'image') return imageContent(block, warnings);
  omitBlock(block, type, warnings);
  return [];
}

function assistantMessages(content: JsonNode, warnings: Warnings): Message[] {
  if (content.type === 'string') return [{ role: 'assistant', content: [{ type: 'text', text: content.string() }] }];
  const decoded = contentBlocks(content).flatMap((block) => assistantContent(block, warnings));
  return decoded.length === 0 ? [] : [{ role: 'assistant', content: decoded }];
}

function assistantContent(block: JsonNode, warnings: Warnings): AssistantContent[] {
  const type = requiredString(block, 'type');
  if (type === 'text') return [textContent(block, warnings)];
  if (type === 'tool_use') return [toolCall(block, warnings)];
  omitBlock(block, type, warnings);
  return [];
}

function toolCall(block: JsonNode, warnings: Warnings): AssistantContent {
  warnings.others(block, isDirect(optional(block, 'caller')) ? [...toolCallFields, 'caller'] : toolCallFields);
  return { type: 'tool-call', id: requiredString(block, 'id'), name: requiredString(block, 'name'), arguments: objectText(required(block, 'input')) };
}

const toolCallFields = ['type', 'id', 'name', 'input'];

/** The model itself called the tool: that is so wherever there is nobody else. */
const isDirect = (caller: JsonNode | undefined): boolean => caller?.type === 'object' && optionalString(caller, 'type') === 'direct';

function systemMessage(content: JsonNode, warnings: Warnings): Message {
  if (content.type === 'string') return { role: 'system', content: [{ type: 'text', text: content.string() }] };
  const texts = contentBlocks(content).flatMap((block): TextContent[] => {
    const type = requiredString(block, 'type');
    if (type === 'text') return [textContent(block, warnings)];
    omitBlock(block, type, warnings);
    return [];
  });
  return { role: 'system', content: texts };
}

function textContent(block: JsonNode, warnings: Warnings): TextContent {
  warnings.others(block, ['type', 'text']);
  return { type: 'text', text: requiredString(block, 'text') };
}

function imageContent(block: JsonNode, warnings: Warnings): ImageContent[] {
  warnings.others(block, ['type', 'source']);
  const source = required(block, 'source');
  switch (requiredString(source, 'type')) {
    case 'url':
      return [{ type: 'image', source: { kind: 'url', url: requiredString(source, 'url') } }];
    case 'base64':
      return [{ type: 'image', source: { kind: 'base64', mediaType: requiredString(source, 'media_type'), data: requiredString(source, 'data') } }];
    default:
      warnings.add(source, 'only images by URL or in base64 can be carried; this one is left out');
      return [];
  }
}

function contentBlocks(content: JsonNode): JsonNode[] {
  if (content.type !== 'array') throw new JsonFieldError(content.path, 'must be a string or an array of content blocks');
  return content.items();
}

/** Tools that the client runs. Those that Anthropic runs or defines (a `type` other than `custom`) exist nowhere else. */
function decodeTool(tool: JsonNode, warnings: Warnings): Tool[] {
  const type = optionalString(tool, 'type') ?? 'custom';
  if (type !== 'custom') {
    warnings.add(tool, `a tool of type "${type}" exists only at Anthropic and is left out`);
    return [];
  }
  warnings.others(tool, ['type', 'name', 'description', 'input_schema', 'strict']);
  const description = optionalString(tool, 'description');
  const strict = optionalBoolean(tool, 'strict');
  return [
    {
      name: requiredString(tool, 'name'),
      ...(description !== undefined && { description }),
      parameters: objectText(required(tool, 'input_schema')),
      ...(strict !== undefined && { strict }),
    },
  ];
}

/** Without a tool to choose, a choice would only make the provider refuse. */
function decodeToolChoice(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const node = optional(body, 'tool_choice');
  if (node === undefined) return;
  warnings.others(node, ['type', 'name', 'disable_parallel_tool_use']);
  const choice = toToolChoice(node);
  if (!isPossible(choice, request.tools)) return warnings.add(node, 'none of the tools it speaks of can be carried, so it is left out');
  request.toolChoice = choice;
  const disabled = optionalBoolean(node, 'disable_parallel_tool_use');
  if (disabled !== undefined) request.parallelToolCalls = !disabled;
}

const isPossible = (choice: ToolChoice, tools: readonly Tool[]): boolean =>
  choice.type === 'tool' ? tools.some(({ name }) => name === choice.name) : tools.length > 0;

function toToolChoice(node: JsonNode): ToolChoice {
  const type = required(node, 'type');
  switch (type.string()) {
    case 'auto':
      return { type: 'auto' };
    case 'none':
      return { type: 'none' };
    case 'any':
      return { type: 'required' };
    case 'tool':
      return { type: 'tool', name: requiredString(node, 'name') };
    default:
      throw new JsonFieldError(type.path, 'must be auto, any, tool or none');
  }
}

function decodeOptions(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const maxTokens = optionalCount(body, 'max_tokens', 1);
  const temperature = optionalNumber(body, 'temperature');
  const topP = optionalNumber(body, 'top_p');
  const topK = optionalCount(body, 'top_k');
  if (maxTokens !== undefined) request.maxTokens = maxTokens;
  if (temperature !== undefined) request.temperature = temperature;
  if (topP !== undefined) request.topP = topP;
  if (topK !== undefined) request.topK = topK;
  const metadata = optional(body, 'metadata');
  if (metadata === undefined) return;
  warnings.others(metadata, ['user_id']);
  const user = optionalString(metadata, 'user_id');
  if (user !== undefined) request.user = user;
}
