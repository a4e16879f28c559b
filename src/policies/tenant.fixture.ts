import type { Identity, Tenant } from './tenant.ts';
import type { Budget, Limit, Terms } from './terms.ts';

/** A tenant for tests: without limits, but for what is given. */
export const tenant = (name: string, fields: Partial<Tenant> = {}): Tenant => ({
  name,
  chain: [name],
  models: undefined,
  terms: [],
  perUser: undefined,
  timeZone: 'UTC',
  ownKeys: false,
  privacy: undefined,
  residency: undefined,
  regions: undefined,
  priority: 'normal',
  passThrough: false,
  ...fields,
});

/** Who calls as a tenant, with a key of no terms of its own. */
export const identity = (of: Tenant, fields: Partial<Identity> = {}): Identity => ({
  tenant: of,
  key: 'k',
  keyId: 'k',
  user: undefined,
  terms: of.terms,
  ownCredential: undefined,
  ...fields,
});

/** Terms of somebody, empty but for what is given. */
export const terms = (owner: string, fields: Partial<Terms> = {}): Terms => ({ owner, limits: [], budgets: [], ...fields });

/** A budget of a dollar per month in UTC, but for what is given. */
export const budget = (fields: Partial<Budget> = {}): Budget => ({
  amount: 1_000_000_000n,
  unit: 'nanos',
  per: 'month',
  timeZone: 'UTC',
  model: undefined,
  provider: undefined,
  grace: 0,
  ladder: [],
  ...fields,
});

/** A limit of 10 requests per minute, but for what is given. */
export const limit = (fields: Partial<Limit> = {}): Limit => ({
  of: 'requests',
  amount: 10,
  per: 'minute',
  model: undefined,
  provider: undefined,
  ...fields,
});
