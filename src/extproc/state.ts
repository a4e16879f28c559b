import type { Outcome } from '../policies/policy.ts';
import type { Protocol } from '../protocols/protocol.ts';
import type { ExchangeTrace } from '../telemetry/exchange-trace.ts';
import type { RequestHeaders } from './message.ts';

/** What one exchange knows of itself; nothing else does. */
export interface ExchangeState {
  readonly id: string;
  /** Envoy's own random id of the request. */
  readonly requestId: string;
  readonly opening: RequestHeaders;
  /** Seconds since 1970. */
  readonly createdAt: number;
  readonly protocol: Protocol;
  readonly trace: ExchangeTrace;
  readonly outcome: Outcome;
  /** Our error code, where we answered one. */
  error: string | undefined;
}

/** The request's id under our name and under those that the vendors' SDKs show. */
export const requestIdHeaders = ({ requestId }: ExchangeState): (readonly [string, string])[] => [
  ['x-remora-request-id', requestId],
  ['x-request-id', requestId],
  ['request-id', requestId],
];
