import { sealPrefix, sealPrefixInBase64 } from '../seal.ts';

/** What stands in the place of a signature that nobody has, on a call that another model made (https://ai.google.dev/gemini-api/docs/thought-signatures). */
export const noSignature = 'skip_thought_signature_validator';

const placeholders: ReadonlySet<string> = new Set([noSignature, 'context_engineering_is_the_way_to_go']);

/** Whether a signature says only that there is none. */
export const isPlaceholder = (signature: string): boolean => placeholders.has(signature);

/**
 * State as `thoughtSignature` carries it. The field is bytes: SDKs decode it from base64 and encode it anew, and what is none would be refused or changed.
 * Google's own signatures are base64 already.
 */
export const writeSignature = (value: string): string => (value.startsWith(sealPrefix) ? Buffer.from(value).toString('base64') : value);

/** State as it was before `thoughtSignature` carried it. Python's SDK sends base64 in the alphabet for URLs. */
export function readSignature(signature: string): string {
  if (!signature.startsWith(sealPrefixInBase64)) return signature;
  const value = Buffer.from(signature, 'base64').toString();
  return value.startsWith(sealPrefix) ? value : signature;
}
