import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkRules, type WrittenRule } from './check.ts';
import { environment, requestFields, timeFields } from './language.ts';

interface GuideConfig {
  rules?: WrittenRule[];
  providers?: Record<string, unknown>;
  models?: Record<string, { targets: { provider: string; model: string }[] }>;
  tenants?: Record<string, { keys: { name: string }[]; privacy?: { redact: string[] } }>;
}

const guide = readFileSync('docs/guides/rules.md', 'utf8');
const blocks = [...guide.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) => parse(text) as GuideConfig);
const { providers = {}, models = {}, tenants = {} } = blocks.find((block) => block.models !== undefined) ?? {};
const names = {
  tenants: Object.keys(tenants),
  keys: Object.values(tenants).flatMap(({ keys }) => keys.map(({ name }) => name)),
  models: Object.keys(models),
  providers: Object.keys(providers),
  dataClasses: ['email', 'phone', 'card', 'us-ssn', 'iban'],
  deployments: [],
};
const written = (rules: WrittenRule[]): WrittenRule[] =>
  rules.map((rule) => ({ ...rule, fallback: rule.fallback ?? [], without: rule.without ?? [] }));

describe('the guide', () => {
  test('has the six examples and a first one', () => {
    expect(blocks.flatMap(({ rules = [] }) => rules)).toHaveLength(7);
  });

  test('has nothing that the check would find, each example for itself and the six together', () => {
    const examples = blocks.flatMap(({ rules }) => (rules === undefined ? [] : [written(rules)]));
    for (const rules of examples) expect(checkRules(rules, names)).toEqual([]);
    expect(checkRules(examples.slice(1).flat(), names)).toEqual([]);
  });

  test('names every variable', () => {
    const variables = environment.getDefinitions().variables.map(({ name }) => name);
    const ours = variables.filter(
      (name) => environment.hasVariable(name) && ['tenant', 'key', 'model', 'path', 'protocol', 'headers', 'metadata', 'data_classes'].includes(name),
    );
    expect(ours).toHaveLength(8);
    for (const name of [...ours, ...Object.keys(requestFields), ...Object.keys(timeFields)]) expect(guide).toMatch(new RegExp(`\\b${name}\``));
  });
});
