import { optional } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { KeptIds, StoredId } from '../protocol.ts';
import { isOwnItemId } from './request-own-items.ts';
import { objectsOf, stringOf } from './request-state.ts';

/**
 * What a request names that OpenAI keeps: responses and files; items of answers, which it looks up where they do not stand in full;
 * and what no endpoint here makes, so that nobody has an id for it: conversations, prompts, vector stores, containers and tunnels.
 */
export function storedIds(body: JsonNode): StoredId[] {
  const cache = optional(body, 'prompt_cache_options');
  const items = objectsOf(optional(body, 'input'));
  const alone = [
    stringOf(body, 'previous_response_id'),
    idIn(cache, 'comparison_response_id'),
    itself(optional(body, 'conversation')) ?? idIn(optional(body, 'conversation'), 'id'),
    idIn(optional(body, 'prompt'), 'id'),
    ...Object.values(variablesOf(optional(body, 'prompt'))).map((part) => idIn(part, 'file_id')),
    ...items.flatMap((item) => ['content', 'output'].flatMap((field) => fileIds(optional(item, field)))),
    ...objectsOf(optional(body, 'tools')).flatMap(toolIds),
  ];
  return [...alone.flatMap((node): StoredId[] => (node === undefined ? [] : [{ node, kind: 'reference' }])), ...items.flatMap(itemIds)];
}

/** The id of an item, and that of the request for approval which it answers. */
function itemIds(item: JsonNode): StoredId[] {
  const id = stringOf(item, 'id');
  const approval = stringOf(item, 'approval_request_id');
  return [
    ...(id === undefined || isOwnItemId(id.string()) ? [] : [{ node: id, kind: kindOf(item) }]),
    ...(approval === undefined ? [] : [{ node: approval, kind: 'echo' as const }]),
  ];
}

function kindOf(item: JsonNode): StoredId['kind'] {
  const type = stringOf(item, 'type')?.string() ?? (optional(item, 'role') === undefined ? 'item_reference' : 'message');
  if (type === 'item_reference') return 'reference';
  if (type === 'image_generation_call') return isGiven(item, 'result') ? 'echo' : 'reference';
  return type === 'reasoning' && !isGiven(item, 'encrypted_content') ? 'part' : 'echo';
}

/** Whether a field has a text: `null` and an empty one are none. */
const isGiven = (item: JsonNode, field: string): boolean => (stringOf(item, field)?.string() ?? '') !== '';

/** Ids of files in a list of content, or in the one screenshot of a computer. */
const fileIds = (content: JsonNode | undefined): (JsonNode | undefined)[] =>
  (content?.type === 'object' ? [content] : objectsOf(content)).map((part) => idIn(part, 'file_id'));

/** What fills a prompt's variables. */
function variablesOf(prompt: JsonNode | undefined): JsonNode[] {
  const variables = prompt?.type === 'object' ? optional(prompt, 'variables') : undefined;
  return variables?.type === 'object' ? [...variables.fields()].map(({ value }) => value) : [];
}

function toolIds(tool: JsonNode): (JsonNode | undefined)[] {
  const container = optional(tool, 'container');
  return [
    itself(container),
    ...stringsIn(container, 'file_ids'),
    idIn(optional(tool, 'environment'), 'container_id'),
    ...stringsIn(optional(tool, 'environment'), 'file_ids'),
    idIn(optional(tool, 'input_image_mask'), 'file_id'),
    ...stringsIn(tool, 'vector_store_ids'),
    idIn(tool, 'tunnel_id'),
  ];
}

const itself = (node: JsonNode | undefined): JsonNode | undefined => (node?.type === 'string' ? node : undefined);
const idIn = (object: JsonNode | undefined, field: string): JsonNode | undefined => (object?.type === 'object' ? stringOf(object, field) : undefined);

function stringsIn(object: JsonNode | undefined, field: string): JsonNode[] {
  const list = object?.type === 'object' ? optional(object, field) : undefined;
  return list?.type === 'array' ? list.items().filter(({ type }) => type === 'string') : [];
}

/** A response that OpenAI keeps, and its items: the whole, or the one that an event is about. */
export const keptIds: KeptIds = {
  sign: '"id"',
  in(document, isStored) {
    if (!isStored || document.type !== 'object') return [];
    const answers = [document, optional(document, 'response')].filter((node) => node?.type === 'object');
    const items = [optional(document, 'item'), ...answers.flatMap((answer) => (answer === undefined ? [] : objectsOf(optional(answer, 'output'))))];
    return [...answers, ...items].map((node) => idIn(node, 'id')).filter((node) => node !== undefined);
  },
};
