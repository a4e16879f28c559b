import { afterAll, beforeAll, expect, test } from 'vitest';
import { anthropicFixture, ask, errorOf } from '../fakes.fixture.ts';
import type { FakeProvider } from '../server.ts';
import { signatureOf } from './signature.ts';

let fake: FakeProvider;
beforeAll(async () => void (fake = await anthropicFixture.start()));
afterAll(() => fake.stop());

const user = { role: 'user', content: 'Hi' };
const text = (words: string) => ({ type: 'text', text: words });
const use = (id: string) => ({ type: 'tool_use', id, name: 'f', input: {} });
const result = (tool_use_id: string) => ({ type: 'tool_result', tool_use_id, content: 'done' });
const assistant = (...content: unknown[]) => ({ role: 'assistant', content });
const answers = (...content: unknown[]) => ({ role: 'user', content });
const tools = [{ name: 'f', input_schema: { type: 'object' } }];
const thinking = { type: 'enabled', budget_tokens: 1024 };
const thought = (signature: string) => ({ type: 'thinking', thinking: 'hm', signature });
const image = (source: unknown) => ({ messages: [answers({ type: 'image', source })] });
const document = (source: unknown) => ({ messages: [answers({ type: 'document', source })] });
const closed = { type: 'object', additionalProperties: false, properties: { a: { type: 'string' } }, required: ['a'] };
const format = (schema: unknown) => ({ output_config: { format: { type: 'json_schema', schema } } });
const cached = { ...text('x'), cache_control: { type: 'ephemeral' } };

const refused: [name: string, fields: Record<string, unknown>, place: string][] = [
  ['no max_tokens', { max_tokens: undefined }, 'max_tokens'],
  ['no model', { model: undefined }, 'model'],
  ['no messages', { messages: undefined }, 'messages'],
  ['an empty list of messages', { messages: [] }, 'messages'],
  ['an unknown field', { frequency_penalty: 1 }, 'frequency_penalty'],
  ['OpenAI’s stop', { stop: ['x'] }, 'stop'],
  ['an unknown field of a message', { messages: [{ ...user, name: 'x' }] }, 'messages.0.name'],
  ['an unknown field of a block', { messages: [answers({ ...text('x'), detail: 1 })] }, 'messages.0.content.0.text.detail'],
  ['an unknown field of a tool', { tools: [{ ...tools[0], parameters: {} }] }, 'tools.0.custom.parameters'],
  [
    'an unknown field of cache_control',
    { system: [{ ...text('x'), cache_control: { type: 'ephemeral', scope: 'x' } }] },
    'system.0.text.cache_control.ephemeral.scope',
  ],
  ['an unknown role', { messages: [{ role: 'tool', content: 'x' }] }, 'messages.0.role'],
  ['a system message', { messages: [user, { role: 'system', content: 'x' }] }, 'messages.1.role'],
  ['a system message as the first', { model: 'claude-opus-5', messages: [{ role: 'system', content: 'x' }, user] }, 'messages'],
  ['an assistant message as the first', { messages: [{ role: 'assistant', content: 'x' }, user] }, 'messages'],
  ['null as content', { messages: [{ role: 'user', content: null }] }, 'messages.0.content'],
  ['empty content', { messages: [{ role: 'user', content: '' }] }, 'messages.0'],
  ['an empty list of blocks', { messages: [user, assistant(), user] }, 'messages.1'],
  ['an empty text block', { messages: [answers(text(''))] }, 'messages.0'],
  ['a text block of white space', { messages: [answers(text(' \n'))] }, 'messages.0'],
  ['an empty text block of the system prompt', { system: [text('')] }, 'system'],
  ['an unknown block', { messages: [answers({ type: 'image_url', image_url: {} })] }, 'messages.0.content.0.type'],
  ['a tool use of the user', { messages: [answers(use('a'))], tools }, 'messages.0'],
  ['a tool result of the assistant', { messages: [user, assistant(result('a')), user], tools }, 'messages.1'],
  ['a tool use without a result', { messages: [user, assistant(use('a')), user], tools }, 'messages.1'],
  ['a tool use at the end', { messages: [user, assistant(use('a'))], tools }, 'messages.1'],
  ['one of two tool uses without a result', { messages: [user, assistant(use('a'), use('b')), answers(result('a'))], tools }, 'messages.1'],
  ['a tool result behind text', { messages: [user, assistant(use('a')), answers(text('x'), result('a'))], tools }, 'messages.1'],
  [
    'a tool result one message late',
    { messages: [user, assistant(use('a')), answers(result('a')), assistant(text('x')), answers(result('a'))], tools },
    'messages.4.content.0',
  ],
  ['a tool result without a tool use', { messages: [answers(result('a'))], tools }, 'messages.0.content.0'],
  ['two results of one tool use', { messages: [user, assistant(use('a')), answers(result('a'), result('a'))], tools }, 'messages.2.content.1'],
  ['an id used twice', { messages: [user, assistant(use('a')), answers(result('a')), assistant(use('a')), answers(result('a'))], tools }, 'messages'],
  ['an id with a colon', { messages: [user, assistant(use('a:b')), answers(result('a:b'))], tools }, 'messages.1.content.0.tool_use.id'],
  [
    'input that is text',
    { messages: [user, assistant({ ...use('a'), input: '{}' }), answers(result('a'))], tools },
    'messages.1.content.0.tool_use.input',
  ],
  ['tool blocks without tools', { messages: [user, assistant(use('a')), answers(result('a'))] }, 'tools'],
  ['a tool name with a blank', { tools: [{ ...tools[0], name: 'get weather' }] }, 'tools.0.custom.name'],
  ['a tool without a schema', { tools: [{ name: 'f' }] }, 'tools.0.custom.input_schema'],
  ['a schema that is no object’s', { tools: [{ name: 'f', input_schema: { type: 'string' } }] }, 'tools.0.custom.input_schema.type'],
  ['a tool in OpenAI’s form', { tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools.0.custom.function'],
  ['two tools of one name', { tools: [...tools, ...tools] }, 'tools'],
  ['tool_choice without tools', { tool_choice: { type: 'any' } }, 'tool_choice'],
  ['tool_choice in OpenAI’s words', { tools, tool_choice: 'required' }, 'tool_choice'],
  ['tool_choice of a tool that is not there', { tools, tool_choice: { type: 'tool', name: 'g' } }, 'tool_choice'],
  ['a temperature above 1', { temperature: 1.5 }, 'temperature'],
  ['temperature and top_p', { temperature: 0.5, top_p: 0.5 }, 'temperature'],
  ['a temperature for a model that has none', { model: 'claude-opus-5', temperature: 0.5 }, 'temperature'],
  ['top_k for a model that has none', { model: 'claude-opus-4-7', top_k: 5 }, 'top_k'],
  ['null for temperature', { temperature: null }, 'temperature'],
  ['more output than the model has', { max_tokens: 64_001 }, 'max_tokens'],
  ['max_tokens in quotes', { max_tokens: '5' }, 'max_tokens'],
  ['an empty stop sequence', { stop_sequences: [''] }, 'stop_sequences.0'],
  ['a stop sequence that is no list', { stop_sequences: 'x' }, 'stop_sequences'],
  [
    'an image of another type',
    image({ type: 'base64', media_type: 'image/bmp', data: 'aGk=' }),
    'messages.0.content.0.image.source.base64.media_type',
  ],
  [
    'an image with its data URL',
    image({ type: 'base64', media_type: 'image/png', data: 'data:image/png;base64,aGk=' }),
    'messages.0.content.0.image.source.base64.data',
  ],
  ['an image that is no address', image({ type: 'url', url: 'cat.png' }), 'messages.0.content.0.image.source.url.url'],
  ['an image without a type', image({ url: 'https://x/y' }), 'messages.0.content.0.image.source.type'],
  ['five cache breakpoints', { system: [cached, cached, cached, cached], messages: [answers(cached)] }, 'cache_control'],
  ['prefill for a model that takes none', { model: 'claude-opus-4-6', messages: [user, assistant(text('x'))] }, 'messages'],
  ['prefill with white space at its end', { messages: [user, assistant(text('x '))] }, 'messages'],
  ['a thinking budget below 1,024', { thinking: { ...thinking, budget_tokens: 1000 } }, 'thinking.enabled.budget_tokens'],
  ['a thinking budget of all the tokens', { max_tokens: 1024, thinking }, 'thinking.enabled.budget_tokens'],
  ['a temperature with thinking', { max_tokens: 2000, thinking, temperature: 0.5 }, 'temperature'],
  ['a forced tool with thinking', { max_tokens: 2000, thinking, tools, tool_choice: { type: 'any' } }, 'tool_choice'],
  [
    'a tool use without its thinking',
    { max_tokens: 2000, thinking, tools, messages: [user, assistant(use('a')), answers(result('a'))] },
    'messages.1.content.0.type',
  ],
  ['a thinking block that was changed', { messages: [user, assistant(thought('x'), text('y')), user] }, 'messages.1.content.0'],
  ['a thinking block of other thoughts', { messages: [user, assistant(thought(signatureOf('other')), text('y')), user] }, 'messages.1.content.0'],
  [
    'redacted thinking that was made up',
    { messages: [user, assistant({ type: 'redacted_thinking', data: 'eHh4' }, text('y')), user] },
    'messages.1.content.0',
  ],
  [
    'a PDF in a data URL',
    document({ type: 'base64', media_type: 'application/pdf', data: 'data:application/pdf;base64,aGk=' }),
    'messages.0.content.0.document.source.base64.data',
  ],
  [
    'a text document of another type',
    document({ type: 'text', media_type: 'text/html', data: 'x' }),
    'messages.0.content.0.document.source.text.media_type',
  ],
  ['a document that is no address', document({ type: 'url', url: 'a.pdf' }), 'messages.0.content.0.document.source.url.url'],
  [
    'an output format of OpenAI',
    { output_config: { format: { type: 'json_schema', json_schema: {} } } },
    'output_config.format.json_schema.json_schema',
  ],
  ['an output format that is open', format({ type: 'object', properties: {} }), 'output_config.format.schema'],
  ['an output format with limits', format({ ...closed, properties: { a: { type: 'integer', minimum: 1 } } }), 'output_config.format.schema'],
  ['an output format with prefill', { ...format(closed), messages: [user, assistant(text('x'))] }, 'output_config.format'],
  ['strict tools that are open', { tools: [{ ...tools[0], strict: true }] }, 'tools.0.custom.input_schema'],
  ['output_format without its beta', { output_format: { type: 'json_schema', schema: closed } }, 'output_format'],
  ['a user id of 257 characters', { metadata: { user_id: 'x'.repeat(257) } }, 'metadata.user_id'],
];

test.each(refused)('refuses %s', async (_name, fields, place) => {
  const error = await errorOf(await ask(anthropicFixture, fake, fields));
  expect(error).toEqual({ status: 400, type: 'invalid_request_error', message: expect.stringMatching(/^[\w.]+: /) as unknown });
  expect(String(error.message).split(': ')[0]).toBe(place);
});

test('puts the error into an envelope that names the request', async () => {
  const response = await ask(anthropicFixture, fake, { messages: [] });
  expect(await response.json()).toMatchObject({ type: 'error', request_id: response.headers.get('request-id') });
});

test.each([
  ['messages of one role in a row', { messages: [user, user, assistant(text('x')), assistant(text('y')), user] }],
  ['tool results in two messages', { tools, messages: [user, assistant(use('a'), use('b')), answers(result('b')), answers(result('a'), text('x'))] }],
  [
    'a tool result without content',
    { tools, messages: [user, assistant(use('a')), answers({ type: 'tool_result', tool_use_id: 'a', is_error: true })] },
  ],
  [
    'blocks in a tool result',
    {
      tools,
      messages: [
        user,
        assistant(use('a')),
        answers({ ...result('a'), content: [text('x'), { type: 'image', source: { type: 'url', url: 'https://x/y' } }] }),
      ],
    },
  ],
  ['prefill', { messages: [user, assistant(text('x'))] }],
  ['a system message after a user’s, for a model that takes them', { model: 'claude-opus-4-8', messages: [user, { role: 'system', content: 'x' }] }],
  ['a system prompt of text or blocks', { system: [cached] }],
  ['sampling options of an older model', { temperature: 1, top_k: 5 }],
  ['the default temperature for a model that has no other', { model: 'claude-opus-5', temperature: 1 }],
  ['adaptive thinking', { model: 'claude-sonnet-5', thinking: { type: 'adaptive' } }],
  ['a tool of the vendor’s own', { tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 5 }] }],
  ['an image as data', image({ type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' })],
  [
    'its own thinking back',
    { max_tokens: 2000, thinking, tools, messages: [user, assistant(thought(signatureOf('hm')), use('a')), answers(result('a'))] },
  ],
])('takes %s', async (_name, fields) => {
  const response = await ask(anthropicFixture, fake, fields);
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
});

const citedDocument = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' }, citations: { enabled: true } };
const citation = { type: 'char_location', cited_text: 'x', document_index: 0, document_title: null, start_char_index: 0, end_char_index: 1 };
const cited = { ...text('x'), citations: [citation] };

test.each([
  ['temperature', { temperature: 1 }, 'temperature'],
  ['top_p', { top_p: 0.5 }, 'top_p'],
  ['top_k', { top_k: 5 }, 'top_k'],
  ['a document of the assistant', { messages: [user, assistant(citedDocument), user] }, 'messages.1'],
  ['citations of the user', { messages: [answers(cited)] }, 'messages.0'],
  ['citations in a search result', { messages: [answers({ type: 'search_result', source: 's', title: 't', content: [cited] })] }, 'messages.0'],
])('refuses %s from version 2026-10-21 on', async (_name, fields, place) => {
  const headers = { ...anthropicFixture.headers(fake.apiKey), 'anthropic-version': '2026-10-21' };
  expect((await ask(anthropicFixture, fake, fields)).status).toBe(200);
  const error = await errorOf(await ask(anthropicFixture, fake, fields, { headers }));
  expect([error.status, String(error.message).split(': ')[0]]).toEqual([400, place]);
});

test('takes in version 2026-10-21 the user’s documents and the assistant’s citations', async () => {
  const headers = { ...anthropicFixture.headers(fake.apiKey), 'anthropic-version': '2026-10-21' };
  const messages = [answers(citedDocument, text('x')), assistant(cited), user];
  expect((await ask(anthropicFixture, fake, { messages }, { headers })).status).toBe(200);
});
