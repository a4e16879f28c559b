import { describe, expect, test } from 'vitest';
import { everyField } from '../../../test/recordings/openai-responses/requests.ts';
import { parseJson } from '../../framing/json.ts';
import { splice } from '../../framing/splice.ts';
import type { Quirks } from '../protocol.ts';
import { openaiResponses } from './index.ts';
import { ownItemId } from './request-own-items.ts';

const parsed = (body: object) => parseJson(Buffer.from(JSON.stringify(body)));
const factsOf = (body: object) => openaiResponses.facts(parsed(body), {});

function retargeted(body: object, model = 'gpt-5-mini', quirks: Quirks = {}) {
  const node = parsed(body);
  const { value, warnings } = openaiResponses.retarget(node, openaiResponses.facts(node, {}), { model, quirks });
  return { text: splice(node.bytes, value).toString(), warnings };
}

describe('facts', () => {
  test('say what the gateway must know', () => {
    expect(factsOf({ model: 'fast', input: 'Hi', stream: true, max_output_tokens: 50 })).toEqual({
      model: 'fast',
      stream: true,
      maxTokens: 50,
      choices: 1,
      wantsUsage: true,
      isStored: true,
    });
    expect(factsOf({ model: 'fast', input: [{ role: 'user', content: 'Hi' }], store: false })).toMatchObject({
      stream: false,
      maxTokens: undefined,
      isStored: false,
    });
  });

  test.each([{ prompt: { id: 'pmpt_1' } }, { previous_response_id: 'resp_1', input: [] }, { conversation: 'conv_1' }])(
    'let the input be missing where OpenAI has it: %j',
    (fields) => {
      expect(factsOf({ model: 'fast', ...fields })).toMatchObject({ model: 'fast' });
    },
  );

  test('take the model of the path where there is one', () => {
    expect(openaiResponses.facts(parsed({ input: 'Hi' }), { model: 'fast' })).toMatchObject({ model: 'fast' });
  });
});

describe('for a provider of the same protocol', () => {
  test('nothing but the model changes, numbers and order included', () => {
    const json = '{ "x_new": 92233720368547758070, "input":"Hi" , "model" : "fast","previous_response_id":"resp_1" }';
    const node = parseJson(Buffer.from(json));
    const { value } = openaiResponses.retarget(node, openaiResponses.facts(node, {}), { model: 'gpt-5', quirks: {} });
    expect(splice(node.bytes, value).toString()).toBe(json.replace('"fast"', '"gpt-5"'));
    expect(retargeted(everyField, 'fast')).toEqual({ text: JSON.stringify(everyField), warnings: [] });
  });

  test('fields that it refuses are taken out with a warning, others renamed', () => {
    const quirks: Quirks = { refusedFields: ['store', 'user'], renamedFields: { safety_identifier: 'user_id' } };
    const { text, warnings } = retargeted({ store: true, model: 'fast', input: 'Hi', safety_identifier: 'bob', user: 'b' }, 'm', quirks);
    expect(text).toBe('{"model":"m","input":"Hi","user_id":"bob"}');
    expect(warnings.map(({ field }) => field)).toEqual(['store', 'user']);
  });

  test('ids that we made are taken out, and reasoning of other makers that nobody there could read', () => {
    const id = (type: 'msg' | 'rs' | 'fc', index: number) => ownItemId(type, '0a1b', index);
    const message = { type: 'message', id: id('msg', 1), role: 'assistant', content: 'Hi' };
    const call = { id: id('fc', 2), type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' };
    const result = { type: 'function_call_output', call_id: 'c1', output: 'ok', id: 'fco_1' };
    const thought = { type: 'reasoning', id: id('rs', 0), summary: [{ type: 'summary_text', text: 'Hm' }], encrypted_content: null };
    const own = { type: 'reasoning', id: id('rs', 3), summary: [], encrypted_content: 'gAAA' };
    const { text, warnings } = retargeted({ model: 'm', input: [thought, message, call, result, own] }, 'm');
    expect(JSON.parse(text)).toEqual({
      model: 'm',
      input: [
        { type: 'message', role: 'assistant', content: 'Hi' },
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
        result,
        { type: 'reasoning', summary: [], encrypted_content: 'gAAA' },
      ],
    });
    expect(warnings).toEqual([{ field: 'input[0]', detail: 'is reasoning of another maker and is left out' }]);
  });
});

test('a reference to an item that we made is refused: nobody keeps it', () => {
  for (const reference of [{ type: 'item_reference', id: ownItemId('msg', '0a', 0) }, { id: ownItemId('msg', '0a', 0) }]) {
    expect(() => retargeted({ model: 'm', input: [reference] })).toThrow('input[0] names an item that only OpenAI would keep');
  }
  expect(retargeted({ model: 'm', input: [{ type: 'item_reference', id: 'msg_1' }] }, 'm').warnings).toEqual([]);
});

test('state may stand in ids of calls and in encrypted reasoning', () => {
  const body = parsed({
    input: [
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'E' },
      { type: 'function_call', id: 'fc_1', call_id: 'A', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'A', output: 'ok' },
      { type: 'reasoning', id: 'rs_2', summary: [] },
      { role: 'user', content: 'Hi' },
    ],
  });
  expect(openaiResponses.stateSpots(body).map(({ kind, node }) => `${kind} ${node.path} ${node.text}`)).toEqual([
    'state input[0].encrypted_content "E"',
    'call-id input[1].call_id "A"',
    'call-id input[2].call_id "A"',
  ]);
  expect(openaiResponses.stateSpots(parsed({ input: 'Hi' }))).toEqual([]);
});

test('ids of responses and files that OpenAI keeps are found', () => {
  const body = parsed({
    ...everyField,
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_image', file_id: 'file-a' },
          { type: 'input_file', file_id: 'file-b' },
        ],
      },
      { type: 'function_call_output', call_id: 'A', output: [{ type: 'input_file', file_id: 'file-c' }] },
      { type: 'computer_call_output', call_id: 'B', output: { type: 'computer_screenshot', file_id: 'file-d' } },
    ],
  });
  expect(openaiResponses.storedIds?.(body).map(({ node }) => node.string())).toEqual([
    'resp_1',
    'resp_0',
    'conv_1',
    'pmpt_1',
    'file-a',
    'file-b',
    'file-c',
    'file-d',
    'vs_1',
    'file-1',
  ]);
});
