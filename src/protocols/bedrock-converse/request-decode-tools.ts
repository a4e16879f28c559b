import { optional, optionalBoolean, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { ChatRequest, Tool, ToolChoice } from '../../llm/request.ts';
import { objectText } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';
import { decodeMarked, memberOf } from './request-decode-union.ts';

/** Tools that the client runs, and what may be chosen of them. */
export function decodeTools(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const config = optional(body, 'toolConfig');
  if (config === undefined) return;
  warnings.others(config, ['tools', 'toolChoice']);
  request.tools = decodeMarked(required(config, 'tools'), (member) => decodeTool(member.name, member.value, warnings), warnings);
  const choice = optional(config, 'toolChoice');
  if (choice !== undefined) decodeChoice(choice, request, warnings);
}

function decodeTool(kind: string, spec: JsonNode, warnings: Warnings): Tool[] {
  if (kind !== 'toolSpec') {
    warnings.add(spec, 'is a tool that exists only at Bedrock, and is left out');
    return [];
  }
  warnings.others(spec, ['name', 'description', 'inputSchema', 'strict']);
  const description = optionalString(spec, 'description');
  const strict = optionalBoolean(spec, 'strict');
  return [
    {
      name: requiredString(spec, 'name'),
      ...(description !== undefined && { description }),
      parameters: objectText(required(required(spec, 'inputSchema'), 'json')),
      ...(strict !== undefined && { strict }),
    },
  ];
}

/** Without a tool to choose, a choice would only make the provider refuse. */
function decodeChoice(node: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const choice = toToolChoice(node, warnings);
  const isPossible = choice.type === 'tool' ? request.tools.some(({ name }) => name === choice.name) : request.tools.length > 0;
  if (isPossible) request.toolChoice = choice;
  else warnings.add(node, 'none of the tools it speaks of can be carried, so it is left out');
}

function toToolChoice(node: JsonNode, warnings: Warnings): ToolChoice {
  const { name, value } = memberOf(node, warnings);
  switch (name) {
    case 'auto':
      return { type: 'auto' };
    case 'any':
      return { type: 'required' };
    case 'tool':
      return { type: 'tool', name: requiredString(value, 'name') };
    default:
      throw new JsonFieldError(node.path, 'must have auto, any or tool');
  }
}
