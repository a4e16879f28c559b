import { optional } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { KeptIds, StoredId } from '../protocol.ts';

/** Files in messages, and what a model said in earlier answers as audio. */
export const storedIds = (body: JsonNode): StoredId[] =>
  objectsIn(body, 'messages').flatMap((message) =>
    [idAt(message, 'audio', 'id'), ...objectsIn(message, 'content').map((part) => idAt(part, 'file', 'file_id'))].flatMap((node): StoredId[] =>
      node === undefined ? [] : [{ node, kind: 'reference' }],
    ),
  );

/** What the model said as audio: OpenAI keeps it for an hour, for the conversation to go on with. */
export const keptIds: KeptIds = {
  sign: '"audio"',
  in: (document) =>
    objectsIn(document, 'choices')
      .flatMap((choice) => [idAt(choice, 'message', 'audio', 'id'), idAt(choice, 'delta', 'audio', 'id')])
      .filter((node) => node !== undefined),
};

function objectsIn(object: JsonNode, field: string): JsonNode[] {
  const list = object.type === 'object' ? optional(object, field) : undefined;
  return list?.type === 'array' ? list.items().filter(({ type }) => type === 'object') : [];
}

function idAt(object: JsonNode, ...path: string[]): JsonNode | undefined {
  let node: JsonNode | undefined = object;
  for (const key of path) node = node?.type === 'object' ? optional(node, key) : undefined;
  return node?.type === 'string' ? node : undefined;
}
