import { JsonFieldError } from '../../framing/json.ts';
import { effortOf, lesserEffort } from '../../llm/reasoning.ts';
import type { ChatRequest, ReasoningEffort } from '../../llm/request.ts';
import type { ClientRequest } from '../../protocols/client-request.ts';
import { capabilitiesOf } from '../../routing/capability.ts';
import type { Model } from '../../routing/deployment.ts';
import { filterOf, metersOf, type Meter } from '../meters.ts';
import type { Guidance, Opening } from '../policy.ts';
import { refusedByQueue, refusedByStep } from '../refusals.ts';
import type { Budget, Step } from '../terms.ts';
import { describeStep, reachedSteps, type Reached } from './ladder.ts';
import type { BudgetParts } from './index.ts';
import { renewalOf } from './renewal.ts';

/** The budgets with steps that count a request for a model, before it is routed. */
export function stepMeters({ identity, models }: Opening, asked: string): Meter[] {
  const found: Meter[] = [];
  for (const terms of identity.terms) {
    for (const meter of metersOf(terms)) {
      if (meter.budget === undefined || meter.budget.ladder.length === 0) continue;
      const { model, provider } = filterOf(meter);
      if ((model === undefined || model === asked) && (provider === undefined || isServedBy(models.get(asked), provider))) found.push(meter);
    }
  }
  return found;
}

const isServedBy = (model: Model | undefined, provider: string): boolean =>
  model?.targets.some(({ deployments: [{ endpoint }] }) => endpoint.name === provider) === true;

/** What the steps that budgets have reached make of a request, and each in words. Throws where one refuses it. */
export function guidanceOf(
  meters: readonly Meter[],
  request: ClientRequest,
  opening: Opening,
  { quotas, paces, now, warn, onStep }: BudgetParts,
): { guidance: Guidance; steps: string[] } {
  const guidance: Guidance = {};
  const steps: string[] = [];
  for (const reached of reachedSteps(meters, quotas, now())) {
    for (const step of lastOfEach(reached.steps.filter((each) => concerns(each, reached.budget, request, opening)))) {
      if (step.does.type === 'warn') {
        warn(alertOf(reached, step));
        continue;
      }
      onStep(reached.owner, step.does.type);
      if (step.does.type === 'deny') throw refusedByStep(reached.owner, reached.budget, step.at, renewalOf(reached.budget, now()));
      if (step.does.type === 'queue') guidance.waitMs = Math.max(guidance.waitMs ?? 0, turnOf(reached, step.does.waitMs, paces));
      else apply(step, guidance, request, opening.models);
      steps.push(describeStep(reached, step));
    }
  }
  return { guidance, steps };
}

/** Raises the alerts of all warnings that budgets have reached. */
export function raiseWarnings(meters: readonly Meter[], { quotas, now, warn }: Pick<BudgetParts, 'quotas' | 'now' | 'warn'>): void {
  for (const reached of reachedSteps(meters, quotas, now()))
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

function turnOf({ owner, quota, standing }: Reached, longestMs: number, paces: BudgetParts['paces']): number {
  const { waitMs, isTaken } = paces.turn(quota.id, { left: standing.left, until: quota.to }, longestMs);
  if (isTaken) return waitMs;
  const retryAfterSeconds = Math.max(1, Math.ceil((waitMs - longestMs) / 1000));
  throw refusedByQueue(owner, retryAfterSeconds);
}

function apply({ does }: Step, guidance: Guidance, request: ClientRequest, models: ReadonlyMap<string, Model>): void {
  if (does.type === 'use') guidance.use = does.model;
  if (does.type === 'max-tokens') {
    const { maxTokens = Number.POSITIVE_INFINITY, choices } = request.facts;
    const most = Math.min(does.maxTokens, Math.ceil(maxTokens / choices), guidance.set?.maxTokens ?? Number.POSITIVE_INFINITY);
    guidance.set = { ...guidance.set, maxTokens: most };
  }
  if (does.type === 'effort') {
    const asked = effortIn(request);
    const name = guidance.use ?? request.facts.model;
    if (asked === undefined && !thinks(models.get(name))) return;
    const most = asked === undefined ? does.effort : lesserEffort(does.effort, asked);
    guidance.set = { ...guidance.set, reasoningEffort: lesserEffort(most, guidance.set?.reasoningEffort ?? most) };
  }
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
