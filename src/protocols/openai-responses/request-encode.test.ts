import type { ResponseCreateParams, ResponseInputItem } from 'openai/resources/responses/responses';
import { describe, expect, test } from 'vitest';
import { everyTranslatableField } from '../../../test/recordings/openai-responses/requests.ts';
import { parseJson } from '../../framing/json.ts';
import type { AssistantContent, ChatRequest, Message, ObjectText, ReasoningContent, UserContent } from '../../llm/request.ts';
import type { Quirks } from '../protocol.ts';
import { openaiResponses } from './index.ts';

const object = (value: object): ObjectText => JSON.stringify(value) as ObjectText;
const user = (text: string): Message => ({ role: 'user', content: [{ type: 'text', text }] });
const system = (text: string): Message => ({ role: 'system', content: [{ type: 'text', text }] });
const minimal: ChatRequest = { stream: false, messages: [user('Hi')], tools: [], stop: [] };

function encoded(request: Partial<ChatRequest>, quirks: Quirks = {}, model = 'gpt-5-mini') {
  const { value, warnings } = openaiResponses.encodeRequest({ ...minimal, ...request }, { model, quirks });
  return { body: JSON.parse(value) as ResponseCreateParams, warnings, fields: warnings.map(({ field }) => field) };
}

const inputOf = (messages: Message[], quirks?: Quirks) => encoded({ messages }, quirks).body.input as ResponseInputItem[];
const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };
const looseSchema = { type: 'object', properties: { a: { type: 'string' } } };

test('the smallest request keeps nothing at the provider and asks for reasoning that can be sent back', () => {
  expect(encoded({}).body).toEqual({
    model: 'gpt-5-mini',
    input: [{ role: 'user', content: 'Hi' }],
    store: false,
    include: ['reasoning.encrypted_content'],
  });
});

test.each([
  ['gpt-5-mini', true],
  ['gpt-5.1-chat-latest', true],
  ['openai/gpt-6-astra', true],
  ['o4-mini', true],
  ['codex-mini-latest', true],
  ['gpt-oss-120b', true],
  ['gpt-5-chat-latest', false],
  ['gpt-4o', false],
  ['gpt-4.1-mini', false],
  ['my-deployment', false],
])('%s is asked for encrypted reasoning: %s', (model, isAsked) => {
  expect(encoded({}, {}, model).body.include).toEqual(isAsked ? ['reasoning.encrypted_content'] : undefined);
});

test('any model is asked for encrypted reasoning that is told to reason, or has reasoned before', () => {
  const thought: ReasoningContent = { type: 'reasoning', text: '', state: { origin: 'openai', kind: 'encrypted', value: 'gAAA', id: 'rs_1' } };
  const said: AssistantContent[] = [thought, { type: 'text', text: 'Yes' }];
  expect(encoded({ reasoning: { effort: 'low' } }, {}, 'my-deployment').body.include).toEqual(['reasoning.encrypted_content']);
  expect(encoded({ reasoning: { effort: 'none' } }, {}, 'my-deployment').body.include).toBeUndefined();
  expect(encoded({ messages: [{ role: 'assistant', content: said }, user('Hi')] }, {}, 'my-deployment').body.include).toEqual([
    'reasoning.encrypted_content',
  ]);
});

test('a request of this protocol is the same once it was decoded and encoded, but for what only OpenAI keeps', () => {
  const body = parseJson(Buffer.from(JSON.stringify(everyTranslatableField)));
  const { value } = openaiResponses.decodeRequest(body, openaiResponses.facts(body, {}));
  const { value: text, warnings } = openaiResponses.encodeRequest(value, {
    model: 'my-deployment',
    quirks: { cacheMarkers: 'prompt_cache_breakpoint' },
  });
  expect(warnings).toEqual([]);
  expect(JSON.parse(text)).toMatchInlineSnapshot(`
    {
      "include": [
        "reasoning.encrypted_content",
        "message.output_text.logprobs",
      ],
      "input": [
        {
          "content": [
            {
              "prompt_cache_breakpoint": {
                "mode": "explicit",
                "ttl": "12h",
              },
              "text": "Look:",
              "type": "input_text",
            },
            {
              "detail": "low",
              "image_url": "https://a.example/?mail=a@b.de",
              "type": "input_image",
            },
            {
              "detail": "auto",
              "image_url": "data:image/png;base64,iVBORw0KGgo=",
              "type": "input_image",
            },
            {
              "file_data": "data:application/pdf;base64,JVBERi0=",
              "filename": "cv of Bob.pdf",
              "type": "input_file",
            },
            {
              "file_url": "https://a.example/cv.pdf",
              "type": "input_file",
            },
          ],
          "role": "user",
        },
        {
          "encrypted_content": "gAAAAA1",
          "id": "rs_1",
          "summary": [
            {
              "text": "Bob wants mail.",
              "type": "summary_text",
            },
            {
              "text": "So write.",
              "type": "summary_text",
            },
          ],
          "type": "reasoning",
        },
        {
          "content": "Writing to Bob.",
          "role": "assistant",
        },
        {
          "arguments": "{"to":"a@b.de"}",
          "call_id": "call_1",
          "name": "mail",
          "type": "function_call",
        },
        {
          "arguments": "{}",
          "call_id": "call_2",
          "name": "mail",
          "type": "function_call",
        },
        {
          "call_id": "call_1",
          "output": "sent to a@b.de",
          "type": "function_call_output",
        },
        {
          "call_id": "call_2",
          "output": [
            {
              "text": "not sent",
              "type": "input_text",
            },
            {
              "detail": "auto",
              "image_url": "data:image/png;base64,iVBORw0KGgo=",
              "type": "input_image",
            },
          ],
          "type": "function_call_output",
        },
        {
          "content": "I stop here, Bob.",
          "role": "assistant",
        },
        {
          "content": "Why, Bob?",
          "role": "user",
        },
      ],
      "instructions": "Help Bob.

    Be brief.

    Be kind.",
      "max_output_tokens": 50,
      "metadata": {
        "c@d.de": "e@f.de",
      },
      "model": "my-deployment",
      "parallel_tool_calls": false,
      "prompt_cache_key": "bob-1",
      "reasoning": {
        "effort": "low",
        "summary": "auto",
      },
      "safety_identifier": "bob",
      "service_tier": "flex",
      "store": false,
      "stream": true,
      "temperature": 0.5,
      "text": {
        "format": {
          "description": "To Bob",
          "name": "reply",
          "schema": {
            "additionalProperties": false,
            "properties": {
              "to": {
                "description": "an address of Bob",
                "enum": [
                  "a@b.de",
                ],
                "format": "email",
                "type": "string",
              },
            },
            "required": [
              "to",
            ],
            "type": "object",
          },
          "strict": true,
          "type": "json_schema",
        },
        "verbosity": "low",
      },
      "tool_choice": "auto",
      "tools": [
        {
          "description": "Sends mail for Bob",
          "name": "mail",
          "parameters": {
            "additionalProperties": false,
            "properties": {
              "to": {
                "description": "an address of Bob",
                "enum": [
                  "a@b.de",
                ],
                "format": "email",
                "type": "string",
              },
            },
            "required": [
              "to",
            ],
            "type": "object",
          },
          "strict": true,
          "type": "function",
        },
      ],
      "top_logprobs": 2,
      "top_p": 0.9,
    }
  `);
});

describe('system messages', () => {
  test('at the beginning are instructions', () => {
    expect(encoded({ messages: [system('A'), system('B'), user('Hi')] }).body).toMatchObject({
      instructions: 'A\n\nB',
      input: [{ role: 'user', content: 'Hi' }],
    });
  });

  test('elsewhere are items', () => {
    expect(inputOf([user('Hi'), system('A'), user('More')])).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'system', content: 'A' },
      { role: 'user', content: 'More' },
    ]);
  });

  test('alone are items, since there must be an input', () => {
    expect(encoded({ messages: [system('A')] }).body).toMatchObject({ input: [{ role: 'system', content: 'A' }] });
    expect(encoded({ messages: [system('A')] }).body.instructions).toBeUndefined();
  });

  test('with a mark for the prompt cache are items where the provider has such marks', () => {
    const marked: Message = { role: 'system', content: [{ type: 'text', text: 'A', cache: {} }] };
    expect(encoded({ messages: [marked, user('Hi')] }, { cacheMarkers: 'prompt_cache_breakpoint' }).body.input).toMatchObject([
      { role: 'system', content: [{ type: 'input_text', text: 'A', prompt_cache_breakpoint: { mode: 'explicit' } }] },
      { role: 'user' },
    ]);
    expect(encoded({ messages: [marked, user('Hi')] })).toMatchObject({ body: { instructions: 'A' }, fields: ['messages[0]'] });
  });
});

test('files go in the body or by their address, text as text, audio with a warning not at all', () => {
  const content: UserContent[] = [
    { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' } },
    { type: 'image', source: { kind: 'url', url: 'https://a.example/x.png' }, detail: 'high' },
    { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'AA==' } },
    { type: 'document', source: { kind: 'url', url: 'https://a.example/x.pdf' }, name: 'x.pdf' },
    { type: 'document', source: { kind: 'text', text: 'Bob' }, name: 'who.txt' },
    { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'AA==' } },
  ];
  const { body, fields } = encoded({ messages: [{ role: 'user', content }] });
  expect(body.input).toEqual([
    {
      role: 'user',
      content: [
        { type: 'input_image', image_url: 'data:image/png;base64,AA==', detail: 'auto' },
        { type: 'input_image', image_url: 'https://a.example/x.png', detail: 'high' },
        { type: 'input_file', filename: 'document.pdf', file_data: 'data:application/pdf;base64,AA==' },
        { type: 'input_file', file_url: 'https://a.example/x.pdf' },
        { type: 'input_text', text: 'who.txt\n\nBob' },
      ],
    },
  ] satisfies ResponseInputItem[]);
  expect(fields).toEqual(['messages[0]']);
});

describe('tools', () => {
  const tool = (strict?: boolean, parameters = schema) => ({
    tools: [{ name: 'f', description: 'F', parameters: object(parameters), ...(strict !== undefined && { strict }) }],
  });

  test('are strict only where they say so and OpenAI can', () => {
    expect(encoded(tool()).body.tools).toEqual([{ type: 'function', name: 'f', description: 'F', parameters: schema, strict: false }]);
    expect(encoded(tool(true)).body.tools).toMatchObject([{ strict: true }]);
    expect(encoded(tool(true, looseSchema as never))).toMatchObject({ body: { tools: [{ strict: false }] }, fields: ['tools[0]'] });
  });

  test('keep the text of their schema', () => {
    const { value } = openaiResponses.encodeRequest(
      { ...minimal, tools: [{ name: 'f', parameters: '{"maximum": 9223372036854775807}' as ObjectText }] },
      { model: 'm', quirks: {} },
    );
    expect(value).toContain('"parameters":{"maximum": 9223372036854775807}');
  });

  test.each([
    [{ type: 'auto' }, 'auto'],
    [{ type: 'none' }, 'none'],
    [{ type: 'required' }, 'required'],
    [
      { type: 'tool', name: 'f' },
      { type: 'function', name: 'f' },
    ],
  ] as const)('choice %j', (toolChoice, expected) => {
    expect(encoded({ ...tool(), toolChoice, parallelToolCalls: false }).body).toMatchObject({ tool_choice: expected, parallel_tool_calls: false });
  });

  test('that are missing cannot be chosen', () => {
    const { body, fields } = encoded({ toolChoice: { type: 'required' }, parallelToolCalls: true });
    expect(body).not.toHaveProperty('tool_choice');
    expect(body).not.toHaveProperty('parallel_tool_calls');
    expect(fields).toEqual(['tool_choice']);
  });

  test('keep one id per call, shortened where it is too long', () => {
    const id = 'rmr1_'.padEnd(400, 'x');
    const [call, result] = inputOf([
      { role: 'assistant', content: [{ type: 'tool-call', id, name: 'f', arguments: object({ a: 1 }) }] },
      { role: 'tool', toolCallId: id, content: [{ type: 'text', text: 'ok' }], isError: false },
    ]);
    const callId = expect.stringMatching(/^.{1,64}$/);
    expect(call).toEqual({ type: 'function_call', call_id: callId, name: 'f', arguments: '{"a":1}' });
    expect(result).toEqual({ type: 'function_call_output', call_id: callId, output: 'ok' });
    expect((call as { call_id: string }).call_id).toBe((result as { call_id: string }).call_id);
  });

  test('answer with errors and images', () => {
    const result = (content: UserContent[], isError = false) => inputOf([{ role: 'tool', toolCallId: 'c', content, isError }])[0];
    expect(result([{ type: 'text', text: 'no such order' }], true)).toMatchObject({ output: 'Error: no such order' });
    expect(result([{ type: 'text', text: 'Error 7' }], true)).toMatchObject({ output: 'Error 7' });
    expect(result([], true)).toMatchObject({ output: 'Error' });
    expect(result([])).toMatchObject({ output: '' });
    expect(
      result([
        { type: 'text', text: 'A map' },
        { type: 'image', source: { kind: 'url', url: 'https://a.example/x.png' } },
      ]),
    ).toMatchObject({
      output: [
        { type: 'input_text', text: 'A map' },
        { type: 'input_image', image_url: 'https://a.example/x.png', detail: 'auto' },
      ],
    });
  });
});

describe('reasoning of earlier turns', () => {
  const thought = (text: string, origin?: 'openai' | 'anthropic'): ReasoningContent => ({
    type: 'reasoning',
    text,
    ...(origin !== undefined && { state: { origin, kind: 'encrypted' as const, value: 'gAAA', id: 'rs_1' } }),
  });
  const said: AssistantContent = { type: 'text', text: 'Yes' };
  const sent = (...content: AssistantContent[]) => {
    const { body, warnings } = encoded({ messages: [user('Hi'), { role: 'assistant', content }] });
    return { items: (body.input as ResponseInputItem[]).slice(1), warnings };
  };
  const item = (...texts: string[]) => ({
    type: 'reasoning',
    id: 'rs_1',
    summary: texts.map((text) => ({ type: 'summary_text', text })),
    encrypted_content: 'gAAA',
  });
  const message = { role: 'assistant', content: 'Yes' };

  test("goes back where it is OpenAI's own, as one item with all parts of its summary", () => {
    expect(sent(thought('A'), thought('B', 'openai'), said)).toEqual({ items: [item('A', 'B'), message], warnings: [] });
    expect(sent(thought('', 'openai'), said)).toEqual({ items: [item(), message], warnings: [] });
  });

  test('of another maker, or without state, is left out with a warning', () => {
    const lost = [{ field: 'messages[1]', detail: expect.stringContaining('reasoning') as string }];
    expect(sent(thought('A', 'anthropic'), said)).toEqual({ items: [message], warnings: lost });
    expect(sent(thought('A'), said)).toEqual({ items: [message], warnings: lost });
    expect(sent(thought('A', 'anthropic'), thought('B', 'openai'), said)).toEqual({ items: [item('B'), message], warnings: lost });
  });

  test('that nothing follows is left out, since OpenAI refuses it', () => {
    expect(sent(said, thought('A', 'openai'))).toMatchObject({ items: [message], warnings: [{ field: 'messages[1]' }] });
  });
});

describe('settings', () => {
  test('have their fields', () => {
    const request: Partial<ChatRequest> = {
      stream: true,
      maxTokens: 100,
      temperature: 0.5,
      topP: 0.9,
      user: 'u-1',
      metadata: { a: 'b' },
      promptCacheKey: 'k',
      serviceTier: 'standard_only',
      verbosity: 'low',
      logprobs: { top: 3 },
      reasoning: { budgetTokens: 9000, show: true },
    };
    const { body, warnings } = encoded(request, {}, 'my-deployment');
    expect(warnings).toEqual([]);
    expect(body).toMatchObject({
      stream: true,
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      safety_identifier: 'u-1',
      metadata: { a: 'b' },
      prompt_cache_key: 'k',
      service_tier: 'default',
      text: { verbosity: 'low' },
      top_logprobs: 3,
      include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
      reasoning: { effort: 'medium', summary: 'auto' },
    });
  });

  test('that the API has no field for are warned of, unless they change nothing', () => {
    const request = { topK: 3, seed: 1, stop: ['x'], choices: 2, frequencyPenalty: 1, presencePenalty: 1, prediction: 'x', serviceTier: 'gold' };
    expect(encoded(request, {}, 'gpt-4.1').fields).toEqual([
      ...['service_tier', 'top_k', 'seed', 'stop', 'n', 'frequency_penalty', 'presence_penalty', 'prediction'],
    ]);
    expect(encoded({ choices: 1, frequencyPenalty: 0, presencePenalty: 0, serviceTier: 'auto' }).fields).toEqual([]);
  });

  test('that the model refuses are left out with a warning', () => {
    const sampling = { temperature: 0.5, topP: 0.9, logprobs: { top: 3 } };
    const always = encoded({ ...sampling, maxTokens: 200_000 });
    expect(always.fields).toEqual(['max_tokens', 'temperature', 'top_p', 'logprobs']);
    expect(always.body).toMatchObject({ max_output_tokens: 128_000, include: ['reasoning.encrypted_content'] });
    for (const field of ['temperature', 'top_p', 'top_logprobs']) expect(always.body).not.toHaveProperty(field);
    const isDefault = encoded({ temperature: 1, topP: 1 });
    expect([isDefault.fields, Object.keys(isDefault.body)]).toEqual([[], ['model', 'input', 'store', 'include']]);
    const never = encoded({ ...sampling, reasoning: { budgetTokens: 9000, show: true } }, {}, 'gpt-4o');
    expect(never.fields).toEqual(['reasoning']);
    expect(never.body).toMatchObject({ temperature: 0.5, top_p: 0.9, top_logprobs: 3, include: ['message.output_text.logprobs'] });
    expect(never.body).not.toHaveProperty('reasoning');
  });

  test('that are too small for OpenAI are raised with a warning', () => {
    expect(encoded({ maxTokens: 5 })).toMatchObject({ body: { max_output_tokens: 16 }, fields: ['max_tokens'] });
  });

  test('follow what a provider refuses, or has otherwise', () => {
    const quirks: Quirks = { refusedFields: ['store', 'top_p'], renamedFields: { safety_identifier: 'user' }, reasoningEfforts: ['low', 'high'] };
    const { body, fields } = encoded({ topP: 0.9, user: 'u', reasoning: { effort: 'minimal' } }, quirks, 'my-deployment');
    expect(body).toMatchObject({ user: 'u', reasoning: { effort: 'low' } });
    for (const field of ['store', 'top_p', 'safety_identifier']) expect(body).not.toHaveProperty(field);
    expect(fields).toEqual(['reasoning', 'top_p']);
  });
});

describe('the form of the answer', () => {
  test('is a schema, enforced where OpenAI can', () => {
    const format = (responseFormat: ChatRequest['responseFormat']) => {
      const { body, fields } = encoded(responseFormat === undefined ? {} : { responseFormat });
      return { format: body.text?.format, fields };
    };
    expect(format({ type: 'json-schema', name: 'a reply', schema: object(schema) })).toEqual({
      format: { type: 'json_schema', name: 'a_reply', schema, strict: true },
      fields: [],
    });
    expect(format({ type: 'json-schema', schema: object(looseSchema) })).toMatchObject({ format: { name: 'answer', strict: false }, fields: [] });
    expect(format({ type: 'json-schema', schema: object(looseSchema), strict: true })).toMatchObject({
      format: { strict: false },
      fields: ['response_format'],
    });
    expect(format({ type: 'json-schema', schema: object(schema), strict: false })).toMatchObject({ format: { strict: false } });
  });

  test('is JSON, which the input must mention', () => {
    const responseFormat = { type: 'json-object' } as const;
    expect(encoded({ responseFormat }).body).toMatchObject({
      text: { format: { type: 'json_object' } },
      input: [{ role: 'system', content: 'Answer with one JSON object.' }, { role: 'user' }],
    });
    expect(encoded({ responseFormat, messages: [user('As json, please')] }).body.input).toHaveLength(1);
  });
});
