import type { ChatCompletionContentPart, ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import type { ChatRequest, Message, ObjectText, ReasoningContent, UserContent } from '../../llm/request.ts';
import type { Quirks } from '../protocol.ts';
import { openaiChat } from './index.ts';
import { decodeRequest } from './request-decode.ts';

const target = { model: 'm', quirks: {} };
const request = (fields: Partial<ChatRequest>): ChatRequest => ({ stream: false, messages: [], tools: [], stop: [], ...fields });
const encode = (fields: Partial<ChatRequest>, quirks: Quirks = {}) => {
  const { value, warnings } = openaiChat.encodeRequest(request(fields), { ...target, quirks });
  return { body: JSON.parse(value) as Record<string, unknown>, warned: warnings.map(({ field }) => field) };
};
const encodeMessages = (...messages: Message[]) => encode({ messages }).body['messages'];
const text = (value: string) => ({ type: 'text', text: value }) as const;
/** A schema that OpenAI can hold an answer to. */
const closed = '{"type":"object","properties":{"a":{"maximum":1e2}},"required":["a"],"additionalProperties":false}' as ObjectText;
const call = (id: string) => ({ type: 'tool-call', id, name: 'f', arguments: '{}' as ObjectText }) as const;
const pdf = { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBE' }, name: 'a.pdf' } as const;
const audio = { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'UklG' } } as const;
const image = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBO' } } as const;

test('writes all settings under OpenAI names', () => {
  const { body, warned } = encode({
    maxTokens: 9,
    temperature: 0.5,
    topP: 0.9,
    frequencyPenalty: 0.1,
    presencePenalty: 0.2,
    seed: 3,
    stop: ['a'],
    user: 'u',
    stream: true,
    choices: 2,
    logprobs: { top: 3 },
    reasoning: { effort: 'low' },
    responseFormat: { type: 'json-schema', name: 'an answer', schema: closed, strict: true },
    prediction: 'Dear',
    verbosity: 'high',
    promptCacheKey: 'k',
    serviceTier: 'flex',
    parallelToolCalls: false,
    toolChoice: { type: 'tool', name: 'f' },
    tools: [{ name: 'f', parameters: '{}' as ObjectText }],
  });
  expect(body).toEqual({
    model: 'm',
    messages: [],
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: 9,
    temperature: 0.5,
    top_p: 0.9,
    frequency_penalty: 0.1,
    presence_penalty: 0.2,
    seed: 3,
    stop: ['a'],
    user: 'u',
    n: 2,
    logprobs: true,
    top_logprobs: 3,
    reasoning_effort: 'low',
    response_format: { type: 'json_schema', json_schema: { name: 'an_answer', schema: JSON.parse(closed), strict: true } },
    prediction: { type: 'content', content: 'Dear' },
    verbosity: 'high',
    prompt_cache_key: 'k',
    service_tier: 'flex',
    parallel_tool_calls: false,
    tool_choice: { type: 'function', function: { name: 'f' } },
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }],
  });
  expect(warned).toEqual([]);
});

test('says nothing that the client did not say', () => {
  expect(encode({}).body).toEqual({ model: 'm', messages: [] });
});

test('the output limit has the name that the provider knows', () => {
  const { value } = openaiChat.encodeRequest(request({ maxTokens: 9 }), { model: 'm', quirks: { maxTokensField: 'max_completion_tokens' } });
  expect(JSON.parse(value)).toMatchObject({ max_completion_tokens: 9 });
});

test.each([
  [{ topK: 40 }, 'top_k'],
  [{ metadata: { a: 'b' } }, 'metadata'],
  [{ serviceTier: 'gold' }, 'service_tier'],
  [{ messages: [{ role: 'user', content: [{ type: 'document', source: { kind: 'url', url: 'https://a.example' } }] }] }, 'messages[0]'],
  [{ messages: [{ role: 'user', content: [{ type: 'audio', source: { kind: 'base64', mediaType: 'audio/ogg', data: 'T2dn' } }] }] }, 'messages[0]'],
  [{ messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache: {} }] }] }, 'messages[0]'],
  [{ messages: [{ role: 'tool', toolCallId: 'c', content: [], isError: false, cache: {} }] }, 'messages[0]'],
  [{ messages: [{ role: 'assistant', content: [{ ...call('c'), cache: {} }] }] }, 'messages[0]'],
  [{ messages: [{ role: 'assistant', content: [{ type: 'reasoning', text: 'Hm' }, text('Yo')] }] }, 'messages[0]'],
  [{ tools: [{ name: 'f', parameters: '{}' as ObjectText, cache: {} }] }, 'tools[0]'],
] satisfies [Partial<ChatRequest>, string][])('%j is warned of', (fields, field) => {
  expect(encode(fields).warned).toEqual([field]);
});

test.each([
  [{ topK: 40 }, { topK: true }, { top_k: 40 }],
  [{ seed: 3 }, { renamedFields: { seed: 'random_seed' } }, { random_seed: 3 }],
  [{ stream: true }, { usageInStream: 'always' }, { stream: true }],
  [{ stream: true }, { usageInStream: 'never-ask' }, { stream: true }],
  [{ stream: true }, { refusedFields: ['stream_options'] }, { stream: true }],
  [{ serviceTier: 'standard_only' }, {}, { service_tier: 'default' }],
  [{ serviceTier: 'auto' }, {}, {}],
  [{ reasoning: { budgetTokens: 2000 } }, {}, { reasoning_effort: 'low' }],
  [{ reasoning: { budgetTokens: 2000 } }, { reasoningEfforts: ['none', 'high'] }, { reasoning_effort: 'high' }],
  [{ reasoning: { show: true } }, {}, {}],
  [{ reasoning: { show: true } }, { reasoningField: 'none', showsReasoning: true }, {}],
  [{ reasoning: { budgetTokens: 2000, show: false } }, { reasoningParameter: 'reasoning' }, { reasoning: { max_tokens: 2000, exclude: true } }],
  [{ reasoning: { effort: 'high' } }, { reasoningParameter: 'reasoning' }, { reasoning: { effort: 'high' } }],
  [{ reasoning: { effort: 'none' } }, { reasoningParameter: 'thinking' }, { thinking: { type: 'disabled' } }],
  [{ reasoning: { effort: 'max' } }, { reasoningParameter: 'thinking', reasoningEfforts: ['low', 'max'] }, { reasoning_effort: 'max' }],
] satisfies [Partial<ChatRequest>, Quirks, object][])('%j where a server has the quirks %j', (fields, quirks, expected) => {
  const { body, warned } = encode(fields, quirks);
  expect(body).toEqual({ model: 'm', messages: [], ...expected });
  expect(warned).toEqual([]);
});

test.each([
  [{ user: 'u' }, { refusedFields: ['user'] }, 'user'],
  [{ seed: 3 }, { renamedFields: { seed: 'random_seed' }, refusedFields: ['random_seed'] }, 'seed'],
  [{ reasoning: { effort: 'low' } }, { reasoningParameter: 'none' }, 'reasoning'],
  [{ reasoning: { effort: 'low' } }, { reasoningParameter: 'thinking' }, 'reasoning'],
  [{ reasoning: { effort: 'xhigh' } }, { reasoningEfforts: ['low', 'high'] }, 'reasoning'],
  [{ reasoning: { effort: 'low', show: true } }, { reasoningField: 'none' }, 'reasoning'],
  [
    { messages: [{ role: 'user', content: [{ type: 'image', source: { kind: 'url', url: 'https://a.example' } }] }] },
    { imageUrls: false },
    'messages[0]',
  ],
  [{ tools: [{ name: 'f', parameters: closed, strict: true }] }, { strictTools: false }, 'tools[0]'],
] satisfies [Partial<ChatRequest>, Quirks, string][])('%j is warned of where a server has the quirks %j', (fields, quirks, field) => {
  expect(encode(fields, quirks).warned).toEqual([field]);
});

test.each([
  ['{}', '{"type":"object","properties":{}}'],
  ['{"type":"object"}', '{"properties":{},"type":"object"}'],
  ['{ "properties":{"a":{}} }', '{"type":"object", "properties":{"a":{}} }'],
  ['{"description":"x"}', '{"type":"object","properties":{},"description":"x"}'],
  ['{"$ref":"#/$defs/a"}', '{"$ref":"#/$defs/a"}'],
])('arguments of the schema %s are an object of some properties, or OpenAI refuses them', (schema, expected) => {
  const { value } = openaiChat.encodeRequest(request({ tools: [{ name: 'f', parameters: schema as ObjectText }] }), target);
  expect(value).toContain(`"parameters":${expected}`);
});

test('what OpenAI cannot hold to a schema strictly is told, and what it can is held to it', () => {
  const open = '{"type":"object","properties":{"a":{}}}' as ObjectText;
  const strictOf = (schema: ObjectText, strict?: boolean) => {
    const format = { type: 'json-schema' as const, schema, ...(strict !== undefined && { strict }) };
    const { body, warned } = encode({ responseFormat: format });
    return [(body['response_format'] as { json_schema: { strict?: boolean } }).json_schema.strict, warned];
  };
  expect([strictOf(closed), strictOf(closed, true), strictOf(closed, false)]).toEqual([
    [true, []],
    [true, []],
    [false, []],
  ]);
  expect([strictOf(open), strictOf(open, true), strictOf(open, false)]).toEqual([
    [undefined, []],
    [undefined, ['response_format']],
    [false, []],
  ]);
  expect(encode({ tools: [{ name: 'f', parameters: open, strict: true }] }).warned).toEqual(['tools[0]']);
});

test('JSON mode is mentioned, for OpenAI refuses it else', () => {
  const responseFormat = { type: 'json-object' } as const;
  expect(encode({ responseFormat }).body['messages']).toEqual([{ role: 'system', content: 'Answer with one JSON object.' }]);
  expect(encode({ responseFormat, messages: [{ role: 'user', content: [text('As Json!')] }] }).body).toEqual({
    model: 'm',
    messages: [{ role: 'user', content: 'As Json!' }],
    response_format: { type: 'json_object' },
  });
});

test('where a server knows no schemas, the prompt has it', () => {
  const { body, warned } = encode({ responseFormat: { type: 'json-schema', schema: '{"a":1}' as ObjectText } }, { jsonSchema: false });
  expect(body).toEqual({
    model: 'm',
    messages: [{ role: 'system', content: 'Answer with one JSON object that fits this JSON Schema:\n{"a":1}' }],
    response_format: { type: 'json_object' },
  });
  expect(warned).toEqual(['response_format']);
});

test('documents and audio go as files, text as text, images with how closely to look', () => {
  const content: UserContent[] = [
    { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBE' } },
    { type: 'document', source: { kind: 'text', text: 'Dear' }, name: 'letter.txt' },
    { type: 'audio', source: { kind: 'base64', mediaType: 'audio/mpeg', data: 'SUQz' } },
    { ...image, detail: 'low' },
  ];
  const expected = [
    { type: 'file', file: { filename: 'document.pdf', file_data: 'data:application/pdf;base64,JVBE' } },
    { type: 'text', text: 'letter.txt\n\nDear' },
    { type: 'input_audio', input_audio: { data: 'SUQz', format: 'mp3' } },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO', detail: 'low' } },
  ] satisfies ChatCompletionContentPart[];
  expect(encodeMessages({ role: 'user', content })).toEqual([{ role: 'user', content: expected }]);
  expect(encodeMessages({ role: 'tool', toolCallId: 'c', content, isError: false })).toEqual([
    { role: 'tool', tool_call_id: 'c', content: 'The result is a document; it follows in a message of the user.' },
    { role: 'user', content: [{ type: 'text', text: 'Document from the result of tool call c:' }, ...expected] },
  ]);
});

test('marks for the prompt cache stand where the server has them', () => {
  const messages: Message[] = [
    { role: 'tool', toolCallId: 'c', content: [text('ok')], isError: false, cache: {} },
    { role: 'user', content: [{ ...text('Hi'), cache: { ttl: '1h' } }] },
  ];
  expect(encode({ messages }, { cacheMarkers: 'cache_control' }).body['messages']).toEqual([
    { role: 'tool', tool_call_id: 'c', content: 'ok', cache_control: { type: 'ephemeral' } },
    { role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
  ]);
  expect(encode({ messages: messages.slice(1) }, { cacheMarkers: 'prompt_cache_breakpoint' })).toMatchObject({
    body: { messages: [{ content: [{ type: 'text', text: 'Hi', prompt_cache_breakpoint: { mode: 'explicit', ttl: '12h' } }] }] },
    warned: [],
  });
});

test('reasoning goes back in the field that the server has for it, whoever thought it; state never', () => {
  const thought: ReasoningContent = { type: 'reasoning', text: 'Hm', state: { origin: 'anthropic', kind: 'signature', value: 'S1' } };
  const messages: Message[] = [
    { role: 'assistant', content: [thought, text('Yo')] },
    { role: 'assistant', content: [{ ...thought, text: '' }, text('Yo')] },
    { role: 'assistant', content: [call('c')] },
  ];
  const { body, warned } = encode({ messages }, { reasoningField: 'reasoning_content' });
  expect(body['messages']).toMatchObject([{ content: 'Yo', reasoning_content: 'Hm' }, { content: 'Yo' }, { content: null, reasoning_content: '' }]);
  expect(JSON.stringify(body)).not.toContain('S1');
  expect(warned).toEqual(['messages[1]']);
});

test('what the user says after a result stands behind it where nothing may follow one', () => {
  const messages: Message[] = [
    { role: 'assistant', content: [call('c1')] },
    { role: 'tool', toolCallId: 'c1', content: [image], isError: false },
    { role: 'user', content: [text('hurry')] },
  ];
  const { body } = encode({ messages }, { userAfterTool: false });
  expect(body['messages']).toEqual([
    { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }] },
    {
      role: 'tool',
      tool_call_id: 'c1',
      content: [
        { type: 'text', text: 'The result is an image; it follows in a message of the user.' },
        { type: 'text', text: 'Image from the result of tool call c1:' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO' } },
        { type: 'text', text: 'hurry' },
      ],
    },
  ]);
});

test('a system message between others is the user’s where it may only stand before all', () => {
  const messages: Message[] = [
    { role: 'system', content: [text('A')] },
    { role: 'user', content: [text('B')] },
    { role: 'system', content: [text('C')] },
  ];
  const { body, warned } = encode({ messages }, { systemInside: false });
  expect(body['messages']).toEqual([
    { role: 'system', content: 'A' },
    { role: 'user', content: 'B' },
    { role: 'user', content: 'C' },
  ]);
  expect(warned).toEqual(['messages[2]']);
});

test('neighbours of one role are merged where roles must alternate', () => {
  const { body } = encode(
    {
      messages: [
        { role: 'user', content: [text('A')] },
        { role: 'user', content: [text('B')] },
        { role: 'assistant', content: [text('C')] },
      ],
    },
    { alternates: true },
  );
  expect(body['messages']).toEqual([
    { role: 'user', content: [text('A'), text('B')] },
    { role: 'assistant', content: 'C' },
  ]);
});

test('ids that a server refuses are replaced, in calls and results alike', () => {
  const long = 'x'.repeat(41);
  const messages: Message[] = [
    { role: 'assistant', content: [call(long), call('c2')] },
    { role: 'tool', toolCallId: long, content: [text('ok')], isError: false },
    { role: 'tool', toolCallId: 'c2', content: [text('ok')], isError: false },
  ];
  const ids = (quirks: Quirks) =>
    (encode({ messages }, quirks).body['messages'] as ChatCompletionMessageParam[]).flatMap((message) => {
      if (message.role === 'tool') return [message.tool_call_id];
      return message.role === 'assistant' ? (message.tool_calls ?? []).map(({ id }) => id) : [];
    });
  const [first = '', ...others] = ids({});
  expect(first).toMatch(/^call_[0-9a-f]{24}$/);
  expect(others).toEqual(['c2', first, 'c2']);
  const nine = ids({ toolCallIds: 'nine-alphanumeric' });
  expect(nine).toEqual([nine[0], nine[1], nine[0], nine[1]]);
  for (const id of nine) expect(id).toMatch(/^[A-Za-z0-9]{9}$/);
});

test('a tool choice without tools is left out, and warned of where it demanded one', () => {
  expect(encode({ toolChoice: { type: 'auto' }, parallelToolCalls: true })).toEqual({ body: { model: 'm', messages: [] }, warned: [] });
  expect(encode({ toolChoice: { type: 'required' } }).warned).toEqual(['tool_choice']);
});

test('schemas and arguments go out as they were written', () => {
  const json = '{ "type":"object", "properties":{}, "additionalProperties":false, "default":9223372036854775807, "title":"\\u00e9" }' as ObjectText;
  const { value } = openaiChat.encodeRequest(
    request({
      tools: [{ name: 'f', parameters: json, strict: true }],
      messages: [{ role: 'assistant', content: [{ type: 'tool-call', id: 'c', name: 'f', arguments: json }] }],
    }),
    target,
  );
  expect(value).toContain(`"parameters":${json},"strict":true`);
  expect(value).toContain(`"arguments":${JSON.stringify(json)}`);
});

test('one text is a string, several are an array, images are data URLs', () => {
  expect(
    encodeMessages(
      { role: 'system', content: [text('A')] },
      { role: 'user', content: [text('B'), image, { type: 'image', source: { kind: 'url', url: 'https://a.example' } }] },
      { role: 'assistant', content: [text('C'), text('D')] },
      { role: 'user', content: [] },
    ),
  ).toEqual([
    { role: 'system', content: 'A' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'B' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO' } },
        { type: 'image_url', image_url: { url: 'https://a.example' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'C' },
        { type: 'text', text: 'D' },
      ],
    },
    { role: 'user', content: '' },
  ] satisfies ChatCompletionMessageParam[]);
});

test('tool results follow their calls at once; their images come behind them, from the user', () => {
  expect(
    encodeMessages(
      { role: 'user', content: [text('Go')] },
      { role: 'assistant', content: [call('c1'), call('c2')] },
      { role: 'tool', toolCallId: 'c1', content: [text('seen'), image], isError: false },
      { role: 'user', content: [text('hurry')] },
      { role: 'tool', toolCallId: 'c2', content: [image], isError: false },
      { role: 'assistant', content: [text('done')] },
    ),
  ).toEqual([
    { role: 'user', content: 'Go' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } },
        { id: 'c2', type: 'function', function: { name: 'f', arguments: '{}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'seen' },
    { role: 'tool', tool_call_id: 'c2', content: 'The result is an image; it follows in a message of the user.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Image from the result of tool call c1:' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO' } },
        { type: 'text', text: 'Image from the result of tool call c2:' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO' } },
      ],
    },
    { role: 'user', content: 'hurry' },
    { role: 'assistant', content: 'done' },
  ] satisfies ChatCompletionMessageParam[]);
});

test.each([
  [[text('no such file')], 'Error: no such file'],
  [[text('Error: no such file')], 'Error: no such file'],
  [[], 'Error'],
])('the result of a failed call says so: %j', (content, expected) => {
  expect(encodeMessages({ role: 'tool', toolCallId: 'c', content, isError: true })).toEqual([{ role: 'tool', tool_call_id: 'c', content: expected }]);
});

test('what is encoded decodes to the same request', () => {
  const full = request({
    stream: true,
    maxTokens: 9,
    temperature: 0.5,
    topP: 1,
    seed: 3,
    stop: ['a'],
    user: 'u',
    toolChoice: { type: 'required' },
    parallelToolCalls: true,
    choices: 2,
    logprobs: { top: 3 },
    reasoning: { effort: 'low', show: true },
    responseFormat: { type: 'json-schema', name: 'n', description: 'd', schema: closed, strict: true },
    prediction: 'Dear',
    verbosity: 'high',
    promptCacheKey: 'k',
    serviceTier: 'flex',
    tools: [{ name: 'f', description: 'd', parameters: '{"type":"object","properties":{}}' as ObjectText, strict: false }],
    messages: [
      { role: 'system', content: [text('S')] },
      { role: 'user', content: [text('A'), { ...image, detail: 'low' }, pdf, audio] },
      { role: 'assistant', content: [{ type: 'reasoning', text: 'Hm' }, text('B'), call('c')] },
      { role: 'tool', toolCallId: 'c', content: [text('C')], isError: false },
    ],
  });
  const { value } = openaiChat.encodeRequest(full, { ...target, quirks: { reasoningField: 'reasoning' } });
  expect(decodeRequest(parseJson(Buffer.from(value)))).toEqual({ value: full, warnings: [] });
});
