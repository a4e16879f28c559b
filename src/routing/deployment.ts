import type { Authorize, Provider, Settings } from '../providers/provider.ts';

/** A provider as the config sets it up: an address and a credential for one of the kinds. */
export interface Endpoint {
  /** Name in the config. */
  name: string;
  provider: Provider;
  baseUrl: URL;
  settings: Settings;
  /** A pool: each attempt takes one. */
  credentials: readonly [EndpointCredential, ...EndpointCredential[]];
  /** PEM file of the roots that its certificate must chain to; undefined for the system's. */
  caFile: string | undefined;
  /** Time to connect, in milliseconds. */
  connectTimeoutMs: number;
}

/** One account at a provider. */
export interface EndpointCredential {
  /** Name in the config. */
  name: string;
  authorize: Authorize;
}

/** Envoy's name of the cluster that reaches an endpoint. */
export const clusterOf = (endpoint: Endpoint): string => `p_${endpoint.name}`;

/** One provider model at one endpoint: what an attempt is made at. */
export interface Deployment {
  endpoint: Endpoint;
  /** The provider's own model id. */
  model: string;
  /** Price from the config, in US dollars per million tokens; undefined where the catalogue has it. */
  price: ConfiguredPrice | undefined;
}

export interface ConfiguredPrice {
  input: number;
  output: number;
  cacheRead?: number | undefined;
  cacheWrite?: number | undefined;
}

/** Name of a deployment in headers, metrics, traces and the ledger, such as `openai/gpt-5-mini`. */
export const deploymentName = ({ endpoint, model }: Deployment): string => `${endpoint.name}/${model}`;

/** A name that clients ask for. */
export interface Model {
  name: string;
  targets: readonly { deployment: Deployment; weight: number }[];
  /** Names of the models tried after this one, in order. */
  fallback: readonly string[];
  /** Whether a request that a provider can only be given in part is refused. */
  strict: boolean;
  /** Longest wait for the response headers, in milliseconds; undefined for the gateway's defaults. */
  headersTimeoutMs: number | undefined;
}
