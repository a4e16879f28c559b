import { expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import { replaceValue } from '../../framing/splice.ts';
import { ClientRequest } from '../client-request.ts';
import { openaiChat } from './index.ts';

const target = { model: 'gpt-5-mini', quirks: {} };
const messages = '"messages":[{"role":"user","content":"Hi"}]';
const factsOf = (fields: string) => openaiChat.facts(parseJson(Buffer.from(`{${fields}}`)), {});
const retargeted = (json: string): string => new ClientRequest(openaiChat, Buffer.from(json)).retargeted(target).value.toString();

test('reads the model, and takes a request for one that is not streamed, unlimited and without usage', () => {
  expect(factsOf(`"model":"fast",${messages}`)).toEqual({ model: 'fast', stream: false, maxTokens: undefined, choices: 1, wantsUsage: false });
});

test('counts the output of all choices together, the newer name of the limit first', () => {
  expect(factsOf(`"model":"m",${messages},"max_tokens":10,"max_completion_tokens":20,"n":3`).maxTokens).toBe(60);
  expect(factsOf(`"model":"m",${messages},"max_tokens":10,"max_completion_tokens":null`).maxTokens).toBe(10);
});

test('reads whether a stream and its usage are asked for', () => {
  expect(factsOf(`"model":"m",${messages},"stream":true,"stream_options":{"include_usage":true}`)).toMatchObject({ stream: true, wantsUsage: true });
});

test.each([
  [`"model":"m",${messages},"stream_options":true`, 'stream_options'],
  [`"model":"m",${messages},"stream_options":{"include_usage":1}`, 'stream_options.include_usage'],
  [`"model":"m",${messages},"max_tokens":-1`, 'max_tokens'],
  [`"model":"m",${messages},"max_completion_tokens":1.5`, 'max_completion_tokens'],
  [`"model":"m",${messages},"n":0`, 'n'],
])('names the field at fault in {%s}', (fields, field) => {
  expect(() => factsOf(fields)).toThrow(expect.objectContaining({ name: 'JsonFieldError', field }));
});

test.each(['model', 'messages', 'stream', 'stream_options', 'max_tokens', 'max_completion_tokens', 'n'])(
  'refuses a request with two fields %s',
  (key) => {
    const values: Record<string, string> = { model: '"m"', messages: '[{"role":"user"}]', stream: 'true', stream_options: '{}' };
    const rest = Object.entries(values)
      .filter(([name]) => name !== key)
      .map(([name, value]) => `"${name}":${value},`);
    expect(() => factsOf(`${rest.join('')}"${key}":${values[key] ?? 1},"${key}":${values[key] ?? 1}`)).toThrow(`${key} stands twice`);
    // Escaped, the name is the same.
    const escaped = `\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}`;
    expect(() => factsOf(`${rest.join('')}"${key}":${values[key] ?? 1},"${escaped}":${values[key] ?? 1}`)).toThrow(`${key} stands twice`);
  },
);

test.each([
  ['adds the option', `{"stream":true,${messages}}`, `{"stream_options":{"include_usage":true},"stream":true,${messages}}`],
  [
    'takes null for absent',
    `{"stream":true,"stream_options":null,${messages}}`,
    `{"stream":true,"stream_options":{"include_usage":true},${messages}}`,
  ],
  ['fills an empty option', `{"stream":true,"stream_options":{},${messages}}`, `{"stream":true,"stream_options":{"include_usage":true},${messages}}`],
  [
    'extends the option',
    `{"stream":true,"stream_options":{"include_obfuscation":false},${messages}}`,
    `{"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},${messages}}`,
  ],
  [
    'overrules the option',
    `{"stream":true,"stream_options":{"include_usage":false},${messages}}`,
    `{"stream":true,"stream_options":{"include_usage":true},${messages}}`,
  ],
  ['leaves alone who asked', `{"stream":true,"stream_options":{"include_usage":true},${messages}}`, undefined],
  ['leaves alone who does not stream', `{"stream":false,${messages}}`, undefined],
])('asks for the usage of a stream: %s', (_, body, expected = body) => {
  const withModel = (json: string, model: string) => json.replace(/\}$/, `,"model":"${model}"}`);
  expect(retargeted(withModel(body, 'fast'))).toBe(withModel(expected, 'gpt-5-mini'));
});

test('a model that has the right name is left as it was written', () => {
  expect(retargeted(`{"model":"gpt\\u002d5-mini",${messages}}`)).toBe(`{"model":"gpt\\u002d5-mini",${messages}}`);
});

test('every byte outside the edits stays: 64-bit integers, key order, repeated keys, escapes, spaces, unknown fields', () => {
  const before = `\n{ "vendor_new": 9223372036854775807, "vendor_new": [1e400, -0.0, "\\u0041\\/"],  "model" : `;
  const after = ` ,\t"messages": [ {"role":"user","content":"caf\\u00e9 \\ud83d\\ude00 é", "x":{"b":1,"a":18446744073709551615,"b":2}} ] } \n`;
  expect(retargeted(`${before}"fast"${after}`)).toBe(`${before}"gpt-5-mini"${after}`);
});

test('a changed text, the model and the usage option go into the same bytes', () => {
  const json = `{"id64":9223372036854775807,"model":"fast","stream":true,"messages":[{"role":"user","content":"Mail a\\u0040b.de"}],"dup":1,"dup":2}`;
  const request = new ClientRequest(openaiChat, Buffer.from(json));
  const spot = request.texts().find(({ node }) => node.path === 'messages[0].content');
  const redacted = request.edited([replaceValue(spot?.node ?? request.body, '"Mail [EMAIL_1]"')]);
  expect(redacted.retargeted(target).value.toString()).toBe(
    `{"stream_options":{"include_usage":true},"id64":9223372036854775807,"model":"gpt-5-mini","stream":true,"messages":[{"role":"user","content":"Mail [EMAIL_1]"}],"dup":1,"dup":2}`,
  );
});
