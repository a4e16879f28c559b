import type { Gate } from '../vendor.ts';
import { cohereRefusal } from './error.ts';

/** What all endpoints of Cohere have in common (https://docs.cohere.com/reference/about). */
export const cohereGate: Gate = {
  maxBodyBytes: 64 * 1024 * 1024,
  responseHeaders: (requestId) => ({ 'x-debug-trace-id': requestId, 'x-api-warning': '' }),
  checkCall: ({ headers: { authorization = '' } }, apiKey) => (authorization === `Bearer ${apiKey}` ? undefined : cohereRefusal(401)),
  refusalFor: cohereRefusal,
  errorBody: ({ message }, requestId) => ({ id: requestId, message }),
};

/** The bill at the end of an answer: `meta`. */
export const cohereMeta = (version: '1' | '2', billedUnits: Record<string, number>): object => ({
  api_version: { version },
  billed_units: billedUnits,
});
