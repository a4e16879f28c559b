/** Who pays. */
export interface Tenant {
  name: string;
  /** Models the tenant may ask for; undefined for all. */
  models: ReadonlySet<string> | undefined;
  budget: { amountNanos: bigint; per: 'month' } | undefined;
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

/** Who calls: a tenant, through one of its virtual keys. */
export interface Identity {
  tenant: Tenant;
  /** Name of the key, for the ledger and traces. */
  key: string;
}
