import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileCondition, ConditionError, maxSourceLength } from './expression.ts';
import { conditionOf, factsOf } from './rule.fixture.ts';

const problemOf = (source: string): string => {
  const compiled = compileCondition(source);
  return compiled.ok ? 'none' : compiled.problem;
};

describe('what is wrong with a condition is said, and where', () => {
  test.each([
    ['tenant == "a', 'is wrong at line 1, column 11: unterminated string'],
    ['tenant == "a" &&\n  (model == ', 'is wrong at line 2, column 13: unexpected token: the end'],
    ['(tenant == "a"', 'is wrong at line 1, column 15: expected ), got the end'],
    ['tenant = "a"', 'is wrong at line 1, column 8: unexpected character: ='],
    ['model == "a" && tenent == "a"', 'is wrong at line 1, column 17: there is no variable tenent; there are tenant, key, model,'],
    ['tenant == 3', 'is wrong at line 1, column 1: string == int is not possible; write both sides as one type'],
    ['metadata["tier"] > 3', 'is wrong at line 1, column 1: string > int is not possible'],
    ['tenant in ["a", 3]', 'list elements must have the same type'],
    ['tenant', 'must be true or false for a request, and is of the type string'],
    ['request.images', 'is wrong at line 1, column 9: no such key: images'],
    ['request["stream"]', 'its fields are named behind a dot: request.stream'],
    ['tenant.contain("x")', 'there is no method .contain(); there are contains, startsWith,'],
    ['now() > 3', 'there is no function now(); there are has, size,'],
    ['request.messages.matches("a")', "found no matching overload for 'int.matches(string)'"],
    ['has(request.stream)', 'has() asks for a name in headers or metadata'],
    ['headers["x"]["y"] == "z"', "cannot index type 'string'"],
    ['{"a": true}["a"]', 'conditions have no maps of their own'],
    ['tenant == null', 'conditions know text, numbers, true and false alone'],
    ['model.matches(tenant)', '.matches() wants its pattern as a text in quotes'],
    ['model.matches("a(")', 'is wrong at line 1, column 15: the pattern is no RE2 pattern: missing closing )'],
    ['model.matches("(?=a)")', 'the pattern is no RE2 pattern'],
    [`model.matches("${'a'.repeat(300)}")`, 'the pattern is longer than 256 characters'],
    ['model.matches("(a|b|c|d|e|f|g|h){100}")', 'the pattern repeats too much'],
    ['data_classes.exists(c, data_classes.exists(d, d == c))', '.exists() cannot stand inside of another one'],
    ['data_classes.filter(c, true).exists(d, true)', '.exists() goes over a variable or a list that is written out'],
    ['data_classes.exists(tenant, true)', '.exists() first wants a new name for the items, such as .exists(item, item == "a")'],
    ['data_classes.exists("a", true)', 'is wrong at line 1, column 21: exists(var, predicate) invalid predicate iteration variable'],
    ['headers_or_empty["x"] == ""', 'there is no variable headers_or_empty'],
    ['', 'unexpected token: the end'],
  ])('%s', (source, problem) => {
    expect(problemOf(source)).toContain(problem);
  });
});

describe('a condition that is too much is refused', () => {
  test.each([
    ['parentheses', `${'('.repeat(1500)}true${')'.repeat(1500)}`],
    ['not', `${'!'.repeat(1900)}true`],
    ['minus', `${'-'.repeat(1900)}1 == 1`],
    ['and', `true${' && true'.repeat(400)}`],
    ['a field of a field', `metadata${'.a'.repeat(1000)} == ""`],
    ['ternaries', `${'true ? '.repeat(200)}true${' : true'.repeat(200)}`],
    ['lists', `${'['.repeat(1000)}${']'.repeat(1000)} == []`],
    ['calls', `${'size('.repeat(500)}"a"${')'.repeat(500)} == 1`],
    ['length', `tenant == "${'a'.repeat(maxSourceLength)}"`],
  ])('%s', (_, source) => {
    expect(problemOf(source)).toMatch(/exceeded max|is nested too deep|is longer than/);
  });
});

describe('matching a pattern', () => {
  test.each([
    ['model.matches("^fa")', true],
    ['model.matches("as")', true],
    ['model.matches("^as")', false],
    ['model.matches("(?i)^FAST$")', true],
    ['!model.matches("slow|dear")', true],
  ])('%s is %s', (source, expected) => {
    expect(conditionOf(source).evaluate(factsOf())).toBe(expected);
  });

  test('does not go back over the text, in all the time that a test has', () => {
    const text = `${'a'.repeat(1000)}!`;
    for (const pattern of ['^(a+)+$', '^(a|aa)+$', '(.*)(.*)(.*)(.*)(.*)x$']) {
      const condition = conditionOf(`headers["x"].matches(${JSON.stringify(pattern)})`);
      for (let times = 0; times < 50; times++) expect(condition.evaluate(factsOf({ headers: new Map([['x', text]]) }))).toBe(false);
    }
  });
});

describe('a condition that cannot be told for a request', () => {
  test.each([
    ['int(metadata["tier"]) > 3', 'int_conversion_error'],
    ['1 / request.max_tokens > 0', 'division_by_zero'],
    ['data_classes[0] == "email"', 'index_out_of_bounds'],
    ['9223372036854775807 + request.messages > 0', 'numeric_overflow'],
  ])('%s fails for a reason that holds nothing of the request', (source, reason) => {
    const fail = (): boolean => conditionOf(source).evaluate(factsOf({}, { metadata: { tier: 'SECRET' } }));
    expect(fail).toThrow(ConditionError);
    expect(fail).toThrow(`the condition cannot be evaluated: ${reason}`);
  });

  test('is told where the failing part does not matter', () => {
    expect(conditionOf('tenant == "team" || int(metadata["tier"]) > 3').evaluate(factsOf())).toBe(true);
    expect(conditionOf('int(metadata["tier"]) > 3 || tenant == "team"').evaluate(factsOf())).toBe(true);
    expect(conditionOf('int(metadata["tier"]) > 3 && tenant == "other"').evaluate(factsOf())).toBe(false);
  });

  test('fails too where the request itself cannot be read', () => {
    const features = Object.defineProperty({}, 'hasTools', {
      enumerable: true,
      get: () => {
        throw new Error('tools must be a list');
      },
    });
    const facts = factsOf();
    expect(() => conditionOf('request.has_tools').evaluate(Object.defineProperty(facts, 'request', { get: () => features }))).toThrow(ConditionError);
  });
});

test('one request leaves nothing behind for the next', () => {
  const condition = conditionOf('data_classes.exists(c, c == "iban") && headers.exists(h, headers[h] == "x")');
  const first = factsOf({ dataClasses: ['iban'], headers: new Map([['a', 'x']]) });
  expect(condition.evaluate(first)).toBe(true);
  expect(condition.evaluate(factsOf())).toBe(false);
  expect(condition.evaluate(first)).toBe(true);
});

const words = [
  ...['tenant', 'key', 'model', 'headers', 'metadata', 'request', 'data_classes', 'time', 'c', 'input_tokens', 'stream', 'hour', 'weekday'],
  ...[
    '"a"',
    '"team"',
    '1',
    '0',
    '2.5',
    'true',
    'false',
    'null',
    '[',
    ']',
    '(',
    ')',
    '{',
    '}',
    '.',
    ',',
    ':',
    '?',
    'in',
    '!',
    '-',
    '+',
    '*',
    '/',
    '%',
  ],
  ...[
    '==',
    '!=',
    '<',
    '<=',
    '>',
    '>=',
    '&&',
    '||',
    'has',
    'size',
    'int',
    'string',
    'exists',
    'all',
    'filter',
    'map',
    'matches',
    'contains',
    'startsWith',
    'b"x"',
  ],
];

/** Expressions that are likely to be well-formed. */
const { expression } = fc.letrec<{ expression: string; value: string; text: string; number: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('tenant', 'model', 'headers["x-a"]', 'metadata.b', '"a"', '"team"', 'time.weekday', 'request.user'),
    tie('text').map((text) => `${text}.lowerAscii()`),
  ),
  number: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('1', '0', '9223372036854775807', '-3', 'request.input_tokens', 'request.max_tokens', 'time.hour', 'size(headers)'),
    tie('text').map((text) => `int(${text})`),
    tie('text').map((text) => `${text}.size()`),
    fc.tuple(tie('number'), fc.constantFrom('+', '-', '*', '/', '%'), tie('number')).map(([a, op, b]) => `(${a} ${op} ${b})`),
  ),
  value: fc.oneof(
    fc.constantFrom('true', 'false', 'request.stream', '"x-a" in headers', 'has(metadata.b)', '"email" in data_classes', 'tenant.matches("^(a|t)+")'),
    fc.tuple(tie('text'), fc.constantFrom('==', '!=', '<'), tie('text')).map((parts) => parts.join(' ')),
    fc.tuple(tie('number'), fc.constantFrom('==', '!=', '<', '<=', '>', '>='), tie('number')).map((parts) => parts.join(' ')),
    fc.tuple(tie('text'), fc.constantFrom('contains', 'startsWith', 'endsWith'), tie('text')).map(([a, name, b]) => `${a}.${name}(${b})`),
    fc.tuple(fc.constantFrom('exists', 'all', 'exists_one'), tie('text')).map(([name, text]) => `data_classes.${name}(c, c != ${text})`),
  ),
  expression: fc.oneof(
    { depthSize: 'medium' },
    tie('value'),
    tie('expression').map((inner) => `!(${inner})`),
    fc.tuple(tie('expression'), fc.constantFrom('&&', '||', '==', '!='), tie('expression')).map(([a, op, b]) => `(${a}) ${op} (${b})`),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
  ),
}));

const anyFacts = fc.record({
  tenant: fc.constantFrom('team', 'a', ''),
  dataClasses: fc.subarray(['email', 'iban', 'a']),
  x: fc.string(),
  b: fc.string(),
});

describe('whatever is written', () => {
  test('compiles, or is refused in a sentence', () => {
    const sources = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join(' ')),
      expression,
    );
    fc.assert(
      fc.property(sources, (source) => {
        const compiled = compileCondition(source);
        expect(compiled.ok ? 'is well' : compiled.problem).toMatch(/^(?:is|must be) /);
      }),
      { numRuns: 500 },
    );
  });

  test('is true or false of a request, or fails as documented', () => {
    let compiled = 0;
    fc.assert(
      fc.property(expression, anyFacts, (source, { tenant, dataClasses, x, b }) => {
        const found = compileCondition(source);
        if (!found.ok) return;
        compiled += 1;
        const facts = factsOf({ tenant, dataClasses, headers: new Map([['x-a', x]]) }, { metadata: { b } });
        try {
          expect([true, false]).toContain(found.condition.evaluate(facts));
        } catch (error) {
          if (!(error instanceof ConditionError)) throw error;
          expect(error.reason).toMatch(/^(?:division_by_zero|modulo_by_zero|numeric_overflow|int_conversion_error)$/);
        }
      }),
      { numRuns: 300 },
    );
    expect(compiled).toBeGreaterThan(150);
  });
});
