import { expect, test } from 'vitest';
import { everyField } from '../../../test/recordings/anthropic-messages/requests.ts';
import { JsonFieldError, parseJson } from '../../framing/json.ts';
import { decodeRequest } from './request-decode.ts';

const decode = (body: string | object) => decodeRequest(parseJson(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))));
const minimal = { model: 'fast', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] };
const messagesOf = (...messages: object[]) => decode({ ...minimal, messages });
const text = (value: string) => ({ type: 'text', text: value });

test('decodes a plain request without a warning', () => {
  expect(
    decode({
      ...minimal,
      system: 'Be brief.',
      stream: true,
      stop_sequences: ['END'],
      temperature: 0.5,
      top_p: 0.9,
      top_k: 5,
      metadata: { user_id: 'u1' },
    }),
  ).toEqual({
    value: {
      stream: true,
      messages: [
        { role: 'system', content: [text('Be brief.')] },
        { role: 'user', content: [text('Hi')] },
      ],
      tools: [],
      stop: ['END'],
      maxTokens: 100,
      temperature: 0.5,
      topP: 0.9,
      topK: 5,
      user: 'u1',
    },
    warnings: [],
  });
});

test('decodes system text in blocks, and system messages inside the conversation', () => {
  const { value, warnings } = decode({
    ...minimal,
    system: [text('One.'), text('Two.')],
    messages: [...minimal.messages, { role: 'system', content: 'Three.' }],
  });
  expect(value.messages).toEqual([
    { role: 'system', content: [text('One.'), text('Two.')] },
    { role: 'user', content: [text('Hi')] },
    { role: 'system', content: [text('Three.')] },
  ]);
  expect(warnings).toEqual([]);
});

test('decodes images by URL and in base64', () => {
  const images = [
    { type: 'image', source: { type: 'url', url: 'https://a.example/i.png' } },
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
  ];
  expect(messagesOf({ role: 'user', content: [...images, text('What is this?')] }).value.messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'image', source: { kind: 'url', url: 'https://a.example/i.png' } },
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } },
        text('What is this?'),
      ],
    },
  ]);
});

test('tool results become messages of their own, before the rest of their message', () => {
  const image = { type: 'image', source: { type: 'url', url: 'https://a.example/i.png' } };
  const { value } = messagesOf({
    role: 'user',
    content: [
      { type: 'tool_result', tool_use_id: 'a', content: 'sunny' },
      text('And now?'),
      { type: 'tool_result', tool_use_id: 'b', content: [text('seen'), image], is_error: true },
      { type: 'tool_result', tool_use_id: 'c' },
    ],
  });
  expect(value.messages).toEqual([
    { role: 'tool', toolCallId: 'a', content: [text('sunny')], isError: false },
    {
      role: 'tool',
      toolCallId: 'b',
      content: [text('seen'), { type: 'image', source: { kind: 'url', url: 'https://a.example/i.png' } }],
      isError: true,
    },
    { role: 'tool', toolCallId: 'c', content: [], isError: false },
    { role: 'user', content: [text('And now?')] },
  ]);
});

test('tool arguments and schemas keep their own JSON text', () => {
  const input = '{ "id":9007199254740993, "b":1.0,"a":"\\u00e9" }';
  const schema = '{"type":"object","maximum":18446744073709551615}';
  const { value } =
    decode(`{"max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"text","text":"ok"},{"type":"tool_use","id":"t","name":"f","input":${input}}]}],
    "tools":[{"name":"f","description":"d","input_schema":${schema},"strict":true,"type":"custom"}]}`);
  expect(value.messages).toEqual([{ role: 'assistant', content: [text('ok'), { type: 'tool-call', id: 't', name: 'f', arguments: input }] }]);
  expect(value.tools).toEqual([{ name: 'f', description: 'd', parameters: schema, strict: true }]);
});

const tools = [{ name: 'f', input_schema: { type: 'object' } }];

test.each<[object, object]>([
  [{ type: 'auto' }, { toolChoice: { type: 'auto' } }],
  [{ type: 'any' }, { toolChoice: { type: 'required' } }],
  [{ type: 'none' }, { toolChoice: { type: 'none' } }],
  [{ type: 'tool', name: 'f' }, { toolChoice: { type: 'tool', name: 'f' } }],
  [
    { type: 'auto', disable_parallel_tool_use: true },
    { toolChoice: { type: 'auto' }, parallelToolCalls: false },
  ],
  [
    { type: 'any', disable_parallel_tool_use: false },
    { toolChoice: { type: 'required' }, parallelToolCalls: true },
  ],
])('decodes the tool choice %j', (tool_choice, expected) => {
  expect(decode({ ...minimal, tools, tool_choice })).toMatchObject({ value: expected, warnings: [] });
});

test('names tools that only Anthropic runs, and a choice that is left without any', () => {
  const { value, warnings } = decode({ ...minimal, tools: [{ type: 'web_search_20250305', name: 'web_search' }], tool_choice: { type: 'any' } });
  expect(value.tools).toEqual([]);
  expect(value.toolChoice).toBeUndefined();
  expect(warnings.map(({ field }) => field)).toEqual(['tools[0]', 'tool_choice']);
});

test('names every block that it leaves out, by its path', () => {
  const { value, warnings } = messagesOf(
    { role: 'user', content: [text('a'), { type: 'document', source: { type: 'file', file_id: 'f' } }, { type: 'future' }] },
    { role: 'assistant', content: [{ type: 'server_tool_use', id: 's', name: 'web_search', input: {} }, text('b')] },
    {
      role: 'user',
      content: [
        { type: 'image', source: { type: 'file', file_id: 'f' } },
        { type: 'tool_result', tool_use_id: 't', content: [{ type: 'tool_reference', tool_name: 'f' }] },
      ],
    },
  );
  expect(warnings.map(({ field }) => field)).toEqual([
    'messages[0].content[1].source',
    'messages[0].content[2]',
    'messages[1].content[0]',
    'messages[2].content[0].source',
    'messages[2].content[1].content[0]',
  ]);
  expect(value.messages).toEqual([
    { role: 'user', content: [text('a')] },
    { role: 'assistant', content: [text('b')] },
    { role: 'tool', toolCallId: 't', content: [], isError: false },
  ]);
});

test('names unknown fields at every level, but not those that are null', () => {
  const { warnings } = decode({
    ...minimal,
    future: 1,
    thinking: null,
    messages: [{ role: 'user', content: [{ ...text('a'), citations: null, emphasis: 'strong' }], name: 'Ann' }],
    tools: [{ ...tools[0], defer_loading: true }],
    metadata: { user_id: 'u', team: 't' },
  });
  expect(warnings.map(({ field }) => field).toSorted()).toEqual([
    'future',
    'messages[0].content[0].emphasis',
    'messages[0].name',
    'metadata.team',
    'tools[0].defer_loading',
  ]);
});

/** Sent by older clients and by users of beta features. */
const furtherFields = {
  temperature: 0.1,
  top_p: 0.1,
  top_k: 1,
  output_format: { type: 'json_schema', schema: {} },
  mcp_servers: [{ type: 'url', url: 'https://m.example' }],
  context_management: { edits: [] },
  fallbacks: [{}],
  betas: ['x'],
};

/** Every field of a value, at any depth, as the keys that lead there. */
function pathsOf(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries = Array.isArray(value) ? value.map((item: unknown, index) => [index, item] as const) : Object.entries(value);
  return entries.flatMap(([key, inner]) => [[...path, key], ...pathsOf(inner, [...path, key])]);
}

/** The value without what stands at a path. */
function without(value: unknown, [key = '', ...rest]: readonly (string | number)[]): unknown {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => (index !== key ? [item] : rest.length === 0 ? [] : [without(item, rest)]));
  }
  return Object.fromEntries(
    Object.entries(Object(value) as object).flatMap(([name, item]: [string, unknown]): [string, unknown][] =>
      name !== key ? [[name, item]] : rest.length === 0 ? [] : [[name, without(item, rest)]],
    ),
  );
}

const named = (path: readonly (string | number)[]): string =>
  path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .slice(1);

/** Fields that say nothing by being there: what follows from the rest, and what is the only one of its kind. */
const saysNothing = /^model$|cache_control\.type$|\.caller(\.type)?$|\.citations$|\.source\.media_type$/;

test('no field at any depth of a request is lost without a warning', () => {
  const body = { ...everyField, ...furtherFields };
  const outcome = (fields: unknown): string => {
    try {
      return JSON.stringify(decode(fields as object));
    } catch (error) {
      return String(error);
    }
  };
  const whole = outcome(body);
  const warned = decode(body).warnings.map(({ field }) => field);
  const lost = pathsOf(body).filter((path) => {
    const name = named(path);
    return !saysNothing.test(name) && !warned.some((field) => name.startsWith(field)) && outcome(without(body, path)) === whole;
  });
  expect(lost.map(named)).toEqual([]);
});

test.each<[string, object, string]>([
  ['an unknown role', { messages: [{ role: 'robot', content: 'Hi' }] }, 'messages[0].role'],
  ['content that is neither text nor blocks', { messages: [{ role: 'user', content: 7 }] }, 'messages[0].content'],
  ['no content', { messages: [{ role: 'user' }] }, 'messages[0].content'],
  ['a block without a type', { messages: [{ role: 'user', content: [{}] }] }, 'messages[0].content[0].type'],
  ['a text block without text', { messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
  [
    'a tool call whose input is no object',
    { messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'b', input: '{}' }] }] },
    'messages[0].content[0].input',
  ],
  ['a tool result without an id', { messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] }, 'messages[0].content[0].tool_use_id'],
  ['a tool without a schema', { tools: [{ name: 'f' }] }, 'tools[0].input_schema'],
  ['an unknown tool choice', { tools, tool_choice: { type: 'some' } }, 'tool_choice.type'],
  ['a temperature that is no number', { temperature: 'hot' }, 'temperature'],
  ['a stop sequence that is no string', { stop_sequences: [1] }, 'stop_sequences[0]'],
  ['an unknown lifetime of a mark', { cache_control: { type: 'ephemeral', ttl: '2h' } }, 'cache_control.ttl'],
  ['an unknown way to think', { thinking: { type: 'hard' } }, 'thinking.type'],
  ['thinking without a budget', { thinking: { type: 'enabled' } }, 'thinking.budget_tokens'],
  ['an unknown effort', { output_config: { effort: 'huge' } }, 'output_config.effort'],
  ['an unknown form of the answer', { output_config: { format: { type: 'yaml' } } }, 'output_config.format.type'],
  ['a schema that is no object', { output_config: { format: { type: 'json_schema', schema: '{}' } } }, 'output_config.format.schema'],
])('refuses %s and names the field', (_what, fields, field) => {
  expect(() => decode({ ...minimal, ...fields })).toThrow(expect.objectContaining({ name: JsonFieldError.name, field }));
});
