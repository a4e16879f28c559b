import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anthropicMessages } from '../protocols/anthropic-messages/index.ts';
import { openaiInputTokens } from '../protocols/openai-input-tokens/index.ts';
import { openaiResponses } from '../protocols/openai-responses/index.ts';
import { ClientRequest } from '../protocols/client-request.ts';
import type { Mirror } from '../routing/deployment.ts';
import { request } from './mirror.fixture.ts';
import { shouldMirror } from './should-mirror.ts';

const mirror = (share: number): Mirror => ({ model: 'trial', share, tenant: 'lab' });
const isCopied = (asked: ClientRequest): boolean => shouldMirror(mirror(1), asked, () => 0);
const chat = request();

test('a model without a mirror has none of its requests copied', () => {
  expect(shouldMirror(undefined, chat, () => 0)).toBe(false);
});

test('as many requests are copied as its share says', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (share, drawn) => {
      expect(shouldMirror(mirror(share), chat, () => drawn)).toBe(drawn < share);
    }),
  );
});

test('a request is not looked at that is not drawn', () => {
  const unread = request();
  Object.defineProperty(unread, 'body', {
    get() {
      throw new Error('was looked at');
    },
  });
  expect(shouldMirror(mirror(0.5), unread, () => 0.5)).toBe(false);
});

describe('a request is not copied where a copy would do more than be answered', () => {
  const responses = (fields: object) => request({ input: 'Hello.', ...fields }, openaiResponses);
  const messages = (fields: object) => request({ max_tokens: 9, messages: [{ role: 'user', content: 'Hello.' }], ...fields }, anthropicMessages);

  test.each([
    ['it goes on in a conversation that the provider keeps', responses({ conversation: 'conv_1' })],
    ['it follows a response that the provider keeps', responses({ previous_response_id: 'resp_1' })],
    ['it refers to a file', responses({ input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'file-1' }] }] })],
    ['it runs in the background', responses({ background: true })],
    ['the provider calls an MCP server', responses({ tools: [{ type: 'mcp', server_label: 'mail', server_url: 'https://mail.example' }] })],
    ["the provider calls an MCP server of Anthropic's form", messages({ mcp_servers: [{ type: 'url', name: 'mail', url: 'https://mail.example' }] })],
    [
      'a field that says so stands twice',
      new ClientRequest(openaiResponses, Buffer.from('{"model":"m","input":"Hi","background":false,"background":true}')),
    ],
    ['it counts tokens', request({ input: 'Hello.' }, openaiInputTokens)],
  ])('%s', (_, asked) => {
    expect(isCopied(asked)).toBe(false);
  });

  test.each([
    ['plain chat', chat],
    ['a tool of the client', request({ tools: [{ type: 'function', function: { name: 'mcp' } }] })],
    ['fields that say no', responses({ background: false, conversation: null, previous_response_id: null, tools: [] })],
    ['no servers', messages({ mcp_servers: [] })],
    ['a response that is kept', responses({ store: true })],
  ])('as it would not here: %s', (_, asked) => {
    expect(isCopied(asked)).toBe(true);
  });
});
