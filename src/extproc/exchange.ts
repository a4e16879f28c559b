import type { Snapshot } from '../config/snapshot.ts';
import { attributeNames, headerNames } from '../envoy/names.ts';
import { GatewayError } from '../errors.ts';
import { authenticate } from '../policies/authenticate.ts';
import { openPipeline, type PipelineRun } from '../policies/pipeline.ts';
import type { Policy } from '../policies/policy.ts';
import type { Protocol } from '../protocols/protocol.ts';
import type { OpenTrace } from '../telemetry/exchange-trace.ts';
import { answer } from './answer.ts';
import { asGatewayError, refuse } from './client-error.ts';
import { envoyReply } from './envoy-reply.ts';
import { firstAttempt } from './first-attempt.ts';
import { proceed, type Conversation, type Message, type RequestHeaders } from './message.ts';
import { planRequest, type Plan } from './plan.ts';
import type { Registry } from './registry.ts';
import { fail, ownHeaders, type ExchangeState } from './state.ts';

export interface ExchangeDeps {
  /** The config in force; an exchange keeps the one it began with. */
  snapshot: () => Snapshot;
  /** What clients may speak, by path. The first one also renders errors on paths that are none of theirs. */
  protocols: readonly [Protocol, ...Protocol[]];
  policies: readonly Policy[];
  registry: Registry;
  openTrace: OpenTrace;
  /** Numbers from 0 up to 1. */
  random: () => number;
  /** Milliseconds since 1970. */
  now: () => number;
  /** A new id, unique in this process. */
  newId: () => string;
  /** Hears every error that a client gets from us. */
  onError: (error: GatewayError) => void;
  /** Hears of policies that fail while they settle. */
  onFailure: (what: string, error: unknown) => void;
}

/** The router filter's conversation: one client request and its answer. It writes the first attempt itself, and settles exactly once, however it ends. */
export async function* exchange(opening: RequestHeaders, deps: ExchangeDeps): Conversation {
  const state = openState(opening, deps);
  let pipeline: PipelineRun | undefined;
  try {
    const snapshot = deps.snapshot();
    requirePost(opening, deps.protocols);
    const identity = authenticate(opening.headers, snapshot.keys);
    state.trace.identified({ tenant: identity.tenant.name, key: identity.key });
    if (opening.endOfStream) throw new GatewayError('invalid-request', 'Send the request as a JSON body.');
    pipeline = openPipeline(deps.policies, { id: state.id, identity }, state.trace.stage, deps.onFailure);

    let message: Message = yield proceed;
    let plan: Plan | undefined;
    if (message.type === 'request-body') {
      const planned = await planRequest(message.body, state, { snapshot, identity, pipeline, random: deps.random });
      deps.registry.set(state.id, planned.open);
      plan = planned.plan;
      message = yield firstAttempt(planned, state);
    }
    if (message.type !== 'response-headers') throw new Error(`Envoy sent ${message.type} where the answer's headers belong`);
    deps.registry.delete(state.id);
    yield* plan === undefined || isEnvoyReply(message.attributes) ? envoyReply(message, state) : answer(message, plan, pipeline, state);
  } catch (thrown) {
    const error = asGatewayError(thrown);
    fail(state, error, state.outcome.attempts === 0 ? 'refused' : 'failed');
    state.outcome.status = error.status;
    yield refuse(error, state.protocol, ownHeaders(state));
  } finally {
    deps.registry.delete(state.id);
    pipeline?.onSettled(state.outcome);
    state.trace.ended(state.outcome, state.error);
  }
}

function openState(opening: RequestHeaders, { protocols, now, newId, openTrace, onError }: ExchangeDeps): ExchangeState {
  return {
    id: newId(),
    requestId: opening.headers.get(headerNames.requestId) ?? '',
    opening,
    createdAt: Math.floor(now() / 1000),
    protocol: protocolOf(opening, protocols) ?? protocols[0],
    trace: openTrace(opening.headers),
    outcome: { end: 'left', status: 0, deployment: undefined, attempts: 0, usage: undefined, requestBytes: 0, deliveredBytes: 0 },
    error: undefined,
    onError,
  };
}

const pathOf = (opening: RequestHeaders): string => (opening.headers.get(':path') ?? '').split('?', 1)[0] ?? '';

/** Clients speak OpenAI's protocol below `/v1`, as in the vendor's base URL; Anthropic's path has its own. */
const protocolOf = (opening: RequestHeaders, protocols: readonly Protocol[]): Protocol | undefined =>
  protocols.find(({ clientPath }) => clientPath === pathOf(opening));

function requirePost(opening: RequestHeaders, protocols: readonly Protocol[]): void {
  if (protocolOf(opening, protocols) === undefined) {
    const served = protocols.map(({ clientPath }) => clientPath).join(', ');
    throw new GatewayError('unknown-endpoint', `There is no ${pathOf(opening).slice(0, 200)} here. Served are: ${served}.`);
  }
  const method = opening.headers.get(':method');
  if (method !== 'POST') throw new GatewayError('method-not-allowed', `Use POST instead of ${method ?? 'no method'}.`);
}

const isEnvoyReply = (attributes: ReadonlyMap<string, string | number>): boolean => attributes.get(attributeNames.codeDetails) !== 'via_upstream';
