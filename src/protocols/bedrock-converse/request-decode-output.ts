import { optional, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { ChatRequest, ReasoningEffort, ResponseFormat } from '../../llm/request.ts';
import { argumentsObject } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';

/** What `outputConfig` says: the form of the answer, and how much effort goes into it. */
export function decodeOutput(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const config = optional(body, 'outputConfig');
  if (config === undefined) return;
  warnings.others(config, ['textFormat', 'effort']);
  const format = optional(config, 'textFormat');
  if (format !== undefined) request.responseFormat = decodeFormat(format, warnings);
  const effort = optional(config, 'effort');
  if (effort === undefined) return;
  const word = efforts.get(effort.string());
  if (word === undefined) throw new JsonFieldError(effort.path, `must be one of ${[...efforts.keys()].join(', ')}`);
  if (request.reasoning?.effort === 'none') warnings.add(effort, 'has no counterpart without thinking');
  else request.reasoning = { ...request.reasoning, effort: word };
}

const efforts = new Map<string, ReasoningEffort>((['low', 'medium', 'high', 'xhigh', 'max'] as const).map((effort) => [effort, effort]));

/** The schema is the text of a JSON document inside the JSON. */
function decodeFormat(format: JsonNode, warnings: Warnings): ResponseFormat {
  warnings.others(format, ['type', 'structure']);
  const type = required(format, 'type');
  if (type.string() !== 'json_schema') throw new JsonFieldError(type.path, 'must be json_schema');
  const definition = required(required(format, 'structure'), 'jsonSchema');
  warnings.others(definition, ['schema', 'name', 'description']);
  const name = optionalString(definition, 'name');
  const description = optionalString(definition, 'description');
  const { value: schema, isValid } = argumentsObject(requiredString(definition, 'schema'));
  if (!isValid) throw new JsonFieldError(`${definition.path}.schema`, 'must be the text of a JSON object');
  return { type: 'json-schema', schema, ...(name !== undefined && { name }), ...(description !== undefined && { description }) };
}
