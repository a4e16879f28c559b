import { describe, expect, test } from 'vitest';
import type { Deployment } from '../deployment.ts';
import { factsOf, ruleOf } from './rule.fixture.ts';
import { chooseRule, isCut } from './rule.ts';

const never = (): void => expect.unreachable('no condition fails here');

test('the first rule that is true of a request is chosen', () => {
  const rules = [ruleOf('tenant == "other"'), ruleOf('tenant == "team"'), ruleOf('true')];
  expect(chooseRule(rules, factsOf(), never)).toBe(rules[1]);
  expect(chooseRule(rules, factsOf({ tenant: 'other' }), never)).toBe(rules[0]);
  expect(chooseRule(rules, factsOf({ tenant: 'third' }), never)).toBe(rules[2]);
});

test('no rule is chosen where none is true', () => {
  expect(chooseRule([ruleOf('tenant == "other"')], factsOf(), never)).toBeUndefined();
  expect(chooseRule([], factsOf(), never)).toBeUndefined();
});

test('a rule whose condition cannot be told is passed by, and counted', () => {
  const rules = [ruleOf('int(metadata["tier"]) > 3'), ruleOf('1 / request.max_tokens == 1'), ruleOf('true')];
  const failures: [string, string][] = [];
  expect(chooseRule(rules, factsOf({}, { metadata: { tier: 'gold' } }), ({ name }, reason) => failures.push([name, reason]))).toBe(rules[2]);
  expect(failures).toEqual([
    ['int(metadata["tier"]) > 3', 'int_conversion_error'],
    ['1 / request.max_tokens == 1', 'division_by_zero'],
  ]);
});

test('the choice keeps no hold of the request', () => {
  const facts = factsOf();
  chooseRule([ruleOf('true')], facts, never);
  expect(facts.tenant).toBe('');
});

describe('a rule cuts', () => {
  const deployment = { endpoint: { name: 'openai' }, model: 'gpt-5' } as Deployment;

  test.each([
    [['openai'], true],
    [['openai/gpt-5'], true],
    [['azure', 'openai/gpt-5-mini', 'gpt-5'], false],
    [[], false],
  ])('without %j: %s', (without, expected) => {
    expect(isCut({ without }, deployment)).toBe(expected);
  });
});
