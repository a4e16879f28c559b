import type { RequestFeatures } from '../features.ts';
import { compileCondition, type Condition } from './expression.ts';
import { RuleFacts, type RuleInput } from './facts.ts';
import type { Rule } from './rule.ts';

const features: RequestFeatures = {
  inputTokens: 100,
  maxTokens: undefined,
  stream: false,
  hasImages: false,
  hasDocuments: false,
  hasAudio: false,
  hasTools: false,
  hasJsonSchema: false,
  hasReasoning: false,
  dimensions: undefined,
  messages: 1,
  task: 'Hi',
  language: 'en',
  metadata: {},
  user: undefined,
  conversation: 'c',
};

/** What rules see of a request that says nothing special. */
export const factsOf = (input: Partial<Omit<RuleInput, 'features'>> = {}, more: Partial<RequestFeatures> = {}): RuleFacts =>
  new RuleFacts({
    tenant: 'team',
    key: 'website',
    model: 'fast',
    path: '/v1/chat/completions',
    protocol: 'openai-chat',
    headers: new Map(),
    dataClasses: [],
    now: Date.UTC(2026, 0, 1),
    ...input,
    features: { ...features, ...more },
  });

/** Throws where it is none. */
export function conditionOf(source: string): Condition {
  const compiled = compileCondition(source);
  if (!compiled.ok) throw new Error(`${source} ${compiled.problem}`);
  return compiled.condition;
}

/** A rule that does nothing. */
export const ruleOf = (source: string, more: Partial<Rule> = {}): Rule => ({
  name: source,
  condition: conditionOf(source),
  use: undefined,
  fallback: [],
  without: [],
  set: undefined,
  ...more,
});
