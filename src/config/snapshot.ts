import type { Identity, Tenant } from '../policies/tenant.ts';
import type { Endpoint, Model } from '../routing/deployment.ts';

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
