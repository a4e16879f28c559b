import type { Gates } from '../admission/gates.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { GatewayError } from '../errors.ts';
import type { PipelineRun } from '../policies/pipeline.ts';
import type { Identity } from '../policies/tenant.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { Seal } from '../protocols/seal.ts';
import { decide, type Decision, type Found, type RoutedRequest } from '../routing/decide.ts';
import { deploymentId, type Deployment } from '../routing/deployment.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Admittance, Waiting } from './admit.ts';
import type { Attempts } from './attempts.ts';
import { countLocally } from './count-locally.ts';
import type { Immediate } from './message.ts';
import type { GuidedRequest } from './receive-request.ts';
import { routingUnder, type RoutingDeps } from './routing-under.ts';
import type { ExchangeState } from './state.ts';

/** What a way is found with that outlives exchanges. */
export interface WayDeps extends RoutingDeps {
  gates: Gates;
  counters: Pick<Metrics, 'skipped' | 'chosen'>;
}

/** What it is found with of one exchange. */
export interface WayParts {
  snapshot: Snapshot;
  identity: Identity;
  seal: Seal;
  pipeline: Pick<PipelineRun, 'mayCall'>;
  admittance: Admittance;
  attempts: Attempts;
  signal: AbortSignal;
}

/** Where a request may go. */
export interface Way {
  type: 'way';
  /** The wait for a place there, to be over before the way is taken; undefined where there is one. */
  waiting: Waiting | undefined;
  /** What is decided, with a place at the first provider of the chain. Throws what refuses the request. */
  take(): Promise<Decision>;
}

/**
 * Routes a request and takes a place at the first provider of its chain; where all are busy, it is to wait for one as the config allows.
 * A count of tokens that no provider of the model makes is answered. Throws what refuses the request.
 */
export async function findWay(received: GuidedRequest, deps: WayDeps, parts: WayParts, state: ExchangeState): Promise<Way | Immediate> {
  const { admittance, attempts } = parts;
  let look: Look;
  try {
    look = await decided(received, deps, parts, state);
  } catch (error) {
    if (isUncounted(error, received.request)) return countLocally(received.request, state);
    throw error;
  }
  const { decision } = look;
  attempts.expect(decision.probe);
  const waiting = admittance.enterAny(providersOf(decision.chain.length > 0 ? decision.chain : awaited(look)));
  return {
    type: 'way',
    waiting,
    async take() {
      const last = decision.chain.length > 0 ? decision : (await decided(received, deps, parts, state)).decision;
      attempts.expect(last.probe);
      if (last.chain.length === 0)
        throw new GatewayError('too-many-requests', 'The providers of this model take no more requests now. Try again.', { retryAfterSeconds: 1 });
      last.chain = startingAt(admittance.provider, last.chain);
      if (last.chain[0] !== last.probe) attempts.expect(undefined);
      tell(last, received, deps.counters, state);
      return last;
    },
  };
}

/** What was decided, and the providers that were left out because policies did not let them be called. */
interface Look {
  decision: Decision;
  limited: ReadonlySet<string>;
}

const noLimits: ReadonlySet<string> = new Set();

/** What routing decides now. Where nothing but limits is in the way, it decides as if there were none: what the request is held to then refuses it, in its own words. */
async function decided(received: GuidedRequest, deps: WayDeps, parts: WayParts, state: ExchangeState): Promise<Look> {
  let limited = noLimits;
  const decision = await routed(received, deps, parts, state, (deployment) => {
    if (parts.pipeline.mayCall(deployment)) return true;
    limited = new Set([...limited, deployment.endpoint.name]);
    return false;
  });
  const look = { decision, limited };
  if (limited.size === 0 || decision.chain.length > 0 || awaited(look).length > 0) return look;
  return { decision: await routed(received, deps, parts, state, () => true), limited: noLimits };
}

/** What routing decides. What it refuses is told as well: that is asked about most. */
async function routed(
  { request, dataClasses, keeper, guidance }: GuidedRequest,
  deps: WayDeps,
  { snapshot, identity: { tenant, key }, seal, admittance, signal }: WayParts,
  state: ExchangeState,
  mayCall: (deployment: Deployment) => boolean,
): Promise<Decision> {
  const { headers } = state.opening;
  const path = (headers.get(':path') ?? '').split('?', 1)[0] ?? '';
  let found: Found | undefined;
  const asked: RoutedRequest = {
    request,
    headers,
    path,
    tenant,
    key,
    dataClasses,
    keeper,
    guidance,
    seal,
    hasRoom: (deployment) => {
      const { name } = deployment.endpoint;
      return mayCall(deployment) && (name === admittance.provider || deps.gates.hasRoom(name));
    },
    onFound(what) {
      found = what;
    },
    signal,
  };
  try {
    return await state.trace.stage('route', () => decide(asked, routingUnder(snapshot, deps)));
  } catch (error) {
    if (found !== undefined) tell({ ...found, chain: [] }, { guidance }, deps.counters, state);
    throw error;
  }
}

/** Whether a request for a count of tokens met a model whose providers do not count: then we estimate. */
const isUncounted = (error: unknown, { protocol }: ClientRequest): boolean =>
  protocol.operation === 'count-tokens' && error instanceof GatewayError && error.code === 'not-carried';

/** Those that are busy: for a place at one that rests nobody needs to wait. */
function busyOf({ waiting, skipped }: Decision): Deployment[] {
  const busy = new Set(skipped.filter(({ kind }) => kind === 'busy').map(({ deployment }) => deployment));
  return waiting.filter((each) => busy.has(deploymentId(each)));
}

/** Those at which a place may come free: not where a limit is in the way. */
const awaited = ({ decision, limited }: Look): Deployment[] => busyOf(decision).filter(({ endpoint }) => !limited.has(endpoint.name));

/** The providers of deployments, each once, in their order. */
function providersOf(deployments: readonly Deployment[]): [string, ...string[]] {
  const [first, ...more] = new Set(deployments.map(({ endpoint }) => endpoint.name));
  if (first === undefined) throw new Error('routing found neither a way nor a reason against it');
  return [first, ...more];
}

/** The chain with the deployments of the provider at which there is a place before the others. */
function startingAt(provider: string | undefined, chain: Deployment[]): Deployment[] {
  if (provider === undefined || chain[0]?.endpoint.name === provider) return chain;
  const isThere = ({ endpoint }: Deployment): boolean => endpoint.name === provider;
  return [...chain.filter(isThere), ...chain.filter((each) => !isThere(each))];
}

/** What was decided, for the trace, the counters and the ledger. */
function tell(
  { choice, chain, skipped, rule }: Found & Pick<Decision, 'chain'>,
  { guidance: { steps = [] } }: Pick<GuidedRequest, 'guidance'>,
  counters: WayDeps['counters'],
  { trace, outcome }: ExchangeState,
): void {
  const { model, experiments, task } = choice;
  for (const { deployment, kind } of skipped) counters.skipped(deployment, kind);
  if (rule !== undefined) counters.chosen('rule', rule.name, model.name);
  for (const { name, variant } of experiments) counters.chosen('experiment', name, variant);
  if (task !== undefined) counters.chosen('auto', task.by, task.model);
  outcome.served = model.name;
  outcome.route = rule?.name ?? '';
  outcome.experiments = experiments.map(({ name, variant }) => `${name}:${variant}`);
  trace.routed({
    model: model.name,
    chain: chain.map(deploymentId),
    skipped: skipped.map(({ deployment, kind, detail }) => `${deployment}: ${kind}${detail === '' ? '' : ` (${detail})`}`),
    rule: rule?.name,
    experiments: outcome.experiments,
    steps,
    task: task && {
      score: task.score,
      by: task.classifierFailure === undefined ? task.by : `${task.by} (classifier: ${task.classifierFailure})`,
      reasons: task.reasons.map(({ feature, points }) => `${feature} ${points}`),
    },
  });
}
