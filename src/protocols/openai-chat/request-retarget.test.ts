import { expect, test } from 'vitest';
import { ClientRequest } from '../client-request.ts';
import type { Quirks } from '../protocol.ts';
import { openaiChat } from './index.ts';

/** Fields of a body before and after, in their order, without the model and a message of the user. */
function retarget(fields: string, quirks: Quirks) {
  const messages = fields.includes('"messages"') ? '' : ',"messages":[{"role":"user","content":"Hi"}]';
  const request = new ClientRequest(openaiChat, Buffer.from(`{"model":"m",${fields}${messages}}`));
  const { value, warnings } = request.retargeted({ model: 'm', quirks });
  return { body: value.toString().replace('"model":"m",', '').replace(messages, ''), warned: warnings.map(({ field }) => field) };
}

test.each<[what: string, quirks: Quirks, before: string, after: string, warned?: string[]]>([
  ['a refused field goes', { refusedFields: ['user'] }, '"user":"u","seed":1', '{"seed":1}', ['user']],
  ['null says nothing', { refusedFields: ['user'] }, '"user":null,"seed":1', '{"seed":1}'],
  ['a field has another name', { renamedFields: { seed: 'random_seed' } }, '"seed" : 1e2', '{"random_seed" : 1e2}'],
  ['the output limit has its name', { maxTokensField: 'max_tokens' }, '"max_completion_tokens":9', '{"max_tokens":9}'],
  ['the output limit has its name', { maxTokensField: 'max_completion_tokens' }, '"max_tokens":9', '{"max_completion_tokens":9}'],
  [
    'of two names the one that is known stays',
    { maxTokensField: 'max_tokens' },
    '"max_completion_tokens":9,"max_tokens":8',
    '{"max_tokens":8}',
    ['max_completion_tokens'],
  ],
  [
    'of two names the one that says something stays',
    { maxTokensField: 'max_tokens' },
    '"max_completion_tokens":9,"max_tokens":null',
    '{"max_tokens":9}',
  ],
  ['usage comes unasked', { usageInStream: 'always' }, '"stream":true', '{"stream":true}'],
  ['who must not ask for usage does not', { usageInStream: 'never-ask' }, '"stream":true,"stream_options":{"include_usage":true}', '{"stream":true}'],
  ['a field that is refused is not added', { refusedFields: ['stream_options'] }, '"stream":true', '{"stream":true}'],
  [
    'an effort that the server lacks',
    { reasoningEfforts: ['none', 'high'] },
    '"reasoning_effort":"max"',
    '{"reasoning_effort":"high"}',
    ['reasoning_effort'],
  ],
  ['an effort that the server has', { reasoningEfforts: ['none', 'high'] }, '"reasoning_effort":"\\u0068igh"', '{"reasoning_effort":"\\u0068igh"}'],
  ["an effort that is the server's own", { reasoningEfforts: ['none', 'high'] }, '"reasoning_effort":"ultra"', '{"reasoning_effort":"ultra"}'],
  ['no effort', { reasoningParameter: 'none' }, '"reasoning_effort":"low","seed":1', '{"seed":1}', ['reasoning_effort']],
  ['a switch', { reasoningParameter: 'thinking' }, '"reasoning_effort":"none","seed":1', '{"thinking":{"type":"disabled"},"seed":1}'],
  [
    "the server's own field goes first",
    { reasoningParameter: 'thinking' },
    '"thinking":{"type":"enabled"},"reasoning_effort":"none"',
    '{"thinking":{"type":"enabled"}}',
  ],
  ['JSON mode for a schema', { jsonSchema: false }, '"response_format":{"type":"json_object"}', '{"response_format":{"type":"json_object"}}'],
  ['a list of stops', { stopList: true }, '"stop":"\\u0061"', '{"stop":["\\u0061"]}'],
  [
    'no strict tools',
    { strictTools: false },
    '"tools":[{"type":"function","function":{"name":"f","strict":true}}]',
    '{"tools":[{"type":"function","function":{"name":"f"}}]}',
    ['tools[0].function.strict'],
  ],
  [
    'developers are the system',
    { systemRole: 'system' },
    '"messages":[{"role":"developer","content":"A"},{"role":"user","content":"developer"}]',
    '{"messages":[{"role":"system","content":"A"},{"role":"user","content":"developer"}]}',
  ],
  [
    'fields of messages go',
    { refusedMessageFields: ['name'] },
    '"messages":[{"role":"user","content":"A","name":"Ann"}]',
    '{"messages":[{"role":"user","content":"A"}]}',
    ['messages[0].name'],
  ],
  [
    'reasoning goes',
    { reasoningField: 'none' },
    '"messages":[{"role":"assistant","content":"A","reasoning_content":"B","reasoning":null}]',
    '{"messages":[{"role":"assistant","content":"A"}]}',
    ['messages[0].reasoning_content'],
  ],
  [
    'reasoning has its name',
    { reasoningField: 'reasoning' },
    '"messages":[{"role":"assistant","content":"A","reasoning_content":"B","reasoning_details":[]}]',
    '{"messages":[{"role":"assistant","content":"A","reasoning":"B"}]}',
  ],
  [
    'a tool call has reasoning where it must',
    { reasoningField: 'reasoning_content' },
    '"messages":[{"role":"assistant","tool_calls":[]},{"role":"assistant","tool_calls":[],"reasoning_content":null},{"role":"assistant"}]',
    '{"messages":[{"reasoning_content":"","role":"assistant","tool_calls":[]},{"role":"assistant","tool_calls":[],"reasoning_content":""},{"role":"assistant"}]}',
  ],
  [
    'reasoning stays where it is right',
    { reasoningField: 'reasoning_content' },
    '"messages":[{"role":"assistant","reasoning":"B","content":"A","reasoning_content":"B"}]',
    '{"messages":[{"role":"assistant","content":"A","reasoning_content":"B"}]}',
  ],
])('%s: %j', (_, quirks, before, after, warned = []) => {
  expect(retarget(before, quirks)).toEqual({ body: after, warned });
});

test('a server without quirks gets every byte as it was', () => {
  const everything = '"max_tokens":1,"stop":"a","reasoning_effort":"max","messages":[{"role":"developer","content":"A","name":"B","reasoning":"C"}]';
  expect(retarget(everything, {})).toEqual({ body: `{${everything}}`, warned: [] });
});

test('where a server knows no schemas, the prompt has it', () => {
  const format = '"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{ "a":1e2 }}}';
  const { body, warned } = retarget(`${format},"messages":[{"role":"user","content":"Hi"}]`, { jsonSchema: false });
  expect(body).toBe(
    '{"response_format":{"type":"json_object"},"messages":[{"role":"system","content":"Answer with one JSON object that fits this JSON Schema:\\n{ \\"a\\":1e2 }"},{"role":"user","content":"Hi"}]}',
  );
  expect(warned).toEqual(['response_format']);
});

test('ids of calls that a server refuses are replaced, the same in call and result', () => {
  const call = (id: string) => `{"id":"${id}","type":"function","function":{"name":"f","arguments":"{}"}}`;
  const conversation = (first: string, second: string) =>
    `"messages":[{"role":"assistant","tool_calls":[${call(first)},${call(second)}]},{"role":"tool","tool_call_id":"${first}","content":"ok"}]`;
  const { body } = retarget(conversation('call_1', 'abcDEF123'), { toolCallIds: 'nine-alphanumeric' });
  const id = /"id":"([a-z0-9]{9})"/.exec(body)?.[1];
  expect(body).toBe(`{${conversation(String(id), 'abcDEF123')}}`);
});

test('the model that the path names is asked for, whatever the body says', () => {
  const bytes = (model: string) => Buffer.from(`{${model}"messages":[{"role":"user","content":"Hi"}]}`);
  const asked = (model: string) => new ClientRequest(openaiChat, bytes(model), { model: 'fast' });
  for (const model of ['', '"model":"other",', '"model":null,']) {
    expect(asked(model).facts.model).toBe('fast');
    expect(asked(model).retargeted({ model: 'gpt-5', quirks: {} }).value.toString()).toBe(bytes('"model":"gpt-5",').toString());
  }
});
