import type { Snapshot } from '../config/snapshot.ts';
import type { AskClassifier } from '../routing/auto/classifier.ts';
import type { RoutingParts } from '../routing/decide.ts';
import type { Health } from '../routing/health/health.ts';

/** What routing uses that outlives exchanges. */
export interface RoutingDeps {
  health: Health;
  classify: AskClassifier | undefined;
  costNanos: RoutingParts['costNanos'];
  random: () => number;
  now: () => number;
  /** Hears of what failed without failing a request. */
  onFailure: (what: string, error: unknown) => void;
}

/** What routing goes by under one config; made once, since each exchange asks for it. */
export function routingUnder(snapshot: Snapshot, deps: RoutingDeps): RoutingParts {
  const known = routings.get(snapshot);
  if (known !== undefined) return known;
  const { health, costNanos, classify, random, now, onFailure } = deps;
  const { whenAllRest, retryBudget } = snapshot.resilience;
  const made: RoutingParts = {
    models: snapshot.models,
    rules: snapshot.rules,
    whenAllRest,
    health: { ...health, mayRetry: (deployment) => health.mayRetry(deployment, retryBudget) },
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
