import { isOwnRedacted, redactedData } from '../anthropic/signature.ts';

/** Reasoning that nobody may read, as bytes in base64: Claude's own, so that it is taken at each of Claude's addresses. */
export const redactedOf = redactedData;

/** Whether hidden reasoning came back as it was given. */
export const isRedacted = isOwnRedacted;
