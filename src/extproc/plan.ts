import type { Snapshot } from '../config/snapshot.ts';
import { GatewayError } from '../errors.ts';
import type { Warning } from '../llm/request.ts';
import type { PipelineRun } from '../policies/pipeline.ts';
import type { Identity } from '../policies/tenant.ts';
import { ClientRequest } from '../protocols/client-request.ts';
import type { PathFacts, RequestFacts } from '../protocols/protocol.ts';
import type { Seal } from '../protocols/seal.ts';
import { withStoredIds } from '../protocols/stored-ids.ts';
import { eligible } from '../routing/eligible.ts';
import { prepareAttempt, type Attempt } from '../routing/prepare-attempt.ts';
import type { Deployment } from '../routing/deployment.ts';
import { route } from '../routing/route.ts';
import { countLocally } from './count-locally.ts';
import type { Immediate } from './message.ts';
import type { ExchangeState } from './state.ts';
import type { OpenExchange } from './registry.ts';

/** What was decided about a request, without its bytes: an answer may take minutes, and needs none of them. */
export interface Plan {
  facts: RequestFacts;
  chain: readonly Deployment[];
  headersTimeoutMs: number;
  /** How each attempt that was made speaks to its provider, in their order. */
  attempts: Pick<Attempt, 'api' | 'answersByTool'>[];
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
}

/** How a client asks that nothing of its request be left out. */
const strictHeader = 'x-remora-strict';

/** Longest waits for the headers of an answer: a JSON answer's come only when all of it is written. */
const headersTimeoutMs = { stream: 60_000, json: 600_000 } as const;

/** What planning needs besides the request. */
export interface PlanParts {
  snapshot: Snapshot;
  identity: Identity;
  pipeline: PipelineRun;
  /** Numbers from 0 up to 1. */
  random: () => number;
  seal: Seal;
}

/** Takes a request from the client's bytes to a chain of deployments: read, policies, routing, policies that know the chain. Throws what refuses it. */
export async function planRequest(
  body: Buffer,
  path: PathFacts,
  state: ExchangeState,
  { snapshot, identity, pipeline, random, seal }: PlanParts,
): Promise<PlannedRequest | Immediate> {
  const received = await state.trace.stage('decode', () => new ClientRequest(state.protocol, body, path));
  const { model, stream, maxTokens } = received.facts;
  // A name that the config does not have may be any text of the client's.
  const known = snapshot.models.has(model) ? model : undefined;
  const { operation, name: protocol } = state.protocol;
  state.trace.requested({ model: known, operation, protocol, stream, maxTokens });
  requireAllowed(model, identity);
  const { request, keeper, ids } = withStoredIds(await pipeline.onRequest(received), seal);
  const routed = await state.trace.stage('route', () => route(model, snapshot.models, random));
  const isStrict = snapshot.models.get(model)?.strict === true || state.opening.headers.get(strictHeader) === 'true';
  const chain = eligible(request, routed, { keeper, isStrict, seal });
  if (chain.length === 0) return unserved(request, state);
  await pipeline.onChain(request, chain);
  const plan: Plan = {
    facts: request.facts,
    chain,
    headersTimeoutMs: snapshot.models.get(model)?.headersTimeoutMs ?? (stream ? headersTimeoutMs.stream : headersTimeoutMs.json),
    attempts: [],
    warnings: [],
    seal,
    storedIds: ids,
  };
  return {
    type: 'planned',
    plan,
    open: {
      chain,
      protocol: state.protocol,
      async prepare(number, parent) {
        const deployment = chain[number - 1];
        if (deployment === undefined) throw new GatewayError('gateway-unavailable', `There is no attempt ${number} in this exchange.`);
        const attempt = await prepareAttempt(request, deployment, { call: clientCall(state), seal, random });
        plan.attempts[number - 1] = { api: attempt.api, answersByTool: attempt.answersByTool };
        plan.warnings = attempt.warnings;
        state.outcome.warnings = attempt.warnings.length;
        state.outcome.deployment = deployment;
        state.outcome.attempts = number;
        state.outcome.requestBytes = attempt.body.length;
        state.trace.attempted(number, deployment, parent);
        return attempt;
      },
    },
  };
}

/** What becomes of a request for which no deployment of the model has an endpoint: tokens can be estimated, all else is refused. */
function unserved(request: ClientRequest, state: ExchangeState): Immediate {
  if (request.protocol.operation === 'count-tokens') return countLocally(request, state);
  throw new GatewayError('not-carried', `No deployment of this model has an endpoint for ${request.protocol.name}. Ask for another model.`, {
    field: 'model',
  });
}

function requireAllowed(model: string, { tenant }: Identity): void {
  if (tenant.models === undefined || tenant.models.has(model)) return;
  const allowed = [...tenant.models].join(', ');
  throw new GatewayError('model-not-allowed', `Tenant "${tenant.name}" may not use "${model.slice(0, 100)}". Ask for one of: ${allowed}.`, {
    field: 'model',
  });
}

function clientCall({ opening }: ExchangeState): { headers: ReadonlyMap<string, string>; query: string } {
  const path = opening.headers.get(':path') ?? '';
  const at = path.indexOf('?');
  return { headers: opening.headers, query: at === -1 ? '' : path.slice(at) };
}
