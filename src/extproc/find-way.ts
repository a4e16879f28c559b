import type { Snapshot } from '../config/snapshot.ts';
import type { Gates } from '../admission/gates.ts';
import { GatewayError } from '../errors.ts';
import type { Identity } from '../policies/tenant.ts';
import type { Seal } from '../protocols/seal.ts';
import type { AskClassifier } from '../routing/auto/classifier.ts';
import { decide, type Decision, type Found, type RoutedRequest, type RoutingParts } from '../routing/decide.ts';
import { deploymentId, type Deployment } from '../routing/deployment.ts';
import type { Health } from '../routing/health/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Admittance, Waiting } from './admit.ts';
import type { Attempts } from './attempts.ts';
import type { FindWay } from './plan.ts';
import type { ExchangeState } from './state.ts';

/** What routing uses that outlives exchanges. */
export interface WayDeps {
  health: Health;
  gates: Gates;
  classify: AskClassifier | undefined;
  costNanos: RoutingParts['costNanos'];
  counters: Pick<Metrics, 'skipped' | 'chosen'>;
  random: () => number;
  now: () => number;
  /** Hears of what failed without failing a request. */
  onFailure: (what: string, error: unknown) => void;
}

/** What it uses of one exchange. */
export interface WayParts {
  snapshot: Snapshot;
  identity: Identity;
  seal: Seal;
  admittance: Admittance;
  attempts: Attempts;
  signal: AbortSignal;
}

/** Routes a request and takes a place at the first provider of its chain; where all are busy, it waits for one as the config allows. */
export function createFindWay(deps: WayDeps, parts: WayParts, state: ExchangeState): FindWay {
  const { identity, admittance, attempts, seal, signal } = parts;
  const routing = routingUnder(parts.snapshot, deps);
  return async function* findWay(request, { dataClasses, keeper }) {
    const { headers } = state.opening;
    const path = (headers.get(':path') ?? '').split('?', 1)[0] ?? '';
    const { tenant, key } = identity;
    const hasRoom = (provider: string): boolean => provider === admittance.provider || deps.gates.hasRoom(provider);
    let found: Found | undefined;
    const onFound = (what: Found): void => {
      found = what;
    };
    const asked: RoutedRequest = { request, headers, path, tenant, key, dataClasses, keeper, seal, hasRoom, onFound, signal };
    const decided = async (): Promise<Decision> => {
      try {
        return await state.trace.stage('route', () => decide(asked, routing));
      } catch (error) {
        if (found !== undefined) tell({ ...found, chain: [] }, deps.counters, state); // what is refused is asked about most
        throw error;
      }
    };
    let decision = await decided();
    attempts.expect(decision.probe);
    const waiting = admittance.enterAny(providersOf(decision.chain.length > 0 ? decision.chain : busyOf(decision)));
    if (waiting !== undefined) yield* queued(waiting, state);
    if (decision.chain.length === 0) decision = await decided();
    attempts.expect(decision.probe);
    if (decision.chain.length === 0)
      throw new GatewayError('too-many-requests', 'The providers of this model take no more requests now. Try again.', { retryAfterSeconds: 1 });
    decision.chain = startingAt(admittance.provider, decision.chain);
    if (decision.chain[0] !== decision.probe) attempts.expect(undefined);
    tell(decision, deps.counters, state);
    return decision;
  };
}

/** What routing goes by under one config; made once, since each exchange asks for it. */
function routingUnder(snapshot: Snapshot, deps: WayDeps): RoutingParts {
  const known = routings.get(snapshot);
  if (known !== undefined) return known;
  const { health, costNanos, classify, random, now, onFailure } = deps;
  const { whenAllRest, retryBudget } = snapshot.resilience;
  const made: RoutingParts = {
    models: snapshot.models,
    rules: snapshot.rules,
    whenAllRest,
    health: {
      standing: (deployment) => (deployment.endpoint.breaker === undefined ? good : health.standing(deployment)), // the config gives it no rest
      claimProbe: health.claimProbe,
      mayRetry: (deployment) => health.mayRetry(deployment, retryBudget),
      latencyOf: health.latencyOf,
      headroomOf: health.headroomOf,
      inFlight: health.inFlight,
    },
    costNanos,
    classify,
    random,
    now,
    onRuleFailure: (rule, message) => onFailure(`rule ${rule}`, new Error(message)),
  };
  routings.set(snapshot, made);
  return made;
}

const routings = new WeakMap<Snapshot, RoutingParts>();
const good = { type: 'good' } as const;

/** A wait for a place, as a stage of its own: time in a queue is the gateway's, and must not look like the provider's. */
export async function* queued(waiting: Waiting, { trace }: Pick<ExchangeState, 'trace'>): Waiting {
  const over = Promise.withResolvers<void>();
  const stage = trace.stage('queue', () => over.promise);
  try {
    yield* waiting;
  } finally {
    over.resolve();
    await stage;
  }
}

/** Those that are busy: for a place at one that rests nobody needs to wait. */
function busyOf({ waiting, skipped }: Decision): Deployment[] {
  const busy = new Set(skipped.filter(({ kind }) => kind === 'busy').map(({ deployment }) => deployment));
  return waiting.filter((each) => busy.has(deploymentId(each)));
}

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
  counters: WayDeps['counters'],
  { trace, outcome }: ExchangeState,
): void {
  const { model, experiments, task } = choice;
  for (const { deployment, kind } of skipped) counters.skipped(deployment, kind);
  if (rule !== undefined) counters.chosen('rule', rule.name, model.name);
  for (const { name, variant } of experiments) counters.chosen('experiment', name, variant);
  if (task !== undefined) counters.chosen('auto', task.by, task.model);
  outcome.experiments = experiments.map(({ name, variant }) => `${name}:${variant}`);
  trace.routed({
    model: model.name,
    chain: chain.map(deploymentId),
    skipped: skipped.map(({ deployment, kind, detail }) => `${deployment}: ${kind}${detail === '' ? '' : ` (${detail})`}`),
    rule: rule?.name,
    experiments: outcome.experiments,
    task: task && {
      score: task.score,
      by: task.classifierFailure === undefined ? task.by : `${task.by} (classifier: ${task.classifierFailure})`,
      reasons: task.reasons.map(({ feature, points }) => `${feature} ${points}`),
    },
  });
}
