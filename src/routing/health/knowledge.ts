import { accountId, deploymentId, type Deployment } from '../deployment.ts';
import { createBreaker, type Breaker } from './breaker.ts';
import type { HealthChange } from './change.ts';
import { createHeadroom, type Headroom } from './headroom.ts';
import { createLatencyMeter, type LatencyMeter } from './latency.ts';
import { createRecent, type Recent } from './recent.ts';
import type { OnRest, Rest } from './rest.ts';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';
import { createSetAside, type SetAside } from './set-aside.ts';
import { createToldFailures, type ToldFailures } from './told-failures.ts';

/** What is known of one deployment at one account. */
export interface DeploymentKnowledge {
  breaker: Breaker;
  setAside: SetAside;
  latency: LatencyMeter;
  headroom: Headroom;
  retries: RetryBudget;
  toldFailures: ToldFailures;
  /** Answers of 403 in a row. */
  forbiddenInRow: number;
}

/** What is known of deployments and of their accounts, by their ids. */
export interface Knowledge {
  deployments: Recent<DeploymentKnowledge>;
  accounts: Recent<SetAside>;
}

/** How long something is remembered that no request is about, in milliseconds. */
export const keepMs = 3_600_000;

/** Most ids remembered: clients that ask for a provider's models by name choose some of them. */
export const maxEntries = 4096;

export interface KnowledgeOptions {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Yields numbers from 0 up to 1. */
  random: () => number;
  /** Who hears of the rests of one thing. */
  tellOf: (kind: HealthChange['kind'], id: string) => OnRest;
}

/** Nothing known yet. */
export function createKnowledge({ now, random, tellOf }: KnowledgeOptions): Knowledge {
  const createAside = (id: string): SetAside => createSetAside({ now, onRest: tellOf('set-aside', id) });
  const createDeployment = (id: string): DeploymentKnowledge => ({
    breaker: createBreaker({ now, random, onRest: tellOf('breaker', id) }),
    setAside: createAside(id),
    latency: createLatencyMeter(now),
    headroom: createHeadroom(now),
    retries: createRetryBudget(now),
    toldFailures: createToldFailures(now),
    forbiddenInRow: 0,
  });
  return {
    deployments: createRecent({ create: createDeployment, now, keepMs, maxEntries }),
    accounts: createRecent({ create: createAside, now, keepMs, maxEntries }),
  };
}

/** The rests that keep requests from a deployment, or will until it has proven itself. None where the config gives it no breaker: then its account is not set aside either. */
export function restsOf({ deployments, accounts }: Knowledge, deployment: Deployment): Rest[] {
  if (deployment.endpoint.breaker === undefined) return [];
  const known = deployments.find(deploymentId(deployment));
  return [accounts.find(accountId(deployment.endpoint)), known?.setAside, known?.breaker].flatMap((one) => one?.rest ?? []);
}
