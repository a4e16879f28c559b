import type { Snapshot } from '../config/snapshot.ts';
import { GatewayError } from '../errors.ts';
import type { Warning } from '../llm/request.ts';
import type { PipelineRun } from '../policies/pipeline.ts';
import type { Identity } from '../policies/tenant.ts';
import { ClientRequest } from '../protocols/client-request.ts';
import type { RequestFacts } from '../protocols/protocol.ts';
import { prepareAttempt } from '../routing/prepare-attempt.ts';
import type { Deployment } from '../routing/deployment.ts';
import { route } from '../routing/route.ts';
import type { ExchangeState } from './state.ts';
import type { OpenExchange } from './registry.ts';

/** What was decided about a request, without its bytes: an answer may take minutes, and needs none of them. */
export interface Plan {
  facts: RequestFacts;
  chain: readonly Deployment[];
  headersTimeoutMs: number;
  /** What the last attempt could not carry. */
  warnings: readonly Warning[];
}

/** A plan, and what writes its attempts: it holds the request, and is let go of when the answer begins. */
export interface PlannedRequest {
  plan: Plan;
  open: OpenExchange;
}

/** Longest waits for the headers of an answer: a JSON answer's come only when all of it is written. */
const headersTimeoutMs = { stream: 60_000, json: 600_000 } as const;

/** Takes a request from the client's bytes to a chain of deployments: read, policies, routing, policies that know the chain. Throws what refuses it. */
export async function planRequest(
  body: Buffer,
  state: ExchangeState,
  { snapshot, identity, pipeline, random }: { snapshot: Snapshot; identity: Identity; pipeline: PipelineRun; random: () => number },
): Promise<PlannedRequest> {
  const received = await state.trace.stage('decode', () => new ClientRequest(state.protocol, body));
  const { model, stream, maxTokens } = received.facts;
  // A name that the config does not have may be any text of the client's.
  state.trace.requested({ model: snapshot.models.has(model) ? model : undefined, protocol: state.protocol.name, stream, maxTokens });
  requireAllowed(model, identity);
  const request = await pipeline.onRequest(received);
  const chain = await state.trace.stage('route', () => route(model, snapshot.models, random));
  await pipeline.onChain(request, chain);
  const plan: Plan = {
    facts: request.facts,
    chain,
    headersTimeoutMs: snapshot.models.get(model)?.headersTimeoutMs ?? (stream ? headersTimeoutMs.stream : headersTimeoutMs.json),
    warnings: [],
  };
  return {
    plan,
    open: {
      chain,
      protocol: state.protocol,
      prepare(number, parent) {
        const deployment = chain[number - 1];
        if (deployment === undefined) throw new GatewayError('gateway-unavailable', `There is no attempt ${number} in this exchange.`);
        const attempt = prepareAttempt(request, deployment, clientCall(state));
        plan.warnings = attempt.warnings;
        state.outcome.deployment = deployment;
        state.outcome.attempts = number;
        state.outcome.requestBytes = attempt.body.length;
        state.trace.attempted(number, deployment, parent);
        return attempt;
      },
    },
  };
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
