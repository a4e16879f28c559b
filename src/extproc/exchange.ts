import type { Snapshot } from '../config/snapshot.ts';
import { headerNames } from '../envoy/names.ts';
import { GatewayError } from '../errors.ts';
import { authenticate } from '../policies/authenticate.ts';
import { openPipeline, type PipelineRun } from '../policies/pipeline.ts';
import type { Policy } from '../policies/policy.ts';
import type { PathFacts, Protocol } from '../protocols/protocol.ts';
import type { Seal } from '../protocols/seal.ts';
import type { OpenTrace } from '../telemetry/exchange-trace.ts';
import { answer } from './answer.ts';
import { asGatewayError, refuse } from './client-error.ts';
import { endpointOf, type Endpoint } from './endpoint.ts';
import { envoyReply, isEnvoyReply } from './envoy-reply.ts';
import { firstAttempt } from './first-attempt.ts';
import { listModels } from './list-models.ts';
import { proceed, type Conversation, type Message, type RequestHeaders } from './message.ts';
import { passThrough } from './pass-through.ts';
import { planRequest, type Plan, type PlanParts } from './plan.ts';
import type { Registry } from './registry.ts';
import { fail, ownHeaders, type ExchangeState } from './state.ts';

export interface ExchangeDeps {
  /** The config in force; an exchange keeps the one it began with. */
  snapshot: () => Snapshot;
  /** What clients may speak, by path. The first one also renders errors on paths that are none of theirs. */
  protocols: readonly [Protocol, ...Protocol[]];
  policies: readonly Policy[];
  registry: Registry;
  /** What state is sealed with that a tenant's clients carry. */
  sealFor: (tenant: string) => Seal;
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

/** The router filter's conversation: one client request and its answer. It settles exactly once, however it ends. */
export async function* exchange(opening: RequestHeaders, deps: ExchangeDeps): Conversation {
  const endpoint = endpointOf(opening, deps.protocols);
  const state = openState(opening, endpoint, deps);
  let pipeline: PipelineRun | undefined;
  try {
    const snapshot = deps.snapshot();
    if (endpoint.type === 'none') throw endpoint.error;
    const identity = authenticate(opening.headers, snapshot.keys);
    state.trace.identified({ tenant: identity.tenant.name, key: identity.key });
    if (endpoint.type === 'models') {
      yield listModels(endpoint.call, state, snapshot, identity);
      return;
    }
    if (endpoint.type === 'translated' && opening.endOfStream) throw new GatewayError('invalid-request', 'Send the request as a JSON body.');
    const seal = deps.sealFor(identity.tenant.name);
    pipeline = openPipeline(deps.policies, { id: state.id, identity }, state.trace.stage, deps.onFailure);
    if (endpoint.type === 'pass-through') yield* passThrough(endpoint.call, opening, { snapshot, identity, pipeline, seal }, state);
    else yield* translated(endpoint.path, { snapshot, identity, pipeline, seal, random: deps.random }, deps.registry, state);
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

/** A request that is read: planned once its body is here, its first attempt written in the reply to that. */
async function* translated(path: PathFacts, parts: PlanParts, registry: Registry, state: ExchangeState): Conversation {
  let message: Message = yield proceed;
  let plan: Plan | undefined;
  if (message.type === 'request-body') {
    const planned = await planRequest(message.body, path, state, parts);
    if (planned.type === 'immediate') {
      yield planned;
      return;
    }
    registry.set(state.id, planned.open);
    plan = planned.plan;
    message = yield await firstAttempt(planned, state);
  }
  if (message.type !== 'response-headers') throw new Error(`Envoy sent ${message.type} where the answer's headers belong`);
  registry.delete(state.id);
  yield* plan === undefined || isEnvoyReply(message.attributes) ? envoyReply(message, state) : answer(message, plan, parts.pipeline, state);
}

function openState(opening: RequestHeaders, { protocol }: Endpoint, { now, newId, openTrace, onError }: ExchangeDeps): ExchangeState {
  return {
    id: newId(),
    requestId: opening.headers.get(headerNames.requestId) ?? '',
    opening,
    createdAt: Math.floor(now() / 1000),
    protocol,
    trace: openTrace(opening.headers),
    outcome: { end: 'left', status: 0, deployment: undefined, attempts: 0, warnings: 0, usage: undefined, requestBytes: 0, deliveredBytes: 0 },
    error: undefined,
    onError,
  };
}
