import { hash } from 'node:crypto';
import type { Authorize, Provider, Settings } from '../providers/provider.ts';
import type { Capabilities } from './capabilities.ts';
import type { BreakerOptions } from './health/breaker-options.ts';
import { oncePer } from './once-per.ts';

/** One account at one address of a provider. A provider with several keys or addresses is a pool of these, which share its name. */
export interface Endpoint {
  /** Name of the provider in the config. */
  name: string;
  provider: Provider;
  baseUrl: URL;
  settings: Settings;
  credential: EndpointCredential;
  /** PEM file of the roots that its certificate must chain to; undefined for the system's. */
  caFile: string | undefined;
  /** Time to connect, in milliseconds. */
  connectTimeoutMs: number;
  /** Another one where its address or credential is another. Never shown: it is made of the credential. */
  fingerprint: string;
  /** Where requests are processed, in the operator's words, such as `eu-central-1`; undefined where nobody has said. */
  region: string | undefined;
  /** Whose law it is under, in the operator's words, such as `eu`; undefined where nobody has said. */
  residency: string | undefined;
  /** Whether it is run by the operator: what it is sent does not leave the house. */
  selfHosted: boolean;
  /** Most attempts under way at the provider, all its accounts together; undefined for no limit. */
  maxConcurrent: number | undefined;
  /** When it is given a rest; undefined for never. */
  breaker: BreakerOptions | undefined;
}

/** How an account shows who it is. */
export interface EndpointCredential {
  /** Name in the config; `default` where the provider has only one. */
  name: string;
  /** Share of the provider's requests, relative to its other accounts. */
  weight: number;
  authorize: Authorize;
}

/** All accounts of one provider, at least one. */
export type Pool = readonly [Endpoint, ...Endpoint[]];

/**
 * Envoy's name of the cluster that reaches an endpoint: another address has another name.
 * So an attempt that was written before a change of the config never takes its credential to the new address.
 */
export const clusterOf = oncePer(
  ({ name, baseUrl, caFile, connectTimeoutMs }: Endpoint): string =>
    `p_${name}.${hash('sha256', JSON.stringify([baseUrl.origin, caFile, connectTimeoutMs])).slice(0, 8)}`,
);

/** One endpoint for each cluster that reaches some: accounts at one address share a cluster. */
export function endpointsByCluster(pools: Iterable<Pool>): Endpoint[] {
  return [...new Map([...pools].flat().map((endpoint) => [clusterOf(endpoint), endpoint])).values()];
}

/** One provider model at one endpoint: what an attempt is made at. */
export interface Deployment {
  endpoint: Endpoint;
  /** The provider's own model id. */
  model: string;
  /** Price from the config, or its versions in ascending order; undefined where the catalogue has it. */
  price: ConfiguredPrice | readonly DatedPrice[] | undefined;
  /** Share taken off the price, whoever has set it, from 0 to 1; absent for none. */
  discount?: number | undefined;
  /** What the config says of tiers of service, by name; absent for nothing. */
  serviceTiers?: Readonly<Record<string, ConfiguredTier>> | undefined;
  /** What the config says it can do, over what the catalogue says. */
  capabilities: Partial<Capabilities>;
  /** Whether bodies of its errors are read before the next deployment is tried: some kinds of failure only they tell. */
  inspect: boolean;
}

/** US dollars per million tokens, by kind. A kind without a price of its own costs what the kind does that it is part of: all input, or all output. */
export interface TokenPrices {
  input: number;
  output: number;
  cacheRead?: number | undefined;
  cacheWrite?: number | undefined;
  /** Cache writes that are kept for an hour; without a price they cost what other cache writes do. */
  cacheWrite1h?: number | undefined;
  inputAudio?: number | undefined;
  reasoning?: number | undefined;
  outputAudio?: number | undefined;
}

/** What a provider asks, in the operator's words. */
export interface ConfiguredPrice extends TokenPrices {
  /** US dollars per request, beside those for tokens. */
  perRequest?: number | undefined;
  /** What all tokens of a request cost that has more than `above` input tokens, in ascending order. What one does not name stays as it was. */
  tiers?: readonly ({ above: number } & { [Kind in keyof TokenPrices]?: number | undefined })[] | undefined;
}

/** What a tier of service costs: a multiple of the usual price of tokens, or a price of its own. */
export type ConfiguredTier = { factor: number } | Omit<ConfiguredPrice, 'tiers'>;

/** A price that holds from an instant on, in milliseconds since 1970, until the next version of it does. */
export interface DatedPrice extends ConfiguredPrice {
  from: number;
}

/** Name of a deployment in headers, metrics, traces and the ledger, such as `openai/gpt-5-mini`. */
export const deploymentName = ({ endpoint, model }: Deployment): string => `${endpoint.name}/${model}`;

/** Its name with the account, such as `openai#second/gpt-5-mini`: what health is kept by. The only account of a provider goes unnamed. */
export const deploymentId = oncePer(({ endpoint, model }: Deployment): string => `${accountId(endpoint)}/${model}`);

/** Name of an account at a provider, such as `openai#second`. */
export const accountId = ({ name, credential }: Endpoint): string => (credential.name === 'default' ? name : `${name}#${credential.name}`);

/** Whether an account has what a sealed id names: of several accounts one alone does. An id from when the provider had only one names the provider. */
export const keeps = (endpoint: Endpoint, keeper: string): boolean => keeper === accountId(endpoint) || keeper === endpoint.name;

/** A provider model, at every account of its provider. */
export interface Target {
  deployments: readonly [Deployment, ...Deployment[]];
  /** Share of the requests, relative to the model's other targets. */
  weight: number;
}

/** How a model's targets are put in order for a request. */
export const strategies = ['weighted', 'cheapest', 'fastest', 'least-busy', 'priority'] as const;
export type Strategy = (typeof strategies)[number];

/** What requests have in common that shall keep going to one deployment, so that its prompt cache serves them. */
export const stickiness = ['tenant', 'user', 'conversation'] as const;
export type Stickiness = (typeof stickiness)[number];

/** Kinds of failure that only the body of an error tells. */
export const errorClasses = ['context-length', 'content-filter'] as const;
export type ErrorClass = (typeof errorClasses)[number];

/** A name that clients ask for. One of `auto` and `experiment` may stand in place of targets: they choose another model. */
export interface Model {
  name: string;
  targets: readonly Target[];
  strategy: Strategy;
  sticky: Stickiness | undefined;
  auto: Auto | undefined;
  experiment: Experiment | undefined;
  /** Names of the models tried after this one, in order. */
  fallback: readonly string[];
  /** Names of the models tried instead where a deployment fails in such a way; empty for the usual ones. */
  fallbackFor: ReadonlyMap<ErrorClass, readonly string[]>;
  /** Statuses of a provider after which the next deployment is tried; `5xx` stands for all of them. */
  fallbackOn: readonly (number | '5xx')[];
  /** How often a deployment is tried again before the next one is. */
  retries: number;
  /** Whether a stream is shown to the client only once it has content: until then its failure leads to the next deployment. */
  commitAtFirstToken: boolean;
  /** Whether a request that a provider can only be given in part is refused. */
  strict: boolean;
  timeouts: ModelTimeouts;
  mirror: Mirror | undefined;
}

/** Longest waits, in milliseconds; undefined for the gateway's defaults. */
export interface ModelTimeouts {
  /** For the headers of an attempt's answer. */
  headersMs: number | undefined;
  /** For the first content of an attempt's stream. */
  firstTokenMs: number | undefined;
  /** For the next piece of a stream. */
  betweenTokensMs: number | undefined;
  /** For the whole answer, all attempts together. */
  totalMs: number | undefined;
}

/** Chooses a model by how hard the request's task is. */
export interface Auto {
  /** Name of the model for simple work. */
  simple: string;
  /** Name of the model for hard work. */
  hard: string;
  /** Score from 0 to 1 from which on work is hard. */
  threshold: number;
  classifier: Classifier | undefined;
}

/** A service that says how hard a task is. */
export interface Classifier {
  url: URL;
  /** Sent as a bearer token. */
  apiKey: string | undefined;
  /** Asked as a chat model of this name; undefined for a plain HTTP service. */
  model: string | undefined;
  timeoutMs: number;
}

/** Shares requests among models, each caller always to the same. */
export interface Experiment {
  name: string;
  by: Stickiness;
  variants: readonly { name: string; model: string; weight: number }[];
}

/** Copies a share of the requests to another model, whose answers nobody gets. */
export interface Mirror {
  model: string;
  /** From 0 to 1. */
  share: number;
  /** Name of the tenant that pays. */
  tenant: string;
}
