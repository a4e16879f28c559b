import { JsonFieldError } from '../../framing/json.ts';
import { effortOf, lesserEffort } from '../../llm/reasoning.ts';
import type { ChatRequest, ReasoningEffort } from '../../llm/request.ts';
import type { ClientRequest } from '../../protocols/client-request.ts';
import { capabilitiesOf } from '../../routing/capability.ts';
import type { Model } from '../../routing/deployment.ts';
import { oncePer } from '../../routing/once-per.ts';
import { isBudgetMeter, isUnfiltered, metersOf, type BudgetMeter } from '../meters.ts';
import type { Guidance, Opening } from '../policy.ts';
import { refusedByQueue, refusedByStep } from '../refusals.ts';
import type { Budget, Step, Terms } from '../terms.ts';
import { describeStep, lookAt, type Reached } from './ladder.ts';
import type { BudgetParts } from './index.ts';
import { renewalOf } from './renewal.ts';

/** The budgets with steps that count a request for a model, before it is routed. */
export function stepMeters({ identity, models }: Opening, asked: string): readonly BudgetMeter[] {
  const own = ownMeters(identity.terms);
  if (!own.hasFilters) return own.withSteps;
  return own.withSteps.filter(({ budget: { model, provider } }) => {
    return (model === undefined || model === asked) && (provider === undefined || isServedBy(models.get(asked), provider));
  });
}

/** Somebody's budgets with steps; `hasFilters` where some count requests for one model or provider only. */
interface OwnMeters {
  withSteps: readonly BudgetMeter[];
  hasFilters: boolean;
}

const ownMeters = oncePer((terms: readonly Terms[]): OwnMeters => {
  const withSteps = terms.flatMap(metersOf).filter((meter): meter is BudgetMeter => isBudgetMeter(meter) && meter.budget.ladder.length > 0);
  return { withSteps, hasFilters: !withSteps.every(isUnfiltered) };
});

const isServedBy = (model: Model | undefined, provider: string): boolean =>
  model?.targets.some(({ deployments: [{ endpoint }] }) => endpoint.name === provider) === true;

/** What of budgets' ladders a request has taken. It is filled while it is told what to do, so that a refusal can say which step refused. */
export interface Taken {
  /** Steps in words. */
  steps: string[];
  /** Its turns at budgets, by their quotas' ids. */
  turns: { quotaId: string; at: number }[];
}

/** What the steps that budgets have reached make of a request. Throws where one refuses it. */
export function guidanceOf(all: readonly Reached[], request: ClientRequest, opening: Opening, parts: BudgetParts, taken: Taken): Guidance {
  const guidance: Guidance = {};
  for (const reached of all) {
    for (const step of lastOfEach(reached.steps.filter((each) => concerns(each, reached.budget, request, opening)))) {
      if (step.does.type === 'warn') {
        parts.warn(alertOf(reached, step));
        continue;
      }
      parts.onStep(reached.owner, step.does.type);
      taken.steps.push(describeStep(reached, step));
      take(step, reached, { guidance, taken, request, models: opening.models }, parts);
    }
  }
  return guidance;
}

/** Raises the alerts of all warnings that budgets have reached. */
export function raiseWarnings(meters: readonly BudgetMeter[], { quotas, now, warn }: Pick<BudgetParts, 'quotas' | 'now' | 'warn'>): void {
  for (const reached of lookAt(meters, quotas, now()).reached)
    for (const step of reached.steps) if (step.does.type === 'warn') warn(alertOf(reached, step));
}

/**
 * Whether a step is for such a request. Only chat thinks and is long, and another model's vectors fit no index: unless a budget counts that model alone, another one serves chat only.
 * A model that the caller may not use does not serve it: an outer tenant's budget may name one.
 */
function concerns({ does }: Step, { model }: Budget, { protocol }: ClientRequest, { identity, models }: Opening): boolean {
  const isChat = protocol.operation === 'chat';
  switch (does.type) {
    case 'use':
      return (isChat || model !== undefined) && mayUse(identity.tenant.models, models.get(does.model));
    case 'effort':
    case 'max-tokens':
      return isChat;
    default:
      return true;
  }
}

/** A model without targets leads to others, of which routing takes one that is allowed. */
const mayUse = (allowed: ReadonlySet<string> | undefined, model: Model | undefined): boolean =>
  allowed === undefined || model === undefined || model.targets.length === 0 || allowed.has(model.name);

const alertOf = ({ quota, owner, budget, share }: Reached, { at }: Step) => ({
  id: quota.id,
  owner,
  at,
  used: share,
  amount: budget.amount,
  unit: budget.unit,
  until: quota.to,
});

/** Of several steps of a kind, the last; each warning by itself. */
const lastOfEach = (steps: readonly Step[]): Step[] =>
  steps.filter((step, index) => step.does.type === 'warn' || !steps.slice(index + 1).some(({ does }) => does.type === step.does.type));

/** What a step has its effect on. */
interface Affected {
  guidance: Guidance;
  taken: Taken;
  request: ClientRequest;
  models: ReadonlyMap<string, Model>;
}

/** Does what a step does. Throws where it refuses the request. */
function take({ at, does }: Step, reached: Reached, { guidance, taken, request, models }: Affected, { paces, now }: BudgetParts): void {
  const { owner, budget } = reached;
  switch (does.type) {
    case 'deny':
      throw refusedByStep(owner, budget, at, renewalOf(budget, now()));
    case 'queue':
      guidance.waitMs = Math.max(guidance.waitMs ?? 0, turnOf(reached, does.waitMs, taken, paces));
      return;
    case 'use':
      guidance.use = does.model;
      return;
    case 'max-tokens': {
      const { maxTokens = Number.POSITIVE_INFINITY, choices } = request.facts;
      const most = Math.min(does.maxTokens, Math.ceil(maxTokens / choices), guidance.set?.maxTokens ?? Number.POSITIVE_INFINITY);
      guidance.set = { ...guidance.set, maxTokens: most };
      return;
    }
    case 'effort': {
      const asked = effortIn(request);
      if (asked === undefined && !thinks(models.get(guidance.use ?? request.facts.model))) return;
      const most = asked === undefined ? does.effort : lesserEffort(does.effort, asked);
      guidance.set = { ...guidance.set, reasoningEffort: lesserEffort(most, guidance.set?.reasoningEffort ?? most) };
      return;
    }
    case 'warn':
      return;
  }
}

/** How long a request waits for its turn at a budget, in milliseconds. */
function turnOf({ owner, quota, standing }: Reached, longestMs: number, taken: Taken, paces: BudgetParts['paces']): number {
  const { at, waitMs, isTaken } = paces.turn(quota.id, { left: standing.left, until: quota.to }, longestMs);
  if (!isTaken) throw refusedByQueue(owner, Math.max(1, Math.ceil((waitMs - longestMs) / 1000)));
  taken.turns.push({ quotaId: quota.id, at });
  return waitMs;
}

/** The effort that a request names; undefined where it names none, or cannot be read: its provider decides then. */
function effortIn(request: ClientRequest): ReasoningEffort | undefined {
  try {
    return effortOf((request.decoded().value as ChatRequest).reasoning ?? {}); // what protocols of chat decode to
  } catch (error) {
    if (error instanceof JsonFieldError) return undefined;
    throw error;
  }
}

const thinks = (model: Model | undefined): boolean =>
  model?.targets.some(({ deployments: [deployment] }) => capabilitiesOf(deployment).reasoning === true) === true;
