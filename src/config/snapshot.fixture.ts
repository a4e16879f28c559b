import { noIdentityRules } from '../identity/rules.ts';
import type { Snapshot } from './snapshot.ts';

/** A snapshot for tests: empty, but for what is given. */
export const emptySnapshot = (fields: Partial<Snapshot> = {}): Snapshot => ({
  listen: { host: '127.0.0.1', port: 8080 },
  admin: { host: '127.0.0.1', port: 8081, token: undefined },
  endpoints: new Map(),
  models: new Map(),
  tenants: new Map(),
  keys: [],
  identity: noIdentityRules,
  shared: { models: new Map(), providers: new Map() },
  store: { kind: 'embedded', path: '', whenGone: 'refuse', keepEntriesMs: undefined },
  alerts: undefined,
  rules: [],
  resilience: { whenAllRest: 'refuse', retryBudget: 0.2, maxConcurrent: undefined, queue: undefined, maxBodyBytes: 2 ** 30, share: undefined },
  passThrough: undefined,
  secrets: undefined,
  cors: undefined,
  telemetry: { otlp: undefined, sampling: 0 },
  ...fields,
});
