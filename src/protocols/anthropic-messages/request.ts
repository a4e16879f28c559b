import { optionalBoolean, optionalCount, required } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import type { Carried, RequestFacts, Target } from '../protocol.ts';
import { checkMessages, requestedModel } from '../request-facts.ts';
import { bodyEdits, fieldsInPath } from './request-quirks.ts';

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

/** The model, and what this provider has otherwise, is all that changes: usage arrives unasked. */
export const retarget = (body: JsonNode, _facts: RequestFacts, target: Target): Carried<Edit[]> =>
  bodyEdits(body, target, fieldsInPath(target.quirks));
