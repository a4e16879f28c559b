import { objectsIn, optional } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { StateSpot } from '../protocol.ts';

/** Ids of tool calls and of their results: all that clients of this protocol send back. */
export function stateSpots(body: JsonNode): StateSpot[] {
  return objectsIn(optional(body, 'messages')).flatMap((message) => {
    const ids = [optional(message, 'tool_call_id'), ...objectsIn(optional(message, 'tool_calls')).map((call) => optional(call, 'id'))];
    return ids.flatMap((node): StateSpot[] => (node?.type === 'string' ? [{ kind: 'call-id', node }] : []));
  });
}
