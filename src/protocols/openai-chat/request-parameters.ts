import { optional } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import { setFields, type ChatParameters } from '../chat-parameters.ts';
import type { Carried } from '../protocol.ts';

const limits = ['max_tokens', 'max_completion_tokens'];

/** Parameters of a rule in a client's own bytes. The output limit keeps the name that the client has for it; servers that know another one get that when the request is sent. */
export function parameterEdits(body: JsonNode, { maxTokens, temperature, topP, reasoningEffort }: ChatParameters): Carried<Edit[]> {
  const named = limits.filter((name) => optional(body, name) !== undefined);
  const names = named.length === 0 ? ['max_completion_tokens'] : named;
  const limit = Object.fromEntries(names.map((name) => [name, maxTokens]));
  return { value: setFields(body, { ...limit, temperature, top_p: topP, reasoning_effort: reasoningEffort }), warnings: [] };
}
