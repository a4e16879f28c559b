import { describe, expect, test } from 'vitest';
import type { ChatRequest, Message } from '../../llm/request.ts';
import type { Quirks } from '../protocol.ts';
import { calls, encode, haiku, json, llama, nova, result, text, tool, user } from '../../../test/recordings/bedrock-converse/encoding.ts';

describe('how much is thought', () => {
  test.each([
    [
      haiku,
      { budgetTokens: 2000 },
      { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2000 } }, inferenceConfig: { maxTokens: 6096 } },
    ],
    [
      'anthropic.claude-opus-4-7',
      { effort: 'high', show: true },
      { additionalModelRequestFields: { thinking: { type: 'adaptive', display: 'summarized' } }, outputConfig: { effort: 'high' } },
    ],
    [
      'us.amazon.nova-2-lite-v1:0',
      { effort: 'xhigh' },
      { additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } } },
    ],
    ['openai.gpt-oss-120b-1:0', { effort: 'none' }, { additionalModelRequestFields: { reasoning_effort: 'low' } }],
  ] as const)('%s is told of %j in its own words', (model, reasoning, fields) => {
    expect(encode({ reasoning }, model).body).toMatchObject(fields);
  });

  test('is less than a client’s maximum', () => {
    expect(encode({ reasoning: { budgetTokens: 9000 }, maxTokens: 4000 })).toMatchObject({
      body: { additionalModelRequestFields: { thinking: { budget_tokens: 2000 } }, inferenceConfig: { maxTokens: 4000 } },
      fields: ['reasoning'],
    });
  });

  test('at Nova’s highest effort has neither a maximum nor sampling options beside it', () => {
    const nova2 = 'amazon.nova-2-lite-v1:0';
    const free = encode({ reasoning: { effort: 'high' }, temperature: 0.5, topK: 3 }, nova2);
    expect(free.body['inferenceConfig']).toBeUndefined();
    expect(free.fields).toEqual(['temperature', 'top_k']);
    const limited = encode({ reasoning: { effort: 'high' }, maxTokens: 100, temperature: 0.5 }, nova2);
    expect(limited.body).toMatchObject({
      inferenceConfig: { maxTokens: 100, temperature: 0.5 },
      additionalModelRequestFields: { reasoningConfig: { maxReasoningEffort: 'medium' } },
    });
  });

  test('cannot be told to others', () => {
    expect(encode({ reasoning: { effort: 'high' } }, llama).fields).toEqual(['reasoning']);
    expect(encode({ reasoning: { effort: 'none' } }, llama).fields).toEqual([]);
  });
});

describe('tools', () => {
  const config = (request: Partial<ChatRequest>, model = haiku, quirks: Quirks = {}) => {
    const { body, fields } = encode({ tools: [tool], ...request }, model, quirks);
    return { toolConfig: body['toolConfig'], additional: body['additionalModelRequestFields'], fields };
  };

  test.each([
    [{ type: 'auto' }, { auto: {} }],
    [{ type: 'required' }, { any: {} }],
    [{ type: 'tool', name: 'f' }, { tool: { name: 'f' } }],
  ] as const)('are chosen by %j', (toolChoice, written) => {
    expect(config({ toolChoice })).toMatchObject({ toolConfig: { toolChoice: written }, fields: [] });
  });

  test('are chosen as far as the model can be made to', () => {
    const named = { toolChoice: { type: 'tool', name: 'f' } } as const;
    expect(config(named, 'mistral.mistral-large-2407-v1:0')).toMatchObject({ toolConfig: { toolChoice: { any: {} } }, fields: ['tool_choice'] });
    for (const unforced of [
      config(named, llama),
      config({ ...named, reasoning: { budgetTokens: 2000 } }),
      config({ toolChoice: { type: 'none' } }),
    ]) {
      expect(unforced).toMatchObject({ toolConfig: { tools: [{}] }, fields: ['tool_choice'] });
      expect(unforced.toolConfig).not.toHaveProperty('toolChoice');
    }
  });

  test('are called one at a time where Claude’s own field can say so', () => {
    const single = { parallelToolCalls: false, toolChoice: { type: 'required' } } as const;
    const ofClaude = config(single);
    expect(ofClaude).toMatchObject({ additional: { tool_choice: { type: 'any', disable_parallel_tool_use: true } }, fields: [] });
    expect(ofClaude.toolConfig).not.toHaveProperty('toolChoice');
    expect(config(single, nova)).toMatchObject({ toolConfig: { toolChoice: { any: {} } }, fields: ['parallel_tool_calls'] });
  });

  test('of past calls are named where there are none any more', () => {
    expect(config({ tools: [], messages: [user('Hi'), calls('a'), result('a', 'x')] })).toMatchObject({
      toolConfig: { tools: [{ toolSpec: { name: 'f', inputSchema: { json: { type: 'object' } } } }] },
      fields: ['tools'],
    });
    expect(config({ tools: [], toolChoice: { type: 'required' } })).toEqual({
      toolConfig: undefined,
      additional: undefined,
      fields: ['tool_choice'],
    });
  });

  test('keep their schemas as they were written, with a type and without an empty description', () => {
    const { text: sent } = encode({ tools: [{ name: 'f', description: ' ', parameters: json('{"maximum": 9007199254740993}') }] });
    expect(sent).toContain('"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","maximum": 9007199254740993}}}');
  });

  test('are strict where the model can be held to a schema, and to what of it', () => {
    const strict = { tools: [{ name: 'f', strict: true, parameters: json('{"type":"object","properties":{"n":{"type":"integer","minimum":1}}}') }] };
    expect(config(strict)).toMatchObject({
      toolConfig: {
        tools: [{ toolSpec: { strict: true, inputSchema: { json: { additionalProperties: false, properties: { n: { type: 'integer' } } } } } }],
      },
      fields: ['tools[0]'],
    });
    expect(config(strict, llama).fields).toEqual(['tools[0]']);
    expect(config(strict, haiku, { strictTools: false }).fields).toEqual(['tools[0]']);
  });

  test('of Nova have little at the top of their schemas', () => {
    const given = (parameters: string) => config({ tools: [{ name: 'f', parameters: json(parameters) }] }, nova);
    const { toolConfig, fields } = given(
      '{"$schema":"x","type":"object","title":"t","properties":{"a":{"title":"kept"}},"required":["a"],"additionalProperties":false}',
    );
    expect(toolConfig).toEqual({
      tools: [{ toolSpec: { name: 'f', inputSchema: { json: { type: 'object', properties: { a: { title: 'kept' } }, required: ['a'] } } } }],
    });
    expect(fields).toEqual(['tools[0]']);
    expect(given('{"title":"t"}')).toMatchObject({
      toolConfig: { tools: [{ toolSpec: { inputSchema: { json: { type: 'object' } } } }] },
      fields: [],
    });
  });
});

describe('marks for the prompt cache', () => {
  const cache = { ttl: '1h' } as const;
  const marked: Partial<ChatRequest> = {
    messages: [
      { role: 'system', content: [{ ...text('a'), cache }] },
      { role: 'user', content: [{ ...text('b'), cache: {} }] },
    ],
    tools: [{ ...tool, cache }],
  };
  const point = (ttl?: string) => ({ cachePoint: { type: 'default', ...(ttl !== undefined && { ttl }) } });

  test('become cache points behind what they stand on', () => {
    const { body, fields } = encode(marked);
    expect(fields).toEqual([]);
    expect(body['system']).toEqual([{ text: 'a' }, point('1h')]);
    expect(body['messages']).toEqual([{ role: 'user', content: [{ text: 'b' }, point()] }]);
    expect(body['toolConfig']).toMatchObject({ tools: [{}, point('1h')] });
  });

  test('stand behind the result of a tool, not in it', () => {
    const message: Message = { role: 'tool', toolCallId: 'a', content: [{ ...text('x'), cache: {} }], isError: false };
    const { body } = encode({ messages: [user('Hi'), calls('a'), message], tools: [tool] });
    expect(body['messages']).toMatchObject([{}, {}, { content: [{ toolResult: { content: [{ text: 'x' }] } }, point()] }]);
  });

  test('are kept to the places and times that the model takes', () => {
    const ofNova = encode(marked, nova);
    expect(ofNova.body).toMatchObject({ system: [{}, point()], toolConfig: { tools: [{}] } });
    expect(ofNova.fields).toEqual(['cache_control', 'cache_control']);
    const ofLlama = encode(marked, llama);
    expect(ofLlama.text).not.toContain('cachePoint');
    expect(ofLlama.fields).toEqual(['cache_control']);
  });
});

describe('the form of the answer', () => {
  const schema = json('{"type":"object","properties":{"n":{"type":"integer"}}}');
  const responseFormat = { type: 'json-schema', name: 'n', description: 'd', schema } as const;

  test('is a schema in a string', () => {
    const { body, fields } = encode({ responseFormat });
    expect(body['outputConfig']).toEqual({
      textFormat: {
        type: 'json_schema',
        structure: { jsonSchema: { name: 'n', description: 'd', schema: expect.stringContaining('"additionalProperties":false') as unknown } },
      },
    });
    expect(fields).toEqual([]);
  });

  test('is left out for models that cannot be held to it, and without a schema', () => {
    const ofNova = encode({ responseFormat }, nova);
    expect([ofNova.body['outputConfig'], ofNova.fields]).toEqual([undefined, ['response_format']]);
    expect(encode({ responseFormat }, haiku, { jsonSchema: false }).fields).toEqual(['response_format']);
    expect(encode({ responseFormat: { type: 'json-object' } }).fields).toEqual(['response_format']);
  });
});

describe('options', () => {
  test('go into the fields that the model reads', () => {
    const options = { maxTokens: 9, temperature: 0.5, topK: 3, stop: ['END', ' '] };
    expect(encode(options)).toMatchObject({
      body: {
        inferenceConfig: { maxTokens: 9, temperature: 0.5, stopSequences: ['END'] },
        additionalModelRequestFields: { top_k: 3 },
        additionalModelResponseFieldPaths: ['/stop_sequence'],
      },
      fields: ['stop'],
    });
    const ofNova = encode(options, nova).body;
    expect(ofNova['additionalModelRequestFields']).toEqual({ inferenceConfig: { topK: 3 } });
    expect(ofNova['additionalModelResponseFieldPaths']).toBeUndefined();
    expect(encode({ topK: 3 }, 'cohere.command-r-v1:0').body['additionalModelRequestFields']).toEqual({ k: 3 });
    expect(encode({ topK: 3 }, llama).fields).toEqual(['top_k']);
  });

  test('that this Claude refuses are left out', () => {
    expect(encode({ temperature: 0.5, topP: 0.5 }, 'anthropic.claude-opus-4-7').fields).toEqual(['temperature', 'top_p']);
  });

  test('beyond the API’s bounds are brought back', () => {
    expect(encode({ temperature: 1.7 }, llama)).toMatchObject({ body: { inferenceConfig: { temperature: 1 } }, fields: ['temperature'] });
  });

  test.each([
    ['flex', { type: 'flex' }, []],
    ['standard_only', { type: 'default' }, []],
    ['auto', undefined, []],
    ['scale', undefined, ['service_tier']],
  ])('the tier %s is %j', (serviceTier, written, warned) => {
    const { body, fields } = encode({ serviceTier });
    expect([body['serviceTier'], fields]).toEqual([written, warned]);
  });

  test('metadata is Bedrock’s, as far as it takes it', () => {
    expect(encode({ metadata: { team: 'blue', note: 'ü', '': 'x' } })).toMatchObject({
      body: { requestMetadata: { team: 'blue' } },
      fields: ['metadata'],
    });
  });

  test('without a counterpart are named', () => {
    const { fields } = encode({
      seed: 1,
      frequencyPenalty: 1,
      presencePenalty: 1,
      choices: 2,
      logprobs: { top: 1 },
      user: 'u',
      prediction: 'x',
      verbosity: 'low',
      promptCacheKey: 'k',
    });
    expect(fields).toEqual(['seed', 'frequency_penalty', 'presence_penalty', 'n', 'logprobs', 'user', 'prediction', 'verbosity', 'prompt_cache_key']);
  });
});
