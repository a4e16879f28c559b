import { expect, test } from 'vitest';
import type { Message, UserContent } from '../../llm/request.ts';
import { calls, encode, text, tool, user } from '../../../test/recordings/anthropic-messages/encoding.ts';

const said = (...content: UserContent[]) => {
  const { body, fields } = encode({ messages: [{ role: 'user', content: [...content, text('?')] }] });
  return { content: (body['messages'] as [{ content: unknown }])[0].content, fields };
};
const pixel = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } } as const;
const written = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };
const base64 = (mediaType: string, data: string) => ({ kind: 'base64', mediaType, data }) as const;

test('images by URL, in base64 and in data URLs', () => {
  const linked = { type: 'image', source: { kind: 'url', url: 'https://a.example/i.png' } } as const;
  const dataUrl = { type: 'image', source: { kind: 'url', url: 'data:image/jpg;base64,AAAA' } } as const;
  expect(said(pixel, linked, dataUrl)).toEqual({
    content: [
      written,
      { type: 'image', source: { type: 'url', url: 'https://a.example/i.png' } },
      { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'AAAA' } },
      text('?'),
    ],
    fields: [],
  });
});

test.each(['data:image/bmp;base64,AAAA', 'data:image/png,AAAA', 'data:,'])('an image that the API does not take is left out and named: %s', (url) => {
  expect(said({ type: 'image', source: { kind: 'url', url } })).toEqual({ content: '?', fields: ['messages[0]'] });
});

test('how closely an image is looked at cannot be set', () => {
  expect(said({ ...pixel, detail: 'auto' }).fields).toEqual([]);
  expect(said({ ...pixel, detail: 'low' })).toEqual({ content: [written, text('?')], fields: ['messages[0]'] });
});

test('documents by URL, PDF in base64 and in data URLs, and texts of any kind', () => {
  const { content, fields } = said(
    { type: 'document', source: { kind: 'url', url: 'https://a.example/cv.pdf' } },
    { type: 'document', source: base64('application/pdf', 'JVBERi0='), name: 'cv.pdf' },
    { type: 'document', source: { kind: 'url', url: 'data:application/pdf;base64,JVBERi0=' } },
    { type: 'document', source: { kind: 'text', text: 'Born.' } },
    { type: 'document', source: base64('text/csv', Buffer.from('a,ü').toString('base64')) },
  );
  expect(content).toEqual([
    { type: 'document', source: { type: 'url', url: 'https://a.example/cv.pdf' } },
    { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }, title: 'cv.pdf' },
    { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } },
    { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Born.' } },
    { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a,ü' } },
    text('?'),
  ]);
  expect(fields).toEqual([]);
});

test('audio, and documents of other kinds, are left out and named', () => {
  expect(said({ type: 'audio', source: base64('audio/wav', 'UklGRg==') })).toEqual({ content: '?', fields: ['messages[0]'] });
  expect(said({ type: 'document', source: base64('application/msword', 'AAAA') })).toEqual({ content: '?', fields: ['messages[0]'] });
});

const answered = (message: Omit<Message & { role: 'tool' }, 'role' | 'toolCallId'>) => {
  const { body, fields } = encode({ messages: [user('a'), calls('x'), { role: 'tool', toolCallId: 'x', ...message }, user('b')], tools: [tool] });
  return { content: (body['messages'] as { content: unknown }[])[2]?.content, fields };
};

test('images and documents stand in the result of a tool', () => {
  const document = { type: 'document', source: { kind: 'text', text: 'Born.' } } as const;
  expect(answered({ content: [text('r'), pixel, document], isError: false })).toEqual({
    content: [
      {
        type: 'tool_result',
        tool_use_id: 'x',
        content: [text('r'), written, { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Born.' } }],
      },
      text('b'),
    ],
    fields: [],
  });
});

test('of an error the API takes text alone: an image follows it', () => {
  expect(answered({ content: [text('r'), pixel], isError: true })).toEqual({
    content: [{ type: 'tool_result', tool_use_id: 'x', content: 'r', is_error: true }, written, text('b')],
    fields: [],
  });
});

test('a mark inside a result marks the whole result', () => {
  const { content } = answered({ content: [{ ...text('r'), cache: { ttl: '1h' } }], isError: false });
  expect(content).toEqual([{ type: 'tool_result', tool_use_id: 'x', content: 'r', cache_control: { type: 'ephemeral', ttl: '1h' } }, text('b')]);
});

test('a mark on blank text is named', () => {
  expect(said({ ...text(' '), cache: {} })).toEqual({ content: '?', fields: ['messages[0]'] });
});
