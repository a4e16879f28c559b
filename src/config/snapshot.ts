import type { Identity, Tenant } from '../policies/tenant.ts';
import type { Deployment, Model, Pool } from '../routing/deployment.ts';
import type { Rule } from '../routing/rules/rule.ts';

/** A config in compiled, frozen form: what exchanges use. */
export interface Snapshot {
  listen: Address;
  admin: Address;
  /** The accounts of each provider, by its name. */
  endpoints: ReadonlyMap<string, Pool>;
  models: ReadonlyMap<string, Model>;
  tenants: ReadonlyMap<string, Tenant>;
  /** Identities by the SHA-256 of their virtual key, in lower-case hex. */
  keys: ReadonlyMap<string, Identity>;
  store: { kind: 'embedded'; path: string };
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
