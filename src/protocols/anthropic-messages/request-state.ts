import { objectsIn, optional } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { StateSpot } from '../protocol.ts';

/** Fields of content blocks that clients send back as they got them. */
const fields = new Map<string, { field: string; kind: StateSpot['kind'] }>([
  ['tool_use', { field: 'id', kind: 'call-id' }],
  ['tool_result', { field: 'tool_use_id', kind: 'call-id' }],
  ['thinking', { field: 'signature', kind: 'state' }],
  ['redacted_thinking', { field: 'data', kind: 'state' }],
]);

/** Ids of tool calls and of their results, signatures of thinking and redacted thinking. */
export function stateSpots(body: JsonNode): StateSpot[] {
  return objectsIn(optional(body, 'messages')).flatMap((message) => {
    const list = optional(message, 'content');
    return list === undefined ? [] : objectsIn(list).flatMap((item) => spotOf(item, list));
  });
}

function spotOf(item: JsonNode, list: JsonNode): StateSpot[] {
  const type = optional(item, 'type');
  const place = type?.type === 'string' ? fields.get(type.string()) : undefined;
  const node = place && optional(item, place.field);
  if (place === undefined || node?.type !== 'string') return [];
  return [place.kind === 'state' ? { kind: 'state', node, item, list } : { kind: 'call-id', node }];
}
