import type { JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import { setFields, unsettable, type ChatParameters } from '../chat-parameters.ts';
import type { Carried } from '../protocol.ts';

/** Parameters of a rule in a client's own bytes. */
export const parameterEdits = (body: JsonNode, { maxTokens, temperature, topP, reasoningEffort }: ChatParameters): Carried<Edit[]> => ({
  value: setFields(body, { max_tokens: maxTokens, temperature, top_p: topP }),
  warnings: unsettable({ reasoningEffort }, 'text completions have no such field'),
});
