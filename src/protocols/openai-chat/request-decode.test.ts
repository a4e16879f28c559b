import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { expect, test } from 'vitest';
import { everyField } from '../../../test/recordings/openai-chat/requests.ts';
import { parseJson } from '../../framing/json.ts';
import { decodeRequest } from './request-decode.ts';

const smallest = { model: 'fast', messages: [{ role: 'user', content: 'Hi' }] };
const decode = (body: unknown) => decodeRequest(parseJson(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))));
const decodeMessages = (...messages: ChatCompletionMessageParam[]) => {
  const { value, warnings } = decode({ model: 'm', messages });
  return { messages: value.messages, warned: warnings.map(({ field }) => field) };
};

/** The provider's own model takes the place of the first; the second is about the client's stream, not the request. */
const elsewhere = new Set(['model', 'stream_options']);

test.each(Object.entries(everyField).filter(([field]) => !elsewhere.has(field)))('%s is carried, or a warning names it', (field, value) => {
  const { value: request, warnings } = decode({ ...smallest, [field]: value });
  const isCarried = JSON.stringify(request) !== JSON.stringify(decode(smallest).value);
  expect(isCarried || warnings.some((warning) => warning.field === field)).toBe(true);
});

/** Every field in a value, at any depth: its path as warnings write it, and the whole without it. */
function* eachWithout(value: unknown, path = ''): Generator<[path: string, rest: unknown]> {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    for (const [index, item] of items.entries()) for (const [at, rest] of eachWithout(item, `${path}[${index}]`)) yield [at, items.with(index, rest)];
  } else if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== null);
    for (const [key, field] of fields) {
      const at = path === '' ? key : `${path}.${key}`;
      yield [at, Object.fromEntries(fields.filter(([other]) => other !== key))];
      for (const [deeper, rest] of eachWithout(field, at)) yield [deeper, { ...value, [key]: rest }];
    }
  }
}

/** Words that only say what stands beside them; the name of a function whose call has it too. */
const saysNothing = /(^model|\.type|\.mode|^stream_options.*|^messages\[5\]\.name)$/;

test('no field is lost in silence, however deep it stands: without it something else is asked for, or it is warned of', () => {
  const { max_tokens: _older, ...request } = everyField; // either name of the limit says the same
  const whole = decode(request);
  const meant = JSON.stringify(whole.value);
  const lost = [...eachWithout(request)].filter(([path, rest]) => {
    const isWarnedOf = whole.warnings.some(({ field }) => field === path || path.startsWith(`${field}.`) || path.startsWith(`${field}[`));
    return !isWarnedOf && !saysNothing.test(path) && isSame(rest, meant);
  });
  expect(lost.map(([path]) => path)).toEqual([]);
});

/** A request that is refused without a field does not say the same. */
function isSame(body: unknown, meant: string): boolean {
  try {
    return JSON.stringify(decode(body).value) === meant;
  } catch {
    return false;
  }
}

test.each([
  { n: 1 },
  { store: false },
  { messages: [{ role: 'user', content: 'Hi', name: null }] },
  { logprobs: false },
  { modalities: ['text'] },
  { response_format: { type: 'text' } },
  { service_tier: 'auto' },
  { stream_options: { include_obfuscation: false } },
  { metadata: null, logit_bias: null, seed: null, stop: null },
])('%j says nothing and needs no warning', (fields) => {
  expect(decode({ ...smallest, ...fields })).toEqual(decode(smallest));
});

test('a field of tomorrow is warned of, wherever it stands', () => {
  const { warnings } = decode({
    ...smallest,
    vendor: 1,
    messages: [
      { role: 'user', name: 'Ann', content: [{ type: 'text', text: 'Hi', note: 1, prompt_cache_breakpoint: { mode: 'explicit', vendor: 1 } }] },
      { role: 'system', content: [{ type: 'image_url', image_url: { url: 'https://a.example' } }] },
      { role: 'assistant', content: 'Yo', audio: { id: 'a' }, reasoning_content: [], annotations: [{ type: 'url_citation' }] },
    ],
    tools: [{ type: 'function', cache: 1, function: { name: 'f', examples: [] } }],
  });
  expect(warnings.map(({ field }) => field).toSorted()).toEqual([
    'messages[0].content[0].note',
    'messages[0].content[0].prompt_cache_breakpoint.vendor',
    'messages[0].name',
    'messages[1].content[0]',
    'messages[2].annotations',
    'messages[2].audio',
    'messages[2].reasoning_content',
    'tools[0].cache',
    'tools[0].function.examples',
    'vendor',
  ]);
});

test('decodes all settings', () => {
  const { value, warnings } = decode({
    ...smallest,
    stream: true,
    max_completion_tokens: 9,
    temperature: 0.5,
    top_p: 0.9,
    top_k: 40,
    frequency_penalty: 0.1,
    presence_penalty: 0.2,
    seed: -3,
    stop: ['a', 'b'],
    user: 'u',
    parallel_tool_calls: false,
  });
  expect(value).toEqual({
    stream: true,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    tools: [],
    stop: ['a', 'b'],
    parallelToolCalls: false,
    maxTokens: 9,
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    frequencyPenalty: 0.1,
    presencePenalty: 0.2,
    seed: -3,
    user: 'u',
  });
  expect(warnings).toEqual([]);
});

test('a seed that a double cannot hold is warned of, not rounded', () => {
  const { value, warnings } = decode('{"model":"m","messages":[{"role":"user","content":"Hi"}],"seed":9223372036854775807}');
  expect(value.seed).toBeUndefined();
  expect(warnings[0]?.field).toBe('seed');
});

test('safety_identifier goes before user, and the loss is told', () => {
  const { value, warnings } = decode({ ...smallest, user: 'u', safety_identifier: 's' });
  expect(value.user).toBe('s');
  expect(warnings[0]?.field).toBe('user');
});

test('system and developer messages are one role', () => {
  expect(decodeMessages({ role: 'system', content: 'A' }, { role: 'developer', content: [{ type: 'text', text: 'B' }] }).messages).toEqual([
    { role: 'system', content: [{ type: 'text', text: 'A' }] },
    { role: 'system', content: [{ type: 'text', text: 'B' }] },
  ]);
});

test('images come as addresses or as base64, with how closely to look', () => {
  const { messages, warned } = decodeMessages({
    role: 'user',
    content: [
      { type: 'image_url', image_url: { url: 'https://a.example/x.png', detail: 'auto' } },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO', detail: 'high' } },
      { type: 'image_url', image_url: { url: 'data:image/svg+xml,<svg/>' } },
    ],
  });
  expect(messages[0]?.content).toEqual([
    { type: 'image', source: { kind: 'url', url: 'https://a.example/x.png' } },
    { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBO' }, detail: 'high' },
  ]);
  expect(warned).toEqual(['messages[0].content[2].image_url']);
});

test('documents come in base64, with or without their type; those that OpenAI keeps are warned of', () => {
  const { messages, warned } = decodeMessages({
    role: 'user',
    content: [
      { type: 'file', file: { filename: 'a.txt', file_data: 'data:text/plain;base64,SGk=' } },
      { type: 'file', file: { file_data: 'JVBERi0=', file_id: 'file-1' } },
      { type: 'file', file: { file_id: 'file-1' } },
      { type: 'file', file: { file_data: 'data:,Hi' } },
    ],
  });
  expect(messages[0]?.content).toEqual([
    { type: 'document', source: { kind: 'base64', mediaType: 'text/plain', data: 'SGk=' }, name: 'a.txt' },
    { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBERi0=' } },
  ]);
  expect(warned).toEqual(['messages[0].content[1].file.file_id', 'messages[0].content[2].file', 'messages[0].content[3].file']);
});

test('audio has its media type', () => {
  const audio = (format: 'wav' | 'mp3') => ({ type: 'input_audio' as const, input_audio: { data: 'UklG', format } });
  expect(decodeMessages({ role: 'user', content: [audio('wav'), audio('mp3')] }).messages[0]?.content).toEqual([
    { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'UklG' } },
    { type: 'audio', source: { kind: 'base64', mediaType: 'audio/mpeg', data: 'UklG' } },
  ]);
});

test.each([
  [{ prompt_cache_breakpoint: { mode: 'explicit' } }, {}, []],
  [{ prompt_cache_breakpoint: { mode: 'explicit', ttl: '30m' } }, { ttl: '1h' }, []],
  [{ prompt_cache_breakpoint: { mode: 'explicit', ttl: '12h' } }, { ttl: '1h' }, ['messages[0].content[0].prompt_cache_breakpoint.ttl']],
  [{ cache_control: { type: 'ephemeral' } }, {}, []],
  [{ cache_control: { type: 'ephemeral', ttl: '5m' } }, { ttl: '5m' }, []],
])('%j marks content for the prompt cache', (marker, cache, warned) => {
  const { value, warnings } = decode({ model: 'm', messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', ...marker }] }] });
  expect(value.messages[0]?.content).toEqual([{ type: 'text', text: 'Hi', cache }]);
  expect(warnings.map(({ field }) => field)).toEqual(warned);
});

test('tools and results of tools are marked too', () => {
  const cache_control = { type: 'ephemeral', ttl: '1h' };
  const { value, warnings } = decode({
    model: 'm',
    messages: [{ role: 'tool', tool_call_id: 'c', content: 'ok', cache_control }],
    tools: [{ type: 'function', function: { name: 'f' }, cache_control }],
  });
  expect([value.messages[0], value.tools[0]]).toMatchObject([{ cache: { ttl: '1h' } }, { cache: { ttl: '1h' } }]);
  expect(warnings).toEqual([]);
});

test.each([{ reasoning_content: 'Hm' }, { reasoning: 'Hm' }, { reasoning_content: 'Hm', reasoning: 'Hm' }])(
  'what a model thought earlier is read from %j, before what it said',
  (fields) => {
    const { value, warnings } = decode({ model: 'm', messages: [{ role: 'assistant', content: 'Yo', annotations: [], ...fields }] });
    expect(value.messages[0]?.content).toEqual([
      { type: 'reasoning', text: 'Hm' },
      { type: 'text', text: 'Yo' },
    ]);
    expect(warnings).toEqual([]);
  },
);

test.each([
  [{ n: 3 }, { choices: 3 }],
  [{ logprobs: true }, { logprobs: { top: 0 } }],
  [{ logprobs: true, top_logprobs: 5 }, { logprobs: { top: 5 } }],
  [{ metadata: { a: 'b' } }, { metadata: { a: 'b' } }],
  [{ service_tier: 'flex' }, { serviceTier: 'flex' }],
  [{ prediction: { type: 'content', content: 'Dear' } }, { prediction: 'Dear' }],
  [
    {
      prediction: {
        type: 'content',
        content: [
          { type: 'text', text: 'De' },
          { type: 'text', text: 'ar' },
        ],
      },
    },
    { prediction: 'Dear' },
  ],
  [{ verbosity: 'low' }, { verbosity: 'low' }],
  [{ prompt_cache_key: 'k' }, { promptCacheKey: 'k' }],
  [{ reasoning_effort: 'xhigh' }, { reasoning: { effort: 'xhigh', show: true } }],
  [{ reasoning_effort: 'none' }, { reasoning: { effort: 'none' } }],
  [{ response_format: { type: 'json_object' } }, { responseFormat: { type: 'json-object' } }],
  [
    { response_format: { type: 'json_schema', json_schema: { name: 'n', description: 'd', schema: { a: 1 }, strict: true } } },
    { responseFormat: { type: 'json-schema', name: 'n', description: 'd', schema: '{"a":1}', strict: true } },
  ],
  [{ response_format: { type: 'json_schema', json_schema: { name: 'n' } } }, { responseFormat: { type: 'json-object' } }],
])('%j is carried', (fields, expected) => {
  const { value, warnings } = decode({ ...smallest, ...fields });
  expect(value).toEqual({ ...decode(smallest).value, ...expected });
  expect(warnings).toEqual([]);
});

test.each([
  [{ top_logprobs: 5 }, 'top_logprobs'],
  [{ metadata: { a: 1 } }, 'metadata.a'],
  [{ verbosity: 'loud' }, 'verbosity'],
  [{ reasoning_effort: 'heroic' }, 'reasoning_effort'],
  [{ response_format: { type: 'grammar', grammar: 'x' } }, 'response_format'],
  [{ response_format: { type: 'json_object', vendor: 1 } }, 'response_format.vendor'],
  [{ response_format: { type: 'json_schema', json_schema: { name: 'n', schema: {}, vendor: 1 } } }, 'response_format.json_schema.vendor'],
])('%j is warned of', (fields, field) => {
  expect(decode({ ...smallest, ...fields }).warnings.map((warning) => warning.field)).toEqual([field]);
});

test('calls keep the text of their arguments, results the id of their call', () => {
  const args = '{"id": 9223372036854775807, "a":"\\u00e9"}';
  const { messages, warned } = decodeMessages(
    { role: 'assistant', content: '', refusal: 'Hm', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: args } }] },
    { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'ok' }] },
  );
  expect(messages).toEqual([
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'Hm' },
        { type: 'tool-call', id: 'c1', name: 'f', arguments: args },
      ],
    },
    { role: 'tool', toolCallId: 'c1', content: [{ type: 'text', text: 'ok' }], isError: false },
  ]);
  expect(warned).toEqual([]);
});

test.each([
  ['', '{}', []],
  [' ', '{}', []],
  ['{"a":', '{"invalid_json":"{\\"a\\":"}', ['messages[0].tool_calls[0].function.arguments']],
  ['[1]', '{"invalid_json":"[1]"}', ['messages[0].tool_calls[0].function.arguments']],
])('arguments %j become the object %j', (text, object, warned) => {
  const result = decodeMessages({ role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: text } }] });
  expect(result.messages[0]?.content[0]).toMatchObject({ arguments: object });
  expect(result.warned).toEqual(warned);
});

test('a custom call stays a call, so that its result answers one', () => {
  const { messages, warned } = decodeMessages({ role: 'assistant', tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'sql', input: 'x' } }] });
  expect(messages[0]?.content).toEqual([{ type: 'tool-call', id: 'c', name: 'sql', arguments: '{"input":"x"}' }]);
  expect(warned).toEqual(['messages[0].tool_calls[0].custom']);
});

test('the older function_call and its result are joined by an id', () => {
  const { value, warnings } = decode({
    model: 'm',
    messages: [
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'ok' },
      { role: 'function', name: 'f', content: 'what?' },
    ],
  });
  expect(value.messages).toEqual([
    { role: 'assistant', content: [{ type: 'tool-call', id: 'function_call_0', name: 'f', arguments: '{}' }] },
    { role: 'tool', toolCallId: 'function_call_0', content: [{ type: 'text', text: 'ok' }], isError: false },
  ]);
  expect(warnings.map(({ field }) => field)).toEqual(['messages[2]']);
});

test('tools keep the text of their schema; custom ones are warned of', () => {
  const json = `{"model":"m","messages":[{"role":"user","content":"Hi"}],"functions":[{"name":"old"}],"tools":[
    {"type":"function","function":{"name":"f","description":"d","strict":true,"parameters":{ "maximum":9223372036854775807 }}},{"type":"custom","custom":{"name":"c"}}]}`;
  const { value, warnings } = decode(json);
  expect(value.tools).toEqual([
    { name: 'old', parameters: '{"type":"object","properties":{}}' },
    { name: 'f', description: 'd', strict: true, parameters: '{ "maximum":9223372036854775807 }' },
  ]);
  expect(warnings.map(({ field }) => field)).toEqual(['tools[1]']);
});

test.each([
  ['auto', { type: 'auto' }, []],
  ['none', { type: 'none' }, []],
  ['required', { type: 'required' }, []],
  [{ type: 'function', function: { name: 'f' } }, { type: 'tool', name: 'f' }, []],
  [{ type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [] } }, { type: 'required' }, ['tool_choice.allowed_tools.tools']],
  [{ type: 'custom', custom: { name: 'c' } }, undefined, ['tool_choice']],
])('tool_choice %j', (choice, expected, warned) => {
  const { value, warnings } = decode({ ...smallest, tool_choice: choice });
  expect(value.toolChoice).toEqual(expected);
  expect(warnings.map(({ field }) => field)).toEqual(warned);
});

test.each([
  [{ messages: [{ role: 'wizard', content: 'x' }] }, 'messages[0].role'],
  [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
  [{ messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'messages[0].content[0].type'],
  [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
  [{ temperature: 'hot' }, 'temperature'],
  [{ tool_choice: 'maybe' }, 'tool_choice'],
  [{ stop: [1] }, 'stop[0]'],
  [{ tools: [{ type: 'function', function: { name: 'f', parameters: [] } }] }, 'tools[0].function.parameters'],
])('%j is refused with the path', (fields, field) => {
  expect(() => decode({ ...smallest, ...fields })).toThrow(expect.objectContaining({ name: 'JsonFieldError', field }));
});
