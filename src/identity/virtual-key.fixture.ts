import { hash } from 'node:crypto';
import type { VirtualKey } from './virtual-key.ts';

/** SHA-256 of a key, as keyrings look it up. */
export const hashOf = (secret: string): string => hash('sha256', secret, 'hex');

/** A virtual key for tests: its secret is its id, its tenant `marketing`, and nothing limits it but what is given. */
export const virtualKey = (id: string, fields: Partial<VirtualKey> = {}): VirtualKey => ({
  id,
  name: id,
  tenant: 'marketing',
  user: undefined,
  hash: hashOf(id),
  previous: undefined,
  createdAt: 0,
  expiresAt: undefined,
  disabledAt: undefined,
  removedAt: undefined,
  models: undefined,
  networks: undefined,
  limits: [],
  budgets: [],
  ...fields,
});
