import { expect, test } from 'vitest';
import type { ChatRequest } from '../../llm/request.ts';
import { encode } from '../../../test/recordings/anthropic-messages/encoding.ts';

test.each([
  ['claude-haiku-4-5-20251001', { temperature: 0.2, top_k: 3 }, ['top_p']],
  ['claude-opus-4-20250514', { temperature: 0.2, top_k: 3 }, ['top_p']],
  ['us.anthropic.claude-3-5-haiku-20241022-v1:0', { temperature: 0.2, top_k: 3 }, ['top_p']],
  ['claude-opus-4-7', {}, ['temperature', 'top_p', 'top_k']],
  ['claude-sonnet-5', {}, ['temperature', 'top_p', 'top_k']],
  ['glm-5', { temperature: 0.2, top_p: 0.9, top_k: 3 }, []],
])('%s gets the sampling options that it takes: %j', (model, expected, warned) => {
  const { body, fields } = encode({ temperature: 0.2, topP: 0.9, topK: 3 }, model);
  const { temperature, top_p, top_k } = body;
  expect({ temperature, top_p, top_k }).toEqual({ temperature: undefined, top_p: undefined, top_k: undefined, ...expected });
  expect(fields).toEqual(warned);
});

test.each([
  [{ temperature: 0.2, topP: 0.5, topK: 3 }, {}, ['temperature', 'top_p', 'top_k']],
  [{ temperature: 1, topP: 0.97 }, { top_p: 0.97 }, []],
])('with thinking, of %j only %j is sent', (options, expected, warned) => {
  for (const model of ['claude-haiku-4-5', 'claude-opus-4-6']) {
    const { body, fields } = encode({ ...options, reasoning: { effort: 'low' } }, model);
    const { temperature, top_p, top_k } = body;
    expect(JSON.parse(JSON.stringify({ temperature, top_p, top_k }))).toEqual(expected);
    expect(fields).toEqual(warned);
  }
});

test.each<[Partial<ChatRequest>, string]>([
  [{ seed: 1 }, 'seed'],
  [{ frequencyPenalty: 0.1 }, 'frequency_penalty'],
  [{ presencePenalty: -1 }, 'presence_penalty'],
  [{ choices: 2 }, 'n'],
  [{ logprobs: { top: 0 } }, 'logprobs'],
  [{ metadata: { team: 'a' } }, 'metadata'],
  [{ prediction: 'x' }, 'prediction'],
  [{ verbosity: 'low' }, 'verbosity'],
  [{ promptCacheKey: 'k' }, 'prompt_cache_key'],
  [{ serviceTier: 'flex' }, 'service_tier'],
  [{ user: 'x'.repeat(257) }, 'user'],
  [{ stop: [' '] }, 'stop'],
])('%j is left out and named', (option, field) => {
  const { body, fields } = encode(option);
  expect(fields).toEqual([field]);
  expect(body).toEqual(encode({}).body);
});

test('what is the default of this API goes without a word', () => {
  const { body, fields } = encode({ frequencyPenalty: 0, presencePenalty: 0, choices: 1, metadata: {}, verbosity: 'medium' });
  expect([body, fields]).toEqual([encode({}).body, []]);
});

test.each([
  ['auto', 'auto'],
  ['standard_only', 'standard_only'],
  ['default', 'standard_only'],
])('the service tier %s is sent as %s', (serviceTier, expected) => {
  expect(encode({ serviceTier })).toMatchObject({ body: { service_tier: expected }, fields: [] });
});
