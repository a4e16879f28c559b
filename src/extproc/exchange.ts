import type { Snapshot } from '../config/snapshot.ts';
import { headerNames } from '../envoy/names.ts';
import { GatewayError } from '../errors.ts';
import { authenticate } from '../identity/authenticate.ts';
import type { Identities } from '../identity/identities.ts';
import { openPipeline, type PipelineRun } from '../policies/pipeline.ts';
import type { Opening, Policy } from '../policies/policy.ts';
import type { PathFacts, Protocol } from '../protocols/protocol.ts';
import type { Seal } from '../protocols/seal.ts';
import type { OpenTrace } from '../telemetry/exchange-trace.ts';
import type { Admission } from '../admission/admission.ts';
import type { BodyMemory } from '../admission/body-memory.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { Identity } from '../policies/tenant.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Admittance, pause, queued } from './admit.ts';
import { answer } from './answer.ts';
import type { AttemptLog } from './attempt-log.ts';
import { Attempts } from './attempts.ts';
import { asGatewayError, refuse } from './client-error.ts';
import { endpointOf, type Endpoint } from './endpoint.ts';
import { envoyReply, isEnvoyReply } from './envoy-reply.ts';
import { copyOf } from './copy-of.ts';
import { findWay, type WayDeps } from './find-way.ts';
import { firstAttempt } from './first-attempt.ts';
import { HeldBody } from './held-body.ts';
import { listModels } from './list-models.ts';
import { proceed, type Conversation, type Message, type RequestHeaders } from './message.ts';
import { passThrough } from './pass-through.ts';
import { planRequest, type Plan } from './plan.ts';
import { PlannedExchange } from './planned-exchange.ts';
import { receiveRequest } from './receive-request.ts';
import type { Registry } from './registry.ts';
import type { Snapshots } from './snapshots.ts';
import { fail, ownHeaders, type ExchangeState } from './state.ts';

export interface ExchangeDeps extends WayDeps {
  /** The config in force; an exchange keeps the one it began with. */
  snapshots: Pick<Snapshots, 'current' | 'began'>;
  /** What clients may speak, by path. The first one also renders errors on paths that are none of theirs. */
  protocols: readonly [Protocol, ...Protocol[]];
  policies: readonly Policy[];
  /** Who may call. */
  identities: Identities;
  registry: Registry;
  /** What state is sealed with that a tenant's clients carry. */
  sealFor: (tenant: string) => Seal;
  openTrace: OpenTrace;
  /** How many exchanges may be under way. */
  admission: Admission;
  /** How many bytes of bodies may be held. */
  bodyMemory: BodyMemory;
  attemptLog: AttemptLog;
  counters: WayDeps['counters'] & Pick<Metrics, 'attempt'>;
  mirror: Pick<Mirror, 'copy'>;
  /** Leads the streams of an exchange's attempts to this process. */
  session: string;
  /** A new id, unique in this process. */
  newId: () => string;
  /** Hears every error that a client gets from us. */
  onError: (error: GatewayError) => void;
}

/** The router filter's conversation: one client request and its answer. It settles exactly once, however it ends. `signal` says that Envoy has closed it. */
export async function* exchange(opening: RequestHeaders, signal: AbortSignal, deps: ExchangeDeps): Conversation {
  const endpoint = endpointOf(opening, deps.protocols);
  const state = openState(opening, endpoint, deps);
  const snapshot = deps.snapshots.current();
  const pastAttempts = deps.snapshots.began(snapshot);
  let inside: Inside | undefined;
  try {
    if (endpoint.type === 'none') throw endpoint.error;
    const caller = authenticate(opening, deps.identities, signal);
    const identity = caller instanceof Promise ? await caller : caller;
    state.trace.identified({ tenant: identity.tenant.name, key: identity.key });
    if (endpoint.type === 'models') {
      yield listModels(endpoint.call, state, snapshot, identity);
      return;
    }
    if (endpoint.type === 'translated' && opening.endOfStream) throw new GatewayError('invalid-request', 'Send the request as a JSON body.');
    inside = openInside({ snapshot, identity, signal, pastAttempts }, state, deps);
    const { pipeline } = inside;
    state.policyHeaders = (protocol) => pipeline.headers(protocol);
    const called = pipeline.onCaller();
    if (called !== undefined) await called;
    const waiting = inside.admittance.enter();
    if (waiting !== undefined) yield* queued(waiting, state);
    if (endpoint.type === 'pass-through') yield* passThrough(endpoint.call, opening, inside, state);
    else yield* translated(endpoint.path, inside, deps, state);
  } catch (thrown) {
    if (signal.aborted) return;
    const error = asGatewayError(thrown);
    fail(state, error, state.outcome.attempts === 0 ? 'refused' : 'failed');
    state.outcome.status = error.status;
    yield refuse(error, state.protocol, ownHeaders(state));
  } finally {
    deps.registry.delete(state.id);
    pastAttempts();
    state.outcome.reason = state.error ?? '';
    inside?.pipeline.onSettled(state.outcome);
    if (state.outcome.end === 'complete') inside?.attempts.finished(state.outcome.usage);
    inside?.admittance.release();
    inside?.memory.release();
    state.trace.ended(state.outcome, state.error);
    if (inside === undefined) state.trace.completed();
    else inside.attempts.end();
  }
}

/** What an exchange of a known caller goes by, and what it holds until its end. */
interface Inside extends Caller {
  pipeline: PipelineRun;
  admittance: Admittance;
  attempts: Attempts;
  seal: Seal;
  memory: HeldBody;
}

interface Caller {
  snapshot: Snapshot;
  identity: Identity;
  signal: AbortSignal;
  /** To be called when no further attempt will be made. */
  pastAttempts: () => void;
}

function openInside(caller: Caller, state: ExchangeState, deps: ExchangeDeps): Inside {
  const { snapshot, identity, signal } = caller;
  const { shared, models } = snapshot;
  const opening: Opening = { id: state.id, identity, shared, models, headers: state.opening.headers, signal };
  const pipeline = openPipeline(deps.policies, opening, state.trace.stage, deps.onFailure);
  const { tenant } = identity;
  const { health, attemptLog, counters, admission, gates, now } = deps;
  const waitMs = snapshot.resilience.queue?.waitMs ?? 0;
  const admittance = new Admittance({ admission, gates, entrant: { tenant: tenant.name, priority: tenant.priority, signal }, waitMs, now });
  return {
    ...caller,
    pipeline,
    admittance,
    attempts: new Attempts({
      requestId: state.requestId,
      health,
      admittance,
      attemptLog,
      trace: state.trace,
      count: counters.attempt,
      isComplete: () => state.outcome.end === 'complete',
      onFailed: (attempt) => pipeline.onAttempt(attempt),
      now,
    }),
    seal: deps.sealFor(tenant.name),
    memory: new HeldBody(deps.bodyMemory),
  };
}

/** A request that is read: its way is found and its first attempt written once its body is here. */
async function* translated(path: PathFacts, inside: Inside, deps: ExchangeDeps, state: ExchangeState): Conversation {
  const { memory, pipeline } = inside;
  const { registry } = deps;
  memory.expect(state.opening.headers);
  let message: Message = yield proceed;
  let plan: Plan | undefined;
  if (message.type === 'request-body') {
    memory.hold(message.body.length);
    const received = await receiveRequest(message.body, path, inside, state);
    const guided = pipeline.onRoute(received.request);
    const guidance = guided instanceof Promise ? await guided : guided;
    if (guidance.waitMs !== undefined && guidance.waitMs > 0) yield* queued(pause(guidance.waitMs, inside.signal), state);
    const way = await findWay({ ...received, guidance }, deps, inside, state);
    if (way.type === 'immediate') {
      yield way;
      return;
    }
    if (way.waiting !== undefined) yield* queued(way.waiting, state);
    const decision = await way.take();
    plan = await planRequest(received, decision, inside);
    const open = new PlannedExchange({ plan, decision, state });
    registry.set(state.id, open);
    const first = await firstAttempt(plan, open, state);
    const copy = copyOf(decision, { snapshot: inside.snapshot, seal: inside.seal, random: deps.random }, state);
    if (copy !== undefined) deps.mirror.copy(copy);
    message = yield first;
  }
  if (message.type !== 'response-headers') throw new Error(`Envoy sent ${message.type} where the answer's headers belong`);
  registry.delete(state.id);
  inside.pastAttempts();
  memory.holdAnswer(0);
  yield* plan === undefined || isEnvoyReply(message.attributes) ? envoyReply(message, state) : answer(message, plan, { pipeline, memory }, state);
}

function openState(opening: RequestHeaders, { protocol }: Endpoint, { now, newId, openTrace, onError, session }: ExchangeDeps): ExchangeState {
  return {
    id: newId(),
    requestId: opening.headers.get(headerNames.requestId) ?? '',
    session,
    opening,
    createdAt: Math.floor(now() / 1000),
    protocol,
    trace: openTrace(opening.headers),
    outcome: {
      end: 'left',
      status: 0,
      deployment: undefined,
      served: '',
      route: '',
      reason: '',
      experiments: [],
      attempts: 0,
      warnings: 0,
      usage: undefined,
      requestBytes: 0,
      deliveredBytes: 0,
    },
    error: undefined,
    policyHeaders: () => [],
    onError,
  };
}
