import { expect, test } from 'vitest';
import { everyField } from '../../../test/recordings/anthropic-messages/requests.ts';
import { parseJson } from '../../framing/json.ts';
import { requestTexts } from './request-texts.ts';

const spotsOf = (body: unknown) => requestTexts(parseJson(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))));
/** What a redactor would see: texts as they are, all texts and names of a tree. */
const seen = (body: unknown): string[] =>
  spotsOf(body).flatMap(({ node, kind }) => (kind === 'tree' ? textsIn(JSON.parse(node.text)) : [node.string()]));

function textsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? [value] : [];
  return Array.isArray(value) ? value.flatMap(textsIn) : Object.entries(value).flatMap(([key, field]) => [key, ...textsIn(field)]);
}
const inMessage = (...content: unknown[]) => ({ messages: [{ role: 'user', content }] });

test('finds what people write in every known place', () => {
  const body = {
    system: [{ type: 'text', text: 'system text' }],
    messages: [
      { role: 'user', content: 'plain text' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'block text', citations: [{ type: 'char_location', cited_text: 'cited', document_title: 'cited title' }] },
          { type: 'document', title: 'title', context: 'context', source: { type: 'text', media_type: 'text/plain', data: 'document text' } },
          { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'document block' }] } },
          { type: 'search_result', source: 'https://a.example/', title: 'found', content: [{ type: 'text', text: 'result text' }] },
          { type: 'tool_result', tool_use_id: 't', content: 'result string' },
          { type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'result block' }] },
          { type: 'image', source: { type: 'url', url: 'https://b.example/?for=ann' } },
        ],
      },
      { role: 'assistant', content: [{ type: 'thinking', thinking: 'thought', signature: 's' }] },
    ],
    tools: [{ name: 'f', description: 'tool text', input_schema: {}, user_location: { city: 'Bern' } }],
    stop_sequences: ['stop text'],
    metadata: { user_id: 'ann@example.com' },
  };
  const texts = ['system text', 'plain text', 'block text', 'cited', 'cited title', 'title', 'context', 'document text', 'document block'];
  const more = [
    'https://a.example/',
    'found',
    'result text',
    'result string',
    'result block',
    'https://b.example/?for=ann',
    'thought',
    'tool text',
    'Bern',
  ];
  expect(seen(body)).toEqual(expect.arrayContaining([...texts, ...more, 'stop text', 'ann@example.com']));
});

test('finds text in blocks that did not exist when this was written, names of fields included', () => {
  expect(seen(inMessage({ type: 'hologram', id: 'h1', caption: { 'ann@example.com': ['deep'] }, data: 'new data' }))).toEqual([
    'caption',
    'ann@example.com',
    'deep',
    'data',
    'new data',
  ]);
});

test('leaves out what the API compares, verifies or decodes', () => {
  const base64 = { type: 'base64', media_type: 'image/png', data: 'AAAA' };
  const blocks = [
    { type: 'image', source: base64 },
    { type: 'tool_use', id: 't1', name: 'f', input: null },
    { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'image', source: base64 }] },
    { type: 'redacted_thinking', data: 'opaque' },
    { type: 'image', source: { type: 'file', file_id: 'file_1' } },
    { type: 'web_search_tool_result', tool_use_id: 't2', content: [{ type: 'web_search_result', encrypted_content: 'opaque' }] },
  ];
  const body = {
    model: 'fast',
    service_tier: 'auto',
    tool_choice: { type: 'tool', name: 'f' },
    thinking: { type: 'adaptive', display: 'omitted' },
    ...inMessage(...blocks),
  };
  expect(seen(body)).toEqual([]);
});

test.each(['"type":"text","type":"redacted_thinking"', '"type":"redacted_thinking","type":"text"'])(
  'a block that names two types hides nothing: %s',
  (types) => {
    expect(seen(`{"messages":[{"role":"user","content":[{${types},"data":"ann@example.com"}]}]}`)).toEqual(['data', 'ann@example.com']);
  },
);

test('what claims to be base64 and is none is text', () => {
  expect(seen(inMessage({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'ann@example.com' } }))).toEqual([
    'ann@example.com',
  ]);
});

test('the input of a tool is one tree', () => {
  const spots = spotsOf(
    '{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"phone":18005550199,"who":"Ann"}}]}]}',
  );
  expect(spots.map(({ node, kind }) => [kind, node.text])).toEqual([['tree', '{"phone":18005550199,"who":"Ann"}']]);
});

test('a schema for the answer is read like that of a tool', () => {
  const format = { type: 'json_schema', schema: { properties: { name: { type: 'string', description: 'text' } } } };
  expect(seen({ output_config: { effort: 'low', format } })).toEqual(['text']);
});

test('no field of the SDK is unknown', () => {
  const names = spotsOf(everyField).filter(({ node }) => node.path === '' || node.path.endsWith('.'));
  expect(names.map(({ node }) => node.text)).toEqual([]);
});
