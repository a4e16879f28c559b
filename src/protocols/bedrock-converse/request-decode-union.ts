import { optionalString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { CacheMarker } from '../../llm/state.ts';
import type { Warnings } from '../warnings.ts';

/** The one field of an object of AWS's unions: its name says what the object is. */
export interface Member {
  name: string;
  value: JsonNode;
}

/** Throws JsonFieldError for an object without a field. */
export function memberOf(union: JsonNode, warnings: Warnings): Member {
  for (const { value } of union.fields()) {
    if (value.type === 'null') continue;
    const name = String(value.name);
    warnings.others(union, [name]);
    return { name, value };
  }
  throw new JsonFieldError(union.path, 'must have one field that says what it is');
}

/** What a mark for the prompt cache may stand on. */
export interface Markable {
  cache?: CacheMarker;
}

/** The items of a list where cache points stand between the others: each marks the item before it. */
export function decodeMarked<Item extends Markable | { type: 'reasoning' | 'audio' }>(
  list: JsonNode,
  decode: (member: Member, item: JsonNode) => Item[],
  warnings: Warnings,
): Item[] {
  const decoded: Item[] = [];
  for (const item of list.items()) {
    const member = memberOf(item, warnings);
    if (member.name !== 'cachePoint') {
      decoded.push(...decode(member, item));
      continue;
    }
    const cache = toMarker(member.value, warnings);
    const last = decoded.at(-1);
    if (last === undefined || isUnmarkable(last)) warnings.add(item, 'there is nothing before it that it could mark');
    else last.cache = cache;
  }
  return decoded;
}

const isUnmarkable = (item: Markable | { type: 'reasoning' | 'audio' }): item is { type: 'reasoning' | 'audio' } =>
  'type' in item && (item.type === 'reasoning' || item.type === 'audio');

function toMarker(point: JsonNode, warnings: Warnings): CacheMarker {
  warnings.others(point, ['type', 'ttl']);
  const ttl = optionalString(point, 'ttl');
  if (ttl === undefined) return {};
  if (ttl === '5m' || ttl === '1h') return { ttl };
  throw new JsonFieldError(`${point.path}.ttl`, 'must be 5m or 1h');
}
