import { hash } from 'node:crypto';

const prefix = 'rk_';

/** A new virtual key, of 256 random bits, and what is kept of it: the SHA-256 of its text, in lower-case hex. */
export function newKey(randomBytes: (size: number) => Buffer): { text: string; hash: string } {
  const text = `${prefix}${randomBytes(32).toString('base64url')}`;
  return { text, hash: hash('sha256', text, 'hex') };
}

/** A new id of a key, which is no secret. */
export const newKeyId = (randomBytes: (size: number) => Buffer): string => `key_${randomBytes(8).toString('hex')}`;
