import type { CallerLabels } from '../../usage/labels.ts';
import type { ClientRequest } from '../../protocols/client-request.ts';
import type { LedgerEntry } from '../../stores/entry.ts';
import type { Opening, Routed } from '../policy.ts';
import type { Identity } from '../tenant.ts';
import type { Estimate } from './estimate.ts';

/** What the ledger needs of an exchange besides how it ended; the request itself is not kept while the answer runs. */
export interface Begun {
  exchange: string;
  identity: Identity;
  startedAt: number;
  protocol: LedgerEntry['protocol'];
  /** The name the client asked for. */
  model: string;
  served: string;
  route: string;
  step: string;
  labels: CallerLabels['labels'];
  /** What a call costs whatever tokens are told of; undefined where tokens are charged. */
  fixedNanos: number | undefined;
  /** What was reserved in money: the cost of a use that has no price. */
  reservedNanos: number;
  /** Estimates for where the provider tells of no usage. */
  inputTokens: number;
  maxOutputTokens: number | undefined;
  tokensPerByte: number;
  /** The tier of service that was asked for; empty for the usual one, and where the provider chooses. */
  serviceTier: string;
}

/** What an exchange begins with, besides what is known of its request. */
export interface Beginning {
  startedAt: number;
  steps: readonly string[];
  labels: CallerLabels['labels'];
}

/** A request that is read begins its way to a chain. `isFree`: nobody bills it. */
export function begin(
  { id, identity }: Opening,
  { startedAt, steps, labels }: Beginning,
  { request, routed, expected, tokensPerByte, isFree }: BegunRequest,
): Begun {
  return {
    exchange: id,
    identity,
    startedAt,
    protocol: request.protocol.name,
    model: request.facts.model,
    served: routed.served,
    route: routed.route,
    step: steps.join(', '),
    labels,
    fixedNanos: isFree ? 0 : undefined,
    reservedNanos: 0,
    inputTokens: expected.inputTokens,
    maxOutputTokens: request.facts.maxTokens ?? expected.cap,
    tokensPerByte,
    serviceTier: expected.askedTier === 'auto' ? '' : expected.askedTier,
  };
}

interface BegunRequest {
  request: ClientRequest;
  routed: Routed;
  expected: Estimate;
  tokensPerByte: number;
  isFree: boolean;
}

/** A call begins that passes through unread, at what such calls cost. */
export const beginUnread = ({ id, identity }: Opening, { startedAt, steps, labels }: Beginning, group: string, fixedNanos: number): Begun => ({
  exchange: id,
  identity,
  startedAt,
  protocol: 'pass-through',
  model: group,
  served: group,
  route: '',
  step: steps.join(', '),
  labels,
  fixedNanos,
  reservedNanos: 0,
  inputTokens: 0,
  maxOutputTokens: undefined,
  tokensPerByte: 0,
  serviceTier: '',
});
