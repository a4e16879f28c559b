import type { Writable } from '../../framing/json-write.ts';
import { budgetOf, effortOf, nearestEffort } from '../../llm/reasoning.ts';
import type { Reasoning, ReasoningEffort, Warning } from '../../llm/request.ts';
import { defaultMaxTokens } from '../protocol.ts';
import type { ModelRules } from './request-models.ts';

/** How much the model thinks in this request, in the API's fields. */
export interface Thinking {
  thinking?: Writable;
  effort?: ReasoningEffort;
  maxTokens: number;
  /** `manual`: with a budget, which goes along with fewer other options. */
  mode: 'manual' | 'adaptive' | 'off';
}

/** Fewest tokens of thinking that the API takes. */
const minBudget = 1024;

/** What of a request decides how much is thought. */
interface Wish {
  reasoning: Reasoning | undefined;
  maxTokens: number | undefined;
  /** Whether the last turn of the assistant allows a budget: it must begin with thinking where tools were called in it, or where the model shall continue it. */
  canResume: boolean;
}

/**
 * Decides how much the model thinks. A client's `max_tokens` is never raised, since it limits what the answer costs: the thinking must fit into it.
 * Source: https://platform.claude.com/docs/en/build-with-claude/thinking and /extended-thinking.
 */
export function planThinking({ reasoning, maxTokens, canResume }: Wish, rules: ModelRules, warnings: Warning[]): Thinking {
  const { thinking } = rules;
  const idle: Thinking = { maxTokens: maxTokens ?? defaultMaxTokens, mode: 'off' };
  const byDefault: Thinking = thinking.byDefault ? { ...idle, mode: 'adaptive' } : idle;
  if (reasoning === undefined) return byDefault;
  const effort = effortIn(reasoning) ?? (reasoning.show === true ? 'medium' : undefined);
  if (effort === undefined) return thinking.byDefault && thinking.adaptive ? { ...byDefault, ...adaptive(reasoning, undefined, rules) } : byDefault;
  if (effort === 'none') return switchedOff(idle, rules, warnings);
  if (!thinking.manual && !thinking.adaptive) {
    warn(warnings, 'is left out: this model does not think');
    return idle;
  }
  if (thinking.manual && (!thinking.adaptive || (reasoning.budgetTokens !== undefined && canResume))) {
    return withBudget(reasoning, { maxTokens, canResume, effort }, rules, warnings);
  }
  const chosen = effortIn(reasoning) === undefined ? undefined : nearestEffort(effort, rules.efforts);
  if (reasoning.budgetTokens !== undefined) warn(warnings, `is sent as the effort ${chosen}: a budget in tokens is not possible here`);
  const room = chosen === undefined ? 0 : (budgetOf({ effort: chosen }) ?? 0);
  return { ...adaptive(reasoning, chosen, rules), maxTokens: maxTokens ?? room + defaultMaxTokens };
}

/** However small a budget is, who sets one wants some thinking. */
function effortIn(reasoning: Reasoning): ReasoningEffort | undefined {
  const effort = effortOf(reasoning);
  return effort === 'none' && reasoning.effort === undefined && reasoning.budgetTokens !== 0 ? 'minimal' : effort;
}

const warn = (warnings: Warning[], detail: string): void => void warnings.push({ field: 'reasoning', detail });

function adaptive({ show }: Reasoning, effort: ReasoningEffort | undefined, { thinking }: ModelRules): Omit<Thinking, 'maxTokens'> {
  return { thinking: { type: 'adaptive', ...display(show, thinking.display) }, ...(effort !== undefined && { effort }), mode: 'adaptive' };
}

function display(show: boolean | undefined, isTaken: boolean): { display?: string } {
  if (show === undefined || !isTaken) return {};
  return { display: show ? 'summarized' : 'omitted' };
}

function switchedOff(idle: Thinking, { thinking: { byDefault, off }, efforts }: ModelRules, warnings: Warning[]): Thinking {
  if (!byDefault) return idle;
  if (off !== undefined) return { ...idle, thinking: { type: off } };
  const [effort] = efforts;
  warn(warnings, `is sent as the effort ${effort}: this model always thinks`);
  return { ...idle, ...(effort !== undefined && { effort }), mode: 'adaptive' };
}

interface Budgeted extends Omit<Wish, 'reasoning'> {
  effort: ReasoningEffort;
}

function withBudget(reasoning: Reasoning, { maxTokens, canResume, effort }: Budgeted, rules: ModelRules, warnings: Warning[]): Thinking {
  const idle: Thinking = { maxTokens: maxTokens ?? defaultMaxTokens, mode: 'off' };
  if (!canResume) {
    warn(
      warnings,
      'is switched off for this request: thinking must go before the tool calls that were made last, and theirs is of another maker or lost',
    );
    return switchedOff(idle, rules, warnings);
  }
  if (maxTokens !== undefined && maxTokens <= minBudget) {
    warn(warnings, `is switched off for this request: thinking takes at least ${minBudget} tokens, and max_tokens leaves no more`);
    return switchedOff(idle, rules, warnings);
  }
  const wanted = Math.max(minBudget, budgetOf({ ...reasoning, effort }) ?? minBudget);
  const budget = fittingBudget(wanted, reasoning.budgetTokens !== undefined, maxTokens ?? rules.maxOutput);
  if (reasoning.budgetTokens !== undefined && budget !== reasoning.budgetTokens) {
    warn(warnings, `is ${budget} tokens instead of ${reasoning.budgetTokens}: it must be at least ${minBudget} and less than max_tokens`);
  }
  if (reasoning.show === false && !rules.thinking.display) warn(warnings, 'cannot be hidden by this model');
  // Shown is what models with a budget do unasked.
  const hidden = reasoning.show === false ? display(false, rules.thinking.display) : {};
  return {
    thinking: { type: 'enabled', budget_tokens: budget, ...hidden },
    ...(reasoning.effort !== undefined && rules.efforts.length > 0 && { effort: nearestEffort(effort, rules.efforts) ?? effort }),
    maxTokens: maxTokens ?? Math.min(budget + defaultMaxTokens, rules.maxOutput),
    mode: 'manual',
  };
}

/** A budget of the client's own need only be less than the maximum; one that we made of an effort leaves half of it to the answer. */
function fittingBudget(wanted: number, isExact: boolean, maxTokens: number): number {
  const half = Math.max(minBudget, Math.floor(maxTokens / 2));
  return isExact && wanted < maxTokens ? wanted : Math.min(wanted, half);
}
