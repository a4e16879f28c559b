import { optional, optionalBoolean, optionalCount, optionalString } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { ChatRequest, Reasoning, ReasoningEffort } from '../../llm/request.ts';
import { decodeFormat, decodeReasoning } from '../anthropic-messages/request-decode-config.ts';
import type { Warnings } from '../warnings.ts';

/**
 * What `additionalModelRequestFields` say in the words of some maker's own API, as far as others have a counterpart:
 * Claude's and Nova's thinking, Claude's form of the answer, the effort of OpenAI's open models, and how many tokens are chosen from.
 */
export function decodeAdditional(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const additional = optional(body, 'additionalModelRequestFields');
  if (additional === undefined) return;
  const thinking = ['thinking', 'output_config'].some((field) => optional(additional, field) !== undefined);
  const reasoning = thinking ? decodeReasoning(additional, warnings) : decodeOtherReasoning(additional, warnings);
  if (reasoning !== undefined) request.reasoning = reasoning;
  const format = decodeFormat(additional, warnings);
  if (format !== undefined) request.responseFormat = format;
  const topK = optionalCount(additional, 'top_k') ?? optionalCount(additional, 'k') ?? novaTopK(additional, warnings);
  if (topK !== undefined) request.topK = topK;
  decodeToolChoice(additional, request, warnings);
  warnings.others(additional, [...reasoningFields, 'top_k', 'k', 'inferenceConfig', 'tool_choice']);
}

const reasoningFields = ['thinking', 'output_config', 'output_format', 'reasoning_config', 'reasoningConfig', 'reasoning_effort'];

const efforts: ReadonlyMap<string | undefined, ReasoningEffort> = new Map(
  (['minimal', 'low', 'medium', 'high'] as const).map((effort) => [effort, effort]),
);

function decodeOtherReasoning(additional: JsonNode, warnings: Warnings): Reasoning | undefined {
  const config = optional(additional, 'reasoningConfig') ?? optional(additional, 'reasoning_config');
  const effort = optional(additional, 'reasoning_effort');
  if (config === undefined) return effort && effortIn(effort, warnings);
  warnings.others(config, ['type', 'budget_tokens', 'maxReasoningEffort']);
  if (optionalString(config, 'type') === 'disabled') return { effort: 'none' };
  const budgetTokens = optionalCount(config, 'budget_tokens');
  if (budgetTokens !== undefined) return { budgetTokens, show: true };
  const most = optional(config, 'maxReasoningEffort');
  return most === undefined ? { effort: 'medium' } : effortIn(most, warnings);
}

function effortIn(node: JsonNode, warnings: Warnings): Reasoning | undefined {
  const effort = efforts.get(node.string());
  if (effort !== undefined) return { effort };
  warnings.add(node, `is not carried: it is none of ${[...efforts.keys()].join(', ')}`);
  return undefined;
}

function novaTopK(additional: JsonNode, warnings: Warnings): number | undefined {
  const config = optional(additional, 'inferenceConfig');
  if (config === undefined) return undefined;
  warnings.others(config, ['topK']);
  return optionalCount(config, 'topK');
}

/** Claude's own choice of tools stands here for the one thing that Converse's cannot say. */
function decodeToolChoice(additional: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const choice = optional(additional, 'tool_choice');
  if (choice === undefined) return;
  const disabled = optionalBoolean(choice, 'disable_parallel_tool_use');
  if (disabled !== undefined && request.tools.length > 0) request.parallelToolCalls = !disabled;
  const type = optionalString(choice, 'type');
  if (request.tools.length > 0) {
    if (type === 'any') request.toolChoice = { type: 'required' };
    else if (type === 'none') request.toolChoice = { type: 'none' };
    else if (type === 'tool') request.toolChoice = { type: 'tool', name: optionalString(choice, 'name') ?? '' };
  }
  warnings.others(choice, ['type', 'name', 'disable_parallel_tool_use']);
}
