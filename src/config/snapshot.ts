import type { IdentityRules } from '../identity/rules.ts';
import type { VirtualKey } from '../identity/virtual-key.ts';
import type { Tenant } from '../policies/tenant.ts';
import type { SharedTerms } from '../policies/terms.ts';
import type { Deployment, Model, Pool } from '../routing/deployment.ts';
import type { Rule } from '../routing/rules/rule.ts';

/** A config in compiled, frozen form: what exchanges use. */
export interface Snapshot {
  listen: Address;
  /** Where admins ask, and what they show; undefined where the address alone guards it. */
  admin: Address & { token: string | undefined };
  /** The accounts of each provider, by its name. */
  endpoints: ReadonlyMap<string, Pool>;
  models: ReadonlyMap<string, Model>;
  tenants: ReadonlyMap<string, Tenant>;
  /** Virtual keys that the config declares; others are in the store. */
  keys: readonly VirtualKey[];
  /** How callers are known who have no virtual key. */
  identity: IdentityRules;
  /** Limits of models and providers, which all tenants share. */
  shared: SharedTerms;
  store: StoreConfig;
  /** Who is told of warnings; undefined for nobody but the log. */
  alerts: { webhook: URL; token: string | undefined } | undefined;
  /** Routing rules, the first that matches counts. */
  rules: readonly Rule[];
  resilience: Resilience;
  /** Where calls go that pass unread and name no model, and what each costs, in nano-dollars by group; undefined for nowhere. */
  passThrough: { deployment: Deployment; costNanos: ReadonlyMap<string, number> } | undefined;
  /** What carried state is sealed with, the current one first; undefined for one that the store keeps. */
  secrets: readonly [string, ...string[]] | undefined;
  /** Origins of pages in browsers that may call; undefined for none. */
  cors: { origins: readonly string[] } | undefined;
  telemetry: {
    /** Base URL of an OTLP/HTTP receiver, such as http://localhost:4318; undefined for no traces. */
    otlp: URL | undefined;
    /** Share of requests traced, 0 to 1. */
    sampling: number;
  };
}

/** Where the ledger, keys and quotas are kept. */
export type StoreConfig = {
  /** What becomes of requests while the store is out of reach and the leases are used up. */
  whenGone: 'refuse' | 'go-on';
  /** How long entries are kept, in milliseconds; undefined for the store's default. */
  keepEntriesMs: number | undefined;
} & ({ kind: 'embedded'; path: string } | { kind: 'redis'; url: string });

/** What is done where providers fail or too much is asked. */
export interface Resilience {
  /** What becomes of a request all of whose deployments rest. */
  whenAllRest: 'refuse' | 'try-one';
  /** Most attempts made again at the same deployment, as a share of the requests. */
  retryBudget: number;
  /** Most requests under way at once; undefined for no limit. */
  maxConcurrent: number | undefined;
  /** Where requests wait for a place; undefined where they are refused. */
  queue: { max: number; waitMs: number } | undefined;
  /** Bound on all bodies that are held at once. */
  maxBodyBytes: number;
  /** Where gateways tell each other which deployments rest: a SQLite file or a Redis; undefined for nowhere. */
  share: { path: string } | { redis: string } | undefined;
}

export interface Address {
  host: string;
  port: number;
}
