import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node, type YAMLError } from 'yaml';
import { ConfigError, fieldName, type Finding, type Path, type Problem } from './problem.ts';

/** A config's text, read as YAML (JSON is YAML): its data, and where each field stands. */
export interface ConfigDocument {
  /** Path of the file, as it was given. */
  file: string;
  data: unknown;
  /** The finding with its line and column. */
  locate(finding: Finding): Problem;
}

/** How often aliases may expand before the file counts as an attack. */
const maxAliasCount = 100;

/** Reads the text. Throws ConfigError with every fault of its YAML. */
export function readDocument(text: string, file: string): ConfigDocument {
  const lines = new LineCounter();
  // Errors are not "pretty": that form quotes the line at fault, which may hold a secret.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const position = (offset: number): Problem['position'] => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  // An unknown tag is a warning to the parser, which then takes the value as plain text.
  const faults = [...document.errors, ...document.warnings].map((fault) => ({ offset: fault.pos[0], message: yamlMessage(fault) }));
  faults.push(...looseAliases(document).map((offset) => ({ offset, message: looseAlias })));
  if (faults.length > 0) throw new ConfigError(faults.map(({ offset, message }) => ({ file, position: position(offset), field: '', message })));
  const locate = ({ path, message, at }: Finding): Problem => ({
    file,
    position: position(offsetOf(document, path, at)),
    field: fieldName(path),
    message,
  });
  return { file, data: toData(document, locate), locate };
}

const looseAlias = 'uses an alias (*name) without an anchor (&name) before it; put a value that begins with * in quotes';

/** Offsets of aliases that stand for nothing; the parser lets them pass. */
function looseAliases(document: Document): number[] {
  const offsets: number[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined) offsets.push(alias.range?.[0] ?? 0);
    },
  });
  return offsets;
}

function toData(document: Document, locate: (finding: Finding) => Problem): unknown {
  try {
    return document.toJS({ maxAliasCount });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new ConfigError([locate({ path: [], message: 'has aliases that expand to too much; write the repeated values out' })]);
  }
}

/** Offset of the field, or of the nearest one around it where it is missing. */
function offsetOf(document: Document, path: Path, at: 'key' | undefined): number {
  let offset = document.contents?.range?.[0] ?? 0;
  let node: unknown = document.contents;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isSeq<Node>(node) && typeof step === 'number') {
      node = node.items[step];
      if (node === undefined) return offset;
      offset = startOf(node) ?? offset;
    } else if (isMap<Node, Node | null>(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) return offset;
      node = pair.value;
      const isLeaf = index === path.length - 1 && at !== 'key' && isScalar(node) && node.value !== null;
      offset = startOf(isLeaf ? node : pair.key) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

const startOf = (node: unknown): number | undefined => (isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range?.[0] : undefined);

const yamlMessages: Partial<Record<YAMLError['code'], string>> = {
  BAD_ALIAS: looseAlias,
  BAD_INDENT: 'is not indented like its neighbours, or an earlier bracket is not closed; use the same number of spaces for fields of one level',
  BAD_SCALAR_START: 'begins with a character that YAML reserves; put the value in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'has a second field on one line; start a new line, or put a value that holds ": " in quotes',
  DUPLICATE_KEY: 'is a field that stands here twice; keep one',
  MISSING_CHAR: 'lacks a closing quote, bracket or a comma here',
  MULTIPLE_DOCS: 'begins a second document; a config is one, so remove the line "---"',
  NON_STRING_KEY: 'is a name that is not text; put it in quotes',
  TAB_AS_INDENT: 'is indented with a tab; YAML wants spaces',
  TAG_RESOLVE_FAILED: 'has a tag (!name) that means nothing here; put a value that begins with ! in quotes',
};

// The parser's own sentences may quote the text at fault, so only its code is used.
const yamlMessage = ({ code }: YAMLError): string => yamlMessages[code] ?? `is not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`;
