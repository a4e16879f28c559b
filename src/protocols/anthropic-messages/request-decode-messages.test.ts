import { expect, test } from 'vitest';
import { text } from '../../../test/recordings/anthropic-messages/encoding.ts';
import { parseJson } from '../../framing/json.ts';
import { decodeRequest } from './request-decode.ts';

const minimal = { model: 'fast', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] };
const decode = (body: object) => decodeRequest(parseJson(Buffer.from(JSON.stringify(body))));
const messagesOf = (...messages: object[]) => decode({ ...minimal, messages });
const tools = [{ name: 'f', input_schema: { type: 'object' } }];

test('decodes documents of every kind, with their titles', () => {
  const { value, warnings } = messagesOf({
    role: 'user',
    content: [
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }, title: 'CV', citations: { enabled: false } },
      { type: 'document', source: { type: 'url', url: 'https://a.example/cv.pdf' } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Born.' } },
      { type: 'document', source: { type: 'content', content: 'Learned.' } },
      { type: 'document', source: { type: 'content', content: [text('Worked.'), text('Wed.')] } },
      { type: 'search_result', source: 'https://b.example/', title: 'Found', content: [text('Died.')] },
    ],
  });
  expect(value.messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBERi0=' }, name: 'CV' },
        { type: 'document', source: { kind: 'url', url: 'https://a.example/cv.pdf' } },
        { type: 'document', source: { kind: 'text', text: 'Born.' } },
        { type: 'document', source: { kind: 'text', text: 'Learned.' } },
        { type: 'document', source: { kind: 'text', text: 'Worked.\nWed.' } },
        { type: 'document', source: { kind: 'text', text: 'Died.' }, name: 'Found' },
      ],
    },
  ]);
  expect(warnings.map(({ field }) => field)).toEqual(['messages[0].content[5].source']);
});

test('decodes thinking with its signature, and redacted thinking, whoever sealed them', () => {
  const { value, warnings } = messagesOf({
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
      { type: 'thinking', thinking: '', signature: 'rmr1_x' },
      { type: 'thinking', thinking: 'Unsigned.', signature: '' },
      { type: 'thinking', thinking: '', signature: '' },
      { type: 'redacted_thinking', data: 'opaque' },
      text('b'),
    ],
  });
  expect(value.messages).toEqual([
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Hm.', state: { origin: 'anthropic', kind: 'signature', value: 'sig' } },
        { type: 'reasoning', text: '', state: { origin: 'anthropic', kind: 'signature', value: 'rmr1_x' } },
        { type: 'reasoning', text: 'Unsigned.' },
        { type: 'reasoning', text: '', state: { origin: 'anthropic', kind: 'encrypted', value: 'opaque' } },
        text('b'),
      ],
    },
  ]);
  expect(warnings).toEqual([]);
});

test('decodes marks for the prompt cache wherever they stand', () => {
  const cache_control = { type: 'ephemeral' };
  const hour = { cache_control: { ...cache_control, ttl: '1h' } };
  const { value, warnings } = decode({
    ...minimal,
    system: [{ ...text('s'), ...hour }],
    tools: [{ ...tools[0], cache_control: { ...cache_control, ttl: '5m' } }],
    messages: [
      { role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'https://a.example/i.png' }, cache_control }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: {}, cache_control }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'r', cache_control }] },
    ],
  });
  expect(warnings).toEqual([]);
  expect(value.tools).toMatchObject([{ cache: { ttl: '5m' } }]);
  expect(value.messages).toMatchObject([
    { content: [{ cache: { ttl: '1h' } }] },
    { content: [{ cache: {} }] },
    { content: [{ cache: {} }] },
    { role: 'tool', cache: {} },
  ]);
});

test('a mark on the whole request is one on its last content', () => {
  const cache_control = { type: 'ephemeral', ttl: '1h' };
  expect(decode({ ...minimal, cache_control }).value.messages).toEqual([{ role: 'user', content: [{ ...text('Hi'), cache: { ttl: '1h' } }] }]);
  const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'r' }] };
  expect(decode({ ...minimal, messages: [result], cache_control }).value.messages).toMatchObject([{ role: 'tool', cache: { ttl: '1h' } }]);
});
