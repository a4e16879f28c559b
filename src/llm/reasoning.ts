import type { Reasoning, ReasoningEffort } from './request.ts';

/** Tokens of thinking that an effort stands for, where a provider wants a number. None of the vendors publishes one; these keep their order and spread. */
const budgets: Readonly<Record<ReasoningEffort, number>> = {
  none: 0,
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 24_576,
  max: 32_768,
};

/** The thinking budget of a request in tokens: its own, or the one that its effort stands for; undefined where it names neither. */
export const budgetOf = ({ budgetTokens, effort }: Reasoning): number | undefined => budgetTokens ?? (effort && budgets[effort]);

/** The effort of a request: its own, or the one nearest to its budget; undefined where it names neither. */
export function effortOf({ budgetTokens, effort }: Reasoning): ReasoningEffort | undefined {
  if (effort !== undefined || budgetTokens === undefined) return effort;
  const [first, ...others] = Object.entries(budgets) as [ReasoningEffort, number][];
  let nearest = first;
  for (const other of others) if (nearest === undefined || distance(other) < distance(nearest)) nearest = other;
  return nearest?.[0];

  function distance([, budget]: [ReasoningEffort, number]): number {
    return Math.abs(budget - (budgetTokens ?? 0));
  }
}

const order: readonly ReasoningEffort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

/** The nearest effort among those that a provider takes; of two as near, the smaller. Who wants more than minimal thinking gets some, where there is any. */
export function nearestEffort(effort: ReasoningEffort, taken: readonly ReasoningEffort[]): ReasoningEffort | undefined {
  const at = order.indexOf(effort);
  const some = at <= order.indexOf('minimal') ? [] : taken.filter((other) => other !== 'none');
  return (some.length === 0 ? taken : some).toSorted(
    (a, b) => Math.abs(order.indexOf(a) - at) - Math.abs(order.indexOf(b) - at) || order.indexOf(a) - order.indexOf(b),
  )[0];
}

/** The effort that means less thinking. */
export const lesserEffort = (a: ReasoningEffort, b: ReasoningEffort): ReasoningEffort => (order.indexOf(a) <= order.indexOf(b) ? a : b);
