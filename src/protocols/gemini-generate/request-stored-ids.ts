import type { JsonNode } from '../../framing/json.ts';
import type { StoredId } from '../protocol.ts';
import { field } from './wire-fields.ts';

/**
 * Caches and files that Google keeps, and what it would read from buckets with our credential. No endpoint here makes any, so nobody has an id for one.
 * A part's file may stand in a function's response as well.
 */
export function storedIds(request: JsonNode): StoredId[] {
  const cache = field(request, 'cachedContent');
  const contents = [...objectsIn(field(request, 'contents')), ...objectsIn(field(request, 'systemInstruction'))];
  const uris = contents.flatMap((content) => objectsIn(field(content, 'parts')).flatMap(fileUris));
  return [...(cache?.type === 'string' ? [cache] : []), ...uris.filter((uri) => isKept(uri.string()))].map((node) => ({ node, kind: 'reference' }));
}

function fileUris(part: JsonNode): JsonNode[] {
  const uris = objectsIn(field(part, 'fileData')).flatMap((file) => {
    const uri = field(file, 'fileUri');
    return uri?.type === 'string' ? [uri] : [];
  });
  return [...uris, ...objectsIn(field(part, 'functionResponse')).flatMap((answer) => objectsIn(field(answer, 'parts')).flatMap(fileUris))];
}

/** Whether an address leads to what only a Google account can read; anyone can fetch the others. */
export function isKept(uri: string): boolean {
  const { protocol, hostname } = URL.parse(uri) ?? { protocol: '', hostname: '' };
  return (protocol !== 'https:' && protocol !== 'http:') || hostname.includes('generativelanguage');
}

/** The objects of a list, or the one that stands alone. */
function objectsIn(node: JsonNode | undefined): JsonNode[] {
  if (node?.type === 'object') return [node];
  return node?.type === 'array' ? node.items().filter(({ type }) => type === 'object') : [];
}
