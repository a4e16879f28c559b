import { optional, optionalBoolean, optionalCount, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import { replaceValue, type Edit } from '../../framing/splice.ts';
import type { RequestFacts, Target } from '../protocol.ts';

/** What the gateway must know of a request. Throws JsonFieldError where the API too would refuse. */
export function facts(body: JsonNode): RequestFacts {
  const model = requiredString(body, 'model');
  if (model === '') throw new JsonFieldError('model', 'must not be empty');
  required(body, 'max_tokens');
  checkMessages(required(body, 'messages'));
  return {
    model,
    stream: optionalBoolean(body, 'stream') ?? false,
    maxTokens: optionalCount(body, 'max_tokens', 1),
    choices: 1,
    wantsUsage: true, // every answer of this protocol carries it
  };
}

function checkMessages(messages: JsonNode): void {
  const items = messages.items();
  if (items.length === 0) throw new JsonFieldError(messages.path, 'must not be empty');
  for (const message of items) requiredString(message, 'role');
}

/** The model is all that changes: usage arrives unasked. */
export function retarget(body: JsonNode, { model }: Target): Edit[] {
  const node = optional(body, 'model');
  if (node === undefined || node.string() === model) return [];
  return [replaceValue(node, JSON.stringify(model))];
}
