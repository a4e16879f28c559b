import type { JsonNode } from '../framing/json.ts';
import { replaceValue, type Edit } from '../framing/splice.ts';
import type { TextPlace } from './protocol.ts';

/** The value that a path of keys and indices leads to; of a field that stands twice the last one, as JSON.parse takes it. */
export function nodeAt(document: JsonNode, path: TextPlace['path']): JsonNode {
  let node = document;
  for (const step of path) {
    const next = typeof step === 'number' ? node.items()[step] : [...node.fields()].findLast(({ value }) => value.name === step)?.value;
    if (next === undefined) throw new Error(`nothing stands at ${path.join('.')}`);
    node = next;
  }
  return node;
}

/** Puts a text where another one stood. */
export const replaceText = (document: JsonNode, { path, kind }: TextPlace, text: string): Edit =>
  replaceValue(nodeAt(document, path), kind === 'tree' ? text : JSON.stringify(text));
