import { bedrockErrorHeaders, bedrockRefusal } from './error.ts';
import { checkSignature } from './signature.ts';
import type { AccessKey } from './signature.ts';
import type { Call, Gate, Refusal } from '../vendor.ts';

/** What all endpoints of the fake Bedrock share. */
export type BedrockGate = Gate & { name: string };

/** Lets in whom AWS's signature or a Bedrock API key names. */
export const createGate = (key: AccessKey, now: () => number): BedrockGate => ({
  name: 'Bedrock',
  maxBodyBytes: 25_000_000,
  responseHeaders: (requestId) => ({ 'x-amzn-requestid': requestId }),
  checkCall: (call, apiKey) => checkCaller(call, apiKey, key, now()),
  refusalFor: bedrockRefusal,
  errorBody: ({ message }) => ({ message }),
  errorHeaders: bedrockErrorHeaders,
});

function checkCaller(call: Call, apiKey: string, key: AccessKey, nowMs: number): Refusal | undefined {
  const { authorization } = call.headers;
  if (authorization === undefined) return { status: 403, type: 'MissingAuthenticationTokenException', message: 'There is no authentication token.' };
  if (!authorization.startsWith('Bearer ')) return checkSignature(call, key, nowMs);
  return authorization === `Bearer ${apiKey}` ? undefined : { ...bedrockRefusal(403), message: 'The API key is not a valid one.' };
}
