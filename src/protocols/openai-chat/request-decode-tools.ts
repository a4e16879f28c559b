import { optional, optionalBoolean, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { ChatRequest, Tool, ToolChoice } from '../../llm/request.ts';
import { noParameters, objectText } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';
import { cacheOf } from './request-decode-content.ts';

/** The tools of a request, those of the older form `functions` among them. */
export function decodeTools(body: JsonNode, warnings: Warnings): Tool[] {
  const functions = optional(body, 'functions')?.items() ?? []; // the older form, before `tools`
  const tools = optional(body, 'tools')?.items() ?? [];
  return [
    ...functions.map((fn) => decodeFunction(fn, warnings)),
    ...tools.flatMap((tool) => {
      if (requiredString(tool, 'type') !== 'function') {
        warnings.add(tool, 'is no function, the only kind of tool that is carried');
        return [];
      }
      warnings.others(tool, ['type', 'function', 'cache_control']);
      return [{ ...decodeFunction(required(tool, 'function'), warnings), ...cacheOf(tool, warnings) }];
    }),
  ];
}

function decodeFunction(fn: JsonNode, warnings: Warnings): Tool {
  const parameters = optional(fn, 'parameters');
  const tool: Tool = { name: requiredString(fn, 'name'), parameters: parameters === undefined ? noParameters : objectText(parameters) };
  const description = optionalString(fn, 'description');
  if (description !== undefined) tool.description = description;
  const strict = optionalBoolean(fn, 'strict');
  if (strict !== undefined) tool.strict = strict;
  warnings.others(fn, ['name', 'description', 'parameters', 'strict']);
  return tool;
}

/** How tools may be used, in the older form or the newer. */
export function decodeToolSettings(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const parallel = optionalBoolean(body, 'parallel_tool_calls');
  if (parallel !== undefined) request.parallelToolCalls = parallel;
  const older = optional(body, 'function_call');
  const choice = optional(body, 'tool_choice');
  const decoded = choice === undefined ? older && decodeFunctionCall(older) : decodeToolChoice(choice, warnings);
  if (decoded !== undefined) request.toolChoice = decoded;
  if (choice !== undefined && older !== undefined) warnings.add(older, 'gives way to tool_choice');
}

const decodeFunctionCall = (node: JsonNode): ToolChoice =>
  node.type === 'string' ? decodeMode(node) : { type: 'tool', name: requiredString(node, 'name') };

function decodeToolChoice(node: JsonNode, warnings: Warnings): ToolChoice | undefined {
  if (node.type === 'string') return decodeMode(node);
  switch (requiredString(node, 'type')) {
    case 'function':
      return { type: 'tool', name: requiredString(required(node, 'function'), 'name') };
    case 'allowed_tools': {
      const allowed = required(node, 'allowed_tools');
      warnings.add(required(allowed, 'tools'), 'is not carried: the model may call every tool');
      return decodeMode(required(allowed, 'mode'));
    }
    default:
      warnings.add(node, 'is not carried');
      return undefined;
  }
}

function decodeMode(node: JsonNode): ToolChoice {
  const mode = node.string();
  if (mode !== 'auto' && mode !== 'none' && mode !== 'required') throw new JsonFieldError(node.path, 'must be auto, none, required or a named tool');
  return { type: mode };
}
