import { optional } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { StateSpot } from '../protocol.ts';

/** Ids of tool uses and of their results, and signatures of reasoning. Redacted content is Anthropic's own and never sealed. */
export function stateSpots(body: JsonNode): StateSpot[] {
  return itemsOf(optional(body, 'messages')).flatMap((message) => {
    const list = optional(message, 'content');
    return list === undefined ? [] : itemsOf(list).flatMap((item) => spotsOf(item, list));
  });
}

function spotsOf(item: JsonNode, list: JsonNode): StateSpot[] {
  const id = stringAt(item, 'toolUse', 'toolUseId') ?? stringAt(item, 'toolResult', 'toolUseId');
  if (id !== undefined) return [{ kind: 'call-id', node: id }];
  const signature = stringAt(item, 'reasoningContent', 'reasoningText', 'signature');
  return signature === undefined ? [] : [{ kind: 'state', node: signature, item, list }];
}

function stringAt(object: JsonNode, ...path: string[]): JsonNode | undefined {
  let node: JsonNode | undefined = object;
  for (const key of path) node = node?.type === 'object' ? optional(node, key) : undefined;
  return node?.type === 'string' ? node : undefined;
}

const itemsOf = (list: JsonNode | undefined): JsonNode[] => (list?.type === 'array' ? list.items().filter(({ type }) => type === 'object') : []);
