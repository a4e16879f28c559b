import { optional } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { StateSpot } from '../protocol.ts';

/** Ids of tool calls and of their results: all that clients of this protocol send back. */
export function stateSpots(body: JsonNode): StateSpot[] {
  return itemsOf(body, 'messages').flatMap((message) => {
    const ids = [optional(message, 'tool_call_id'), ...itemsOf(message, 'tool_calls').map((call) => optional(call, 'id'))];
    return ids.flatMap((node): StateSpot[] => (node?.type === 'string' ? [{ kind: 'call-id', node }] : []));
  });
}

function itemsOf(object: JsonNode, field: string): JsonNode[] {
  const list = optional(object, field);
  return list?.type === 'array' ? list.items().filter(({ type }) => type === 'object') : [];
}
