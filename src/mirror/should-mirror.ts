import { objectsIn, optional } from '../framing/json-fields.ts';
import { addField, removeFields, replaceValue } from '../framing/splice.ts';
import type { JsonNode } from '../framing/json.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { Mirror, Model } from '../routing/deployment.ts';

/** Whether a request is copied: it is drawn, and a copy of it does nothing but to be answered. */
export const shouldMirror = (mirror: Model['mirror'], request: ClientRequest, random: () => number): mirror is Mirror =>
  mirror !== undefined && random() < mirror.share && isCopyable(request);

/**
 * Whether a copy of a request has no effect beyond its answer. It would have one where the request names what a provider keeps (a conversation that grows by each answer),
 * leaves work behind that goes on by itself, or lets the provider call servers of the client's. A count of tokens is nothing to compare.
 */
function isCopyable({ protocol, body }: ClientRequest): boolean {
  if (protocol.operation === 'count-tokens') return false;
  if (protocol.storedIds?.(body).some(({ kind }) => kind === 'reference') === true) return false;
  if (optional(body, 'background')?.type === 'true') return false;
  return objectsIn(optional(body, 'mcp_servers')).length === 0 && !objectsIn(optional(body, 'tools')).some(callsOut);
}

/** Whether a tool is a server that the provider calls. */
function callsOut(tool: JsonNode): boolean {
  const type = optional(tool, 'type');
  return type?.type === 'string' && type.string().startsWith('mcp');
}

/** The request with nothing kept of its answer at the provider, where nobody would know its id or delete it. The labels for what is kept go too: OpenAI refuses some without. */
export function unstored(request: ClientRequest): ClientRequest {
  const { body, facts } = request;
  const store = body.get('store');
  if (facts.isStored !== true && store?.type !== 'true') return request;
  const edit = store === undefined ? addField(body, 'store', 'false') : replaceValue(store, 'false');
  return request.edited([edit, ...removeFields(body, new Set(['metadata']))]);
}
