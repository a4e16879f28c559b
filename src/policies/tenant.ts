/** Who pays. */
export interface Tenant {
  name: string;
  /** Models the tenant may ask for; undefined for all. */
  models: ReadonlySet<string> | undefined;
  budget: { amountNanos: bigint; per: 'month' } | undefined;
  privacy: Privacy | undefined;
  /** Whether the tenant may call endpoints that pass to a provider unread. */
  passThrough: boolean;
}

export const personalDataTypes = ['email', 'phone', 'card', 'us-ssn', 'iban'] as const;
export type PersonalDataType = (typeof personalDataTypes)[number];

export interface Privacy {
  redact: ReadonlySet<PersonalDataType>;
  /** Whether the client's answer gets the originals back. */
  restore: boolean;
}

/** Who calls: a tenant, through one of its virtual keys. */
export interface Identity {
  tenant: Tenant;
  /** Name of the key, for the ledger and traces. */
  key: string;
}
