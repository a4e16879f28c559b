import { optional, optionalCount, optionalString, required } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { Reasoning, ReasoningEffort, ResponseFormat } from '../../llm/request.ts';
import { objectText } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';

/** How much the model shall think: `thinking`, and `output_config.effort`, which says so where the model decides itself. */
export function decodeReasoning(body: JsonNode, warnings: Warnings): Reasoning | undefined {
  const thinking = optional(body, 'thinking');
  const effortNode = effortIn(body);
  const effort = effortNode && toEffort(effortNode);
  if (thinking === undefined) return effort && { effort };
  const type = required(thinking, 'type');
  switch (type.string()) {
    case 'enabled': {
      warnings.others(thinking, ['type', 'budget_tokens', 'display']);
      const budgetTokens = optionalCount(thinking, 'budget_tokens');
      if (budgetTokens === undefined) throw new JsonFieldError(`${thinking.path}.budget_tokens`, 'is required');
      // Models with a budget show their thinking unasked.
      return { budgetTokens, ...(effort !== undefined && { effort }), show: shown(thinking, warnings) ?? true };
    }
    case 'adaptive': {
      warnings.others(thinking, ['type', 'display']);
      const show = shown(thinking, warnings);
      return { effort: effort ?? 'high', ...(show !== undefined && { show }) }; // the default of most models
    }
    case 'disabled':
    case 'between_tools': // the nearest to it where thinking cannot be switched off
      warnings.others(thinking, ['type']);
      if (effortNode !== undefined) warnings.add(effortNode, 'has no counterpart without thinking');
      return { effort: 'none' };
    default:
      throw new JsonFieldError(type.path, 'must be enabled, adaptive, disabled or between_tools');
  }
}

function effortIn(body: JsonNode): JsonNode | undefined {
  const config = optional(body, 'output_config');
  return config && optional(config, 'effort');
}

const efforts = new Map<string, ReasoningEffort>((['low', 'medium', 'high', 'xhigh', 'max'] as const).map((effort) => [effort, effort]));

function toEffort(node: JsonNode): ReasoningEffort {
  const effort = efforts.get(node.string());
  if (effort === undefined) throw new JsonFieldError(node.path, `must be one of ${[...efforts.keys()].join(', ')}`);
  return effort;
}

function shown(thinking: JsonNode, warnings: Warnings): boolean | undefined {
  const display = optionalString(thinking, 'display');
  if (display === undefined || display === 'summarized' || display === 'omitted') return display === undefined ? undefined : display === 'summarized';
  warnings.add(required(thinking, 'display'), 'is not carried to a provider of another protocol');
  return undefined;
}

/** The form of the answer; older clients have it at the top of the body. */
export function decodeFormat(body: JsonNode, warnings: Warnings): ResponseFormat | undefined {
  const config = optional(body, 'output_config');
  if (config !== undefined) warnings.others(config, ['effort', 'format']);
  const own = config && optional(config, 'format');
  const older = optional(body, 'output_format');
  if (own !== undefined && older !== undefined) warnings.add(older, 'is not read beside output_config.format');
  const format = own ?? older;
  if (format === undefined) return undefined;
  const type = required(format, 'type');
  if (type.string() !== 'json_schema') throw new JsonFieldError(type.path, 'must be json_schema');
  warnings.others(format, ['type', 'schema']);
  return { type: 'json-schema', schema: objectText(required(format, 'schema')) };
}
