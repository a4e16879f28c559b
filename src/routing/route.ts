import { allowed, type Bar, type Skipped } from './candidate.ts';
import { joined, type Link } from './chain.ts';
import type { Deployment, Model, Target } from './deployment.ts';
import type { Standing } from './health/standing.ts';
import { orderAccounts } from './order/accounts.ts';
import { orderTargets } from './order/order-targets.ts';
import type { OrderView } from './order/order-view.ts';
import { stickAccount, stickTarget } from './sticky.ts';

/** What a chain is made of: the model, then what it falls back to. */
export interface RouteOptions {
  /** The model that was chosen, which has targets. */
  model: Model;
  /** The models tried after it, in order. */
  fallback: readonly Model[];
  /** What the request and who asks rule out. */
  bar: Bar;
  /** Whether the tenant may use a model. */
  mayUse: (model: Model) => boolean;
  view: OrderView;
  health: RouteHealth;
  /** Whether a deployment's provider takes another attempt. */
  hasRoom: (deployment: Deployment) => boolean;
  /** What the requests have in common that go to one deployment; undefined where nothing is. */
  stickyKey: number | undefined;
}

/** What routing asks of the deployments' health. */
export interface RouteHealth {
  standing(deployment: Deployment): Standing;
  claimProbe(deployment: Deployment): boolean;
  mayRetry(deployment: Deployment): boolean;
}

/** A chain, and what is not in it. */
export interface Route {
  /** Deployments in the order in which they are tried; one may stand there several times in a row. Empty where none can be tried. */
  chain: Deployment[];
  skipped: Skipped[];
  /** Those that would be tried but for the moment: they rest, or are busy. In their order. */
  waiting: Deployment[];
}

/** Puts together the chain of a request. Nothing that `bar` or the tenant's list of models rules out is in it. */
export function route(options: RouteOptions): Route {
  const { model, fallback, health } = options;
  const skipped: Skipped[] = [];
  const waiting: Deployment[] = [];
  const links = [model, ...fallback].flatMap((tried, index) => linksOf(tried, index === 0, options, skipped, waiting));
  return { chain: joined(lastOnProbation(links, health)), skipped, waiting };
}

/** The targets of one model that can be tried now, in order. */
function linksOf(model: Model, isFirst: boolean, options: RouteOptions, skipped: Skipped[], waiting: Deployment[]): Link[] {
  const { bar, view, stickyKey, health } = options;
  const mayUse = options.mayUse(model);
  const usable = model.targets.flatMap((target): Target[] => {
    if (target.weight === 0) return [];
    const able = allowed(target.deployments, mayUse ? bar : notAllowed, skipped);
    const [first, ...more] = allowed(able, nowBar(options), skipped);
    waiting.push(...able.filter((each) => each !== first && !more.includes(each)));
    return first === undefined ? [] : [{ ...target, deployments: [first, ...more] }];
  });
  const isSticky = isFirst && stickyKey !== undefined;
  const ordered = usable.length < 2 ? usable : orderTargets(model.strategy, usable, view);
  const targets = isSticky && usable.length > 1 ? stickTarget(ordered, stickyKey, view) : ordered;
  return targets.map(({ deployments }, index) => {
    const drawn = deployments.length < 2 ? deployments : orderAccounts(deployments, view);
    const accounts = isSticky && index === 0 ? stickAccount(drawn, stickyKey, view) : drawn;
    const [account] = accounts;
    return { accounts, retries: model.retries > 0 && account !== undefined && health.mayRetry(account) ? model.retries : 0 };
  });
}

const notAllowed: Bar = () => ({ kind: 'not-allowed', detail: '' });

/** What the moment rules out. */
const nowBar =
  ({ health, hasRoom }: RouteOptions): Bar =>
  (deployment) => {
    const standing = health.standing(deployment);
    if (standing.type === 'resting') return { kind: 'resting', detail: standing.reason, untilMs: standing.untilMs };
    return hasRoom(deployment) ? undefined : { kind: 'busy', detail: '' };
  };

/** One that is on probation comes first where it is its turn; as a fallback it comes last, so that a request that has failed once meets what is known to work. */
function lastOnProbation(links: readonly Link[], { standing }: RouteHealth): Link[] {
  const isOnProbation = ({ accounts: [first] }: Link): boolean => first !== undefined && standing(first).type === 'probe';
  const [first, ...rest] = links;
  if (first === undefined) return [];
  return [first, ...rest.filter((link) => !isOnProbation(link)), ...rest.filter(isOnProbation)];
}

/**
 * Claims the first of a chain where it is on probation: nobody else tries it until the attempt is over, or the claim is given up. One request at a time may;
 * where another one does, the chain begins with the next. Returns what was claimed.
 */
export function claimFirst(chain: Deployment[], health: Pick<RouteHealth, 'standing' | 'claimProbe'>, skipped: Skipped[]): Deployment | undefined {
  for (let first = chain[0]; first !== undefined; first = chain[0]) {
    const tried = first;
    if (health.standing(tried).type === 'good') return undefined;
    if (health.claimProbe(tried)) return tried;
    allowed([tried], () => ({ kind: 'resting', detail: 'another request tries whether it is back' }), skipped);
    while (chain[0] === tried) chain.shift();
  }
  return undefined;
}
