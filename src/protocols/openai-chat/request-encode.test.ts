import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import type { ChatRequest, ObjectText, Message } from '../../llm/request.ts';
import { openaiChat } from './index.ts';

const target = { model: 'gpt-5-mini', quirks: {} };
const request = (fields: Partial<ChatRequest>): ChatRequest => ({ stream: false, messages: [], tools: [], stop: [], ...fields });
const encode = (fields: Partial<ChatRequest>) => {
  const { value, warnings } = openaiChat.encodeRequest(request(fields), target);
  return { body: JSON.parse(value) as Record<string, unknown>, warned: warnings.map(({ field }) => field) };
};
const encodeMessages = (...messages: Message[]) => encode({ messages }).body['messages'];
const text = (value: string) => ({ type: 'text', text: value }) as const;
const call = (id: string) => ({ type: 'tool-call', id, name: 'f', arguments: '{}' as ObjectText }) as const;
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
    parallelToolCalls: false,
    toolChoice: { type: 'tool', name: 'f' },
    tools: [{ name: 'f', parameters: '{}' as ObjectText }],
  });
  expect(body).toEqual({
    model: 'gpt-5-mini',
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
    parallel_tool_calls: false,
    tool_choice: { type: 'function', function: { name: 'f' } },
    tools: [{ type: 'function', function: { name: 'f', parameters: {} } }],
  });
  expect(warned).toEqual([]);
});

test('says nothing that the client did not say', () => {
  expect(encode({}).body).toEqual({ model: 'gpt-5-mini', messages: [] });
});

test('the output limit has the name that the provider knows', () => {
  const { value } = openaiChat.encodeRequest(request({ maxTokens: 9 }), { model: 'm', quirks: { maxTokensField: 'max_completion_tokens' } });
  expect(JSON.parse(value)).toMatchObject({ max_completion_tokens: 9 });
});

test('topK is warned of', () => {
  expect(encode({ topK: 40 }).warned).toEqual(['top_k']);
});

test('a tool choice without tools is left out, and warned of where it demanded one', () => {
  expect(encode({ toolChoice: { type: 'auto' }, parallelToolCalls: true })).toEqual({ body: { model: 'gpt-5-mini', messages: [] }, warned: [] });
  expect(encode({ toolChoice: { type: 'required' } }).warned).toEqual(['tool_choice']);
});

test('schemas and arguments go out as they were written', () => {
  const json = '{ "b":9223372036854775807, "a":"\\u00e9" }' as ObjectText;
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
    tools: [{ name: 'f', description: 'd', parameters: '{"type":"object"}' as ObjectText, strict: false }],
    messages: [
      { role: 'system', content: [text('S')] },
      { role: 'user', content: [text('A'), image] },
      { role: 'assistant', content: [text('B'), call('c')] },
      { role: 'tool', toolCallId: 'c', content: [text('C')], isError: false },
    ],
  });
  const { value } = openaiChat.encodeRequest(full, target);
  expect(openaiChat.decodeRequest(parseJson(Buffer.from(value)))).toEqual({ value: full, warnings: [] });
});
