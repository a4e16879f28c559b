import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { OpaqueState } from '../llm/state.ts';

/** What travels in a sealed text. */
export type Sealed =
  | { type: 'state'; state: OpaqueState }
  /** A tool call: the provider's own id of it, what it is signed with, and the reasoning that led to it. */
  | { type: 'call'; id: string; state?: OpaqueState; reasoning?: { text: string; state?: OpaqueState }[] }
  /** Reasoning that nobody signed: its text is not for other makers, and its own one wants none back. */
  | { type: 'unsigned' }
  /** Something that a provider keeps for us, such as a response or a file: its id there, and the account that has it. */
  | { type: 'stored'; id: string; endpoint: string };

/**
 * Hands state to clients that only we can read, for them to echo: encrypted and authenticated (AES-256-GCM) for one tenant,
 * so nobody can forge it, read it, or use another tenant's. It holds all it needs, so any replica with the same secrets can open it.
 */
export interface Seal {
  /** A text of letters, digits, `_` and `-`; undefined where the value is too large to travel. */
  seal(value: Sealed): string | undefined;
  /** Undefined for a text that is not sealed by us for this tenant, or was changed. */
  open(text: string): Sealed | undefined;
}

/** What every sealed text begins with. */
export const sealPrefix = 'rmr1_';
/** What base64 of a sealed text begins with, whatever follows. */
export const sealPrefixInBase64 = Buffer.from(sealPrefix).toString('base64').slice(0, 6);

/** Largest sealed text, in characters: it goes to the client and comes back with every turn. */
export const maxSealedLength = 96 * 1024;
/** Largest value inside; a small text may inflate to anything. */
const maxPlainBytes = 256 * 1024;

const nonceBytes = 12;
const tagBytes = 16;

/** Makes seals with the first secret, and opens those of any. A secret is any text of 32 characters or more; `randomBytes` must be fit for cryptography. */
export function createSeals(secrets: readonly [string, ...string[]], randomBytes: (size: number) => Buffer): (tenant: string) => Seal {
  const [current, ...previous] = secrets.map(keyOf);
  if (current === undefined) throw new Error('there is no secret to seal with');
  return (tenant) => {
    const bound = Buffer.from(tenant);
    return {
      seal(value) {
        const plain = Buffer.from(JSON.stringify(value));
        if (plain.length > maxPlainBytes) return undefined;
        const nonce = randomBytes(nonceBytes);
        const cipher = createCipheriv('aes-256-gcm', current, nonce).setAAD(bound);
        const text = Buffer.concat([nonce, cipher.update(deflateRawSync(plain)), cipher.final(), cipher.getAuthTag()]).toString('base64url');
        return text.length > maxSealedLength ? undefined : sealPrefix + text;
      },
      open(text) {
        if (!text.startsWith(sealPrefix) || text.length > maxSealedLength + sealPrefix.length) return undefined;
        const encoded = text.slice(sealPrefix.length);
        const bytes = Buffer.from(encoded, 'base64url');
        // The decoder skips what does not belong there: one value would have many texts.
        if (bytes.length < nonceBytes + tagBytes || bytes.toString('base64url') !== encoded) return undefined;
        for (const key of [current, ...previous]) {
          const plain = decrypted(bytes, key, bound);
          // What was sealed with one of our secrets is of our own making.
          if (plain !== undefined) return JSON.parse(inflateRawSync(plain, { maxOutputLength: maxPlainBytes }).toString()) as Sealed;
        }
        return undefined;
      },
    };
  };
}

const keyOf = (secret: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', 'remora seal 1', 32));

function decrypted(bytes: Buffer, key: Buffer, bound: Buffer): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes)).setAAD(bound).setAuthTag(bytes.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}
