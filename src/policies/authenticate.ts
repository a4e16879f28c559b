import { hash } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import type { Identity } from './tenant.ts';

/** Headers in which the vendors' SDKs send a key, in the order in which we look. */
const keyHeaders = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'] as const;

/**
 * Who calls, by the virtual key in the headers. Throws `missing-key` or `invalid-key`.
 * Keys are looked up by their SHA-256, so how long the look-up takes says nothing about a key.
 */
export function authenticate(headers: ReadonlyMap<string, string>, keys: ReadonlyMap<string, Identity>): Identity {
  const key = findKey(headers);
  if (key === undefined) {
    throw new GatewayError('missing-key', 'Send your virtual key as "Authorization: Bearer KEY" or "x-api-key: KEY".');
  }
  const identity = keys.get(hash('sha256', key, 'hex'));
  if (identity === undefined)
    throw new GatewayError('invalid-key', 'This virtual key is not known here. Check it, or ask the platform team for one.');
  return identity;
}

function findKey(headers: ReadonlyMap<string, string>): string | undefined {
  for (const name of keyHeaders) {
    const value = headers.get(name)?.trim();
    if (value === undefined || value === '') continue;
    if (name !== 'authorization') return value;
    const bearer = /^bearer +(\S+)$/i.exec(value);
    if (bearer !== null) return bearer[1];
  }
  return undefined;
}
