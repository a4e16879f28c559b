import { optionalBoolean, optionalCount, required } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import type { Carried, RequestFacts, Target } from '../protocol.ts';
import { checkMessages, requestedModel } from '../request-facts.ts';
import { bodyEdits, fieldsInPath } from './request-quirks.ts';
import { lacksThinking } from './request-tool-loop.ts';

/** What the gateway must know of a request. Throws JsonFieldError where the API too would refuse. */
export function facts(body: JsonNode): RequestFacts {
  const model = requestedModel(body);
  required(body, 'max_tokens');
  checkMessages(body);
  return {
    model,
    stream: optionalBoolean(body, 'stream') ?? false,
    maxTokens: optionalCount(body, 'max_tokens', 1),
    choices: 1,
    wantsUsage: true, // every answer of this protocol carries it
  };
}

/** The model, and what this provider has otherwise, is all that changes: usage arrives unasked. Thinking that the API would refuse goes, so that a loop can come back from another maker. */
export function retarget(body: JsonNode, _facts: RequestFacts, target: Target): Carried<Edit[]> {
  const inPath = fieldsInPath(target.quirks);
  if (!lacksThinking(body)) return bodyEdits(body, target, inPath);
  const { value, warnings } = bodyEdits(body, target, [...inPath, 'thinking']);
  return {
    value,
    warnings: [...warnings, { field: 'thinking', detail: 'is switched off for this turn: the turn before it has no thinking of this model' }],
  };
}
