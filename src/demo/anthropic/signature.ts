import { openState, sealState } from '../state-token.ts';

/** The same wherever Claude is served: a block of one platform is taken at another. */
const scope = 'anthropic thinking';

/** The proof that a thinking block is Claude's; a request that brings it back changed is refused. */
export const signatureOf = (thinking: string): string => sealState(scope, `shown\n${thinking}`);

/** The signature of a block whose thinking is not shown: it holds the thinking, the block an empty text. */
export const omittedSignatureOf = (thinking: string): string => sealState(scope, `omitted\n${thinking}`);

/** Whether a thinking block comes back as it was given out. */
export function isOwnThinking({ thinking, signature }: { thinking: string; signature: string }): boolean {
  const state = openState(scope, signature);
  return state === `shown\n${thinking}` || (thinking === '' && state?.startsWith('omitted\n') === true);
}

/** The data of a `redacted_thinking` block. */
export const redactedData = (thinking: string): string => sealState(scope, `redacted\n${thinking}`);

/** Whether a `redacted_thinking` block comes back as it was given out. */
export const isOwnRedacted = (data: string): boolean => openState(scope, data)?.startsWith('redacted\n') === true;
