import type { Budget, Limit } from '../policies/terms.ts';

/** A key that we issue: who has it is known as a tenant, or as a user or application of one. It holds no secret: the key itself is shown once and never kept. */
export interface VirtualKey {
  /** Unique, such as `key_4f1c9a2b`; stays the same when the key is rotated, and so do its limits and what it has spent. */
  id: string;
  /** For people. */
  name: string;
  /** Name of the tenant. */
  tenant: string;
  /** The tenant's user that it stands for; undefined for none. */
  user: string | undefined;
  /** SHA-256 of the key, in lower-case hex. */
  hash: string;
  /** The key before it was rotated, which is valid until then (milliseconds since 1970). */
  previous: { hash: string; until: number } | undefined;
  /** Milliseconds since 1970, as all times. */
  createdAt: number;
  expiresAt: number | undefined;
  disabledAt: number | undefined;
  /** It is gone for good; kept so that other gateways hear of it. */
  removedAt: number | undefined;
  /** Models that it may ask for, of those that the tenant may; undefined for all of them. */
  models: readonly string[] | undefined;
  /** Networks that it may be used from, such as `10.0.0.0/8`; undefined for all. */
  networks: readonly string[] | undefined;
  limits: readonly Limit[];
  budgets: readonly Budget[];
}
