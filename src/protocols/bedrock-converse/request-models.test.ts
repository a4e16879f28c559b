import { expect, test } from 'vitest';
import { rulesOf } from './request-models.ts';

test.each([
  ['eu.anthropic.claude-haiku-4-5-20251001-v1:0', 'claude'],
  ['arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-5-20251101-v1:0', 'claude'],
  ['us.amazon.nova-2-lite-v1:0', 'nova'],
  ['amazon.nova-pro-v1:0', 'none'],
  ['openai.gpt-oss-20b-1:0', 'effort'],
  ['us.deepseek.r1-v1:0', 'none'],
  ['arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3', 'none'],
])('%s is told how much to think: %s', (model, kind) => {
  expect(rulesOf(model).reasoning.kind).toBe(kind);
});

test('a model that its id does not tell gets what the client says in Converse’s own fields', () => {
  const rules = rulesOf('arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3');
  expect(rules.topK).toBeUndefined();
  expect(rules).toMatchObject({
    cachePoints: ['tools', 'system', 'messages'],
    toolChoices: ['any', 'tool'],
    schemas: true,
  });
});

test.each([
  ['anthropic.claude-3-7-sonnet-20250219-v1:0', false],
  ['anthropic.claude-sonnet-4-5-20250929-v1:0', true],
  ['mistral.ministral-3-8b-instruct', true],
  ['mistral.mistral-large-2407-v1:0', false],
  ['deepseek.v3-v1:0', true],
  ['us.deepseek.r1-v1:0', false],
])('%s can be held to a schema: %s', (model, schemas) => {
  expect(rulesOf(model).schemas).toBe(schemas);
});
