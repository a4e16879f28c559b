import fc from 'fast-check';
import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions';
import { expect, test } from 'vitest';
import { parseJson, type JsonNode } from '../../framing/json.ts';
import { openaiChat } from './index.ts';

const spotsOf = (json: string) => openaiChat.requestTexts(parseJson(Buffer.from(json)));
const described = (json: string) => spotsOf(json).map(({ node, kind }) => `${kind} ${node.path} ${node.text}`);

/** The strings and numbers that no spot covers, by path. */
function uncovered(json: string): string[] {
  const covered = new Map(spotsOf(json).map(({ node, kind }) => [node.start, kind]));
  const missed: string[] = [];
  const visit = (node: JsonNode): void => {
    if (covered.has(node.start)) return;
    if (node.type === 'object') for (const { value } of node.fields()) visit(value);
    else if (node.type === 'array') for (const item of node.items()) visit(item);
    else if (node.type === 'string' || node.type === 'number') missed.push(node.path);
  };
  visit(parseJson(Buffer.from(json)));
  return missed;
}

const everything = {
  model: 'fast',
  stream: true,
  messages: [
    { role: 'system', content: 'Be kind.', name: 'Ann' },
    { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
    {
      role: 'user',
      name: 'Bob',
      content: [
        { type: 'text', text: 'Look:', prompt_cache_breakpoint: { mode: 'explicit', ttl: '30m' } },
        { type: 'image_url', image_url: { url: 'https://a.example/?mail=a@b.de', detail: 'low' } },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
        { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
        { type: 'file', file: { filename: 'cv of Bob.pdf', file_data: 'data:application/pdf;base64,JVBERi0=', file_id: 'file-1' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      refusal: 'No.',
      audio: { id: 'audio_1' },
      tool_calls: [
        { id: 'call_1', type: 'function', function: { name: 'mail', arguments: '{"to":"a@b.de"}' } },
        { id: 'call_2', type: 'custom', custom: { name: 'sql', input: 'select 1' } },
      ],
      function_call: { name: 'old', arguments: '{"x":1}' },
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'sent to a@b.de' },
    { role: 'function', name: 'old', content: 'done' },
  ],
  tools: [
    {
      type: 'function',
      function: {
        name: 'mail',
        description: 'Sends mail for Bob',
        strict: true,
        parameters: {
          type: 'object',
          required: ['to'],
          properties: {
            to: { type: 'string', description: 'an address of Bob', enum: ['a@b.de'], default: 'c@d.de', format: 'email', pattern: '^.+@.+$' },
            list: { type: 'array', items: { anyOf: [{ $ref: '#/$defs/one' }, { type: 'integer', maximum: 9007199254740991 }] } },
          },
          $defs: { one: { title: 'One of Bob', const: 'e@f.de' } },
          additionalProperties: false,
        },
      },
    },
    {
      type: 'custom',
      custom: { name: 'sql', description: 'Runs SQL', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "a"' } } },
    },
  ],
  functions: [{ name: 'old', description: 'old one', parameters: { type: 'object' } }],
  tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'mail' } }] } },
  function_call: { name: 'old' },
  response_format: { type: 'json_schema', json_schema: { name: 'reply', description: 'For Bob', schema: { type: 'object' }, strict: true } },
  prediction: { type: 'content', content: [{ type: 'text', text: 'Dear Bob' }] },
  audio: { voice: { id: 'voice_1' }, format: 'wav' },
  stop: ['Bob:'],
  user: 'bob@b.de',
  safety_identifier: 'bob',
  prompt_cache_key: 'bob-1',
  metadata: { 'c@d.de': 'e@f.de' },
  logit_bias: { '50256': -100 },
  web_search_options: { search_context_size: 'low', user_location: { type: 'approximate', approximate: { city: 'Ulm' } } },
  moderation: { model: 'omni-moderation-latest' },
  modalities: ['text'],
  stream_options: { include_usage: true },
  prompt_cache_options: { mode: 'implicit', ttl: '30m' },
  prompt_cache_retention: '24h',
  reasoning_effort: 'low',
  verbosity: 'low',
  service_tier: 'auto',
  temperature: 1,
  top_p: 1,
  frequency_penalty: 0,
  presence_penalty: 0,
  logprobs: true,
  top_logprobs: 2,
  max_tokens: 5,
  max_completion_tokens: 5,
  n: 1,
  seed: 4111111111111111,
  store: false,
  parallel_tool_calls: true,
} satisfies Required<ChatCompletionCreateParamsStreaming>;

test('in a request with every field of the SDK, only these are no text', () => {
  const places = uncovered(JSON.stringify(everything)).map((path) => path.replaceAll(/\[\d+\]/g, '[]'));
  expect([...new Set(places)].toSorted()).toEqual(PLACES);
});

test('no field of the SDK is unknown', () => {
  expect(described(JSON.stringify(everything)).filter((spot) => spot.startsWith('text  '))).toEqual([]);
});

test('finds texts in their order, with what their characters are', () => {
  expect(
    described(
      '{"messages":[{"role":"user","content":"A"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}],"user":"B"}',
    ),
  ).toEqual(['text messages[0].content "A"', 'json messages[1].tool_calls[0].function.arguments "{}"', 'text user "B"']);
});

test('an unknown field is text with all it holds, and so is its name', () => {
  expect(described('{"a@b.de":"x","n2":4111111111111111,"deep":[{"k":["v"]}],"flag":true}')).toEqual([
    'text  "a@b.de"',
    'text a@b.de "x"',
    'text  "n2"',
    'tree n2 4111111111111111',
    'text  "deep"',
    'tree deep [{"k":["v"]}]',
    'text  "flag"',
  ]);
});

test('an unknown kind of content is text', () => {
  expect(described('{"messages":[{"role":"user","content":[{"type":"note","note":{"by":"Bob"}}]}]}')).toEqual([
    'text messages[0].content[0]. "note"',
    'tree messages[0].content[0].note {"by":"Bob"}',
  ]);
});

test('both of two equal keys are found', () => {
  expect(described('{"messages":[{"content":"A","content":"B"}],"messages":[{"content":"C"}]}')).toEqual([
    'text messages[0].content "A"',
    'text messages[0].content "B"',
    'text messages[0].content "C"',
  ]);
});

test('an object in the place of a string hides nothing', () => {
  expect(described('{"model":{"a":"b"},"messages":[{"role":["c"],"content":{"d":"e"}}]}')).toEqual([
    'tree model {"a":"b"}',
    'tree messages[0].role ["c"]',
    'tree messages[0].content {"d":"e"}',
  ]);
});

test.each([
  ['data:image/png;base64,iVBORw0KGgo=', false],
  ['data:image\\/png;base64,iVBOR\\/w0KGgo=', false],
  ['DATA:image/svg+xml;charset=utf-8;base64,PHN2Zz4=', false],
  ['data:text/plain,a@b.de', true],
  ['data:text/plain;base64,not base64: a@b.de', true],
  ['data:image/png;owner=a@b.de;base64,iVBORw0KGgo=', true],
  ['https://a.example/u/a@b.de.png', true],
])('an image at %s is text: %s', (url, isText) => {
  expect(described(`{"messages":[{"content":[{"type":"image_url","image_url":{"url":"${url}"}}]}]}`)).toHaveLength(isText ? 1 : 0);
});

test('a file of 20 MiB in base64 is passed over', () => {
  const data = 'QUJD'.repeat(5 << 20);
  expect(described(`{"messages":[{"content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,${data}"}}]}]}`)).toEqual([]);
});

test('whatever is put under a field that nobody knows, and under metadata, is covered', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(uncovered(JSON.stringify({ metadata: value, vendor: value, messages: [{ vendor: value, name: value }] }))).toEqual([]);
    }),
  );
});
