import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, errorOf, openAIFixture } from '../fakes.fixture.ts';
import type { FakeProvider } from '../server.ts';

let fake: FakeProvider;
beforeAll(async () => void (fake = await openAIFixture.start()));
afterAll(() => fake.stop());

const user = { role: 'user', content: 'Hi' };
const call = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } });
const calls = (...ids: string[]) => ({ role: 'assistant', content: null, tool_calls: ids.map(call) });
const result = (tool_call_id: string) => ({ role: 'tool', tool_call_id, content: 'done' });
const f = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } };
const image = (url: unknown) => ({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] });

type Case = [name: string, fields: Record<string, unknown>, param: string | null, code: string | null];

const refused: Case[] = [
  ['an unknown field', { thinking: {} }, null, null],
  ['an unknown field of a message', { messages: [{ ...user, cache_control: {} }] }, 'messages[0].cache_control', 'unknown_parameter'],
  [
    'an unknown field of a part',
    { messages: [{ role: 'user', content: [{ type: 'text', text: 'x', cache_control: {} }] }] },
    'messages[0].content[0].cache_control',
    'unknown_parameter',
  ],
  ['no messages', { messages: undefined }, 'messages', 'missing_required_parameter'],
  ['no model', { model: undefined }, 'model', 'missing_required_parameter'],
  ['an empty list of messages', { messages: [] }, 'messages', 'empty_array'],
  ['messages that are text', { messages: 'Hi' }, 'messages', 'invalid_type'],
  ['an unknown role', { messages: [{ role: 'human', content: 'x' }] }, 'messages[0].role', 'invalid_value'],
  ['no role', { messages: [{ content: 'x' }] }, 'messages[0].role', 'missing_required_parameter'],
  ['no content', { messages: [{ role: 'user' }] }, 'messages[0].content', 'missing_required_parameter'],
  ['null as a user’s content', { messages: [{ role: 'user', content: null }] }, 'messages[0].content', 'invalid_type'],
  ['an unknown part', { messages: [{ role: 'user', content: [{ type: 'image', source: {} }] }] }, 'messages[0].content[0].type', 'invalid_value'],
  [
    'an image in a system message',
    { messages: [{ role: 'system', content: [{ type: 'image_url', image_url: { url: 'https://x/y' } }] }] },
    'messages[0].content[0].type',
    'invalid_value',
  ],
  ['a mute assistant', { messages: [user, { role: 'assistant', content: null }] }, 'messages[1].content', 'invalid_type'],
  ['an image that is no address', image('cat.png'), 'messages[0].content[0].image_url.url', 'invalid_image_url'],
  ['an image that is no picture', image('data:text/plain;base64,aGk='), 'messages[0].content[0].image_url.url', 'invalid_image_url'],
  [
    'an image address that is an object',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: 'https://x/y' }] }] },
    'messages[0].content[0].image_url',
    'invalid_type',
  ],
  ['a tool message without a call', { messages: [user, result('a')] }, 'messages[1].role', null],
  ['a tool message behind another message', { messages: [user, calls('a'), result('a'), user, result('a')] }, 'messages[4].role', null],
  ['a tool message with another id', { messages: [user, calls('a'), result('b')] }, 'messages[2].role', null],
  ['two answers to one call', { messages: [user, calls('a'), result('a'), result('a')] }, 'messages[3].role', null],
  ['a call without an answer', { messages: [user, calls('a'), user] }, 'messages', null],
  ['one of two calls without an answer', { messages: [user, calls('a', 'b'), result('b')] }, 'messages', null],
  [
    'a call without an id',
    { messages: [user, { role: 'assistant', tool_calls: [{ ...call('a'), id: undefined }] }] },
    'messages[1].tool_calls[0].id',
    'missing_required_parameter',
  ],
  [
    'an id of more than 40 characters',
    { messages: [user, calls('a'.repeat(41)), result('a'.repeat(41))] },
    'messages[1].tool_calls[0].id',
    'string_above_max_length',
  ],
  [
    'arguments that are an object',
    { messages: [user, { role: 'assistant', tool_calls: [{ ...call('a'), function: { name: 'f', arguments: {} } }] }] },
    'messages[1].tool_calls[0].function.arguments',
    'invalid_type',
  ],
  [
    'audio in a data URL',
    { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'data:audio/wav;base64,aGk=', format: 'wav' } }] }] },
    'messages[0].content[0].input_audio.data',
    'invalid_value',
  ],
  [
    'a file that is bare base64',
    { messages: [{ role: 'user', content: [{ type: 'file', file: { filename: 'a.pdf', file_data: 'aGk=' } }] }] },
    'messages[0].content[0].file.file_data',
    'invalid_value',
  ],
  [
    'a file without a name',
    { messages: [{ role: 'user', content: [{ type: 'file', file: { file_data: 'data:application/pdf;base64,aGk=' } }] }] },
    'messages[0].content[0].file.filename',
    'missing_required_parameter',
  ],
  ['an empty file', { messages: [{ role: 'user', content: [{ type: 'file', file: {} }] }] }, 'messages[0].content[0].file', 'invalid_value'],
  ['an effort that the model does not have', { model: 'gpt-5-mini', reasoning_effort: 'none' }, 'reasoning_effort', 'unsupported_value'],
  ['a prediction beside tools', { prediction: { type: 'content', content: 'x' }, tools: [f] }, 'tools', 'unsupported_parameter'],
  [
    'strict parameters that are open',
    { tools: [{ type: 'function', function: { ...f.function, strict: true } }] },
    'tools[0].function.parameters',
    'invalid_function_parameters',
  ],
  [
    'a strict format that is open',
    { response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema: { type: 'object' } } } },
    'response_format',
    null,
  ],
  ['metadata that is no text', { metadata: { a: 1 } }, 'metadata.a', 'invalid_type'],
  ['an empty list of calls', { messages: [user, { role: 'assistant', content: 'x', tool_calls: [] }] }, 'messages[1].tool_calls', 'empty_array'],
  ['a tool name with a blank', { tools: [{ type: 'function', function: { name: 'get weather' } }] }, 'tools[0].function.name', 'invalid_value'],
  [
    'a tool name of 65 characters',
    { tools: [{ type: 'function', function: { name: 'f'.repeat(65) } }] },
    'tools[0].function.name',
    'string_above_max_length',
  ],
  ['a tool in Anthropic’s form', { tools: [{ name: 'f', input_schema: { type: 'object' } }] }, 'tools[0].type', 'missing_required_parameter'],
  [
    'parameters that are no object’s',
    { tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] },
    'tools[0].function.parameters',
    'invalid_function_parameters',
  ],
  ['an empty list of tools', { tools: [] }, 'tools', 'empty_array'],
  ['tool_choice without tools', { tool_choice: 'auto' }, 'tool_choice', null],
  ['parallel_tool_calls without tools', { parallel_tool_calls: true }, 'parallel_tool_calls', null],
  ['tool_choice in Anthropic’s words', { tools: [f], tool_choice: 'any' }, 'tool_choice', 'invalid_value'],
  ['tool_choice of a tool that is not there', { tools: [f], tool_choice: { type: 'function', function: { name: 'g' } } }, 'tool_choice', null],
  ['a temperature above 2', { temperature: 2.1 }, 'temperature', 'decimal_above_max_value'],
  ['a temperature below 0', { temperature: -0.1 }, 'temperature', 'decimal_below_min_value'],
  ['a temperature in quotes', { temperature: '1' }, 'temperature', 'invalid_type'],
  ['max_tokens of 0', { max_tokens: 0 }, 'max_tokens', 'integer_below_min_value'],
  ['half a token', { max_tokens: 1.5 }, 'max_tokens', 'invalid_type'],
  ['more output than the model has', { max_tokens: 16_385 }, 'max_tokens', 'invalid_value'],
  ['both limits', { max_tokens: 5, max_completion_tokens: 5 }, 'max_tokens', 'invalid_parameter_combination'],
  ['max_tokens for a reasoning model', { model: 'gpt-5-mini', max_tokens: 5 }, 'max_tokens', 'unsupported_parameter'],
  ['max_tokens for an o model', { model: 'o3', max_tokens: 5 }, 'max_tokens', 'unsupported_parameter'],
  ['a temperature for a model that always reasons', { model: 'gpt-5', temperature: 0.5 }, 'temperature', 'unsupported_value'],
  ['top_p for a model that always reasons', { model: 'o4-mini', top_p: 0.5 }, 'top_p', 'unsupported_parameter'],
  ['stop for a model that always reasons', { model: 'gpt-5-nano', stop: ['x'] }, 'stop', 'unsupported_parameter'],
  ['penalties for a model that always reasons', { model: 'gpt-5-nano', presence_penalty: 1 }, 'presence_penalty', 'unsupported_parameter'],
  ['reasoning_effort for a model that does not reason', { reasoning_effort: 'low' }, null, null],
  ['five stop sequences', { stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop', 'array_above_max_length'],
  ['stream_options without a stream', { stream_options: { include_usage: true } }, 'stream_options', null],
  ['stream in quotes', { stream: 'true' }, 'stream', 'invalid_type'],
  ['129 choices', { n: 129 }, 'n', 'integer_above_max_value'],
  ['top_logprobs without logprobs', { top_logprobs: 2 }, 'top_logprobs', null],
  ['json_object without a word of JSON', { response_format: { type: 'json_object' } }, 'messages', null],
  ['an unknown response format', { response_format: { type: 'xml' } }, 'response_format.type', 'invalid_value'],
];

test.each(refused)('refuses %s', async (_name, fields, param, code) => {
  expect(await errorOf(await ask(openAIFixture, fake, fields))).toEqual({
    status: 400,
    type: 'invalid_request_error',
    message: expect.any(String) as unknown,
    param,
    code,
  });
});

test.each([
  ['null where the SDK says null', { temperature: null, stop: null, max_tokens: null, stream: null, stream_options: null, n: null }],
  [
    'every role',
    {
      messages: [
        { role: 'developer', content: 'a' },
        { role: 'system', content: [{ type: 'text', text: 'b' }] },
        user,
        calls('a', 'b'),
        result('b'),
        result('a'),
        { role: 'assistant', content: 'c' },
        user,
      ],
    },
  ],
  [
    'parts',
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'low' } },
          ],
        },
      ],
    },
  ],
  ['an image as data', image('data:image/png;base64,iVBORw0KGgo=')],
  ['empty text', { messages: [{ role: 'user', content: '' }] }],
  ['an assistant message as first and as last', { messages: [{ role: 'assistant', content: 'a' }] }],
  ['its own answer back', { messages: [user, { role: 'assistant', content: 'a', refusal: null, annotations: [] }, user] }],
  [
    'all that a reasoning model takes',
    { model: 'gpt-5-mini', max_completion_tokens: 5, temperature: 1, top_p: 1, reasoning_effort: 'minimal', verbosity: 'low' },
  ],
  ['sampling for a model that need not reason', { model: 'gpt-5.1', temperature: 0.2, reasoning_effort: 'none' }],
  ['tools', { tools: [f], tool_choice: { type: 'function', function: { name: 'f' } }, parallel_tool_calls: false }],
  ['a tool without parameters', { tools: [{ type: 'function', function: { name: 'f', strict: null } }] }],
  ['json_object with the word', { messages: [{ role: 'user', content: 'as Json' }], response_format: { type: 'json_object' } }],
])('takes %s', async (_name, fields) => {
  const response = await ask(openAIFixture, fake, fields);
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
});
