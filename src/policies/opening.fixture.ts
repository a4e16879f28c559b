import { identity } from './tenant.fixture.ts';
import type { Opening } from './policy.ts';
import type { Tenant } from './tenant.ts';

/** An exchange of a tenant, as policies get to know it. */
export const opening = (of: Tenant, fields: Partial<Opening> = {}): Opening => ({
  id: 'x',
  identity: identity(of),
  shared: { models: new Map(), providers: new Map() },
  models: new Map(),
  headers: new Map(),
  signal: new AbortController().signal,
  ...fields,
});
