import type { IncomingHttpHeaders } from 'node:http';
import type { Gate, Refusal } from '../vendor.ts';
import { openAIRefusal } from './error.ts';

/** What all endpoints of OpenAI have in common (https://platform.openai.com/docs/api-reference/authentication). */
export const openAIGate: Gate = {
  maxBodyBytes: 64 * 1024 * 1024,
  responseHeaders: (requestId) => ({
    'x-request-id': requestId,
    'openai-version': '2020-10-01',
    'openai-organization': 'demo',
    'openai-processing-ms': '1',
    'x-ratelimit-limit-requests': '10000',
    'x-ratelimit-remaining-requests': '9999',
    'x-ratelimit-reset-requests': '6ms',
  }),
  checkCall: ({ headers }, apiKey) => checkKey(headers, apiKey),
  refusalFor: openAIRefusal,
  errorBody: openAIErrorBody,
};

function checkKey({ authorization = '' }: IncomingHttpHeaders, apiKey: string): Refusal | undefined {
  if (authorization === `Bearer ${apiKey}`) return undefined;
  if (/^Bearer \S/.test(authorization)) return openAIRefusal(401);
  return { status: 401, type: 'invalid_request_error', message: 'There is no API key: it goes into the header Authorization, as "Bearer KEY".' };
}

/** An error as the body of a response, and as an event of a Chat Completions stream. */
export function openAIErrorBody({ message, type = null, param = null, code = null }: Nullable<Refusal>): { error: object } {
  return { error: { message, type, param, code } };
}

type Nullable<Value> = { [Key in keyof Value]: Value[Key] | null };
