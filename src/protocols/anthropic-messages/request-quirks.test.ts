import { expect, test } from 'vitest';
import { ClientRequest } from '../client-request.ts';
import type { Quirks } from '../protocol.ts';
import { anthropicMessages } from './index.ts';
import { encode } from '../../../test/recordings/anthropic-messages/encoding.ts';

const bedrock: Quirks = { bodyVersion: 'bedrock-2023-05-31' };
const vertex: Quirks = { bodyVersion: 'vertex-2023-10-16' };

function retargeted(body: string, quirks: Quirks, model = 'claude-opus-5') {
  const { value, warnings } = new ClientRequest(anthropicMessages, Buffer.from(body)).retargeted({ model, quirks });
  return { text: value.toString(), fields: warnings.map(({ field }) => field) };
}

test.each([
  [
    '{"model":"fast","stream":true,"max_tokens":9 , "messages":[{"role":"user","content":"Hi"}]}',
    '{"anthropic_version":"bedrock-2023-05-31","max_tokens":9 , "messages":[{"role":"user","content":"Hi"}]}',
  ],
  [
    '{ "max_tokens":9, "messages":[{"role":"user","content":"Hi"}], "anthropic_version":"x", "stream":false, "model":"fast" }',
    '{ "max_tokens":9, "messages":[{"role":"user","content":"Hi"}], "anthropic_version":"bedrock-2023-05-31" }',
  ],
  [
    '{"big":12345678901234567890,"model":"fast","max_tokens":9,"big":1,"stream":true,"messages":[{"role":"user","content":"Hi"}]}',
    '{"anthropic_version":"bedrock-2023-05-31","big":12345678901234567890,"max_tokens":9,"big":1,"messages":[{"role":"user","content":"Hi"}]}',
  ],
])('at Amazon, a body has a version but neither model nor stream: %s', (body, expected) => {
  expect(retargeted(body, bedrock)).toEqual({ text: expected, fields: [] });
});

test('at Google, a body keeps stream', () => {
  expect(retargeted('{"stream":true,"max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"model":"fast"}', vertex).text).toBe(
    '{"anthropic_version":"vertex-2023-10-16","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}',
  );
});

test('a translated body is the same', () => {
  const messages = [{ role: 'user', content: 'Hi' }];
  expect(Object.entries(encode({ stream: true }, 'claude-opus-5', bedrock).body)).toEqual(
    Object.entries({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 4096, messages }),
  );
  expect(encode({ stream: true }, 'claude-opus-5', vertex).body).toEqual({
    anthropic_version: 'vertex-2023-10-16',
    max_tokens: 4096,
    stream: true,
    messages,
  });
});

test('fields that a server refuses are left out and named, others are renamed', () => {
  const quirks: Quirks = { refusedFields: ['metadata', 'service_tier'], renamedFields: { stop_sequences: 'stop' } };
  const body =
    '{"model":"glm-5","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"metadata":{"user_id":"u"},"service_tier":null,"stop_sequences":["E"]}';
  expect(retargeted(body, quirks, 'glm-5')).toEqual({
    text: '{"model":"glm-5","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"stop":["E"]}',
    fields: ['metadata'],
  });
  const encoded = encode({ user: 'u', stop: ['E'] }, 'glm-5', quirks);
  expect(encoded.body).toEqual({ model: 'glm-5', max_tokens: 4096, messages: [{ role: 'user', content: 'Hi' }], stop: ['E'] });
  expect(encoded.fields).toEqual(['metadata']);
});
