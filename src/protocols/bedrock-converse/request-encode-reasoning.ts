import type { Writable } from '../../framing/json-write.ts';
import { effortOf, nearestEffort } from '../../llm/reasoning.ts';
import type { ChatRequest, ReasoningEffort, Warning } from '../../llm/request.ts';
import { planThinking } from '../anthropic-messages/request-encode-thinking.ts';
import type { ModelRules } from '../anthropic-messages/request-models.ts';
import { canResumeThinking, type Turn } from './request-encode-messages.ts';
import type { ConverseRules } from './request-models.ts';

/** How much the model thinks in this request, and what goes along with it. */
export interface Plan {
  /** For `additionalModelRequestFields`. */
  fields: Record<string, Writable>;
  /** For `outputConfig`. */
  effort?: ReasoningEffort;
  maxTokens?: number;
  /** Claude's plan, which decides what else it takes. */
  claude?: { rules: ModelRules; thinking: ReturnType<typeof planThinking> };
  /** Whether sampling options are refused at this effort. */
  refusesSampling: boolean;
}

/** Decides how much the model thinks. */
export function planReasoning(request: ChatRequest, turns: readonly Turn[], { reasoning: rules }: ConverseRules, warnings: Warning[]): Plan {
  switch (rules.kind) {
    case 'claude':
      return claudePlan(request, turns, rules.rules, warnings);
    case 'nova':
      return novaPlan(request, warnings);
    case 'effort':
      return effortPlan(request, rules.efforts, warnings);
    case 'none': {
      const { reasoning } = request;
      const isAsked = reasoning !== undefined && (effortOf(reasoning) ?? 'none') !== 'none';
      if (isAsked) warn(warnings, 'is left out: how much this model thinks cannot be set');
      return none(request);
    }
  }
}

const warn = (warnings: Warning[], detail: string): void => void warnings.push({ field: 'reasoning', detail });

const none = ({ maxTokens }: ChatRequest): Plan => ({ fields: {}, refusesSampling: false, ...(maxTokens !== undefined && { maxTokens }) });

/** Claude's thinking passes through to its own API. Only a budget needs a maximum above it; else the model's own is the default. */
function claudePlan(request: ChatRequest, turns: readonly Turn[], rules: ModelRules, warnings: Warning[]): Plan {
  const { reasoning, maxTokens } = request;
  const thinking = planThinking({ reasoning, maxTokens, canResume: canResumeThinking(turns) }, rules, warnings);
  const most = thinking.mode === 'manual' ? thinking.maxTokens : maxTokens;
  return {
    fields: { thinking: thinking.thinking },
    ...(thinking.effort !== undefined && { effort: thinking.effort }),
    ...(most !== undefined && { maxTokens: most }),
    claude: { rules, thinking },
    refusesSampling: false,
  };
}

/**
 * Nova's thinking is off unless it is asked for. At the highest effort it takes neither a maximum nor sampling options; a client's maximum limits what the answer costs, so that it comes first.
 * Source: https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html
 */
function novaPlan(request: ChatRequest, warnings: Warning[]): Plan {
  const effort = wantedEffort(request);
  if (effort === undefined || effort === 'none') return none(request);
  const efforts: readonly ReasoningEffort[] = request.maxTokens === undefined ? ['low', 'medium', 'high'] : ['low', 'medium'];
  const chosen = nearestEffort(effort, efforts) ?? 'low';
  warnOfOther(request, chosen, warnings);
  return {
    ...none(request),
    fields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: chosen } },
    refusesSampling: chosen === 'high',
  };
}

function effortPlan(request: ChatRequest, efforts: readonly ReasoningEffort[], warnings: Warning[]): Plan {
  const effort = wantedEffort(request);
  const chosen = effort && nearestEffort(effort, efforts);
  if (chosen === undefined) return none(request);
  warnOfOther(request, chosen, warnings);
  return { ...none(request), fields: { reasoning_effort: chosen } };
}

const wantedEffort = ({ reasoning }: ChatRequest): ReasoningEffort | undefined =>
  reasoning && (effortOf(reasoning) ?? (reasoning.show === true ? 'medium' : undefined));

function warnOfOther({ reasoning }: ChatRequest, chosen: ReasoningEffort, warnings: Warning[]): void {
  if (reasoning?.budgetTokens !== undefined) warn(warnings, `is sent as the effort ${chosen}: a budget in tokens is not possible here`);
  else if (reasoning?.effort !== undefined && reasoning.effort !== chosen)
    warn(warnings, `is sent as the effort ${chosen}, the nearest that this model takes`);
}
