import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import type { ChatRequest, Message } from '../../llm/request.ts';
import { decodeRequest } from './request-decode.ts';
import { assistant, calls, encode, json, result, system, text, tool, user } from '../../../test/recordings/anthropic-messages/encoding.ts';

const messagesOf = (...messages: Message[]) => encode({ messages, tools: [tool] }).body['messages'];

test('encodes a plain request', () => {
  const request = { stream: true, messages: [system('Be brief.'), user('Hi')], stop: ['END'], maxTokens: 9, temperature: 0.5, topK: 5, user: 'u' };
  expect(encode(request)).toMatchObject({
    body: {
      model: 'claude-haiku-4-5',
      max_tokens: 9,
      stream: true,
      system: 'Be brief.',
      messages: [{ role: 'user', content: 'Hi' }],
      stop_sequences: ['END'],
      temperature: 0.5,
      top_k: 5,
      metadata: { user_id: 'u' },
    },
    fields: [],
  });
});

test('sends a maximum where the client set none, and no field that nobody asked for', () => {
  expect(Object.entries(encode({}).body)).toEqual([
    ['model', 'claude-haiku-4-5'],
    ['max_tokens', 4096],
    ['messages', [{ role: 'user', content: 'Hi' }]],
  ]);
});

test('leading system messages become the system field; later ones stay in place as text of the user, with a warning', () => {
  const { body, fields } = encode({ messages: [system('One.'), system('Two.'), user('Hi'), system('Three.'), assistant('Yes?'), system('Four.')] });
  expect(body['system']).toEqual([text('One.'), text('Two.')]);
  expect(body['messages']).toEqual([
    { role: 'user', content: [text('Hi'), text('Three.')] },
    { role: 'assistant', content: 'Yes?' },
    { role: 'user', content: 'Four.' },
  ]);
  expect(fields).toEqual(['messages[3]', 'messages[5]']);
});

test('a conversation of system messages alone ends with one sent as the user', () => {
  const { body, fields } = encode({ messages: [system('Be brief.'), system('Write a poem.')] });
  expect(body).toMatchObject({ system: 'Be brief.', messages: [{ role: 'user', content: 'Write a poem.' }] });
  expect(fields).toEqual(['messages[1]']);
});

test('a conversation that the assistant opens gets a user in front', () => {
  const { body, fields } = encode({ messages: [assistant('Hello!'), user('Hi')] });
  expect(body['messages']).toMatchObject([{ role: 'user' }, { role: 'assistant', content: 'Hello!' }, { role: 'user', content: 'Hi' }]);
  expect(fields).toEqual(['messages[0]']);
});

test('neighbours of one role are merged', () => {
  expect(messagesOf(user('a'), user('b'), assistant('c'), assistant('d'), user('e'))).toEqual([
    { role: 'user', content: [text('a'), text('b')] },
    { role: 'assistant', content: [text('c'), text('d')] },
    { role: 'user', content: 'e' },
  ]);
});

test('all results of a turn stand together and first, whatever came between them', () => {
  expect(messagesOf(user('a'), calls('x', 'y'), result('x', 'one'), user('b'), { ...result('y'), isError: true } as Message)).toMatchObject([
    { role: 'user' },
    { role: 'assistant' },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'x', content: 'one' }, { type: 'tool_result', tool_use_id: 'y', is_error: true }, text('b')],
    },
  ]);
});

test('blank texts are dropped, and messages that have nothing else', () => {
  expect(messagesOf(user('', 'a', ' \n'), assistant(''), user('b'))).toEqual([{ role: 'user', content: [text('a'), text('b')] }]);
});

test('white space at the end of a last assistant message is cut off, elsewhere it stays', () => {
  const { body, fields } = encode({ messages: [user('a'), assistant('b \n'), user('c'), assistant('The answer is: ')] });
  expect(body['messages']).toMatchObject([{}, { content: 'b \n' }, {}, { content: 'The answer is:' }]);
  expect(fields).toEqual(['messages[3]']);
});

test('a model that continues no message of the assistant gets a user behind it', () => {
  const messages = [user('a'), assistant('It is')];
  expect(encode({ messages }, 'claude-opus-4-5')).toMatchObject({ body: { messages: [{}, { content: 'It is' }] }, fields: [] });
  const { body, fields } = encode({ messages }, 'claude-opus-4-6');
  expect(body['messages']).toMatchObject([{}, { content: 'It is' }, { role: 'user' }]);
  expect(fields).toEqual(['messages[1]']);
});

test('tool arguments are embedded as they were written', () => {
  const message: Message = {
    role: 'assistant',
    content: [{ type: 'tool-call', id: 'x', name: 'f', arguments: json('{"b":9007199254740993, "a":1.0}') }],
  };
  const { text: body, fields } = encode({ messages: [user('a'), message, result('x')], tools: [tool] });
  expect(body).toContain('"input":{"b":9007199254740993, "a":1.0}');
  expect(fields).toEqual([]);
});

test('ids that the API refuses are mapped alike in call and result, and to no id that is already there', () => {
  const ids = ['call.1', 'call_1', 'call:1', 'fine-ID', ''];
  const messages = messagesOf(user('a'), calls(...ids), ...ids.map((id) => result(id, 'r')));
  const mapped = ['call_1_2', 'call_1', 'call_1_3', 'fine-ID', 'call'];
  expect(messages).toMatchObject([{}, { content: mapped.map((id) => ({ id })) }, { content: mapped.map((tool_use_id) => ({ tool_use_id })) }]);
});

test('mapped ids are valid, distinct, and the same each time', () => {
  const id = fc.oneof(fc.string({ maxLength: 4 }), fc.stringMatching(/^a[._]?(_2)?$/));
  fc.assert(
    fc.property(fc.uniqueArray(id, { minLength: 1, maxLength: 12 }), (ids) => {
      const conversation = [user('a'), calls(...ids), ...ids.map((each) => result(each))];
      const written = JSON.stringify(messagesOf(...conversation));
      expect(JSON.stringify(messagesOf(...conversation))).toBe(written);
      const used = [...written.matchAll(/"id":"([^"]*)"/g)].map((match) => match[1]);
      expect(new Set(used).size).toBe(ids.length);
      for (const each of used) expect(each).toMatch(/^[a-zA-Z0-9_-]+$/);
      expect([...written.matchAll(/"tool_use_id":"([^"]*)"/g)].map((match) => match[1])).toEqual(used);
    }),
  );
});

test("tools keep the text of their schema, which must say that it is an object's", () => {
  const tools = [
    { name: 'f', description: 'd', parameters: json('{"type":"object","maximum":18446744073709551615}'), strict: false },
    { name: 'g', parameters: json('{"properties":{}}') },
    { name: 'h', parameters: json('{}') },
  ];
  expect(encode({ tools }).text).toContain(
    '"tools":[{"name":"f","description":"d","input_schema":{"type":"object","maximum":18446744073709551615},"strict":false},' +
      '{"name":"g","input_schema":{"type":"object","properties":{}}},{"name":"h","input_schema":{"type":"object"}}]',
  );
});

test.each<[Partial<ChatRequest>, object | undefined]>([
  [{}, undefined],
  [{ toolChoice: { type: 'auto' } }, { type: 'auto' }],
  [{ toolChoice: { type: 'required' } }, { type: 'any' }],
  [
    { toolChoice: { type: 'tool', name: 'f' }, parallelToolCalls: false },
    { type: 'tool', name: 'f', disable_parallel_tool_use: true },
  ],
  [{ toolChoice: { type: 'none' }, parallelToolCalls: false }, { type: 'none' }],
  [{ parallelToolCalls: false }, { type: 'auto', disable_parallel_tool_use: true }],
  [{ parallelToolCalls: true }, undefined],
])('the choice %j is sent as %j', (request, expected) => {
  expect(encode({ ...request, tools: [tool] }).body['tool_choice']).toEqual(expected);
});

test('a choice without tools is not sent', () => {
  expect(encode({ toolChoice: { type: 'none' }, parallelToolCalls: false }).body).not.toHaveProperty('tool_choice');
});

test('past calls get the tools that the API wants to see, with none to be called', () => {
  const { body, fields } = encode({ messages: [user('a'), calls('x'), result('x')] });
  expect(body).toMatchObject({ tools: [{ name: 'f', input_schema: { type: 'object' } }], tool_choice: { type: 'none' } });
  expect(fields).toEqual(['tools']);
});

test('a forced choice without tools is named', () => {
  expect(encode({ toolChoice: { type: 'required' } }).fields).toEqual(['tool_choice']);
});

test('names what the API cannot do', () => {
  const { body, fields } = encode({ seed: 1, frequencyPenalty: 0.5, presencePenalty: 0, temperature: 1.7, stop: ['\n', 'END'] });
  expect(fields.toSorted()).toEqual(['frequency_penalty', 'seed', 'stop', 'temperature']);
  expect(body).toMatchObject({ temperature: 1, stop_sequences: ['END'] });
});

test('what decodes without a warning encodes to the same request again', () => {
  const body = {
    model: 'claude-haiku-4-5',
    max_tokens: 50,
    system: [text('One.'), text('Two.')],
    messages: [
      { role: 'user', content: [text('a'), { type: 'image', source: { type: 'url', url: 'https://a.example/i.png' } }] },
      { role: 'assistant', content: [text('b'), { type: 'tool_use', id: 't1', name: 'f', input: { n: 1 } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'r' }, text('c')] },
    ],
    tools: [{ name: 'f', description: 'd', input_schema: { type: 'object' } }],
    tool_choice: { type: 'any', disable_parallel_tool_use: true },
    stop_sequences: ['END'],
    temperature: 0.3,
    metadata: { user_id: 'u' },
    service_tier: 'standard_only',
    output_config: { format: { type: 'json_schema', schema: { type: 'object', properties: {}, additionalProperties: false } } },
  };
  const decoded = decodeRequest(parseJson(Buffer.from(JSON.stringify(body))));
  expect(decoded.warnings).toEqual([]);
  expect(encode(decoded.value)).toMatchObject({ body, fields: [] });
});

test('thinking, documents and marks for the prompt cache come back as they were', () => {
  const cache_control = { type: 'ephemeral', ttl: '1h' };
  const body = {
    model: 'claude-haiku-4-5',
    max_tokens: 9000,
    system: [{ ...text('One.'), cache_control }],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }, title: 'CV', cache_control },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Born.' } },
          { type: 'document', source: { type: 'url', url: 'https://a.example/cv.pdf' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
          { type: 'redacted_thinking', data: 'opaque' },
          text('b'),
          { type: 'tool_use', id: 't1', name: 'f', input: {} },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', is_error: true, content: 'r', cache_control }] },
    ],
    tools: [{ name: 'f', input_schema: { type: 'object' }, cache_control }],
    thinking: { type: 'enabled', budget_tokens: 5000, display: 'omitted' },
  };
  const decoded = decodeRequest(parseJson(Buffer.from(JSON.stringify(body))));
  expect(decoded.warnings).toEqual([]);
  const { body: written, fields } = encode(decoded.value);
  expect(written).toEqual(body);
  expect(fields).toEqual([]);
});
