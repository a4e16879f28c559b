import { optional } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { StoredId } from '../protocol.ts';

/**
 * Addresses in S3, which Bedrock would read with the gateway's own role: no endpoint here gives any, so nobody has one.
 * They stand in images, documents and videos, in what a tool gave as well.
 */
export function storedIds(request: JsonNode): StoredId[] {
  const found: JsonNode[] = [];
  for (const field of ['messages', 'system']) {
    const list = optional(request, field);
    if (list !== undefined) s3Locations(list, found);
  }
  return found.map((node) => ({ node, kind: 'reference' }));
}

/** Every `s3Location` below, but in what tools were called with or gave as JSON: that is the client's own. */
function s3Locations(node: JsonNode, found: JsonNode[]): void {
  if (node.type === 'array') for (const item of node.items()) s3Locations(item, found);
  if (node.type !== 'object') return;
  for (const { key, value } of node.fields()) {
    const name = key.string();
    if (name === 'input' || name === 'json') continue;
    const uri = name === 's3Location' && value.type === 'object' ? optional(value, 'uri') : undefined;
    if (uri?.type === 'string') found.push(uri);
    else s3Locations(value, found);
  }
}
