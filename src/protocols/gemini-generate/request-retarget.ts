import type { JsonNode } from '../../framing/json.ts';
import { addField, replaceValue, splice, type Edit } from '../../framing/splice.ts';
import type { Carried, Target } from '../protocol.ts';
import { field } from './wire-fields.ts';
import { wantsSignatures } from './request-models.ts';
import { resourceName } from './request-paths.ts';
import { isPlaceholder, noSignature } from './wire-signature.ts';

/**
 * What changes for a provider of the client's own protocol, though its path says the model: the model, where the body names it too,
 * and contents that an answer of ours has left behind.
 */
export const retarget = (body: JsonNode, { model }: Pick<Target, 'model'>): Carried<Edit[]> => ({
  value: [...modelEdits(body, model), ...contentEdits(body, model)],
  warnings: [],
});

/** The provider's model in a request that names one. */
export function modelEdits(request: JsonNode, model: string): Edit[] {
  const named = request.get('model');
  const json = JSON.stringify(resourceName(model));
  return named === undefined || named.text === json ? [] : [replaceValue(named, json)];
}

/** Streams of ours end with a part that is an empty text, and calls that other models made have no signature of Google's. */
export function contentEdits(body: JsonNode, model: string): Edit[] {
  const contents = field(body, 'contents');
  if (contents?.type !== 'array') return [];
  const signs = wantsSignatures(model);
  const unsigned: ReadonlySet<number> = signs ? unsignedCalls(contents) : new Set();
  if (unsigned.size === 0 && !mayChange(body, signs)) return [];
  const items = contents.items();
  const rewritten = items.flatMap((content) => rewriteContent(content, unsigned, signs));
  // A conversation that says nothing at all is for the API to refuse.
  const isSame = rewritten.length === items.length && rewritten.every((text, at) => text === items[at]?.text);
  return isSame || rewritten.length === 0 ? [] : [replaceValue(contents, `[${rewritten.join(',')}]`)];
}

/** Nearly no request has anything to change: this is all that those pay. */
const mayChange = ({ bytes }: JsonNode, signs: boolean): boolean =>
  emptiness.some((text) => bytes.includes(text)) || (!signs && bytes.includes(noSignature));

/** What an empty text looks like, and a content whose parts were all of another maker. */
const emptiness = ['"text":""', '"text": ""', '"parts":[]', '"parts": []'];

/** A content with its parts as the provider takes them; none where no part is left. */
function rewriteContent(content: JsonNode, unsigned: ReadonlySet<number>, signs: boolean): string[] {
  const parts = field(content, 'parts');
  if (parts?.type !== 'array') return [content.text];
  const kept = parts.items().flatMap((part) => {
    if (isEmptyText(part)) return [];
    if (unsigned.has(part.start)) return [spliced(part, addField(part, 'thoughtSignature', JSON.stringify(noSignature)))];
    return [signs ? part.text : withoutPlaceholder(part)];
  });
  if (kept.length === 0) return [];
  if (kept.length === parts.items().length && kept.every((text, at) => text === parts.items()[at]?.text)) return [content.text];
  return [spliced(content, replaceValue(parts, `[${kept.join(',')}]`))];
}

/** The text of a value with a change inside of it. */
function spliced(node: JsonNode, { start, end, text }: Edit): string {
  const bytes = node.bytes.subarray(node.start, node.end);
  return splice(bytes, [{ start: start - node.start, end: end - node.start, text }]).toString('utf8');
}

/** A part with nothing but a text that is empty, be it a thought: the API refuses a part without data. */
const isEmptyText = (part: JsonNode): boolean =>
  part.type === 'object' &&
  field(part, 'text')?.text === '""' &&
  [...part.fields()].every(({ value }) => value.name === 'text' || value.name === 'thought' || value.type === 'null');

/** Where the first calls of the steps since the user's last word begin that have no signature. Contents of one side in a row are one turn. */
function unsignedCalls(contents: JsonNode): Set<number> {
  const starts = new Set<number>();
  let first: JsonNode | undefined; // of the step that is being read, from its end to its beginning
  let userTurn: 'word' | 'results' | undefined;
  const close = (): void => {
    if (first !== undefined && field(first, 'thoughtSignature') === undefined) starts.add(first.start);
    first = undefined;
  };
  for (const content of contents.items().toReversed()) {
    const parts = partsOf(content);
    if (field(content, 'role')?.text === '"model"') {
      if (userTurn === 'word') break;
      userTurn = undefined;
      first = parts.find((part) => field(part, 'functionCall') !== undefined) ?? first;
    } else {
      close();
      const hasResults = userTurn === 'results' || parts.some((part) => field(part, 'functionResponse') !== undefined);
      userTurn = hasResults ? 'results' : 'word';
    }
  }
  close();
  return starts;
}

function partsOf(content: JsonNode): JsonNode[] {
  const list = content.type === 'object' ? field(content, 'parts') : undefined;
  return list?.type === 'array' ? list.items().filter(({ type }) => type === 'object') : [];
}

/** Models that want no signatures would take what stands for none as one that is corrupted. */
function withoutPlaceholder(part: JsonNode): string {
  const signature = part.type === 'object' ? field(part, 'thoughtSignature') : undefined;
  if (signature?.type !== 'string' || !isPlaceholder(signature.string())) return part.text;
  const kept = [...part.fields()].filter(({ value }) => value.start !== signature.start);
  return `{${kept.map(({ key, value }) => `${key.text}:${value.text}`).join(',')}}`;
}
