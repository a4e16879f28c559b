import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf } from '../../fakes.fixture.ts';
import { startFakeOpenAI } from '../../openai.ts';
import type { FakeProvider } from '../../server.ts';
import { sealState } from '../../state-token.ts';

let fake: FakeProvider;
beforeAll(async () => void (fake = await startFakeOpenAI({ apiKey: 'key' })));
afterAll(() => fake.stop());

const user = { role: 'user', content: 'Hi' };
const call = (call_id: string) => ({ type: 'function_call', call_id, name: 'f', arguments: '{}' });
const output = (call_id: string) => ({ type: 'function_call_output', call_id, output: 'done' });
const reasoning = (fields: object) => ({ type: 'reasoning', id: 'rs_1', summary: [], ...fields });
const state = (id: string) => sealState('openai key', `${id}\nlet me see`);
const f = { type: 'function', name: 'f', parameters: { type: 'object', properties: {} } };
const part = (content: object) => ({ input: [{ role: 'user', content: [content] }] });
const format = (fields: object) => ({ text: { format: { type: 'json_schema', name: 'x', ...fields } } });
const closed = { type: 'object', additionalProperties: false, properties: { a: { type: 'string' } }, required: ['a'] };

const send = (fields: Record<string, unknown>): Promise<Response> =>
  fetch(`${fake.url}/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer key' },
    body: JSON.stringify({ model: 'gpt-5-mini', input: 'Hi', ...fields }),
  });

type Case = [name: string, fields: Record<string, unknown>, param: string | null, code: string | null, status?: number];

const refused: Case[] = [
  ['an unknown field', { messages: [] }, null, null],
  ['no model', { model: undefined }, 'model', 'missing_required_parameter'],
  ['an unknown model', { model: 'gpt-99' }, null, 'model_not_found', 404],
  ['no input', { input: undefined }, 'input', 'missing_required_parameter'],
  ['an unknown item', { input: [{ type: 'tool', content: 'x' }] }, 'input[0].type', 'invalid_value'],
  ['an unknown field of an item', { input: [{ ...user, name: 'Zoë' }] }, 'input[0].name', 'unknown_parameter'],
  ['an unknown role', { input: [{ role: 'tool', content: 'x' }] }, 'input[0].role', 'invalid_value'],
  ['a part of Chat Completions', part({ type: 'text', text: 'x' }), 'input[0].content[0].type', 'invalid_value'],
  ['output text of the user', part({ type: 'output_text', text: 'x' }), 'input[0].content[0].type', 'invalid_value'],
  [
    'input text of the assistant',
    { input: [{ role: 'assistant', content: [{ type: 'input_text', text: 'x' }] }] },
    'input[0].content[0].type',
    'invalid_value',
  ],
  ['an image that is no address', part({ type: 'input_image', image_url: 'cat.png' }), 'input[0].content[0].image_url', 'invalid_image_url'],
  ['an image without an address', part({ type: 'input_image' }), 'input[0].content[0]', 'invalid_value'],
  [
    'an image address in an object',
    part({ type: 'input_image', image_url: { url: 'https://x/y' } }),
    'input[0].content[0].image_url',
    'invalid_type',
  ],
  [
    'a file that is bare base64',
    part({ type: 'input_file', filename: 'a.pdf', file_data: 'aGk=' }),
    'input[0].content[0].file_data',
    'invalid_value',
  ],
  ['a file that was never uploaded', part({ type: 'input_file', file_id: 'file-9' }), 'input[0].content[0].file_id', null, 404],
  ['an id of another kind of item', { input: [user, { ...call('a'), id: 'msg_1' }, output('a')] }, 'input[1].id', 'invalid_value'],
  [
    'a call id of more than 64 characters',
    { input: [user, call('a'.repeat(65)), output('a'.repeat(65))] },
    'input[1].call_id',
    'string_above_max_length',
  ],
  ['an output without a call', { input: [user, output('a')] }, 'input', null],
  ['two outputs of one call', { input: [user, call('a'), output('a'), output('a')] }, 'input', null],
  ['an output before its call', { input: [user, output('a'), call('a')] }, 'input', null],
  ['a call without an output', { input: [user, call('a'), user] }, 'input', null],
  [
    'two items of one id',
    { input: [user, { ...user, type: 'message', id: 'msg_1' }, { ...user, type: 'message', id: 'msg_1' }] },
    'input',
    'duplicate_item',
  ],
  ['a reference to nothing', { input: [{ type: 'item_reference', id: 'msg_9' }] }, 'input', null, 404],
  ['reasoning that is not stored', { input: [user, reasoning({}), call('a'), output('a')] }, 'input', null, 404],
  [
    'reasoning of another account',
    { input: [user, reasoning({ encrypted_content: sealState('openai other', 'rs_1\n') }), call('a'), output('a')] },
    null,
    'invalid_encrypted_content',
  ],
  [
    'reasoning of another item',
    { input: [user, reasoning({ encrypted_content: state('rs_2') }), call('a'), output('a')] },
    null,
    'invalid_encrypted_content',
  ],
  [
    'reasoning that was made up',
    { input: [user, reasoning({ encrypted_content: 'gAAAAA==' }), call('a'), output('a')] },
    null,
    'invalid_encrypted_content',
  ],
  ['reasoning without what followed it', { input: [user, reasoning({ encrypted_content: state('rs_1') }), user] }, 'input', null],
  ['reasoning at the end', { input: [user, reasoning({ encrypted_content: state('rs_1') })] }, 'input', null],
  ['a previous response that is not there', { previous_response_id: 'resp_9' }, 'previous_response_id', 'previous_response_not_found'],
  ['a limit below 16', { max_output_tokens: 15 }, 'max_output_tokens', 'integer_below_min_value'],
  ['more output than the model has', { max_output_tokens: 200_000 }, 'max_output_tokens', 'invalid_value'],
  ['temperature where it cannot be set', { temperature: 0.5 }, 'temperature', 'unsupported_parameter'],
  ['top_p where it cannot be set', { top_p: 0.5 }, 'top_p', 'unsupported_parameter'],
  ['effort of a model that does not reason', { model: 'gpt-4o', reasoning: { effort: 'low' } }, 'reasoning.effort', 'unsupported_parameter'],
  ['an effort that the model does not have', { reasoning: { effort: 'none' } }, 'reasoning.effort', 'unsupported_value'],
  ['encrypted reasoning of a model that does not reason', { model: 'gpt-4o', include: ['reasoning.encrypted_content'] }, 'include', null],
  ['top_logprobs alone', { model: 'gpt-4o', top_logprobs: 2 }, 'top_logprobs', null],
  ['stream_options without a stream', { stream_options: { include_obfuscation: false } }, 'stream_options', null],
  [
    'usage options of Chat Completions',
    { stream: true, stream_options: { include_usage: true } },
    'stream_options.include_usage',
    'unknown_parameter',
  ],
  ['a tool of Chat Completions', { tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools[0].function', 'unknown_parameter'],
  ['parameters that are no object', { tools: [{ ...f, parameters: { type: 'string' } }] }, 'tools[0].parameters', 'invalid_function_parameters'],
  ['strict parameters that are open', { tools: [{ ...f, strict: true }] }, 'tools[0].parameters', 'invalid_function_parameters'],
  ['a choice of no tool', { tools: [f], tool_choice: { type: 'function', name: 'g' } }, 'tool_choice', null],
  ['a required tool of none', { tool_choice: 'required' }, 'tool_choice', null],
  ['a format without a name', format({ name: undefined, schema: closed }), 'text.format.name', 'missing_required_parameter'],
  ['a strict format that is open', format({ strict: true, schema: { type: 'object', properties: {} } }), 'text.format.schema', 'invalid_json_schema'],
  [
    'a strict format with an optional property',
    format({ strict: true, schema: { ...closed, required: [] } }),
    'text.format.schema',
    'invalid_json_schema',
  ],
  ['JSON without the word', { text: { format: { type: 'json_object' } } }, 'input', null],
  ['response_format', { response_format: { type: 'json_object' } }, null, null],
  ['metadata that is no text', { metadata: { a: 1 } }, 'metadata.a', 'invalid_type'],
  [
    'too much metadata',
    { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v'])) },
    'metadata',
    'array_above_max_length',
  ],
  ['a conversation', { conversation: 'conv_1' }, 'conversation', null, 404],
  ['work in the background', { background: true }, 'background', 'unsupported_parameter'],
];

test.each(refused)('refuses %s', async (_name, fields, param, code, status = 400) => {
  expect(await errorOf(await send(fields))).toMatchObject({
    status,
    param,
    code,
    type: 'invalid_request_error',
    message: expect.any(String) as unknown,
  });
});

test.each<[name: string, fields: Record<string, unknown>]>([
  ['an image by its address', part({ type: 'input_image', image_url: 'https://x/y', detail: 'auto' })],
  ['an image in base64', part({ type: 'input_image', image_url: 'data:image/png;base64,aGk=' })],
  ['a file in base64', part({ type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,aGk=' })],
  ['a file by its address', part({ type: 'input_file', file_url: 'https://x/y.pdf' })],
  ['an image as the output of a tool', { input: [user, call('a'), { ...output('a'), output: [{ type: 'input_image', image_url: 'https://x/y' }] }] }],
  ['instructions in each role', { input: [{ role: 'system', content: 'x' }, { role: 'developer', content: 'y' }, user] }],
  ['a turn of the assistant', { input: [user, { role: 'assistant', content: [{ type: 'output_text', text: 'x' }] }, user] }],
  ['reasoning with its state', { input: [user, reasoning({ encrypted_content: state('rs_1') }), call('a'), output('a')] }],
  ['a custom tool', { tools: [{ type: 'custom', name: 'g' }], tool_choice: { type: 'custom', name: 'g' } }],
  ['a tool that the provider runs', { tools: [{ type: 'web_search' }] }],
  ['a strict format', format({ strict: true, schema: closed })],
  ['an open format', format({ schema: { type: 'object' } })],
  ['sampling where it can be set', { model: 'gpt-4o', temperature: 0.5, top_p: 0.5 }],
  ['the rest', { metadata: { a: 'b' }, user: 'u', safety_identifier: 's', truncation: 'auto', service_tier: 'flex', prompt_cache_key: 'k' }],
])('takes %s', async (_name, fields) => {
  expect(await (await send(fields)).json()).toMatchObject({ object: 'response' });
});
