import type { FilterForm } from '../envoy/names.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { RequestFacts } from '../protocols/protocol.ts';
import type { Deployment, Model } from '../routing/deployment.ts';

/** Longest waits of an exchange, in milliseconds; undefined for no limit. */
export interface Waits {
  /** For the headers of each attempt's answer; where streams are guarded, for its first content. */
  attemptMs: number;
  /** For the whole answer, all attempts together. */
  totalMs: number | undefined;
  /** For the next piece of a stream. */
  betweenTokensMs: number | undefined;
}

/** Longest waits for the headers of an answer: a JSON answer's come only when all of it is written. */
const headersTimeoutMs = { stream: 60_000, json: 600_000 } as const;

/** The waits of a request for a model. */
export function waitsOf({ timeouts, commitAtFirstToken }: Model, { stream }: RequestFacts): Waits {
  const headersMs = timeouts.headersMs ?? (stream ? headersTimeoutMs.stream : headersTimeoutMs.json);
  const isGuarded = stream && commitAtFirstToken;
  return {
    attemptMs: (isGuarded ? timeouts.firstTokenMs : undefined) ?? headersMs,
    totalMs: timeouts.totalMs,
    betweenTokensMs: stream ? timeouts.betweenTokensMs : undefined,
  };
}

/** What Envoy shows us of the attempts: no more than the model asks for, since each message has its price. */
export function formOf({ commitAtFirstToken }: Model, chain: readonly Deployment[], { protocol, facts }: ClientRequest): FilterForm {
  if (protocol.operation !== 'chat') return 'plain';
  if (commitAtFirstToken) return facts.stream ? 'guard' : 'watch';
  const retries = chain.some((deployment, index) => index > 0 && deployment === chain[index - 1]);
  return retries || chain.some(({ inspect }) => inspect) ? 'watch' : 'plain';
}
