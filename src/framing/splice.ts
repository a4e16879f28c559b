import type { JsonNode } from './json.ts';

/** Replaces the bytes from `start` to `end` by `text`. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Puts a JSON text in the place of a value. */
export const replaceValue = (node: JsonNode, json: string): Edit => ({ start: node.start, end: node.end, text: json });

/** Adds a field in front of an object's others. `json` is the JSON text of its value. */
export function addField(object: JsonNode, key: string, json: string): Edit {
  const isEmpty = object.fields().next().done === true;
  return { start: object.start + 1, end: object.start + 1, text: `${JSON.stringify(key)}:${json}${isEmpty ? '' : ','}` };
}

/** Gives a field another name. */
export const renameField = (key: JsonNode, name: string): Edit => replaceValue(key, JSON.stringify(name));

/** Takes fields out of an object, each as often as it stands there. Other edits must not touch them, nor add a field where none is left. */
export function removeFields(object: JsonNode, names: ReadonlySet<string>): Edit[] {
  if (names.size === 0) return [];
  const fields = [...object.fields()];
  const isKept = ({ value }: { value: JsonNode }): boolean => !names.has(String(value.name));
  const firstKept = fields.findIndex(isKept);
  return fields.flatMap((field, index): Edit[] => {
    if (isKept(field)) return [];
    const { key, value } = field;
    // With the comma before it, or behind it where no field is left before it.
    if (firstKept !== -1 && index > firstKept) return [{ start: fields[index - 1]?.value.end ?? key.start, end: value.end, text: '' }];
    return [{ start: key.start, end: fields[index + 1]?.key.start ?? value.end, text: '' }];
  });
}

/** Applies edits that do not overlap, in any order. Bytes outside them are copied as they are. */
export function splice(bytes: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return bytes;
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < at) throw new RangeError(`edits overlap at byte ${start}`);
    pieces.push(bytes.subarray(at, start), Buffer.from(text));
    at = end;
  }
  pieces.push(bytes.subarray(at));
  return Buffer.concat(pieces);
}
