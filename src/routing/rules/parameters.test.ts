import { expect, test } from 'vitest';
import { anthropicMessages } from '../../protocols/anthropic-messages/index.ts';
import { ClientRequest } from '../../protocols/client-request.ts';
import { openaiChat } from '../../protocols/openai-chat/index.ts';
import { openaiEmbeddings } from '../../protocols/openai-embeddings/index.ts';
import { withParameters } from './parameters.ts';

test('a chat request gets what a rule sets, wherever it goes', () => {
  const request = new ClientRequest(openaiChat, Buffer.from('{"model":"fast","temperature":1,"messages":[{"role":"user","content":"Hi"}]}'));
  const { value, warnings } = withParameters(request, { temperature: 0.5, maxTokens: 10, reasoningEffort: 'low' });
  expect(warnings).toEqual([]);
  expect(value.facts.maxTokens).toBe(10);
  expect(value.retargeted({ model: 'grok-4', quirks: {} }).value.toString()).toBe(
    '{"max_completion_tokens":10,"reasoning_effort":"low","model":"grok-4","temperature":0.5,"messages":[{"role":"user","content":"Hi"}]}',
  );
  const server = { maxTokensField: 'max_tokens', reasoningParameter: 'none' } as const;
  expect(value.retargeted({ model: 'mistral', quirks: server }).value.toString()).toBe(
    '{"max_tokens":10,"model":"mistral","temperature":0.5,"messages":[{"role":"user","content":"Hi"}]}',
  );
  const refused = value.retargeted({ model: 'gpt-5', quirks: {} });
  expect(refused.value.toString()).toBe(
    '{"max_completion_tokens":10,"reasoning_effort":"low","model":"gpt-5","messages":[{"role":"user","content":"Hi"}]}',
  );
  expect(refused.warnings.map(({ field }) => field)).toEqual(['temperature']);
  const encoded = anthropicMessages.encodeRequest(value.decoded().value as never, { model: 'claude-opus-4-6', quirks: {} }).value;
  expect(JSON.parse(encoded)).toMatchObject({ max_tokens: 10, thinking: { type: 'adaptive' }, output_config: { effort: 'low' } });
  expect(request.facts.maxTokens).toBeUndefined();
});

test('a request of another kind stays as it is, and says so', () => {
  const request = new ClientRequest(openaiEmbeddings, Buffer.from('{"model":"vectors","input":"Hi"}'));
  const { value, warnings } = withParameters(request, { temperature: 0.5, maxTokens: 10, topP: undefined });
  expect(value).toBe(request);
  expect(warnings).toEqual([
    { field: 'temperature', detail: 'is not set as a rule wants it: requests of this kind have no such parameter' },
    { field: 'max_tokens', detail: 'is not set as a rule wants it: requests of this kind have no such parameter' },
  ]);
});
