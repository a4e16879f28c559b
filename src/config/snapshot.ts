import type { Identity, Tenant } from '../policies/tenant.ts';
import type { Deployment, Endpoint, Model } from '../routing/deployment.ts';

/** A config in compiled, frozen form: what exchanges use. */
export interface Snapshot {
  listen: Address;
  admin: Address;
  endpoints: ReadonlyMap<string, Endpoint>;
  models: ReadonlyMap<string, Model>;
  tenants: ReadonlyMap<string, Tenant>;
  /** Identities by the SHA-256 of their virtual key, in lower-case hex. */
  keys: ReadonlyMap<string, Identity>;
  store: { kind: 'embedded'; path: string };
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

export interface Address {
  host: string;
  port: number;
}
