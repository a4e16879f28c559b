import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../framing/json.ts';
import { splice } from '../framing/splice.ts';
import { effortOf } from '../llm/reasoning.ts';
import type { ChatRequest } from '../llm/request.ts';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { bedrockConverse } from './bedrock-converse/index.ts';
import { setFields, type ChatParameters } from './chat-parameters.ts';
import { ClientRequest } from './client-request.ts';
import { openaiChat } from './openai-chat/index.ts';
import type { ChatProtocol, PathFacts, Protocol } from './protocol.ts';
import { clientProtocols } from './registry.ts';

interface Example {
  path?: PathFacts;
  body: Record<string, unknown>;
  /** The same parameters as the client may have sent them. */
  own: Record<string, unknown>;
  model: string;
}

const messages = [{ role: 'user', content: 'Hi' }];
const examples: Readonly<Record<string, Example>> = {
  'openai-chat': {
    body: { model: 'fast', messages },
    own: { max_tokens: 9, temperature: 0.9, top_p: 0.9, reasoning_effort: 'low' },
    model: 'llama-4',
  },
  'openai-completions': {
    body: { model: 'fast', prompt: 'Hi' },
    own: { max_tokens: 9, temperature: 0.9, top_p: 0.9 },
    model: 'gpt-3.5-turbo-instruct',
  },
  'openai-responses': {
    body: { model: 'fast', input: 'Hi' },
    own: { max_output_tokens: 9, temperature: 0.9, top_p: 0.9, reasoning: { summary: 'auto', effort: 'low' } },
    model: 'llama-4',
  },
  'anthropic-messages': {
    body: { model: 'fast', max_tokens: 40_000, messages },
    own: { temperature: 0.9, thinking: { type: 'disabled' } },
    model: 'claude-haiku-4-5',
  },
  'gemini-generate': {
    path: { model: 'fast' },
    body: { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] },
    own: {
      generationConfig: { seed: 1, maxOutputTokens: 9, temperature: 0.9, topP: 0.9, thinkingConfig: { includeThoughts: true, thinkingBudget: 5 } },
    },
    model: 'gemini-2.5-flash',
  },
  'bedrock-converse': {
    path: { model: 'fast' },
    body: { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] },
    own: {
      inferenceConfig: { stopSequences: ['x'], maxTokens: 40_000, temperature: 0.9 },
      additionalModelRequestFields: { top_k: 3, thinking: { type: 'disabled' } },
    },
    model: 'eu.anthropic.claude-haiku-4-5-20251001-v1:0',
  },
};

const chatProtocols = clientProtocols.filter(({ operation }) => operation === 'chat');

function exampleOf({ name }: Protocol): Example {
  const example = examples[name];
  if (example === undefined) throw new Error(`write an example of ${name}`);
  return example;
}

const requestOf = (protocol: Protocol, body: Record<string, unknown>, path: PathFacts = {}): ClientRequest =>
  new ClientRequest(protocol, Buffer.from(JSON.stringify(body)), path);

/** What a provider of the client's own protocol reads. */
function read(request: ClientRequest, model: string, path: PathFacts = {}): { value: ChatRequest; text: string; warnings: string[] } {
  const { value, warnings } = request.retargeted({ model, quirks: {} });
  const sent = new ClientRequest(request.protocol, value, path);
  return { value: sent.decoded().value as ChatRequest, text: value.toString(), warnings: warnings.map(({ field }) => field) };
}

describe.each(chatProtocols)('$name', (protocol) => {
  const { path, body, own, model } = exampleOf(protocol);
  const written = requestOf(protocol, body, path);

  test('has a way to set parameters', () => {
    expect(protocol.parameterEdits).toBeDefined();
  });

  test.each([
    ['that the client did not send', body],
    ['in place of those that the client sent', { ...own, ...body, unknown: [1] }],
    ['in place of nulls', { ...Object.fromEntries(Object.keys(own).map((name) => [name, null])), ...body }],
  ])('sets parameters %s', (_, sent) => {
    const set: ChatParameters[] = [{ maxTokens: 77 }, { temperature: 0.25 }, { topP: 0.5 }, { maxTokens: 78, temperature: 0.5 }];
    for (const parameters of set) {
      const request = requestOf(protocol, sent, path).withParameters(parameters);
      const { value, warnings } = read(request, model, path);
      expect(value).toMatchObject(parameters);
      expect(warnings.filter((field) => !['temperature', 'top_p'].includes(field))).toEqual([]);
      expect(request.facts.maxTokens).toBe(parameters.maxTokens ?? requestOf(protocol, sent, path).facts.maxTokens);
    }
  });

  test.runIf(protocol.name !== 'openai-completions')('sets how much the model thinks', () => {
    for (const reasoningEffort of ['none', 'low', 'high'] as const) {
      for (const sent of [body, { ...own, ...body }]) {
        const { value } = read(requestOf(protocol, sent, path).withParameters({ reasoningEffort }), model, path);
        const effort = value.reasoning === undefined ? 'none' : effortOf(value.reasoning);
        expect(effort).toBe(reasoningEffort);
      }
    }
  });

  test('leaves every other byte as it is', () => {
    const odd = `{ "unknown" : 12345678901234567890,"again":1,"again":2 ,\n${JSON.stringify({ ...own, ...body }).slice(1, -1)} , "last":"\\u0041" }`;
    const request = new ClientRequest(protocol, Buffer.from(odd), path).withParameters({ temperature: 0.125 });
    const { text } = read(request, model, path);
    expect(text).toContain('{ "unknown" : 12345678901234567890,"again":1,"again":2 ,\n');
    expect(text).toContain(' , "last":"\\u0041" }');
    const untouched = new ClientRequest(protocol, Buffer.from(odd), path).retargeted({ model, quirks: {} }).value.toString();
    expect(text.replace(/"temperature":0\.125/, '"temperature":0.9')).toBe(untouched);
  });

  test('sets them in the canonical form too', () => {
    const parameters = { maxTokens: 7, temperature: 0.25, topP: 0.5, reasoningEffort: 'high' } as const;
    const { value } = written.withParameters(parameters).decoded();
    expect(value).toMatchObject({ maxTokens: 7, temperature: 0.25, topP: 0.5, reasoning: { effort: 'high' } });
  });

  test('keeps them when its texts are edited', () => {
    const request = written.withParameters({ temperature: 0.25 });
    const [spot] = request.texts();
    const edited = request.edited(spot === undefined ? [] : [{ start: spot.node.start, end: spot.node.end, text: '"Bye"' }]);
    expect(read(edited, model, path).value.temperature).toBe(0.25);
    expect(edited.decoded().value).toMatchObject({ temperature: 0.25 });
  });
});

describe('where a model takes temperature or top_p alone', () => {
  /** What a provider gets of a client that has both, and speaks another protocol. */
  function sent(target: ChatProtocol, model: string, parameters: ChatParameters) {
    const request = requestOf(openaiChat, { ...examples['openai-chat']?.body, temperature: 0.9, top_p: 0.9 }).withParameters(parameters);
    const { value, warnings } = target.encodeRequest(request.decoded().value as ChatRequest, { model, quirks: {} });
    const body = JSON.parse(value);
    const { temperature, top_p, topP } = body.inferenceConfig ?? body;
    return { temperature, topP: top_p ?? topP, warned: warnings.map(({ field }) => field) };
  }

  test.each([
    [anthropicMessages, 'claude-haiku-4-5'],
    [bedrockConverse, 'anthropic.claude-haiku-4-5'],
  ] as const)('it is the one that a rule sets', (target, model) => {
    const [warm, narrow] = [
      { temperature: 0.5, topP: undefined, warned: ['top_p'] },
      { temperature: undefined, topP: 0.5, warned: ['temperature'] },
    ];
    expect(sent(target, model, { topP: 0.5 })).toEqual(narrow);
    expect(sent(target, model, { temperature: 0.5 })).toEqual(warm);
    expect(sent(target, model, { temperature: 0.5, topP: 0.5 })).toEqual(warm);
    expect(sent(target, model, { maxTokens: 5 })).toEqual({ ...warm, temperature: 0.9 });
  });

  test.each([
    [anthropicMessages, 'glm-5'],
    [bedrockConverse, 'amazon.nova-lite-v1:0'],
  ] as const)('others get both', (target, model) => {
    expect(sent(target, model, { topP: 0.5 })).toEqual({ temperature: 0.9, topP: 0.5, warned: [] });
  });
});

describe('fields of an object', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const object = fc.dictionary(name, fc.constantFrom(1, 'x', null, [], {}));
  const change = fc.dictionary(name, fc.option(fc.constantFrom(2, 'y', { z: 1 }), { nil: null }));

  test('are set, added and taken out, whatever stands there', () => {
    fc.assert(
      fc.property(object, change, fc.constantFrom(undefined, 1, 3), (before, fields, indent) => {
        const node = parseJson(Buffer.from(JSON.stringify(before, null, indent)));
        const after: unknown = JSON.parse(splice(node.bytes, setFields(node, fields)).toString());
        const expected = Object.fromEntries(Object.entries({ ...before, ...fields }).filter(([key]) => fields[key] !== null));
        expect(after).toEqual(expected);
      }),
    );
  });

  test('that stand twice are both set', () => {
    const node = parseJson(Buffer.from('{"a":1,"b":2,"a":3}'));
    expect(splice(node.bytes, setFields(node, { a: 4 })).toString()).toBe('{"a":4,"b":2,"a":4}');
    expect(splice(node.bytes, setFields(node, { a: null, c: 5 })).toString()).toBe('{"c":5,"b":2}');
  });
});
