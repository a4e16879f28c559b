import type { ChatParameters } from '../../protocols/chat-parameters.ts';
import { deploymentName, type Deployment } from '../deployment.ts';
import { ConditionError, type Condition } from './expression.ts';
import type { RuleFacts } from './facts.ts';

/** What is done with the requests that a condition is true of. */
export interface Rule {
  /** Name in traces and metrics. */
  name: string;
  condition: Condition;
  /** Name of the model that takes the place of the one asked for. */
  use: string | undefined;
  /** Names of models tried before the model's own fallback. */
  fallback: readonly string[];
  /** Names of providers, or of deployments, that are not tried. */
  without: readonly string[];
  /** Parameters that the request gets, whatever the client sent. */
  set: ChatParameters | undefined;
}

/**
 * The first rule whose condition is true of a request; undefined where none is. A condition that cannot be evaluated is not true of it:
 * `onFailure` is told the rule and the reason, which is one of few words. The facts are used up: conditions would else keep the last request alive.
 */
export function chooseRule(rules: readonly Rule[], facts: RuleFacts, onFailure: (rule: Rule, reason: string) => void): Rule | undefined {
  try {
    return rules.find((rule) => isTrue(rule, facts, onFailure));
  } finally {
    facts.forget();
  }
}

function isTrue(rule: Rule, facts: RuleFacts, onFailure: (rule: Rule, reason: string) => void): boolean {
  try {
    return rule.condition.evaluate(facts);
  } catch (error) {
    onFailure(rule, error instanceof ConditionError ? error.reason : 'internal');
    return false;
  }
}

/** Whether a rule takes a deployment out of the chain. */
export const isCut = ({ without }: Pick<Rule, 'without'>, deployment: Deployment): boolean =>
  without.includes(deployment.endpoint.name) || without.includes(deploymentName(deployment));
