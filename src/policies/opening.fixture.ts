import { identity } from './tenant.fixture.ts';
import type { Opening, Outcome } from './policy.ts';
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

/** How an exchange ended: complete after one attempt, but for what is given. */
export const outcome = (fields: Partial<Outcome> = {}): Outcome => ({
  end: 'complete',
  status: 200,
  deployment: undefined,
  served: '',
  route: '',
  reason: '',
  experiments: [],
  attempts: 1,
  warnings: 0,
  usage: undefined,
  requestBytes: 0,
  deliveredBytes: 0,
  ...fields,
});
