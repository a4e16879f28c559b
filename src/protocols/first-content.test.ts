import { describe, expect, test } from 'vitest';
import { recordings } from '../../test/recordings/chat.ts';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { contentOf, createFirstContent, type Found } from './first-content.ts';
import { geminiGenerate } from './gemini-generate/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import type { Protocol } from './protocol.ts';

const event = (data: object | string, name = ''): string =>
  `${name === '' ? '' : `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
const chunk = (delta: object, finish: string | null = null): string =>
  event({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] });

/** What is found in chunks that come one after the other, the last of which ends the stream. */
function found(protocol: Protocol, ...chunks: string[]): Found[] {
  const search = createFirstContent({ protocol, framing: protocol.framing });
  return chunks.map((text, index) => search.push(Buffer.from(text), index === chunks.length - 1));
}

describe('a stream', () => {
  test('has content with the first text, not with its opening, keep-alives or usage', () => {
    expect(found(openaiChat, ': ping\n\n', chunk({ role: 'assistant', content: '' }), chunk({ content: 'Hi' }), '')).toEqual([
      'wait',
      'wait',
      'content',
      'empty',
    ]);
  });

  test('has content with a tool call or with reasoning', () => {
    const call = { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '' } }] };
    expect(found(openaiChat, chunk(call), '')[0]).toBe('content');
    const thinking = { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm' } };
    const begun = { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } };
    expect(found(anthropicMessages, event(begun, 'content_block_start'), event(thinking, 'content_block_delta'), '').slice(0, 2)).toEqual([
      'wait',
      'content',
    ]);
  });

  test('fails with an error in place of content', () => {
    const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    expect(found(anthropicMessages, event(overloaded, 'error'), '')[0]).toEqual({
      failure: { status: 529, type: 'overloaded_error', message: 'Overloaded' },
    });
    expect(found(openaiChat, event({ error: { message: 'The server had an error', type: 'server_error', code: null } }), '')[0]).toMatchObject({
      failure: { status: 500 },
    });
  });

  test('fails with what cannot be read', () => {
    expect(found(openaiChat, event('{nope'), '')[0]).toMatchObject({ failure: { status: 502 } });
  });

  test.each([
    ['ends without a word', ['']],
    ['says no more than that it is done', [chunk({ role: 'assistant', content: '' }), `${chunk({}, 'stop')}${event('[DONE]')}`]],
    ['is cut before its first content', [chunk({ role: 'assistant' })]],
  ])('is empty where it %s', (_, chunks) => {
    expect(found(openaiChat, ...chunks).at(-1)).toBe('empty');
  });

  test('is empty as soon as it says that it is done', () => {
    expect(found(openaiChat, `${chunk({}, 'stop')}${event('[DONE]')}`, '')[0]).toBe('empty');
  });

  test('is filtered where a filter left nothing', () => {
    expect(found(openaiChat, `${chunk({}, 'content_filter')}${event('[DONE]')}`, '')[0]).toBe('filtered');
  });

  test('that met its token limit before the first word is as it should be', () => {
    expect(found(openaiChat, `${chunk({}, 'length')}${event('[DONE]')}`, '')[0]).toBe('content');
  });

  test('is looked at the same way wherever its chunks are cut', () => {
    const bytes = Buffer.from(chunk({ role: 'assistant', content: '' }) + chunk({ content: 'Hé' }) + event('[DONE]'));
    for (let cut = 1; cut < bytes.length; cut++) {
      const search = createFirstContent({ protocol: openaiChat, framing: openaiChat.framing });
      expect([search.push(bytes.subarray(0, cut), false), search.push(bytes.subarray(cut), true)], `cut at ${cut}`).toContain('content');
    }
  });
});

describe('a JSON answer', () => {
  const chat = (message: object, finish = 'stop'): Buffer =>
    Buffer.from(
      JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message, finish_reason: finish }] }),
    );

  test.each<[string, Buffer, Protocol, Found]>([
    ['text', chat({ role: 'assistant', content: 'Hi' }), openaiChat, 'content'],
    ['no text', chat({ role: 'assistant', content: '' }), openaiChat, 'empty'],
    ['no text, by a filter', chat({ role: 'assistant', content: null }, 'content_filter'), openaiChat, 'filtered'],
    ['no text, for want of tokens', chat({ role: 'assistant', content: '' }, 'length'), openaiChat, 'content'],
    ['a prompt that was blocked', Buffer.from('{"promptFeedback":{"blockReason":"SAFETY"}}'), geminiGenerate, 'filtered'],
  ])('with %s', (_, body, protocol, expected) => {
    expect(contentOf(body, protocol)).toBe(expected);
  });

  test('that is an error fails', () => {
    expect(contentOf(Buffer.from('{"error":{"message":"overloaded","type":"server_error"}}'), openaiChat)).toMatchObject({
      failure: { message: 'overloaded' },
    });
  });

  test.each(['', 'nope', '[]', '<html></html>', '{"object":"chat.completion","choices":[]}'])('that cannot be read (%j) fails', (text) => {
    expect(contentOf(Buffer.from(text), openaiChat)).toMatchObject({ failure: { status: 502 } });
  });
});

describe('a recorded stream has content, but for those that say nothing:', () => {
  const silent: Record<string, Found> = { 'nothing said': 'empty', 'a prompt that is blocked': 'filtered' };
  for (const { protocol, streams } of recordings) {
    test.each(streams)(`${protocol.name}: %s`, (name, bytes) => {
      expect(createFirstContent({ protocol, framing: protocol.framing }).push(bytes, true)).toBe(silent[name] ?? 'content');
    });
  }
});
