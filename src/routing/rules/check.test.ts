import { describe, expect, test } from 'vitest';
import { checkRules, type RuleNames, type WrittenRule } from './check.ts';

const names: RuleNames = {
  tenants: ['marketing', 'clinic'],
  keys: ['website', 'batch'],
  models: ['fast', 'smart', 'vision'],
  providers: ['openai', 'local'],
  dataClasses: ['email', 'iban'],
  deployments: ['openai/gpt-5', 'local/llama'],
};

const rule = (when: string, more: Partial<WrittenRule> = {}): WrittenRule => ({
  name: `rule ${when}`,
  when,
  fallback: [],
  without: [],
  use: 'smart',
  ...more,
});

/** `field: message` of every finding. */
const check = (...rules: WrittenRule[]): string[] => checkRules(rules, names).map(({ path, message }) => `${path.join('.')}: ${message}`);

test('rules that may all be reached have nothing wrong', () => {
  const found = check(
    rule('tenant == "marketing" && (time.hour >= 22 || time.hour < 6)', { use: 'fast' }),
    rule('request.has_images', { use: 'vision', fallback: ['smart'], without: ['openai', 'local/llama'], set: { maxTokens: 5 } }),
    rule('"email" in data_classes || data_classes.exists(c, c in ["iban"])'),
    rule('key == "website" && protocol == "anthropic-messages" && time.weekday in ["sat", "sun"]'),
    rule('request.input_tokens > 100000'),
    rule('tenant == "marketing"', { use: undefined }),
    rule('model != "smart"'),
  );
  expect(found).toEqual([]);
});

test('a condition that cannot be read is found', () => {
  expect(check(rule('tenant ='))).toEqual(['rules.0.when: is wrong at line 1, column 8: unexpected character: =']);
});

describe('names that nothing has are found', () => {
  test.each([
    ['tenant == "nobody"', 'tenant "nobody"'],
    ['"nobody" != tenant', 'tenant "nobody"'],
    ['request.stream && tenant in ["marketing", "nobody"]', 'tenant "nobody"'],
    ['key == "web"', 'key "web"'],
    ['model == "gpt"', 'model "gpt"'],
    ['protocol == "openai"', 'protocol "openai"'],
    ['"phone" in data_classes', 'type of personal data "phone"'],
    ['data_classes == ["phone"]', 'type of personal data "phone"'],
    ['data_classes[0] == "phone"', 'type of personal data "phone"'],
    ['!data_classes.exists(c, c == "phone")', 'type of personal data "phone"'],
    ['time.weekday == "monday"', 'weekday "monday"'],
  ])('%s', (when, what) => {
    expect(check(rule(when))).toEqual([expect.stringMatching(new RegExp(`^rules\\.0\\.when: there is no ${what}; there are .*`))]);
  });

  test('in use, fallback and without', () => {
    const found = check(rule('request.stream', { use: 'big', fallback: ['smart', 'huge'], without: ['openai', 'azure', 'openai/gpt-4'] }));
    expect(found).toEqual([
      'rules.0.use: there is no model "big"; there are fast, smart, vision',
      'rules.0.fallback.1: there is no model "huge"; there are fast, smart, vision',
      'rules.0.without.1: there is no provider "azure"; there are openai, local',
      'rules.0.without.2: there is no deployment "openai/gpt-4"; there are openai/gpt-5, local/llama',
    ]);
  });

  test('in the words of whoever asks', () => {
    const found = checkRules([rule('tenant == "nobody"')], names, (what, name, known) => `${what} ${name} ${known.size}`);
    expect(found).toEqual([{ path: ['rules', 0, 'when'], message: 'tenant nobody 2' }]);
  });

  test('but texts of other things are no names', () => {
    expect(check(rule('headers["x"] == "nobody" && request.language == "xx" && headers.exists(c, c == "phone")'))).toEqual([]);
  });
});

describe('a rule that can never be reached is found', () => {
  const never = 'rules.0.when: is never true: its parts exclude each other; correct it, or take the rule out';
  test.each([
    'false',
    'tenant == "marketing" && tenant == "clinic"',
    'time.hour == 24',
    'tenant != "marketing" && tenant != "clinic"',
    'model.startsWith("x")',
  ])('%s', (when) => {
    expect(check(rule(when))).toEqual([never]);
  });

  test.each([
    ['true', 'request.stream'],
    ['tenant == "marketing"', 'tenant == "marketing" && request.stream'],
    ['request.stream || request.has_tools', 'request.has_tools'],
    ['request.input_tokens > 10', 'request.input_tokens > 100'],
    ['tenant in ["marketing", "clinic"]', 'tenant == "clinic"'],
    ['tenant != "clinic"', 'tenant == "marketing"'],
    ['time.weekday != "mon"', 'time.weekday in ["sat", "sun"]'],
  ])('%s before %s', (first, second) => {
    expect(check(rule(first, { use: undefined }), rule(second, { use: undefined }))).toEqual([
      `rules.1.when: is never reached: the rule "rule ${first}" before it is true of all that it is true of; put it before them, or take it out`,
    ]);
    expect(check(rule(second, { use: undefined }), rule(first, { use: undefined }))).toEqual([]);
  });

  test('after several that are true of everything together', () => {
    expect(check(rule('request.stream'), rule('!request.stream'), rule('request.has_images'))).toEqual([
      'rules.2.when: is never reached: the rules before it are, together, true of all that it is true of; put it before them, or take it out',
    ]);
  });

  test('after one with the same condition, whatever that is', () => {
    const when = 'int(metadata["tier"]) > 3';
    expect(check(rule(when), rule(` ${when}\n`))).toEqual([
      `rules.1.when: is the condition of the rule "rule ${when}" before it, which is applied instead`,
    ]);
  });

  test('but not where it is so only because nobody else is declared yet', () => {
    expect(check(rule('tenant == "marketing" || tenant == "clinic"'), rule('request.stream'))).toEqual([]);
  });

  test('but not after one that may fail to be told', () => {
    expect(check(rule('int(metadata["tier"]) > 3 || !(int(metadata["tier"]) > 3)', { use: undefined }), rule('request.stream'))).toEqual([]);
  });
});

describe('what does nothing is found', () => {
  test('a model that is sent to itself', () => {
    expect(check(rule('model == "smart" && request.stream'))).toEqual([
      'rules.0.use: sends smart to itself, since the condition is true of no other model; take it out, or name another one',
    ]);
    expect(check(rule('model in ["smart", "fast"]'))).toEqual([]);
  });

  test('a set without parameters', () => {
    expect(check(rule('request.stream', { set: {} }))).toEqual(['rules.0.set: sets nothing; name a parameter, such as maxTokens, or take it out']);
    expect(check(rule('request.stream', { set: { topP: undefined } }))).toHaveLength(1);
  });
});

test('a thousand rules of many parts are checked with bounded effort', () => {
  const many = Array.from({ length: 1000 }, (_, index) =>
    rule(`(headers["x"] == "${index}" || headers["y"] == "${index}") && (request.input_tokens > ${index} || request.stream)`),
  );
  expect(check(...many)).toEqual([]);
  const hard = Array.from({ length: 40 }, (_, index) => `("a${index}" in headers || "b${index}" in headers)`).join(' && ');
  expect(check(rule(`${hard} && !(${hard})`))).toEqual([]);
});
