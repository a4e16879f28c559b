import { createHmac } from 'node:crypto';
import type { Dialect } from './proto-json.ts';
import { isObject } from '../shape.ts';

/** What a client may put in place of a signature that it does not have, for a call that another model made (https://ai.google.dev/gemini-api/docs/thought-signatures). */
const placeholders = ['skip_thought_signature_validator', 'context_engineering_is_the_way_to_go'];

/**
 * The proof that a part of an answer is ours: signed for one of the two APIs, since neither can read what the other signs,
 * and for the function that is called, where one is. It is bound to no arguments: the vendor keeps a state there, no hash.
 */
export function signatureOf(dialect: Dialect, answerId: string, functionName = ''): string {
  return Buffer.from(JSON.stringify({ answerId, functionName, mac: macOf(dialect, answerId, functionName) })).toString('base64');
}

/** Whether a signature came from this API unchanged, and belongs to a call of that function. */
export function isSignature(dialect: Dialect, signature: string, functionName = ''): boolean {
  if (functionName !== '' && isPlaceholder(signature)) return true;
  const read = decode(signature);
  if (!isObject(read) || typeof read['answerId'] !== 'string') return false;
  return Buffer.from(signature, 'base64').equals(Buffer.from(signatureOf(dialect, read['answerId'], functionName), 'base64'));
}

/** The placeholder may come as its own text, or as bytes come in JSON. */
const isPlaceholder = (signature: string): boolean =>
  placeholders.some((placeholder) => signature === placeholder || signature === Buffer.from(placeholder).toString('base64'));

const macOf = (dialect: Dialect, answerId: string, functionName: string): string =>
  createHmac('sha256', `demo ${dialect}`).update(`${answerId}\n${functionName}`).digest('base64');

function decode(signature: string): unknown {
  try {
    return JSON.parse(Buffer.from(signature, 'base64').toString());
  } catch {
    return undefined;
  }
}
