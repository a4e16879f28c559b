import { noUsage } from '../llm/usage.ts';
import { warningHeader } from '../llm/warning.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { Immediate } from './message.ts';
import { bodyHeaders } from './response-headers.ts';
import { ownHeaders, type ExchangeState } from './state.ts';

/** Bytes of a request per token of it: JSON and English text alike come near this. */
const bytesPerToken = 4;

/** The answer to a request for a count of tokens whose model's providers have no endpoint for it: an estimate, which says so. */
export function countLocally(request: ClientRequest, state: ExchangeState): Immediate {
  const usage = { ...noUsage, inputTokens: Math.ceil(request.bytes.length / bytesPerToken) };
  const parts = [{ type: 'usage', usage }, { type: 'end' }] as const;
  const body = Buffer.from(request.protocol.encodeAnswer(parts, { wantsUsage: true, createdAt: state.createdAt, model: request.facts.model }));
  const warning = warningHeader([{ field: 'input_tokens', detail: 'is estimated: the provider of this model does not count' }]);
  state.outcome.end = 'complete';
  state.outcome.status = 200;
  return {
    type: 'immediate',
    status: 200,
    headers: [...bodyHeaders(body), ...ownHeaders(state), ['x-remora-warnings', warning]],
    body,
    details: 'remora_tokens',
  };
}
