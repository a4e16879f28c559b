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

/** Responses and files that this request builds on. Conversations, prompts and vector stores are none of ours: no endpoint here makes one. */
export function storedIds(body: JsonNode): JsonNode[] {
  const cache = optional(body, 'prompt_cache_options');
  return [
    stringOf(body, 'previous_response_id'),
    cache?.type === 'object' ? stringOf(cache, 'comparison_response_id') : undefined,
    ...objectsOf(optional(body, 'input')).flatMap((item) => ['content', 'output'].flatMap((field) => fileIds(optional(item, field)))),
    ...objectsOf(optional(body, 'tools')).flatMap((tool) => containerFiles(optional(tool, 'container'))),
  ].filter((node) => node !== undefined);
}

/** Ids of files in a list of content, or in the one screenshot of a computer. */
const fileIds = (content: JsonNode | undefined): (JsonNode | undefined)[] =>
  (content?.type === 'object' ? [content] : objectsOf(content)).map((part) => stringOf(part, 'file_id'));

function containerFiles(container: JsonNode | undefined): JsonNode[] {
  const ids = container?.type === 'object' ? optional(container, 'file_ids') : undefined;
  return ids?.type === 'array' ? ids.items().filter(({ type }) => type === 'string') : [];
}

const objectsOf = (list: JsonNode | undefined): JsonNode[] => (list?.type === 'array' ? list.items().filter(({ type }) => type === 'object') : []);

function stringOf(object: JsonNode, field: string): JsonNode | undefined {
  const node = optional(object, field);
  return node?.type === 'string' ? node : undefined;
}
