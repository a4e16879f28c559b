import { GatewayError } from '../errors.ts';
import type { Authorize } from '../providers/provider.ts';
import type { Deployment, Endpoint } from '../routing/deployment.ts';

/** Header in which callers bring a provider's key of their own: `KEY`, or `PROVIDER=KEY` where more than one provider may serve. */
export const ownKeyHeader = 'x-remora-provider-key';

/** A caller's own key, and whose it is: it goes to no other provider. Never shown. */
export interface OwnKey {
  provider: string;
  key: string;
}

/** Whose key a caller has brought, for a request that this chain may serve. Throws `own-key-refused` where that cannot be told, or the provider takes no key. */
export function ownKeyFor(chain: readonly Deployment[], ownCredential: string): OwnKey {
  const endpoints = new Map(chain.map(({ endpoint }) => [endpoint.name, endpoint]));
  const { provider: named, key } = readOwnKey(ownCredential);
  const [first] = endpoints.keys();
  if (named === undefined && endpoints.size > 1) {
    throw refused(`Several providers may serve this model: say whose key it is, as in "${ownKeyHeader}: ${first}=KEY".`);
  }
  const provider = named ?? first ?? '';
  const endpoint = endpoints.get(provider);
  if (endpoint === undefined) {
    throw refused(`No provider of this model has the name that stands before your own key. There are: ${[...endpoints.keys()].join(', ')}.`);
  }
  if (!takesKeys(endpoint)) throw refused(`${provider} takes no key that a caller brings. Leave ${ownKeyHeader} out.`);
  return { provider, key };
}

/** Whether a deployment may serve a request that brings its own key. */
export const servesOwnKey = ({ endpoint }: Deployment, { provider }: OwnKey): boolean => endpoint.name === provider;

/** Shows the caller's own key to its provider in the place of the gateway's credential. Throws `own-key-refused` for any other provider. */
export function authorizeOwnKey(endpoint: Endpoint, { provider, key }: OwnKey): Authorize {
  if (endpoint.name !== provider || !takesKeys(endpoint)) throw refused(`Your own key is for ${provider} alone.`);
  return endpoint.provider.connect({ apiKey: key }, endpoint.settings);
}

const takesKeys = ({ provider }: Endpoint): boolean => provider.credentials.some(([field, ...more]) => field === 'apiKey' && more.length === 0);

/** A key may end in `=`, but has none that something else follows. */
function readOwnKey(written: string): { provider: string | undefined; key: string } {
  const [, provider, key = written] = /^([a-z0-9][a-z0-9_-]{0,62})=([^=].*)$/.exec(written) ?? [];
  return { provider, key };
}

const refused = (message: string): GatewayError => new GatewayError('own-key-refused', message);
