import { optional, optionalBoolean, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { ChatRequest, Tool, ToolChoice } from '../../llm/request.ts';
import { noParameters, objectText } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';

/** The functions among the tools. All others are run, or defined, by OpenAI. */
export function decodeTools(body: JsonNode, warnings: Warnings): Tool[] {
  return (optional(body, 'tools')?.items() ?? []).flatMap((tool) => {
    const type = requiredString(tool, 'type');
    if (type === 'function') return [decodeFunction(tool, warnings)];
    warnings.add(tool, `is not carried: tools of type ${type} exist only at OpenAI`);
    return [];
  });
}

function decodeFunction(tool: JsonNode, warnings: Warnings): Tool {
  const parameters = optional(tool, 'parameters');
  const description = optionalString(tool, 'description');
  const strict = optionalBoolean(tool, 'strict');
  const callers = optional(tool, 'allowed_callers');
  const isDefault = callers !== undefined && JSON.stringify(JSON.parse(callers.text)) === '["direct"]';
  warnings.others(tool, ['type', 'name', 'description', 'parameters', 'strict', ...(isDefault ? ['allowed_callers'] : [])]);
  return {
    name: requiredString(tool, 'name'),
    ...(description !== undefined && { description }),
    parameters: parameters === undefined ? noParameters : objectText(parameters),
    ...(strict !== undefined && { strict }),
  };
}

/** How tools may be used. */
export function decodeToolSettings(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const parallel = optionalBoolean(body, 'parallel_tool_calls');
  if (parallel !== undefined) request.parallelToolCalls = parallel;
  const choice = optional(body, 'tool_choice');
  const decoded = choice && decodeToolChoice(choice, warnings);
  if (decoded !== undefined) request.toolChoice = decoded;
}

function decodeToolChoice(node: JsonNode, warnings: Warnings): ToolChoice | undefined {
  if (node.type === 'string') return decodeMode(node);
  switch (requiredString(node, 'type')) {
    case 'function':
      warnings.others(node, ['type', 'name']);
      return { type: 'tool', name: requiredString(node, 'name') };
    case 'allowed_tools':
      warnings.others(node, ['type', 'mode', 'tools']);
      warnings.add(required(node, 'tools'), 'is not carried: the model may call every tool');
      return decodeMode(required(node, 'mode'));
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
