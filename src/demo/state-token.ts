import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';

const tagBytes = 16;
const ivBytes = 12;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** State that only its issuer can read, as base64: what providers put into signatures and encrypted reasoning. Same state, same token. */
export function sealState(scope: string, state: string): string {
  const iv = digest(state).subarray(0, ivBytes);
  const cipher = createCipheriv('aes-256-gcm', digest(scope), iv);
  const sealed = Buffer.concat([cipher.update(state, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
}

/** The state in a token; undefined where the scope did not issue it, or somebody changed it. */
export function openState(scope: string, token: string): string | undefined {
  const bytes = Buffer.from(token, 'base64');
  if (bytes.length < ivBytes + tagBytes || bytes.toString('base64') !== token) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', digest(scope), bytes.subarray(0, ivBytes), { authTagLength: tagBytes });
  decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}
