import { optional } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { StateSpot } from '../protocol.ts';

/** Ids of tool calls and of their results, and what reasoning items hold in encrypted form. */
export function stateSpots(body: JsonNode): StateSpot[] {
  const input = optional(body, 'input');
  if (input === undefined) return [];
  return objectsOf(input).flatMap((item): StateSpot[] => {
    const callId = stringOf(item, 'call_id');
    if (callId !== undefined) return [{ kind: 'call-id', node: callId }];
    const encrypted = optional(item, 'type')?.text === '"reasoning"' ? stringOf(item, 'encrypted_content') : undefined;
    return encrypted === undefined ? [] : [{ kind: 'state', node: encrypted, item, list: input }];
  });
}

/** The objects of a list; none where there is no list. */
export const objectsOf = (list: JsonNode | undefined): JsonNode[] =>
  list?.type === 'array' ? list.items().filter(({ type }) => type === 'object') : [];

/** The field of this name where it is a string. */
export function stringOf(object: JsonNode, field: string): JsonNode | undefined {
  const node = optional(object, field);
  return node?.type === 'string' ? node : undefined;
}
