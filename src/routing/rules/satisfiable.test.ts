import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formulaOf, type TextsOf } from './formula.ts';
import { conditionOf, factsOf } from './rule.fixture.ts';
import { isSatisfiable } from './satisfiable.ts';

const tenants = ['a', 'b', 'abc'];
const textsOf: TextsOf = (subject) => (subject === 'tenant' ? new Set(tenants) : undefined);

const isPossible = (source: string, steps = 2000): boolean =>
  isSatisfiable([{ formula: formulaOf(conditionOf(source).tree, textsOf), wanted: true }], textsOf, { steps });

describe('what no request can be is found', () => {
  test.each([
    'false',
    'true && false',
    '1 > 2 || "a" == "b"',
    'request.stream && !request.stream',
    'request.stream == false && request.stream',
    '"x" in headers && !("x" in headers)',
    'headers["x"] == "a" && headers["x"] == "b"',
    'headers["x"] in ["a", "b"] && headers["x"] in ["c", "d"]',
    'tenant == "a" && tenant == "b"',
    'tenant != "a" && tenant != "b" && tenant != "abc"',
    'tenant.startsWith("x")',
    'tenant.startsWith("a") && tenant.endsWith("b")',
    'time.hour > 23',
    'time.hour < 0',
    'time.hour >= 22 && time.hour < 6',
    '24 <= time.hour',
    'time.month == 13 || time.day == 0 || time.minute in [60, 61]',
    'request.input_tokens < 0',
    'request.input_tokens > 10 && !(request.input_tokens > 5)',
    'size(headers) == -1',
    'request.stream ? false : request.stream',
  ])('%s', (source) => {
    expect(isPossible(source)).toBe(false);
  });
});

describe('what some request can be is left alone', () => {
  test.each([
    'true',
    'tenant == "a" || tenant == "b"',
    'time.hour >= 22 || time.hour < 6',
    'headers["x"] == "a" && headers["y"] == "b"',
    'double(headers["x"]) > 1.0 && double(headers["x"]) < 2.0',
    'double(headers["x"]) > 1 && double(headers["x"]) < 2',
    'request.input_tokens > 1.5 && request.input_tokens < 2.5',
    'time.hour + 1 > 23',
    'tenant < "b"',
  ])('%s', (source) => {
    expect(isPossible(source)).toBe(true);
  });
});

test('without effort, everything is possible', () => {
  expect(isPossible('tenant == "a" && tenant == "b"', 1)).toBe(true);
});

/** Every request that these conditions can tell apart. */
const requests = tenants.flatMap((tenant) =>
  [true, false].flatMap((stream) =>
    [0, 5, 6, 21, 22, 23].flatMap((hour) =>
      ['', 'x', 'y'].map((user) => () => factsOf({ tenant, now: Date.UTC(2026, 0, 1, hour) }, { stream, user })),
    ),
  ),
);

const atom = fc.constantFrom(
  ...[
    'true',
    'false',
    'request.stream',
    'tenant == "a"',
    '"b" != tenant',
    'tenant in ["a", "abc"]',
    'tenant.startsWith("ab")',
    'tenant.contains("b")',
  ],
  ...[
    'time.hour < 6',
    '22 <= time.hour',
    'time.hour == 21',
    'time.hour != 5',
    'time.hour in [0, 23]',
    'request.user == "x"',
    'request.user in ["x", "y"]',
  ],
);
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small' },
    atom,
    tie('condition').map((inner) => `!(${inner})`),
    fc.tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition')).map(([a, op, b]) => `(${a}) ${op} (${b})`),
    fc.tuple(tie('condition'), tie('condition'), tie('condition')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
  ),
}));

test('a condition is possible just where some request makes it true', () => {
  const seen = { true: 0, false: 0 };
  fc.assert(
    fc.property(condition, (source) => {
      const { evaluate } = conditionOf(source);
      const isMet = requests.some((request) => evaluate(request()));
      seen[isMet ? 'true' : 'false'] += 1;
      expect(isPossible(source, 50_000)).toBe(isMet);
    }),
    { numRuns: 300 },
  );
  expect(seen.true).toBeGreaterThan(50);
  expect(seen.false).toBeGreaterThan(10);
});
