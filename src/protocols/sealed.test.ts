import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isTextPart, type Part } from '../llm/part.ts';
import type { AssistantContent, ChatRequest } from '../llm/request.ts';
import type { OpaqueState } from '../llm/state.ts';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { ClientRequest } from './client-request.ts';
import { openaiChat } from './openai-chat/index.ts';
import type { Protocol } from './protocol.ts';
import { createSeals, sealPrefix } from './seal.ts';
import { createStateSealer } from './sealed-answer.ts';
import { withOwnState, withSealedState } from './sealed-request.ts';

const sealFor = createSeals(['0123456789abcdef0123456789abcdef'], randomBytes);
const seal = sealFor('team');
const google: OpaqueState = { origin: 'google', kind: 'signature', value: 'CiQBVKhc' };
const claude: OpaqueState = { origin: 'anthropic', kind: 'signature', value: 'EqQBCkYI' };
const at = { choice: 0, block: 0 };

/** What a client of a protocol gets of parts that come from elsewhere. */
const toClient = (protocol: Protocol, ...parts: Part[]): Part[] => parts.flatMap(createStateSealer(protocol, seal));

const call = (id: string, state?: OpaqueState): Part => ({ type: 'tool-call', choice: 0, block: 1, id, name: 'weather', ...(state && { state }) });

/** The request in which a client of OpenAI's chat sends a tool call back. */
const chatWith = (id: string): ClientRequest =>
  new ClientRequest(
    openaiChat,
    Buffer.from(
      JSON.stringify({
        model: 'fast',
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: null, tool_calls: [{ id, type: 'function', function: { name: 'weather', arguments: '{}' } }] },
          { role: 'tool', tool_call_id: id, content: 'sunny' },
        ],
      }),
    ),
  );

const messagesWith = (content: object[]): ClientRequest =>
  new ClientRequest(
    anthropicMessages,
    Buffer.from(
      JSON.stringify({
        model: 'smart',
        max_tokens: 99,
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content },
        ],
      }),
    ),
  );

function assistantIn(request: ClientRequest): { content: AssistantContent[]; warnings: string[]; results: string[] } {
  const { value, warnings } = withSealedState(request, seal);
  const { messages } = value as ChatRequest;
  return {
    content: messages.flatMap((message) => (message.role === 'assistant' ? message.content : [])),
    warnings: warnings.map(({ detail }) => detail),
    results: messages.flatMap((message) => (message.role === 'tool' ? [message.toolCallId] : [])),
  };
}

function idOf(parts: readonly Part[]): string {
  const found = parts.find((part) => part.type === 'tool-call');
  if (found?.type !== 'tool-call') throw new Error('no tool call');
  return found.id;
}

describe('to a client whose protocol has no field for reasoning', () => {
  const parts = toClient(
    openaiChat,
    { type: 'reasoning', ...at, text: 'Let me ' },
    { type: 'reasoning', ...at, text: 'look.' },
    { type: 'reasoning-state', ...at, state: claude },
    call('toolu_1'),
    call('toolu_2'),
  );

  test('reasoning travels in the id of the tool call that follows, and comes back before it', () => {
    const id = idOf(parts);
    expect(id.startsWith(sealPrefix)).toBe(true);
    const { content, results, warnings } = assistantIn(chatWith(id));
    expect(content).toMatchObject([
      { type: 'reasoning', text: 'Let me look.', state: claude },
      { type: 'tool-call', id: 'toolu_1' },
    ]);
    expect([results, warnings]).toEqual([['toolu_1'], []]);
  });

  test('its text is seen all the same, its state only sealed; the next call keeps its own id', () => {
    expect(parts.filter(isTextPart).map(({ text }) => text)).toEqual(['Let me ', 'look.']);
    expect(JSON.stringify(parts)).not.toContain(claude.value);
    expect(parts.at(-1)).toMatchObject({ id: 'toolu_2' });
  });

  test('the signature of a call travels the same way', () => {
    const { content } = assistantIn(chatWith(idOf(toClient(openaiChat, call('g1', google)))));
    expect(content).toMatchObject([{ type: 'tool-call', id: 'g1', state: google }]);
  });

  test('a call without state keeps its id, with or without reasoning that nobody signed', () => {
    expect(idOf(toClient(openaiChat, call('c1')))).toBe('c1');
    expect(idOf(toClient(openaiChat, { type: 'reasoning', ...at, text: 'Hm.' }, call('c1')))).toBe('c1');
  });

  test('state that is too large to travel is left out, and the call keeps its id', () => {
    const state: OpaqueState = { ...google, value: randomBytes(200_000).toString('base64') };
    expect(idOf(toClient(openaiChat, call('g1', state)))).toBe('g1');
  });
});

describe('to a client whose protocol has a field for it', () => {
  test('state of its own maker passes as it is', () => {
    expect(toClient(anthropicMessages, { type: 'reasoning-state', ...at, state: claude })).toEqual([
      { type: 'reasoning-state', ...at, state: claude },
    ]);
  });

  test('state of another maker is sealed into it, and opened when it comes back', () => {
    const [part] = toClient(anthropicMessages, { type: 'reasoning-state', ...at, state: google });
    const signature = part?.type === 'reasoning-state' ? part.state.value : '';
    expect(signature.startsWith(sealPrefix)).toBe(true);
    const { content } = assistantIn(messagesWith([{ type: 'thinking', thinking: 'Hm.', signature }]));
    expect(content).toMatchObject([{ type: 'reasoning', text: 'Hm.', state: google }]);
  });
});

test('reasoning that nobody signed is known again when it comes back: no maker is given it as its own', () => {
  const parts = toClient(anthropicMessages, { type: 'reasoning', ...at, text: 'Hm.' }, { type: 'block-end', ...at });
  const [, mark] = parts;
  const signature = mark?.type === 'reasoning-state' ? mark.state.value : '';
  expect(parts.map(({ type }) => type)).toEqual(['reasoning', 'reasoning-state', 'block-end']);
  const request = messagesWith([
    { type: 'thinking', thinking: 'Hm.', signature },
    { type: 'text', text: 'Hello' },
  ]);
  expect(assistantIn(request)).toMatchObject({ content: [{ type: 'reasoning', text: 'Hm.' }, { type: 'text' }], warnings: [] });
  expect(withOwnState(request, seal).value.bytes.toString()).not.toContain('thinking');
});

describe('a provider of the client’s own protocol', () => {
  const sent = (request: ClientRequest): { text: string; warnings: string[] } => {
    const { value, warnings } = withOwnState(request, seal);
    return { text: value.bytes.toString(), warnings: warnings.map(({ field }) => field) };
  };

  test('gets the ids that the maker gave', () => {
    const id = idOf(toClient(openaiChat, call('g1', google)));
    const { text, warnings } = sent(chatWith(id));
    expect(text).toBe(chatWith('g1').bytes.toString());
    expect(warnings).toEqual([]);
  });

  test('gets its own maker’s state as the maker wrote it, and no block of another maker', () => {
    const value = (state: OpaqueState): string => seal.seal({ type: 'state', state }) ?? '';
    const text = { type: 'text', text: 'Hello' };
    const request = messagesWith([
      { type: 'thinking', thinking: 'A', signature: value(google) },
      { type: 'thinking', thinking: 'B', signature: value(claude) },
      { type: 'redacted_thinking', data: value(google) },
      text,
    ]);
    expect(sent(request)).toEqual({
      text: messagesWith([{ type: 'thinking', thinking: 'B', signature: claude.value }, text]).bytes.toString(),
      warnings: ['messages[1].content[0]', 'messages[1].content[2]'],
    });
  });

  test('gets the very same request where nothing is sealed', () => {
    const request = messagesWith([{ type: 'thinking', thinking: 'A', signature: 'abc' }]);
    expect(withOwnState(request, seal).value).toBe(request);
  });
});

describe('what cannot be opened', () => {
  const foreign = (id: string): string => sealFor('rival').seal({ type: 'call', id, state: google }) ?? '';

  test('gets a short id, the same for a call and its result, and says so', () => {
    const { content, results, warnings } = assistantIn(chatWith(foreign('g1')));
    expect(content).toMatchObject([{ type: 'tool-call', id: results[0] }]);
    expect(results[0]).toMatch(/^call_[0-9a-f]{24}$/);
    expect(warnings).toHaveLength(1);
  });

  test('of reasoning is left out, and says so', () => {
    const signature = sealFor('rival').seal({ type: 'state', state: google }) ?? '';
    const { content, warnings } = assistantIn(
      messagesWith([
        { type: 'thinking', thinking: 'Hm.', signature },
        { type: 'text', text: 'Hello' },
      ]),
    );
    expect(content).toMatchObject([{ type: 'text' }]);
    expect(warnings).toHaveLength(1);
  });
});
