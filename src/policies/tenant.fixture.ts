import type { Tenant } from './tenant.ts';

/** A tenant for tests: without limits, but for what is given. */
export const tenant = (name: string, fields: Partial<Tenant> = {}): Tenant => ({
  name,
  models: undefined,
  budget: undefined,
  privacy: undefined,
  residency: undefined,
  regions: undefined,
  priority: 'normal',
  passThrough: false,
  ...fields,
});
