import { expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import type { Reasoning } from '../../llm/request.ts';
import { decodeRequest } from './request-decode.ts';

const minimal = { model: 'fast', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] };
const decode = (fields: object) => decodeRequest(parseJson(Buffer.from(JSON.stringify({ ...minimal, ...fields }))));

test.each<[object, Reasoning | undefined]>([
  [{}, undefined],
  [{ thinking: { type: 'enabled', budget_tokens: 5000 } }, { budgetTokens: 5000, show: true }],
  [{ thinking: { type: 'enabled', budget_tokens: 5000, display: 'omitted' } }, { budgetTokens: 5000, show: false }],
  [
    { thinking: { type: 'enabled', budget_tokens: 5000 }, output_config: { effort: 'low' } },
    { budgetTokens: 5000, effort: 'low', show: true },
  ],
  [{ thinking: { type: 'adaptive' } }, { effort: 'high' }],
  [
    { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'max' } },
    { effort: 'max', show: true },
  ],
  [{ thinking: { type: 'adaptive', display: 'omitted' } }, { effort: 'high', show: false }],
  [{ output_config: { effort: 'xhigh' } }, { effort: 'xhigh' }],
  [{ thinking: { type: 'disabled' } }, { effort: 'none' }],
  [{ thinking: { type: 'between_tools' } }, { effort: 'none' }],
])('%j asks for %j', (fields, expected) => {
  const { value, warnings } = decode(fields);
  expect(value.reasoning).toEqual(expected);
  expect(warnings).toEqual([]);
});

test('an effort beside thinking that is off is named, and so is what nobody knows of thinking', () => {
  const fieldsOf = (fields: object) => decode(fields).warnings.map(({ field }) => field);
  expect(fieldsOf({ thinking: { type: 'disabled' }, output_config: { effort: 'low' } })).toEqual(['output_config.effort']);
  expect(fieldsOf({ thinking: { type: 'adaptive', display: 'sung', block_binding: {} } })).toEqual(['thinking.block_binding', 'thinking.display']);
});

test.each(['output_config', 'output_format'])('the form of the answer stands in %s, its schema as it was written', (field) => {
  const schema = '{"type":"object","maximum":18446744073709551615, "b":1.0}';
  const format = `{"type":"json_schema","schema":${schema}}`;
  const body = `{"model":"m","max_tokens":1,"messages":[],"${field}":${field === 'output_config' ? `{"format":${format}}` : format}}`;
  const { value, warnings } = decodeRequest(parseJson(Buffer.from(body)));
  expect(value.responseFormat).toEqual({ type: 'json-schema', schema });
  expect(warnings).toEqual([]);
});
