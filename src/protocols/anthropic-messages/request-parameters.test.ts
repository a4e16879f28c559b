import { describe, expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import { splice } from '../../framing/splice.ts';
import type { ChatParameters } from '../chat-parameters.ts';
import type { Target } from '../protocol.ts';
import { parameterEdits } from './request-parameters.ts';

const smallest = { model: 'fast', max_tokens: 20_000, messages: [{ role: 'user', content: 'Hi' }] };

function set(
  body: object,
  parameters: ChatParameters,
  model: string,
  more: Partial<Target> = {},
): { body: Record<string, unknown>; warnings: string[] } {
  const node = parseJson(Buffer.from(JSON.stringify({ ...smallest, ...body })));
  const { value, warnings } = parameterEdits(node, parameters, { model, quirks: {}, ...more });
  return { body: JSON.parse(splice(node.bytes, value).toString()), warnings: warnings.map(({ field }) => field) };
}

describe('how much the model thinks', () => {
  test('is a budget for models that take one, and an effort for those that decide themselves', () => {
    expect(set({}, { reasoningEffort: 'medium' }, 'claude-haiku-4-5').body).toEqual({
      ...smallest,
      thinking: { type: 'enabled', budget_tokens: 8192 },
    });
    expect(set({}, { reasoningEffort: 'medium' }, 'claude-opus-4-8').body).toEqual({
      ...smallest,
      thinking: { type: 'adaptive' },
      output_config: { effort: 'medium' },
    });
  });

  test('takes the place of what the client says of it, but for whether it is shown', () => {
    const client = {
      thinking: { type: 'enabled', budget_tokens: 1024, display: 'omitted' },
      output_config: { effort: 'max', format: { type: 'x' } },
    };
    expect(set(client, { reasoningEffort: 'low' }, 'claude-haiku-4-5').body).toEqual({
      ...smallest,
      thinking: { type: 'enabled', budget_tokens: 2048, display: 'omitted' },
      output_config: { format: { type: 'x' } },
    });
    expect(set(client, { reasoningEffort: 'none' }, 'claude-haiku-4-5').body).toEqual({ ...smallest, output_config: { format: { type: 'x' } } });
  });

  test('takes away the sampling options that would be refused beside it', () => {
    const { body, warnings } = set({ temperature: 0.2, top_k: 5 }, { reasoningEffort: 'medium' }, 'claude-haiku-4-5');
    expect(body).toEqual({ ...smallest, thinking: { type: 'enabled', budget_tokens: 8192 } });
    expect(warnings).toEqual(['temperature', 'top_k']);
  });
});

test("a smaller output makes the client's budget of thinking fit", () => {
  const client = { thinking: { type: 'enabled', budget_tokens: 16_000 } };
  expect(set(client, { maxTokens: 4000 }, 'claude-haiku-4-5').body).toEqual({
    ...smallest,
    max_tokens: 4000,
    thinking: { type: 'enabled', budget_tokens: 2000 },
  });
  expect(set(client, { maxTokens: 17_000 }, 'claude-haiku-4-5').body).toEqual({ ...smallest, ...client, max_tokens: 17_000 });
});

test('options that the model refuses are not set, and the answer is warned of them', () => {
  const { body, warnings } = set({}, { temperature: 0.5, topP: 0.5 }, 'claude-opus-4-8');
  expect(body).toEqual(smallest);
  expect(warnings).toEqual(['temperature', 'top_p']);
});

test('where the model takes one sampling option alone, it is the one of the rule', () => {
  const { body, warnings } = set({ temperature: 0.9 }, { topP: 0.5 }, 'claude-haiku-4-5');
  expect(body).toEqual({ ...smallest, top_p: 0.5 });
  expect(warnings).toEqual(['temperature']);
});

test('a version of the API that refuses sampling options gets none, whatever the model', () => {
  const at = (version: string, more: Partial<Target> = {}) =>
    set({ top_k: 5 }, { temperature: 0.5, maxTokens: 10 }, 'claude-haiku-4-5', { headers: new Map([['anthropic-version', version]]), ...more });
  const whole = { body: { ...smallest, max_tokens: 10, temperature: 0.5, top_k: 5 }, warnings: [] };
  expect(at('2023-06-01')).toEqual(whole);
  expect(at('2026-10-21')).toEqual({ body: { ...smallest, max_tokens: 10 }, warnings: ['temperature', 'top_k'] });
  expect(at('2027-01-01').body).toEqual({ ...smallest, max_tokens: 10 });
  expect(at('2026-10-21', { quirks: { bodyVersion: 'bedrock-2023-05-31' } })).toEqual(whole); // the cloud is asked for its own version
});

test("the client's own options stay, even wrong ones, where the rule is about something else", () => {
  const client = { temperature: 0.9, top_p: 0.5, top_k: 1, thinking: { type: 'adaptive' } };
  expect(set(client, { maxTokens: 10 }, 'claude-opus-4-8')).toEqual({ body: { ...smallest, ...client, max_tokens: 10 }, warnings: [] });
});
