import { expect, test } from 'vitest';
import type { Message } from '../../llm/request.ts';
import type { CacheMarker } from '../../llm/state.ts';
import { call, encode, result, text, tool } from '../../../test/recordings/anthropic-messages/encoding.ts';

const marked = (role: 'user' | 'system', cache: CacheMarker = {}): Message => ({ role, content: [{ ...text('a'), cache }] });
const ephemeral = { type: 'ephemeral' };

test('marks stand on tools, system, texts, calls and results', () => {
  const { body, fields } = encode({
    tools: [{ ...tool, cache: { ttl: '1h' } }],
    messages: [
      marked('system', { ttl: '5m' }),
      { role: 'user', content: [text('b')] },
      { role: 'assistant', content: [{ ...call('x'), cache: {} }] },
      { ...result('x', 'r'), cache: {} } as Message,
    ],
  });
  expect(body).toMatchObject({
    tools: [{ name: 'f', cache_control: { ...ephemeral, ttl: '1h' } }],
    system: [{ ...text('a'), cache_control: { ...ephemeral, ttl: '5m' } }],
    messages: [{ content: 'b' }, { content: [{ id: 'x', cache_control: ephemeral }] }, { content: [{ tool_use_id: 'x', cache_control: ephemeral }] }],
  });
  expect(fields).toEqual([]);
});

test('of more than four marks the first two and the last two are kept', () => {
  const { text: body, fields } = encode({
    messages: ['1', '2', '3', '4', '5', '6', '7'].map((each): Message => ({ role: 'user', content: [{ ...text(each), cache: {} }] })),
  });
  const kept = (JSON.parse(body) as { messages: [{ content: { text: string; cache_control?: object }[] }] }).messages[0].content.filter(
    ({ cache_control }) => cache_control,
  );
  expect(kept.map((block) => block.text)).toEqual(['1', '2', '6', '7']);
  expect(fields).toEqual(['cache_control']);
});

test('five marks lose one', () => {
  const { body } = encode({ messages: Array.from({ length: 5 }, () => marked('user')) });
  expect(JSON.stringify(body).match(/cache_control/g)).toHaveLength(4);
});

test('an hour behind five minutes is refused, and becomes five minutes', () => {
  const { body, fields } = encode({ messages: [marked('system', { ttl: '1h' }), marked('user'), marked('user', { ttl: '1h' })] });
  expect(body).toMatchObject({
    system: [{ cache_control: { ...ephemeral, ttl: '1h' } }],
    messages: [{ content: [{ cache_control: ephemeral }, { cache_control: ephemeral }] }],
  });
  expect(JSON.stringify(body['messages'])).not.toContain('1h');
  expect(fields).toEqual(['cache_control']);
});
