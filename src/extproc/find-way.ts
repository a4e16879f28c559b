import type { Snapshot } from '../config/snapshot.ts';
import type { Gates } from '../admission/gates.ts';
import type { Identity } from '../policies/tenant.ts';
import type { Seal } from '../protocols/seal.ts';
import type { AskClassifier } from '../routing/auto/classifier.ts';
import { decide, type Decision, type RoutedRequest, type RoutingParts } from '../routing/decide.ts';
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
  const { snapshot, identity, admittance, attempts } = parts;
  return async function* findWay(request, { dataClasses, keeper }) {
    const { headers } = state.opening;
    const path = (headers.get(':path') ?? '').split('?', 1)[0] ?? '';
    const { tenant, key } = identity;
    const asked: RoutedRequest = { request, headers, path, tenant, key, dataClasses, keeper, seal: parts.seal, signal: parts.signal };
    const health: RoutingParts['health'] = {
      ...deps.health,
      standing: (deployment) => (deployment.endpoint.breaker === undefined ? { type: 'good' } : deps.health.standing(deployment)), // the config gives it no rest
      mayRetry: (deployment) => deps.health.mayRetry(deployment, snapshot.resilience.retryBudget),
    };
    const routing = (hasRoom: RoutingParts['hasRoom']): RoutingParts => ({
      models: snapshot.models,
      rules: snapshot.rules,
      whenAllRest: snapshot.resilience.whenAllRest,
      ...deps,
      health,
      hasRoom,
      onRuleFailure: (rule, message) => deps.onFailure(`rule ${rule}`, new Error(message)),
    });
    const hasRoom = (provider: string): boolean => provider === admittance.provider || deps.gates.hasRoom(provider);
    let decision = await state.trace.stage('route', () => decide(asked, routing(hasRoom)));
    yield* queued(admittance.enterAny(providersOf(decision.chain.length > 0 ? decision.chain : decision.waiting)), state);
    if (decision.chain.length === 0) decision = await state.trace.stage('route', () => decide(asked, routing(hasRoom)));
    const placed = { ...decision, chain: startingAt(admittance.provider, decision.chain) };
    attempts.expect(placed.probe);
    tell(placed, deps.counters, state);
    return placed;
  };
}

/** A wait for a place, as a stage of its own: time in a queue is the gateway's, and must not look like the provider's. */
export async function* queued(waiting: Waiting | undefined, { trace }: Pick<ExchangeState, 'trace'>): Waiting {
  if (waiting === undefined) return;
  const over = Promise.withResolvers<void>();
  const stage = trace.stage('queue', () => over.promise);
  try {
    yield* waiting;
  } finally {
    over.resolve();
    await stage;
  }
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
function tell({ choice, chain, skipped, rule }: Decision, counters: WayDeps['counters'], { trace, outcome }: ExchangeState): void {
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
