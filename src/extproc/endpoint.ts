import { GatewayError } from '../errors.ts';
import { matchModelList, protocolOfList, type ModelListCall } from '../protocols/model-list.ts';
import { matchPassThrough, type PassThroughCall } from '../protocols/pass-through.ts';
import type { PathFacts, Protocol } from '../protocols/protocol.ts';
import type { RequestHeaders } from './message.ts';

/** What a request line asks for. */
export type Endpoint =
  | { type: 'translated'; protocol: Protocol; path: PathFacts }
  | { type: 'models'; protocol: Protocol; call: ModelListCall }
  | { type: 'pass-through'; protocol: Protocol; call: PassThroughCall }
  /** Not served; why not is thrown once it is known who calls in which protocol. */
  | { type: 'none'; protocol: Protocol; error: GatewayError };

/** Finds what serves a request line. Errors on paths that are no protocol's are written in the first one. */
export function endpointOf({ headers }: RequestHeaders, protocols: readonly [Protocol, ...Protocol[]]): Endpoint {
  const [path = '', query = ''] = (headers.get(':path') ?? '').split('?', 2);
  const method = headers.get(':method') ?? 'no method';
  const parameters = new URLSearchParams(query);
  for (const protocol of protocols) {
    const facts = protocol.matchPath(path, parameters);
    if (facts === undefined) continue;
    if (method === 'POST') return { type: 'translated', protocol, path: facts };
    return { type: 'none', protocol, error: new GatewayError('method-not-allowed', `Use POST instead of ${method}.`) };
  }
  const list = method === 'GET' ? matchModelList(path, headers) : undefined;
  if (list !== undefined) return { type: 'models', protocol: protocolOfList(list, protocols), call: list };
  const [protocol] = protocols;
  const call = matchPassThrough(method, path);
  if (call === undefined) return { type: 'none', protocol, error: unknownEndpoint(path, protocols) };
  return call === 'listed' ? { type: 'none', protocol, error: listed } : { type: 'pass-through', protocol, call };
}

const listed = new GatewayError(
  'unknown-endpoint',
  'Lists of stored objects are not served: they would show those of other tenants. Ask for each by its id.',
);

function unknownEndpoint(path: string, protocols: readonly Protocol[]): GatewayError {
  const served = protocols.map(({ clientPaths }) => clientPaths[0]).join(', ');
  return new GatewayError('unknown-endpoint', `There is no ${path.slice(0, 200)} here. Served are: ${served}, /v1/models.`);
}
