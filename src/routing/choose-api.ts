import type { Api } from '../providers/provider.ts';
import type { Protocol } from '../protocols/protocol.ts';
import type { Deployment } from './deployment.ts';

/** How a deployment is spoken to by a client of this protocol: in the client's own, where the provider has it, else in the first of the same operation; undefined where it has none. */
export function chooseApi({ endpoint, model }: Deployment, protocol: Protocol): Api | undefined {
  const possible = endpoint.provider.apis.filter((api) => api.protocol.operation === protocol.operation && (api.serves?.(model) ?? true));
  return possible.find((api) => api.protocol === protocol) ?? possible[0];
}
