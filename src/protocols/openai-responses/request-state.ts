import { optional } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { StateSpot } from '../protocol.ts';

/** Ids of tool calls and of their results, and what reasoning items hold in encrypted form. */
export function stateSpots(body: JsonNode): StateSpot[] {
  const input = optional(body, 'input');
  if (input?.type !== 'array') return [];
  return input.items().flatMap((item): StateSpot[] => {
    if (item.type !== 'object') return [];
    const callId = optional(item, 'call_id');
    if (callId?.type === 'string') return [{ kind: 'call-id', node: callId }];
    const encrypted = optional(item, 'type')?.text === '"reasoning"' ? optional(item, 'encrypted_content') : undefined;
    return encrypted?.type === 'string' ? [{ kind: 'state', node: encrypted, item, list: input }] : [];
  });
}
