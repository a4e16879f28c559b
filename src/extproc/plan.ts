import type { Snapshot } from '../config/snapshot.ts';
import type { FilterForm } from '../envoy/names.ts';
import { GatewayError } from '../errors.ts';
import type { Warning } from '../llm/request.ts';
import type { PipelineRun } from '../policies/pipeline.ts';
import type { Identity } from '../policies/tenant.ts';
import { ClientRequest } from '../protocols/client-request.ts';
import type { PathFacts, RequestFacts } from '../protocols/protocol.ts';
import type { Seal } from '../protocols/seal.ts';
import { withStoredIds } from '../protocols/stored-ids.ts';
import { maxChainLength } from '../routing/chain.ts';
import { errorClasses, type Deployment, type Model } from '../routing/deployment.ts';
import type { Decision } from '../routing/decide.ts';
import type { Attempt, ClientCall } from '../routing/prepare-attempt.ts';
import type { Attempts } from './attempts.ts';
import type { MirrorJob } from '../mirror/mirror-job.ts';
import { copyOf } from './copy-of.ts';
import { countLocally } from './count-locally.ts';
import type { Immediate, Wait } from './message.ts';
import { PlannedExchange } from './open-exchange.ts';
import type { OpenExchange } from './registry.ts';
import type { ExchangeState } from './state.ts';
import { formOf, waitsOf, type Waits } from './waits.ts';

/** What was decided about a request, without its bytes: an answer may take minutes, and needs none of them. */
export interface Plan {
  facts: RequestFacts;
  chain: readonly Deployment[];
  /** Most attempts that there may be: more than the chain has where a kind of failure has a chain of its own. */
  maxAttempts: number;
  /** What Envoy shows us of the attempts. */
  form: FilterForm;
  waits: Waits;
  /** Statuses after which the next attempt is made. */
  fallbackOn: Model['fallbackOn'];
  attempts: Attempts;
  /** How the provider is spoken to, by attempt. */
  spoken: Pick<Attempt, 'api' | 'answersByTool'>[];
  /** What the last attempt could not carry. */
  warnings: readonly Warning[];
  /** For what the answer gives the client to send back. */
  seal: Seal;
  /** Ids of objects at the provider that the request names, and what the client calls each. */
  storedIds: ReadonlyMap<string, string>;
}

/** A plan, and what writes its attempts: it holds the request, and is let go of when the answer begins. */
export interface PlannedRequest {
  type: 'planned';
  plan: Plan;
  open: OpenExchange;
  /** A copy to make of the request; undefined for none. */
  copy: MirrorJob | undefined;
}

/** Finds where a request goes, and a place there. */
export type FindWay = (
  request: ClientRequest,
  found: { dataClasses: readonly string[]; keeper: string | undefined },
) => AsyncGenerator<Wait, Decision>;

/** What planning needs besides the request. */
export interface PlanParts {
  snapshot: Snapshot;
  identity: Identity;
  pipeline: PipelineRun;
  findWay: FindWay;
  attempts: Attempts;
  seal: Seal;
  /** Numbers from 0 up to 1. */
  random: () => number;
}

/** Takes a request from the client's bytes to a chain of deployments: read, policies, routing, policies that know the chain. Throws what refuses it. */
export async function* planRequest(
  body: Buffer,
  path: PathFacts,
  state: ExchangeState,
  parts: PlanParts,
): AsyncGenerator<Wait, PlannedRequest | Immediate> {
  const { snapshot, identity, pipeline, seal, attempts } = parts;
  const received = await state.trace.stage('decode', () => new ClientRequest(state.protocol, body, path));
  const { model, stream, maxTokens } = received.facts;
  // A name that the config does not have may be any text of the client's.
  const known = snapshot.models.has(model) ? model : undefined;
  const { operation, name: protocol } = state.protocol;
  state.trace.requested({ model: known, operation, protocol, stream, maxTokens });
  requireAllowed(model, identity);
  const { request: seen, keeper, ids } = withStoredIds(await pipeline.onRequest(received), seal);
  let decision: Decision;
  try {
    decision = yield* parts.findWay(seen, { dataClasses: pipeline.found(), keeper });
  } catch (error) {
    if (isUncounted(error, seen)) return countLocally(seen, state);
    throw error;
  }
  const { request, chain, choice } = decision;
  const form = formOf(choice.model, chain, request);
  const others = form === 'plain' ? [] : errorClasses.flatMap(decision.chainFor);
  await pipeline.onChain(request, [...chain, ...others]);
  const plan: Plan = {
    facts: request.facts,
    chain,
    maxAttempts: others.length > 0 ? maxChainLength : chain.length,
    form,
    waits: waitsOf(choice.model, request.facts),
    fallbackOn: choice.model.fallbackOn,
    attempts,
    spoken: [],
    warnings: [],
    seal,
    storedIds: ids,
  };
  const call = clientCall(state);
  const copy = copyOf(decision, { snapshot, seal, call, exchange: state.id, random: parts.random });
  return { type: 'planned', plan, open: new PlannedExchange({ plan, request, decision, call, state }), copy };
}

/** Whether a request for a count of tokens met a model whose providers do not count: then we estimate. */
const isUncounted = (error: unknown, { protocol }: ClientRequest): boolean =>
  protocol.operation === 'count-tokens' && error instanceof GatewayError && error.code === 'not-carried';

function requireAllowed(model: string, { tenant }: Identity): void {
  if (tenant.models === undefined || tenant.models.has(model)) return;
  const allowed = [...tenant.models].join(', ');
  throw new GatewayError('model-not-allowed', `Tenant "${tenant.name}" may not use "${model.slice(0, 100)}". Ask for one of: ${allowed}.`, {
    field: 'model',
  });
}

function clientCall({ opening }: ExchangeState): ClientCall {
  const path = opening.headers.get(':path') ?? '';
  const at = path.indexOf('?');
  return { headers: opening.headers, query: at === -1 ? '' : path.slice(at) };
}
