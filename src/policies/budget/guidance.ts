import { GatewayError } from '../../errors.ts';
import { JsonFieldError } from '../../framing/json.ts';
import { effortOf, lesserEffort } from '../../llm/reasoning.ts';
import type { ChatRequest, ReasoningEffort } from '../../llm/request.ts';
import type { ClientRequest } from '../../protocols/client-request.ts';
import { capabilitiesOf } from '../../routing/capability.ts';
import type { Model } from '../../routing/deployment.ts';
import { filterOf, metersOf, type Meter } from '../meters.ts';
import type { Guidance, Opening } from '../policy.ts';
import { refusedByStep } from '../refusals.ts';
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
  { models }: Opening,
  { quotas, paces, now, warn, onStep }: BudgetParts,
): { guidance: Guidance; steps: string[] } {
  const guidance: Guidance = {};
  const steps: string[] = [];
  for (const reached of reachedSteps(meters, quotas, now())) {
    for (const step of lastOfEach(reached.steps)) {
      if (step.does.type === 'warn') {
        warn(alertOf(reached, step));
        continue;
      }
      if (!concerns(step, reached.budget, request)) continue;
      onStep(reached.owner, step.does.type);
      if (step.does.type === 'deny') throw refusedByStep(reached.owner, reached.budget, step.at, renewalOf(reached.budget, now()));
      if (step.does.type === 'queue') guidance.waitMs = Math.max(guidance.waitMs ?? 0, turnOf(reached, step.does.waitMs, paces));
      else apply(step, guidance, request, models);
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

/** Whether a step means such a request. Only chat thinks and is long, and another model's vectors fit no index: unless a budget counts that model alone, another one serves chat only. */
function concerns({ does: { type } }: Step, { model }: Budget, { protocol }: ClientRequest): boolean {
  if (protocol.operation === 'chat' || type === 'queue' || type === 'deny') return true;
  return type === 'use' && model !== undefined;
}

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
  throw new GatewayError(
    'rate-limited',
    `The budget of ${owner} is nearly used up, and requests wait for their turn so that it lasts. Try again in ${retryAfterSeconds} s.`,
    {
      retryAfterSeconds,
    },
  );
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
