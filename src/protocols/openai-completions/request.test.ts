import { expect, test } from 'vitest';
import { everyField } from '../../../test/recordings/openai-completions/requests.ts';
import { parseJson } from '../../framing/json.ts';
import type { ChatRequest } from '../../llm/request.ts';
import { ClientRequest } from '../client-request.ts';
import type { Quirks } from '../protocol.ts';
import { openaiCompletions } from './index.ts';
import { decodeRequest } from './request-decode.ts';

const parsed = (body: object) => parseJson(Buffer.from(JSON.stringify(body)));
const smallest = { model: 'fast', prompt: 'Hi' };
const decode = (fields: object) => decodeRequest(parsed({ ...smallest, ...fields }));

test.each([
  ['Hi', {}, 1],
  [['Hi'], {}, 1],
  [['Hi', 'Ho'], { n: 2 }, 4],
  [['Hi', 'Ho'], { n: 2, best_of: 3 }, 6],
  [[1, 2, 3], {}, 1],
  [[[1], [2, 3]], {}, 2],
])('the prompt %j with %j is answered by %i choices, each as long as allowed', (prompt, fields, choices) => {
  const facts = (more: object) => openaiCompletions.facts(parsed({ ...smallest, prompt, ...fields, ...more }), {});
  expect(facts({})).toMatchObject({ choices, maxTokens: undefined, stream: false, wantsUsage: false });
  expect(facts({ max_tokens: 10 }).maxTokens).toBe(10 * choices);
});

test('at Azure the path names the model', () => {
  const path = openaiCompletions.matchPath('/openai/deployments/fast/completions', new URLSearchParams());
  expect(path).toEqual({ model: 'fast' });
  expect(openaiCompletions.facts(parsed({ prompt: 'Hi' }), path ?? {}).model).toBe('fast');
});

test('for a provider of its own protocol the model and the usage of a stream are all that changes', () => {
  const json = '{"model":"fast","prompt":[1,2],"stream":true,"max_tokens":5,"vendor":9223372036854775807}';
  const quirks: Quirks = { maxTokensField: 'max_completion_tokens' };
  const { value, warnings } = new ClientRequest(openaiCompletions, Buffer.from(json)).retargeted({ model: 'm', quirks });
  expect(value.toString()).toBe(
    '{"stream_options":{"include_usage":true},"model":"m","prompt":[1,2],"stream":true,"max_tokens":5,"vendor":9223372036854775807}',
  );
  expect(warnings).toEqual([]);
});

/** `suffix` is refused; the provider's own model takes the place of `model`; `stream_options` is about the client's stream. */
const elsewhere = new Set(['model', 'stream_options', 'suffix']);

test.each(Object.entries(everyField).filter(([field]) => !elsewhere.has(field)))('%s is carried, or a warning names it', (field, value) => {
  const { value: request, warnings } = decode({ [field]: value });
  const isCarried = JSON.stringify(request) !== JSON.stringify(decode({}).value);
  expect(isCarried || warnings.some((warning) => warning.field === field)).toBe(true);
});

test('a prompt is what a person says; unlimited it has the limit of the API', () => {
  expect(decode({ logprobs: 2, n: 2, seed: 3, stop: 'a', user: 'u' })).toEqual({
    value: {
      stream: false,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      tools: [],
      stop: ['a'],
      maxTokens: 16,
      choices: 2,
      logprobs: { top: 2 },
      seed: 3,
      user: 'u',
    },
    warnings: [],
  });
  expect(decode({ prompt: ['Ho'] }).value.messages).toEqual([{ role: 'user', content: [{ type: 'text', text: 'Ho' }] }]);
});

test.each([
  [{ prompt: null }, 'prompt'],
  [{ prompt: ['a', 'b'] }, 'prompt'],
  [{ prompt: [1, 2] }, 'prompt'],
  [{ prompt: [] }, 'prompt'],
  [{ suffix: 'x' }, 'suffix'],
])('%j cannot be translated', (fields, field) => {
  expect(() => decode(fields)).toThrow(expect.objectContaining({ name: 'JsonFieldError', field }));
});

test.each([{ suffix: '' }, { echo: false }, { best_of: 1 }, { logit_bias: null }])('%j says nothing and needs no warning', (fields) => {
  expect(decode(fields)).toEqual(decode({}));
});

const chat = (fields: Partial<ChatRequest>): ChatRequest => ({ ...decode({ max_tokens: 9 }).value, ...fields });
const encode = (fields: Partial<ChatRequest>, quirks: Quirks = {}) => openaiCompletions.encodeRequest(chat(fields), { model: 'm', quirks });

test('what is encoded decodes to the same request', () => {
  const full = chat({ stream: true, temperature: 0.5, topP: 0.9, seed: 3, stop: ['a'], user: 'u', choices: 2, logprobs: { top: 1 } });
  const { value, warnings } = openaiCompletions.encodeRequest(full, { model: 'm', quirks: {} });
  expect(decodeRequest(parseJson(Buffer.from(value)))).toEqual({ value: full, warnings: [] });
  expect(warnings).toEqual([]);
});

test.each([
  [{ topK: 4 }, {}, 'top_k'],
  [{ tools: [{ name: 'f', parameters: '{}' as never }] }, {}, 'tools'],
  [{ responseFormat: { type: 'json-object' } }, {}, 'response_format'],
  [{ reasoning: { effort: 'low' } }, {}, 'reasoning'],
  [{ metadata: { a: 'b' } }, {}, 'metadata'],
  [{ serviceTier: 'flex' }, {}, 'service_tier'],
  [{ prediction: 'x' }, {}, 'prediction'],
  [{ verbosity: 'low' }, {}, 'verbosity'],
  [{ promptCacheKey: 'k' }, {}, 'prompt_cache_key'],
  [{ user: 'u' }, { refusedFields: ['user'] }, 'user'],
] satisfies [Partial<ChatRequest>, Quirks, string][])('%j with the quirks %j is warned of', (fields, quirks, field) => {
  expect(encode(fields, quirks).warnings.map((warning) => warning.field)).toEqual([field]);
});

test('a server with quirks gets its own names', () => {
  const { value } = encode({ stream: true, topK: 4, seed: 3 }, { topK: true, usageInStream: 'always', renamedFields: { seed: 'random_seed' } });
  expect(JSON.parse(value)).toEqual({ model: 'm', prompt: 'Hi', stream: true, max_tokens: 9, top_k: 4, random_seed: 3 });
});

test.each([
  [[{ role: 'system', content: [] }], 'messages'],
  [[...chat({}).messages, ...chat({}).messages], 'messages'],
  [[{ role: 'user', content: [] }], 'messages[0].content'],
] satisfies [ChatRequest['messages'], string][])('the conversation %j cannot be completed', (messages, field) => {
  expect(() => encode({ messages })).toThrow(expect.objectContaining({ name: 'JsonFieldError', field }));
});
