import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sse } from '../framing/sse.ts';
import { anthropicCountTokens } from './anthropic-count-tokens/index.ts';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { ClientRequest } from './client-request.ts';
import { geminiCountTokens } from './gemini-count-tokens/index.ts';
import { geminiGenerate } from './gemini-generate/index.ts';
import type { StoredIds } from './id-renamer.ts';
import { openaiChat } from './openai-chat/index.ts';
import { openaiInputTokens } from './openai-input-tokens/index.ts';
import { openaiResponses } from './openai-responses/index.ts';
import type { Protocol } from './protocol.ts';
import { createStreamRelay, relayAnswer, type RelayOptions } from './relay.ts';
import { createSeals } from './seal.ts';
import { withStoredIds } from './stored-ids.ts';

const sealFor = createSeals(['0123456789abcdef0123456789abcdef'], randomBytes);
const seal = sealFor('team');
const sealed = (id: string, { tenant = 'team', endpoint = 'openai' } = {}): string => sealFor(tenant).seal({ type: 'stored', id, endpoint }) ?? '';

const request = (protocol: Protocol, body: object): ClientRequest =>
  new ClientRequest(protocol, Buffer.from(JSON.stringify(body)), { model: 'm', stream: false });
const opened = (protocol: Protocol, body: object) => withStoredIds(request(protocol, body), seal);

const inMessage = (part: object) => ({ model: 'm', messages: [{ role: 'user', content: [part] }] });
const forClaude = (block: object) => ({ ...inMessage(block), max_tokens: 9 });
const withInput = (item: object) => ({ model: 'm', input: [item] });
const withTool = (tool: object) => ({ model: 'm', input: 'Hi', tools: [tool] });
const withPart = (part: object) => ({ contents: [{ role: 'user', parts: [part] }] });

/** Everywhere a request may name what a provider keeps for whoever knows the id. */
const places: readonly [protocol: Protocol, field: string, body: (id: string) => object][] = [
  [openaiChat, 'messages[0].content[0].file.file_id', (id) => inMessage({ type: 'file', file: { file_id: id } })],
  [openaiChat, 'messages[0].audio.id', (id) => ({ model: 'm', messages: [{ role: 'assistant', audio: { id } }] })],
  [openaiResponses, 'previous_response_id', (id) => ({ model: 'm', input: 'Hi', previous_response_id: id })],
  [openaiResponses, 'conversation', (id) => ({ model: 'm', input: 'Hi', conversation: id })],
  [openaiResponses, 'conversation.id', (id) => ({ model: 'm', input: 'Hi', conversation: { id } })],
  [openaiResponses, 'prompt.id', (id) => ({ model: 'm', prompt: { id } })],
  [
    openaiResponses,
    'prompt.variables.f.file_id',
    (id) => ({ model: 'm', input: 'Hi', prompt: { id: sealed('pmpt_1'), variables: { f: { type: 'input_file', file_id: id } } } }),
  ],
  [openaiResponses, 'input[0].id', (id) => withInput({ type: 'item_reference', id })],
  [openaiResponses, 'input[0].id', (id) => withInput({ id })],
  [openaiResponses, 'input[0].id', (id) => withInput({ type: 'reasoning', id, summary: [] })],
  [openaiResponses, 'input[0].id', (id) => withInput({ type: 'reasoning', id, summary: [], encrypted_content: null })],
  [openaiResponses, 'input[0].id', (id) => withInput({ type: 'image_generation_call', id })],
  [openaiResponses, 'input[0].content[0].file_id', (id) => withInput({ role: 'user', content: [{ type: 'input_file', file_id: id }] })],
  [openaiResponses, 'tools[0].vector_store_ids[0]', (id) => withTool({ type: 'file_search', vector_store_ids: [id] })],
  [openaiResponses, 'tools[0].container', (id) => withTool({ type: 'code_interpreter', container: id })],
  [openaiResponses, 'tools[0].environment.container_id', (id) => withTool({ type: 'shell', environment: { container_id: id } })],
  [openaiResponses, 'tools[0].input_image_mask.file_id', (id) => withTool({ type: 'image_generation', input_image_mask: { file_id: id } })],
  [openaiInputTokens, 'previous_response_id', (id) => ({ model: 'm', input: 'Hi', previous_response_id: id })],
  [anthropicMessages, 'container', (id) => ({ ...forClaude({ type: 'text', text: 'Hi' }), container: id })],
  [anthropicMessages, 'container.id', (id) => ({ ...forClaude({ type: 'text', text: 'Hi' }), container: { id } })],
  [anthropicMessages, 'messages[0].content[0].source.file_id', (id) => forClaude({ type: 'document', source: { type: 'file', file_id: id } })],
  [anthropicMessages, 'messages[0].content[0].file_id', (id) => forClaude({ type: 'container_upload', file_id: id })],
  [
    anthropicMessages,
    'messages[0].content[0].content[0].source.file_id',
    (id) => forClaude({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'image', source: { type: 'file', file_id: id } }] }),
  ],
  [anthropicCountTokens, 'messages[0].content[0].source.file_id', (id) => inMessage({ type: 'image', source: { type: 'file', file_id: id } })],
  [geminiGenerate, 'cachedContent', (id) => ({ ...withPart({ text: 'Hi' }), cachedContent: id })],
  [geminiGenerate, 'contents[0].parts[0].fileData.fileUri', (id) => withPart({ fileData: { fileUri: id } })],
  [geminiGenerate, 'contents[0].parts[0].file_data.file_uri', (id) => withPart({ file_data: { file_uri: id } })],
  [
    geminiCountTokens,
    'generateContentRequest.cachedContent',
    (id) => ({ generateContentRequest: { ...withPart({ text: 'Hi' }), cachedContent: id } }),
  ],
];

describe.each(places.map(([protocol, field, body]) => ({ name: protocol.name, field, protocol, body })))(
  '$name: $field',
  ({ protocol, field, body }) => {
    test.each([
      ['the provider’s own id', 'file-abc'],
      ['another tenant’s', sealed('file-abc', { tenant: 'rival' })],
      ['one that was cut', sealed('file-abc').slice(0, -1)],
      ['one that was changed', sealed('file-abc').replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
      ['what we sealed of another kind', seal.seal({ type: 'call', id: 'file-abc' }) ?? ''],
      ['our prefix alone', 'rmr1_'],
    ])('is refused with %s', (_, id) => {
      expect(() => opened(protocol, body(id))).toThrow(expect.objectContaining({ code: 'stored-not-found', field }));
    });

    test('is the provider’s own again where we sealed it for this tenant', () => {
      const { request: sent, ids } = opened(protocol, body(sealed('file-abc')));
      expect(sent.bytes.toString()).toContain('"file-abc"');
      expect(ids.has('file-abc')).toBe(true);
    });
  },
);

test.each([
  ['gs://other-team/secret.pdf'],
  ['https://generativelanguage.googleapis.com/v1beta/files/abc'],
  ['HTTPS://x@GenerativeLanguage.googleapis.com:443/v1beta/files/abc'],
])('what Google would read with our account is refused: %s', (fileUri) => {
  expect(() => opened(geminiGenerate, withPart({ fileData: { fileUri } }))).toThrow('There is no such object for this key');
});

test('what stands in full, or is public, passes with the provider’s own ids', () => {
  const items = [
    { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'rmr1_ is no id' }] },
    { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: '{}' },
    { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' },
    { type: 'image_generation_call', id: 'ig_1', result: 'aGk=' },
  ];
  for (const [protocol, body] of [
    [openaiResponses, { model: 'm', input: items }],
    [geminiGenerate, withPart({ fileData: { fileUri: 'https://example.com/a.pdf' } })],
    [openaiChat, inMessage({ type: 'text', text: 'rmr1_AAAA' })],
  ] as const) {
    const before = request(protocol, body);
    expect(withStoredIds(before, seal)).toMatchObject({ request: before, keeper: undefined });
  }
});

test('an item that stands in full leaves every provider free, one that is only named does not', () => {
  const full = { type: 'message', id: sealed('msg_1'), role: 'assistant', content: 'Hi' };
  const thought = { type: 'reasoning', id: sealed('rs_1'), summary: [] };
  expect(opened(openaiResponses, { model: 'm', input: [full, thought] })).toMatchObject({ keeper: undefined });
  const named = { type: 'item_reference', id: sealed('msg_2') };
  expect(opened(openaiResponses, { model: 'm', input: [full, thought, named] })).toMatchObject({ keeper: 'openai' });
  const elsewhere = { type: 'item_reference', id: sealed('msg_3', { endpoint: 'azure' }) };
  expect(() => opened(openaiResponses, { model: 'm', input: [named, elsewhere] })).toThrow('kept by different providers');
});

function relayOptions(protocol: Protocol, stored: Partial<StoredIds> = {}): RelayOptions {
  const side = { protocol, framing: sse };
  const storedIds = { known: new Map<string, string>(), kept: protocol.keptIds, isStored: true, seal: (id: string) => `<${id}>`, ...stored };
  return {
    from: side,
    to: side,
    finish: (part) => [part],
    isRewritten: false,
    storedIds,
    observe: () => {},
    filter: undefined,
    options: { wantsUsage: true, createdAt: 0 },
  };
}

describe('an answer that OpenAI keeps', () => {
  const answer = {
    id: 'resp_1',
    object: 'response',
    status: 'completed',
    model: 'm',
    previous_response_id: 'resp_0',
    metadata: { id: 'mine' },
    output: [
      { type: 'reasoning', id: 'rs_1', summary: [] },
      { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'I am "resp_1", msg_1.', annotations: [] }] },
      { type: 'message', id: 'msg_10', role: 'assistant', content: [] },
    ],
  };

  test('has no id of the provider’s, in JSON', () => {
    const known = new Map([['resp_0', '<resp_0>']]);
    const sent = JSON.parse(
      relayAnswer(Buffer.from(JSON.stringify(answer)), relayOptions(openaiResponses, { known }))?.toString() ?? '',
    ) as typeof answer;
    expect(sent).toEqual({
      ...answer,
      id: '<resp_1>',
      previous_response_id: '<resp_0>',
      output: answer.output.map((item) => ({ ...item, id: `<${item.id}>` })),
    });
  });

  test('has none in its events, wherever they repeat it', () => {
    const events = [
      { type: 'response.created', response: { ...answer, output: [] } },
      { type: 'response.output_item.added', output_index: 0, item: answer.output[1] },
      { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0, delta: 'Hi' },
      { type: 'response.completed', response: answer },
    ];
    const bytes = Buffer.from(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
    const relay = createStreamRelay(relayOptions(openaiResponses), { cut: () => [], failed: () => [] });
    const sent = relay.push(bytes, true)?.toString() ?? '';
    expect(relay.ended).toBe('complete');
    expect(sent).toContain('"item_id":"<msg_1>"');
    expect(sent).toContain('"id":"<msg_10>"');
    expect(sent).not.toMatch(/"(?:msg_1|msg_10|rs_1|resp_1)"/);
  });

  test('stays as it came where it is not kept', () => {
    expect(relayAnswer(Buffer.from(JSON.stringify(answer)), relayOptions(openaiResponses, { isStored: false }))).toBeUndefined();
  });
});

test('a container of Anthropic’s and audio of OpenAI’s are named to clients by sealed ids', () => {
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [],
    stop_reason: 'end_turn',
    usage: { input_tokens: 1, output_tokens: 1 },
    container: { id: 'container_1' },
  };
  expect(relayAnswer(Buffer.from(JSON.stringify(message)), relayOptions(anthropicMessages))?.toString()).toContain(
    '"container":{"id":"<container_1>"}',
  );
  const said = { role: 'assistant', content: null, audio: { id: 'audio_1', data: '', transcript: 'Hi', expires_at: 1 } };
  const chat = { id: 'chatcmpl-1', model: 'm', choices: [{ index: 0, message: said, finish_reason: 'stop' }] };
  expect(relayAnswer(Buffer.from(JSON.stringify(chat)), relayOptions(openaiChat))?.toString()).toContain('"audio":{"id":"<audio_1>"');
});
