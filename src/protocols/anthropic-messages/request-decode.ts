import { optional, optionalBoolean, optionalCount, optionalNumber, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { ChatRequest, Tool, ToolChoice } from '../../llm/request.ts';
import { objectText } from '../object-text.ts';
import type { Carried } from '../protocol.ts';
import { Warnings } from '../warnings.ts';
import { decodeFormat, decodeReasoning } from './request-decode-config.ts';
import { cacheOf } from './request-decode-content.ts';
import { decodeMessages, markLast } from './request-decode-messages.ts';

/** The fields of a request that `decodeRequest` reads. */
const bodyFields = [
  'model',
  'max_tokens',
  'messages',
  'stream',
  'system',
  'tools',
  'tool_choice',
  'stop_sequences',
  'cache_control',
  'anthropic_version',
];
const optionFields = ['temperature', 'top_p', 'top_k', 'metadata', 'service_tier', 'thinking', 'output_config', 'output_format'];

/** A client's request in canonical form. Whatever has no place there is named in a warning. Throws JsonFieldError where the API would refuse. */
export function decodeRequest(body: JsonNode): Carried<ChatRequest> {
  const warnings = new Warnings();
  const tools = optional(body, 'tools')?.items() ?? [];
  warnings.others(body, [...bodyFields, ...optionFields]);
  const value: ChatRequest = {
    stream: optionalBoolean(body, 'stream') ?? false,
    messages: decodeMessages(body, warnings),
    tools: tools.flatMap((tool) => decodeTool(tool, warnings)),
    stop: (optional(body, 'stop_sequences')?.items() ?? []).map((sequence) => sequence.string()),
  };
  const { cache } = cacheOf(body, warnings);
  if (cache !== undefined && !markLast(value.messages, cache)) warnings.add(required(body, 'cache_control'), 'there is nothing that it could mark');
  decodeToolChoice(body, value, warnings);
  decodeOptions(body, value, warnings);
  return { value, warnings: warnings.list };
}

/** Tools that the client runs. Those that Anthropic runs or defines (a `type` other than `custom`) exist nowhere else. */
function decodeTool(tool: JsonNode, warnings: Warnings): Tool[] {
  const type = optionalString(tool, 'type') ?? 'custom';
  if (type !== 'custom') {
    warnings.add(tool, `a tool of type "${type}" exists only at Anthropic and is left out`);
    return [];
  }
  warnings.others(tool, ['type', 'name', 'description', 'input_schema', 'strict', 'cache_control']);
  const description = optionalString(tool, 'description');
  const strict = optionalBoolean(tool, 'strict');
  return [
    {
      name: requiredString(tool, 'name'),
      ...(description !== undefined && { description }),
      parameters: objectText(required(tool, 'input_schema')),
      ...(strict !== undefined && { strict }),
      ...cacheOf(tool, warnings),
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
  const serviceTier = optionalString(body, 'service_tier');
  const reasoning = decodeReasoning(body, warnings);
  const responseFormat = decodeFormat(body, warnings);
  const user = decodeUser(body, warnings);
  if (maxTokens !== undefined) request.maxTokens = maxTokens;
  if (temperature !== undefined) request.temperature = temperature;
  if (topP !== undefined) request.topP = topP;
  if (topK !== undefined) request.topK = topK;
  if (serviceTier !== undefined) request.serviceTier = serviceTier;
  if (reasoning !== undefined) request.reasoning = reasoning;
  if (responseFormat !== undefined) request.responseFormat = responseFormat;
  if (user !== undefined) request.user = user;
}

function decodeUser(body: JsonNode, warnings: Warnings): string | undefined {
  const metadata = optional(body, 'metadata');
  if (metadata === undefined) return undefined;
  warnings.others(metadata, ['user_id']);
  return optionalString(metadata, 'user_id');
}
