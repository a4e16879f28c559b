import { requestIdNames } from '../envoy/names.ts';
import type { ErrorCode, GatewayError } from '../errors.ts';
import type { Warning } from '../llm/request.ts';
import { warningHeader } from '../llm/warning.ts';
import type { Outcome } from '../policies/policy.ts';
import type { Protocol, ProtocolName } from '../protocols/protocol.ts';
import type { ExchangeTrace } from '../telemetry/exchange-trace.ts';
import { deploymentName } from '../routing/deployment.ts';
import type { Header, RequestHeaders } from './message.ts';

/** What one exchange knows of itself; nothing else does. */
export interface ExchangeState {
  readonly id: string;
  /** Envoy's own random id of the request. */
  readonly requestId: string;
  /** Leads the streams of its attempts to this process. */
  readonly session: string;
  readonly opening: RequestHeaders;
  /** Seconds since 1970. */
  readonly createdAt: number;
  readonly protocol: Protocol;
  readonly trace: ExchangeTrace;
  readonly outcome: Outcome;
  /** The code of the error that we answered, if we did. */
  error: ErrorCode | undefined;
  /** What policies tell the client. */
  policyHeaders: (protocol: ProtocolName) => readonly Header[];
  /** Hears every error that the client gets from us. */
  readonly onError: (error: GatewayError) => void;
}

/** Ends an exchange with an error of ours. */
export function fail(state: ExchangeState, error: GatewayError, end: Outcome['end'] = 'failed'): void {
  state.outcome.end = end;
  state.error = error.code;
  state.onError(error);
}

/** What we tell of every answer and every error. */
export function ownHeaders(state: ExchangeState, warnings: readonly Warning[] = []): Header[] {
  const { deployment, attempts } = state.outcome;
  const warned = warningHeader(warnings);
  return [
    ...requestIdHeaders(state),
    ...(deployment === undefined ? [] : [['x-remora-deployment', deploymentName(deployment)] as const]),
    ...(attempts === 0 ? [] : [['x-remora-attempts', String(attempts)] as const]),
    ...(warned === '' ? [] : [['x-remora-warnings', warned] as const]),
    ...state.policyHeaders(state.protocol.name),
  ];
}

/** The request's id under our name and under those that the vendors' SDKs show. */
const requestIdHeaders = ({ requestId }: ExchangeState): Header[] => requestIdNames.map((name) => [name, requestId]);
