import { GatewayError } from '../../errors.ts';
import { JsonSyntaxError, parseJson, type JsonNode } from '../../framing/json.ts';
import { replaceValue, splice, type Edit } from '../../framing/splice.ts';
import type { TextSpot } from '../../protocols/protocol.ts';
import type { Find } from './detect/find.ts';
import type { Scan } from './detect/scan.ts';
import type { Placeholders } from './placeholders.ts';

/** A value, or the name of a field, that holds personal data: in its own characters, or in the JSON document that its characters are. */
type Holder = { node: JsonNode; text: string; finds: readonly Find[] } | { node: JsonNode; document: JsonNode; holders: Holder[] };

/**
 * Replaces personal data in all these spots. Two passes: the first reads everything, so that the second gives out no placeholder
 * that the client's text holds anywhere, and knows every number that is certain somewhere. Strings that hold none keep their bytes.
 */
export function redactSpots(spots: readonly TextSpot[], scan: Scan, placeholders: Placeholders): Edit[] {
  const reader = new Reader(scan, placeholders);
  const holders = spots.flatMap((spot) => reader.spot(spot));
  return holders.flatMap((holder) => editOf(holder, reader.certain, placeholders));
}

/** The first pass. */
class Reader {
  /** Digits of the numbers that are sure. */
  readonly certain = new Set<string>();
  readonly #scan: Scan;
  readonly #placeholders: Placeholders;

  constructor(scan: Scan, placeholders: Placeholders) {
    this.#scan = scan;
    this.#placeholders = placeholders;
  }

  spot({ node, kind }: TextSpot): Holder[] {
    const holders: Holder[] = [];
    if (kind === 'unreadable') throw unreadable(node);
    if (kind === 'tree') this.#tree(node, '', holders);
    else this.#string(node, kind === 'json', '', holders);
    return holders;
  }

  /** Plain loops: a callback per level would double the stack that hostile nesting takes. */
  #tree(node: JsonNode, context: string, into: Holder[]): void {
    switch (node.type) {
      case 'object':
        for (const { key, value } of node.fields()) {
          this.#string(key, false, '', into);
          this.#tree(value, key.string(), into);
        }
        break;
      case 'array':
        for (const item of node.items()) this.#tree(item, context, into);
        break;
      case 'string':
        this.#string(node, false, context, into);
        break;
      case 'number':
        if (/^\d+$/.test(node.text)) this.#find(node, node.text, context, into); // a card's, say: it becomes a string
        break;
      default:
    }
  }

  #string(node: JsonNode, isJson: boolean, context: string, into: Holder[]): void {
    const text = node.string();
    const document = isJson || mayHideEscapes(text) ? parsed(text) : undefined;
    if (document === undefined) {
      this.#placeholders.reserve(text);
      this.#find(node, text, context, into);
      return;
    }
    const holders: Holder[] = [];
    this.#tree(document, context, holders);
    if (holders.length > 0) into.push({ node, document, holders });
  }

  #find(node: JsonNode, text: string, context: string, into: Holder[]): void {
    const finds = this.#scan(text, context);
    if (finds.length > 0) into.push({ node, text, finds });
    for (const { sure, digits } of finds) if (sure && digits !== '') this.certain.add(digits);
  }
}

/** What cannot be read cannot be redacted. */
const unreadable = ({ path }: JsonNode): GatewayError =>
  new GatewayError('unreadable-content', 'Personal data is redacted for this tenant, and tokens cannot be read. Send the text itself.', {
    field: path,
  });

/** A plain text that is a JSON document with escapes, as tool results are: `bob\u0040example.com` in it is an address. */
const mayHideEscapes = (text: string): boolean => /^\s*[[{]/.test(text) && text.includes('\\');

/** The document that a text is; undefined where it is none, where it is nested too deep, or where its bytes would not be its characters (lone surrogates). */
function parsed(text: string): JsonNode | undefined {
  if (!text.isWellFormed()) return undefined;
  try {
    return parseJson(Buffer.from(text));
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

/** The second pass: no edit where all finds were doubtful. */
function editOf(holder: Holder, certain: ReadonlySet<string>, placeholders: Placeholders): Edit[] {
  if ('document' in holder) {
    const inner = holder.holders.flatMap((each) => editOf(each, certain, placeholders));
    return inner.length === 0 ? [] : [replaceValue(holder.node, JSON.stringify(splice(holder.document.bytes, inner).toString()))];
  }
  const { node, text, finds } = holder;
  let redacted = '';
  let at = 0;
  for (const { type, start, end, digits, sure } of finds) {
    if (!sure && !certain.has(digits)) continue;
    redacted += text.slice(at, start) + placeholders.of(type, text.slice(start, end));
    at = end;
  }
  return at === 0 ? [] : [replaceValue(node, JSON.stringify(redacted + text.slice(at)))];
}
