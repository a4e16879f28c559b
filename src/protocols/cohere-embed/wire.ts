import { noUsage, type Usage } from '../../llm/usage.ts';
import { isObject } from '../untrusted.ts';

/** Tokens in the `meta` of Cohere's answers; undefined where it bills by something else. */
export function readMeta(meta: unknown): Usage | undefined {
  if (!isObject(meta)) return undefined;
  const { tokens, billed_units: billed } = meta;
  const counted = [tokens, billed]
    .map((counts) => (isObject(counts) ? counts['input_tokens'] : undefined))
    .find((count) => typeof count === 'number');
  return typeof counted === 'number' && Number.isSafeInteger(counted) && counted >= 0 ? { ...noUsage, inputTokens: counted } : undefined;
}

/** The `meta` of an answer of version 2. */
export const writeMeta = (usage: Usage | undefined) => ({
  api_version: { version: '2' },
  billed_units: usage && { input_tokens: usage.inputTokens },
});
