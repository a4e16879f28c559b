import { optional } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import { removeFields, replaceValue, splice, type Edit } from '../../framing/splice.ts';
import type { Warning } from '../../llm/request.ts';
import type { Carried } from '../protocol.ts';

/** Stands in every id that we give to an item of an answer. */
const mark = '_remora_';

/** The id of an item in an answer that no server of this protocol gave: `digest` tells answers apart, `index` the items of one. */
export const ownItemId = (type: 'msg' | 'rs' | 'fc', digest: string, index: number): string => `${type}${mark}${digest}_${index}`;

/** Whether we made the id: no provider knows it. */
export const isOwnItemId = (id: string): boolean => id.includes(mark);

/** Refuses an item that is named where it should stand. Throws JsonFieldError. */
export function refuseReference(item: JsonNode): never {
  throw new JsonFieldError(
    item.path,
    'names an item that only OpenAI would keep, and none is kept here: send the item itself, as SDKs do with store: false',
  );
}

/**
 * Items of our own making, which a client sends back in its input, as a provider of this protocol takes them: it looks ids up that it never gave.
 * So these go, and reasoning that another maker's model wrote goes as a whole where it holds nothing that the provider could read.
 * Throws JsonFieldError where the client sends nothing but the id.
 */
export function withoutOwnIds(body: JsonNode): Carried<Edit[]> {
  const input = body.bytes.includes(mark) ? optional(body, 'input') : undefined;
  if (input?.type !== 'array') return { value: [], warnings: [] };
  const warnings: Warning[] = [];
  let changes = false;
  const items = input.items().flatMap((item) => {
    const ownId = item.type === 'object' ? optional(item, 'id') : undefined;
    if (ownId?.type !== 'string' || !isOwnItemId(ownId.string())) return [item.text];
    changes = true;
    const type = optional(item, 'type')?.string() ?? (optional(item, 'role') === undefined ? 'item_reference' : 'message');
    if (type === 'item_reference') refuseReference(item);
    if (type !== 'reasoning' || optional(item, 'encrypted_content') !== undefined) return [withoutId(item)];
    warnings.push({ field: item.path, detail: 'is reasoning of another maker and is left out' });
    return [];
  });
  return { value: changes ? [replaceValue(input, `[${items.join(',')}]`)] : [], warnings };
}

const id: ReadonlySet<string> = new Set(['id']);

function withoutId(item: JsonNode): string {
  const edits = removeFields(item, id).map((edit) => ({ ...edit, start: edit.start - item.start, end: edit.end - item.start }));
  return splice(item.bytes.subarray(item.start, item.end), edits).toString();
}
