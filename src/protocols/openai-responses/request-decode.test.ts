import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { carriedItems, everyTranslatableField, foreignItems, foreignTools } from '../../../test/recordings/openai-responses/requests.ts';
import { parseJson } from '../../framing/json.ts';
import { openaiResponses } from './index.ts';

function decoded(body: object) {
  const node = parseJson(Buffer.from(JSON.stringify({ model: 'fast', input: 'Hi', ...body })));
  return openaiResponses.decodeRequest(node, openaiResponses.facts(node, {}));
}

const warned = (body: object): string[] => decoded(body).warnings.map(({ field }) => field);
const messagesOf = (...input: object[]) => decoded({ input }).value.messages;

test('a conversation keeps all that other protocols have', () => {
  const { value, warnings } = decoded({ instructions: 'Help Bob.', input: carriedItems });
  expect(warnings).toEqual([]);
  expect(value.messages).toEqual([
    { role: 'system', content: [{ type: 'text', text: 'Help Bob.' }] },
    { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
    { role: 'system', content: [{ type: 'text', text: 'Be kind.' }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Look:', cache: { ttl: '1h' } },
        { type: 'image', source: { kind: 'url', url: 'https://a.example/?mail=a@b.de' }, detail: 'low' },
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBORw0KGgo=' } },
        { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBERi0=' }, name: 'cv of Bob.pdf' },
        { type: 'document', source: { kind: 'url', url: 'https://a.example/cv.pdf' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Bob wants mail.' },
        { type: 'reasoning', text: 'So write.', state: { origin: 'openai', kind: 'encrypted', value: 'gAAAAA1', id: 'rs_1' } },
        { type: 'text', text: 'Writing to Bob.' },
        { type: 'tool-call', id: 'call_1', name: 'mail', arguments: '{"to":"a@b.de"}' },
        { type: 'tool-call', id: 'call_2', name: 'mail', arguments: '{}' },
      ],
    },
    { role: 'tool', toolCallId: 'call_1', content: [{ type: 'text', text: 'sent to a@b.de' }], isError: false },
    {
      role: 'tool',
      toolCallId: 'call_2',
      content: [
        { type: 'text', text: 'not sent' },
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBORw0KGgo=' } },
      ],
      isError: false,
    },
    { role: 'assistant', content: [{ type: 'text', text: 'I stop here, Bob.' }] },
    { role: 'user', content: [{ type: 'text', text: 'Why, Bob?' }] },
  ]);
});

test('of a request with every field of the SDK, the settings are these, and the rest is warned of', () => {
  const { value, warnings } = decoded(everyTranslatableField);
  const { messages: _, tools, responseFormat, ...settings } = value;
  expect(settings).toEqual({
    stream: true,
    stop: [],
    parallelToolCalls: false,
    toolChoice: { type: 'auto' },
    maxTokens: 50,
    temperature: 0.5,
    topP: 0.9,
    promptCacheKey: 'bob-1',
    serviceTier: 'flex',
    metadata: { 'c@d.de': 'e@f.de' },
    user: 'bob',
    logprobs: { top: 2 },
    verbosity: 'low',
    reasoning: { effort: 'low', show: true },
  });
  expect(responseFormat).toMatchObject({ type: 'json-schema', name: 'reply', description: 'To Bob', strict: true });
  expect(tools).toEqual([expect.objectContaining({ name: 'mail', description: 'Sends mail for Bob', strict: true })]);
  expect(warnings.map(({ field }) => field)).toEqual([
    ...foreignItems.map((_item, index) => `input[${carriedItems.length + index}]`),
    ...foreignTools.map((_tool, index) => `tools[${index + 1}]`),
    ...['tool_choice.tools', 'user', 'include[2]'],
    ...['reasoning.context', 'reasoning.mode', 'reasoning.summary'],
    ...[
      'max_tool_calls',
      'prompt_cache_options',
      'prompt_cache_retention',
      'store',
      'truncation',
      'context_management',
      'moderation',
      'image',
      'access_programs',
    ],
  ]);
});

/** Every string, number and boolean of a request, by its path, with a way to have it changed. */
function leaves(value: unknown, change: (changed: unknown) => object, path: string): { path: string; mutant: object }[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => leaves(item, (changed) => change(value.with(index, changed)), `${path}[${index}]`));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, field]) =>
      leaves(field, (changed) => change({ ...value, [key]: changed }), path === '' ? key : `${path}.${key}`),
    );
  }
  const changed = typeof value === 'string' ? otherText(value) : typeof value === 'number' ? value + 1 : value === null ? 'x' : !value;
  return [{ path, mutant: change(changed) }];
}

/** Another text of the same form, so that what is read of it still can be. */
const otherText = (text: string): string =>
  text.startsWith('{') ? '{"other":1}' : text.startsWith('data:') ? text.replace('base64,', 'base64,AAAA') : `${text}x`;

/** What may change without a trace: ids and states of items, which say nothing to another model, marks of what an item is, and how finely a setting was meant that is warned of. */
const immaterial =
  /^(?:model|input\[\d+\]\.(?:id|status|type|role)|input\[3\]\.summary\[\d\]\.type|.*prompt_cache_breakpoint\.mode|stream_options\..*|reasoning\.generate_summary|include\[1\])$/;

const changes = leaves(everyTranslatableField, (changed) => changed as object, '').filter(({ path }) => !immaterial.test(path));

test.each(changes)('no change of $path is lost in silence', ({ path, mutant }) => {
  const before = decoded(everyTranslatableField);
  const isWarned = before.warnings.some(({ field }) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`));
  const after = (): unknown => {
    try {
      return decoded(mutant);
    } catch (error) {
      return String(error);
    }
  };
  expect(isWarned || !isDeepStrictEqual(after(), before)).toBe(true);
});

describe('what only OpenAI could answer is refused, with the field', () => {
  const fault = (field: string) => expect.objectContaining({ name: 'JsonFieldError', field });

  test.each([
    [{ previous_response_id: 'resp_1' }, 'previous_response_id'],
    [{ conversation: { id: 'conv_1' } }, 'conversation'],
    [{ prompt: { id: 'pmpt_1' } }, 'prompt'],
    [{ background: true }, 'background'],
    [{ input: [{ type: 'item_reference', id: 'msg_1' }] }, 'input[0]'],
    [{ input: [{ id: 'msg_1' }] }, 'input[0]'],
    [{ input: [{ type: 'compaction', id: 'cmp_1', encrypted_content: 'gAAA' }] }, 'input[0]'],
  ])('%j', (body, field) => {
    expect(() => decoded(body)).toThrow(fault(field));
  });

  test('in a sentence that says what to do', () => {
    expect(() => decoded({ previous_response_id: 'resp_1' })).toThrow(
      'previous_response_id is kept by OpenAI alone, and this model is served by another provider: send the whole conversation as input',
    );
  });
});

test('values that change nothing are not warned of', () => {
  expect(
    warned({
      store: false,
      background: false,
      truncation: 'disabled',
      service_tier: 'auto',
      include: [],
      previous_response_id: null,
      text: { format: { type: 'text' } },
      tool_choice: 'auto',
      top_logprobs: 0,
      context_management: [],
      reasoning: { effort: null, summary: 'auto' },
    }),
  ).toEqual([]);
});

test('log probabilities are asked for by either field', () => {
  expect(decoded({ include: ['message.output_text.logprobs'] }).value.logprobs).toEqual({ top: 0 });
  expect(decoded({ top_logprobs: 3 }).value.logprobs).toEqual({ top: 3 });
  expect(decoded({ include: ['reasoning.encrypted_content'] }).value.logprobs).toBeUndefined();
});

test.each([
  ['auto', { type: 'auto' }],
  ['none', { type: 'none' }],
  ['required', { type: 'required' }],
  [
    { type: 'function', name: 'mail' },
    { type: 'tool', name: 'mail' },
  ],
  [{ type: 'allowed_tools', mode: 'required', tools: [] }, { type: 'required' }],
  [{ type: 'web_search_preview' }, undefined],
])('tool choice %j', (tool_choice, expected) => {
  expect(decoded({ tool_choice }).value.toolChoice).toEqual(expected);
});

test('an unknown word is warned of where it sets how, and refused where it must be one of a few', () => {
  expect(warned({ reasoning: { effort: 'frantic' }, text: { verbosity: 'endless' } })).toEqual(['text.verbosity', 'reasoning.effort']);
  expect(() => decoded({ tool_choice: 'maybe' })).toThrow('tool_choice must be');
  expect(() => decoded({ input: [{ role: 'critic', content: 'Hi' }] })).toThrow('input[0].role must be');
});

test('what the model said in neighbouring items is one message, also where an item between them is not carried', () => {
  expect(
    messagesOf(
      { role: 'user', content: 'Hi' },
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' },
      { type: 'web_search_call', id: 'ws_1', status: 'completed' },
      { role: 'assistant', content: 'One.' },
      { role: 'assistant', content: 'Two.' },
      { type: 'function_call', call_id: 'A', name: 'f', arguments: '{}' },
      { role: 'user', content: 'More' },
    ).map(({ role, content }) => [role, content.map(({ type }) => type)]),
  ).toEqual([
    ['user', ['text']],
    ['assistant', ['reasoning', 'text', 'text', 'tool-call']],
    ['user', ['text']],
  ]);
});

test('reasoning that is not summed up is carried as it was thought', () => {
  const item = { type: 'reasoning', id: 'rs_1', summary: [], content: [{ type: 'reasoning_text', text: 'Hm' }] };
  expect(messagesOf(item)).toEqual([{ role: 'assistant', content: [{ type: 'reasoning', text: 'Hm' }] }]);
});

test('files that only OpenAI has, and those that are no base64, are left out with a warning', () => {
  const content = [
    { type: 'input_image', file_id: 'file-1' },
    { type: 'input_file', file_id: 'file-2' },
    { type: 'input_image', image_url: 'data:text/plain,hello' },
    { type: 'input_file', file_data: 'data:,hello' },
    { type: 'hologram' },
  ];
  const { value, warnings } = decoded({ input: [{ role: 'user', content }] });
  expect(value.messages).toEqual([{ role: 'user', content: [] }]);
  expect(warnings.map(({ field }) => field)).toEqual(content.map((_part, index) => `input[0].content[${index}]`));
});

test('the call of a custom tool is carried as a call with one argument, its result as a result', () => {
  const { value, warnings } = decoded({
    input: [
      { type: 'custom_tool_call', call_id: 'A', name: 'sql', input: 'select 1' },
      { type: 'custom_tool_call_output', call_id: 'A', output: '1' },
    ],
  });
  expect(value.messages).toEqual([
    { role: 'assistant', content: [{ type: 'tool-call', id: 'A', name: 'sql', arguments: '{"input":"select 1"}' }] },
    { role: 'tool', toolCallId: 'A', content: [{ type: 'text', text: '1' }], isError: false },
  ]);
  expect(warnings.map(({ field }) => field)).toEqual(['input[0]']);
});

test('arguments that are no object are kept as text, with a warning', () => {
  const call = { type: 'function_call', call_id: 'A', name: 'f', arguments: '[1' };
  expect(messagesOf(call)).toMatchObject([{ content: [{ arguments: '{"invalid_json":"[1"}' }] }]);
  expect(warned({ input: [call] })).toEqual(['input[0].arguments']);
});

test('annotations and phases of messages are warned of once', () => {
  const content = [{ type: 'output_text', text: 'Rome', annotations: [{ type: 'url_citation' }] }];
  const message = { type: 'message', role: 'assistant', phase: 'commentary', content };
  expect(warned({ input: [message, message] })).toEqual(['input[0].phase', 'input[0].content[0].annotations']);
});
