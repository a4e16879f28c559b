import { describe, expect, test } from 'vitest';
import type { RequestFeatures } from '../features.ts';
import { RuleFacts, type RuleInput } from './facts.ts';
import { conditionOf, factsOf } from './rule.fixture.ts';

const holds = (source: string, facts: RuleFacts): boolean => conditionOf(source).evaluate(facts);

test('every variable has its value', () => {
  const facts = factsOf(
    { headers: new Map([['x-team', 'blue']]), dataClasses: ['email'], now: Date.UTC(2026, 7, 31, 23, 59) },
    { inputTokens: 12, maxTokens: 34, stream: true, hasTools: true, messages: 5, metadata: { tier: 'gold' }, user: 'u1', language: 'de' },
  );
  const all = [
    'tenant == "team" && key == "website" && model == "fast" && path == "/v1/chat/completions" && protocol == "openai-chat"',
    'headers["x-team"] == "blue" && metadata["tier"] == "gold" && metadata.tier == "gold" && data_classes == ["email"]',
    'request.input_tokens == 12 && request.max_tokens == 34 && request.messages == 5 && request.language == "de" && request.user == "u1"',
    'request.stream && request.has_tools',
    '!request.has_images && !request.has_documents && !request.has_audio && !request.has_json_schema && !request.has_reasoning',
    'time.hour == 23 && time.minute == 59 && time.weekday == "mon" && time.day == 31 && time.month == 8',
  ];
  for (const source of all) expect([source, holds(source, facts)]).toEqual([source, true]);
});

test('what a client leaves out is 0 or empty', () => {
  expect(holds('request.max_tokens == 0 && request.user == ""', factsOf())).toBe(true);
});

describe('a header or label that is not there', () => {
  test.each([
    'headers["x-team"] == ""',
    'headers["x-team"] != "blue"',
    '!("x-team" in headers)',
    'metadata.tier == ""',
    '!has(metadata.tier)',
    'size(headers) == 1',
  ])('makes %s true', (source) => {
    expect(holds(source, factsOf({ headers: new Map([['x-other', 'blue']]) }))).toBe(true);
  });

  test("is not found in a map's own workings", () => {
    for (const name of ['__proto__', 'constructor', 'get', 'size']) {
      expect(holds(`"${name}" in headers || headers["${name}"] != "" || metadata["${name}"] != ""`, factsOf())).toBe(false);
    }
  });
});

describe('secrets', () => {
  const secrets = ['authorization', 'proxy-authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'x-amz-security-token', 'cookie', ':path'];

  test.each(secrets)('in the header %s are not to be seen', (name) => {
    const facts = factsOf({ headers: new Map([[name, 'SECRET']]) });
    expect(holds(`"${name}" in headers || headers["${name}"] != "" || size(headers) > 0 || headers.exists(h, headers[h] == "SECRET")`, facts)).toBe(
      false,
    );
  });

  test('in the query are not to be seen', () => {
    expect(holds('path == "/v1beta/models/fast:generateContent"', factsOf({ path: '/v1beta/models/fast:generateContent?key=SECRET' }))).toBe(true);
  });
});

test('nothing is reckoned that no rule asks for, and nothing twice', () => {
  const asked: string[] = [];
  const input = { tenant: 'team', now: 0, headers: new Map(), dataClasses: [], features: spied(asked) } as Partial<RuleInput> as RuleInput;
  const facts = new RuleFacts(input);
  expect(holds('tenant == "other" && request.input_tokens > 5', facts)).toBe(false);
  expect(asked).toEqual([]);
  expect(holds('tenant == "team" && request.has_images', facts)).toBe(true);
  expect(asked).toEqual(['hasImages']);
  expect(holds('metadata["a"] == "" && metadata["b"] == ""', facts)).toBe(true);
  expect(asked).toEqual(['hasImages', 'metadata']);
});

const spied = (asked: string[]): RequestFeatures =>
  new Proxy({} as RequestFeatures, {
    get(_, name) {
      asked.push(String(name));
      return true;
    },
  });

test('texts and maps are seen up to a limit', () => {
  const metadata = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`label${index}`, 'x'.repeat(10_000)]));
  const facts = factsOf({ model: 'x'.repeat(10_000), headers: new Map([['x', 'y'.repeat(10_000)]]) }, { metadata, user: 'z'.repeat(10_000) });
  expect(holds('model.size() == 1024 && headers["x"].size() == 1024 && request.user.size() == 1024', facts)).toBe(true);
  expect(holds('metadata.size() == 100 && metadata.all(label, metadata[label].size() == 1024)', facts)).toBe(true);
});

test('facts that are forgotten say nothing more of their request', () => {
  const facts = factsOf({ headers: new Map([['x', 'y']]) }, { stream: true });
  expect(holds('headers["x"] == "y" && request.stream', facts)).toBe(true);
  facts.forget();
  expect(holds('headers["x"] == "" && !request.stream && tenant == ""', facts)).toBe(true);
});
