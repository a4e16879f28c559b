import { openState, sealState } from '../state-token.ts';

const scope = 'Bedrock reasoning';

/** Reasoning that nobody may read, as bytes in base64. */
export const redactedOf = (reasoning: string): string => sealState(scope, reasoning);

/** Whether hidden reasoning came back as it was given. */
export const isRedacted = (bytes: string): boolean => openState(scope, bytes) !== undefined;
