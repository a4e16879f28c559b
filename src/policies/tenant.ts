import type { Terms } from './terms.ts';

/** Who pays. What it inherits from the tenants around it is part of it already: lists are cut, terms are added up. */
export interface Tenant {
  name: string;
  /** Names of the tenants that pay with it, from the outermost to itself. */
  chain: readonly [string, ...string[]];
  /** Limits and budgets that its requests are held to: its own and those of the tenants around it, from the outermost. */
  terms: readonly Terms[];
  /** What each of its users is held to, besides; undefined for nothing. */
  perUser: Pick<Terms, 'limits' | 'budgets'> | undefined;
  /** Where days begin at midnight: an IANA name. */
  timeZone: string;
  /** Whether its callers may bring keys of their own for providers. */
  ownKeys: boolean;
  /** Models the tenant may ask for; undefined for all. */
  models: ReadonlySet<string> | undefined;
  privacy: Privacy | undefined;
  /** Residencies of providers that may serve it; undefined for all. */
  residency: ReadonlySet<string> | undefined;
  /** Regions of providers that may serve it; undefined for all. */
  regions: ReadonlySet<string> | undefined;
  /** Who goes first where requests wait for a place. */
  priority: Priority;
  /** Whether the tenant may call endpoints that pass to a provider unread. */
  passThrough: boolean;
}

export const priorities = ['high', 'normal', 'low'] as const;
export type Priority = (typeof priorities)[number];

export const personalDataTypes = ['email', 'phone', 'card', 'us-ssn', 'iban'] as const;
export type PersonalDataType = (typeof personalDataTypes)[number];

export interface Privacy {
  redact: ReadonlySet<PersonalDataType>;
  /** Types whose requests go to self-hosted providers only. */
  keepInHouse: ReadonlySet<PersonalDataType>;
  /** Types whose requests go to providers of these residencies only. */
  keepIn: ReadonlyMap<PersonalDataType, ReadonlySet<string>>;
  /** Whether the client's answer gets the originals back. */
  restore: boolean;
}

/** Who calls. */
export interface Identity {
  /** The tenant, cut to what the key may. */
  tenant: Tenant;
  /** Name of the key, for rules, traces and metrics; `jwt`, `mtls` or `header` where none was used. */
  key: string;
  /** Unique id of the key, for the ledger; the same as `key` where the config names it. */
  keyId: string;
  /** The user of the tenant who calls; undefined where none is known. Anything that a caller can say, so it is bounded by whoever keeps it. */
  user: string | undefined;
  /** All that its requests are held to: the tenant's, the user's, the key's. */
  terms: readonly Terms[];
  /** The caller's own credential at a provider, which takes the place of ours; undefined for none. Never shown. */
  ownCredential: string | undefined;
}
