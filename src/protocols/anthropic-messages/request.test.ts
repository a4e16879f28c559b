import { expect, test } from 'vitest';
import { JsonFieldError, parseJson } from '../../framing/json.ts';
import { replaceValue, splice } from '../../framing/splice.ts';
import { ClientRequest } from '../client-request.ts';
import { anthropicMessages } from './index.ts';

const parse = (text: string) => parseJson(Buffer.from(text));
const minimal = { model: 'fast', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] };
const factsOf = (body: object) => anthropicMessages.facts(parse(JSON.stringify(body)), {});

test('reads the facts of a request, and takes usage as always wanted', () => {
  expect(factsOf(minimal)).toEqual({ model: 'fast', stream: false, maxTokens: 100, choices: 1, wantsUsage: true });
  expect(factsOf({ ...minimal, stream: true }).stream).toBe(true);
});

test.each<[string, object, string]>([
  ['max_tokens of 0', { ...minimal, max_tokens: 0 }, 'max_tokens'],
  ['half a token', { ...minimal, max_tokens: 1.5 }, 'max_tokens'],
  ['max_tokens as text', { ...minimal, max_tokens: '9' }, 'max_tokens'],
])('refuses %s and names the field', (_what, body, field) => {
  expect(() => factsOf(body)).toThrow(expect.objectContaining({ name: JsonFieldError.name, field }));
});

/** Everything that a careless second serialization would change. */
const awkward = `{ "unknown":{"b":1,"a":18446744073709551615,"a":2}, "max_tokens" : 100,
  "model":"fa\\u0073t","future_field":"x","future_field":"y",
  "messages":[{"role":"user","content":[{"type":"text","text":"caf\\u00e9 \\/ 12345678901234567890","cache_control":{"type":"ephemeral"}}]},
  {"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{"id":9007199254740993,"z":1.0,"a":1e2}}]}] }`;

test('changes nothing but the model for a provider of the same protocol', () => {
  const request = new ClientRequest(anthropicMessages, Buffer.from(awkward));
  expect(request.retargeted({ model: 'claude-"4"', quirks: {} }).value.toString()).toBe(awkward.replace('"fa\\u0073t"', '"claude-\\"4\\""'));
});

test('puts what a client asks for in a header where Bedrock looks for it, and nowhere else', () => {
  const retargeted = (bodyVersion: string, body: object = minimal) =>
    new ClientRequest(anthropicMessages, Buffer.from(JSON.stringify(body))).retargeted({
      model: 'm',
      quirks: { bodyVersion },
      headers: new Map([['anthropic-beta', 'a, b']]),
    });
  const betasOf = (json: Buffer): unknown => (JSON.parse(json.toString()) as { anthropic_beta?: unknown }).anthropic_beta;
  expect(betasOf(retargeted('bedrock-2023-05-31').value)).toEqual(['a', 'b']);
  expect(betasOf(retargeted('bedrock-2023-05-31', { ...minimal, anthropic_beta: ['own'] }).value)).toEqual(['own']);
  expect(betasOf(retargeted('vertex-2023-10-16').value)).toBeUndefined();
});

test('leaves the bytes alone where the model is already right', () => {
  const bytes = Buffer.from(awkward);
  expect(new ClientRequest(anthropicMessages, bytes).retargeted({ model: 'fast', quirks: {} }).value).toBe(bytes);
});

test('each text can be replaced where it stands, with all other bytes as they were', () => {
  const body = parse(awkward);
  const spots = anthropicMessages.requestTexts(body).filter(({ kind }) => kind === 'text');
  const spot = spots.find(({ node }) => node.path === 'messages[0].content[0].text');
  expect(spot?.node.string()).toBe('café / 12345678901234567890');
  const edited = splice(body.bytes, spot === undefined ? [] : [replaceValue(spot.node, '"[X_1]"')]);
  expect(edited.toString()).toBe(awkward.replace('"caf\\u00e9 \\/ 12345678901234567890"', '"[X_1]"'));
});
