import { optional } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { KeptIds, StoredId } from '../protocol.ts';

/** Files, wherever a block has one as its source or puts it into a container, and the container that tools run in. */
export function storedIds(body: JsonNode): StoredId[] {
  const container = optional(body, 'container');
  const ids = [
    container?.type === 'string' ? container : idAt(body, 'container', 'id'),
    ...blocksIn(optional(body, 'system')).flatMap(fileIds),
    ...blocksIn(optional(body, 'messages')).flatMap((message) => blocksIn(optional(message, 'content')).flatMap(fileIds)),
  ];
  return ids.flatMap((node): StoredId[] => (node === undefined ? [] : [{ node, kind: 'reference' }]));
}

function fileIds(block: JsonNode): (JsonNode | undefined)[] {
  const source = optional(block, 'source');
  const inside = [optional(block, 'content'), source?.type === 'object' ? optional(source, 'content') : undefined];
  const upload = optional(block, 'type')?.text === '"container_upload"' ? idAt(block, 'file_id') : undefined;
  return [upload, idAt(block, 'source', 'file_id'), ...inside.flatMap(blocksIn).flatMap(fileIds)];
}

/** The container that tools ran in, in an answer, or in the first or last event of one. */
export const keptIds: KeptIds = {
  sign: '"container"',
  in: (document) =>
    [idAt(document, 'container', 'id'), idAt(document, 'message', 'container', 'id'), idAt(document, 'delta', 'container', 'id')].filter(
      (node) => node !== undefined,
    ),
};

/** The objects of a list, or the one that stands alone. */
function blocksIn(node: JsonNode | undefined): JsonNode[] {
  if (node?.type === 'object') return [node];
  return node?.type === 'array' ? node.items().filter(({ type }) => type === 'object') : [];
}

function idAt(object: JsonNode, ...path: string[]): JsonNode | undefined {
  let node: JsonNode | undefined = object;
  for (const key of path) node = node?.type === 'object' ? optional(node, key) : undefined;
  return node?.type === 'string' ? node : undefined;
}
