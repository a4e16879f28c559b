import { objectsIn, optional } from '../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../framing/json.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { Protocol } from '../protocols/protocol.ts';
import type { Mirror, Model } from '../routing/deployment.ts';

/** Whether a request is copied: it is drawn, and a copy of it does nothing but to be answered. Throws nothing that a client could cause. */
export const shouldMirror = (mirror: Model['mirror'], request: ClientRequest, random: () => number): mirror is Mirror =>
  mirror !== undefined && random() < mirror.share && isCopyable(request);

/**
 * Whether a copy of a request has no effect beyond its answer. It would have one where the request names what a provider keeps (a conversation that grows by each answer),
 * leaves work behind that goes on by itself, or lets the provider call servers of the client's. A count of tokens is nothing to compare.
 */
function isCopyable({ protocol, body }: ClientRequest): boolean {
  try {
    return protocol.operation !== 'count-tokens' && !keepsOn(protocol, body) && !callsOut(body);
  } catch (error) {
    if (error instanceof JsonFieldError) return false; // a field that stands twice: what a provider makes of it cannot be told
    throw error;
  }
}

/** Whether a request goes on with what a provider keeps, or leaves work behind. */
const keepsOn = (protocol: Protocol, body: JsonNode): boolean =>
  protocol.storedIds?.(body).some(({ kind }) => kind === 'reference') === true || optional(body, 'background')?.type === 'true';

/** Whether a request names servers that the provider calls. */
const callsOut = (body: JsonNode): boolean =>
  objectsIn(optional(body, 'mcp_servers')).length > 0 || objectsIn(optional(body, 'tools')).some(isServer);

function isServer(tool: JsonNode): boolean {
  const type = optional(tool, 'type');
  return type?.type === 'string' && type.string().startsWith('mcp');
}
