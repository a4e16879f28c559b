import { optional } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import { setFields, setInnerFields, type ChatParameters } from '../chat-parameters.ts';
import type { Carried } from '../protocol.ts';

/** Parameters of a rule in a client's own bytes. */
export function parameterEdits(body: JsonNode, { maxTokens, temperature, topP, reasoningEffort }: ChatParameters): Carried<Edit[]> {
  const reasoning = setInnerFields(optional(body, 'reasoning'), { effort: reasoningEffort });
  const fields = { max_output_tokens: maxTokens, temperature, top_p: topP, reasoning: reasoning.whole };
  return { value: [...setFields(body, fields), ...reasoning.edits], warnings: [] };
}
