import { expect, test } from 'vitest';
import { ClientRequest } from '../client-request.ts';
import { replaceText } from '../text-place.ts';
import { geminiGenerate } from './index.ts';

const path = { model: 'fast', stream: true };
const requestOf = (body: unknown): ClientRequest =>
  new ClientRequest(geminiGenerate, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), path);
const retargeted = (body: unknown, model: string): string => requestOf(body).retargeted({ model, quirks: {} }).value.toString();

test('the path has the model and the stream; a maximum holds for each candidate', () => {
  const body = { contents: { parts: { text: 'Hi' } }, generation_config: { max_output_tokens: '50', candidateCount: 2 } };
  expect(requestOf(body).facts).toEqual({ model: 'fast', stream: true, maxTokens: 100, choices: 2, wantsUsage: true });
});

test('a request whose path names no model is refused', () => {
  expect(() => new ClientRequest(geminiGenerate, Buffer.from('{"contents":[{}]}'), {})).toThrow('model must be named in the path');
});

const awkward = `{ "unknown":{"b":1,"a":18446744073709551615,"a":2}, "contents" : [ {"parts":[{"text":"Gr\\u00fc\\u00dfe 👋", "n": 1.0}]} ],
  "generationConfig":{"topK":4e1} }`;

test.each(['gemini-2.5-flash', 'gemini-3-pro-preview'])('%s gets the client’s own bytes', (model) => {
  expect(retargeted(awkward, model)).toBe(awkward);
});

test('each text can be replaced where it stands, with all other bytes as they were', () => {
  const request = requestOf(awkward);
  const spot = request.texts().find(({ node }) => node.path === 'contents[0].parts[0].text');
  const edit = replaceText(request.body, { path: ['contents', 0, 'parts', 0, 'text'], kind: 'text' }, 'X');
  expect(edit).toMatchObject({ start: spot?.node.start, end: spot?.node.end });
  expect(request.edited([edit]).bytes.toString()).toBe(awkward.replace('"Gr\\u00fc\\u00dfe 👋"', '"X"'));
});

test('a body that names the model names the provider’s', () => {
  expect(retargeted('{"model":"models/fast","contents":[{}]}', 'gemini-2.5-flash')).toBe('{"model":"models/gemini-2.5-flash","contents":[{}]}');
});

const user = (...parts: object[]) => ({ role: 'user', parts });
const model = (...parts: object[]) => ({ role: 'model', parts });
const call = (name: string, more: object = {}) => ({ functionCall: { name, args: {} }, ...more });
const answer = (name: string) => ({ functionResponse: { name, response: {} } });

test('parts that are an empty text, and contents with nothing else, are left out', () => {
  const contents = [user({ text: 'Hi' }), model({ text: 'Hello' }), model({ text: '' }), model(), user({ text: '' }, { text: 'Go' })];
  expect(JSON.parse(retargeted({ contents }, 'gemini-2.5-flash'))).toEqual({
    contents: [user({ text: 'Hi' }), model({ text: 'Hello' }), user({ text: 'Go' })],
  });
});

test('an empty text with a signature stays', () => {
  const body = JSON.stringify({ contents: [user({ text: 'Hi' }), model({ text: '', thoughtSignature: 'Eg==' }), user({ text: 'Go' })] });
  expect(retargeted(body, 'gemini-3-pro-preview')).toBe(body);
});

const skip = 'skip_thought_signature_validator';

test('Gemini 3 gets a placeholder for the signature that the first call of a step lacks, since the user’s last word', () => {
  const contents = [
    user({ text: 'Before' }),
    model(call('a')),
    user(answer('a')),
    model({ text: 'Done' }),
    user({ text: 'Now' }),
    model({ text: 'Two' }),
    model(call('a'), call('b')),
    model(call('c')),
    user(answer('a'), answer('b'), answer('c')),
    model(call('d', { thoughtSignature: 'Eg==' })),
    user(answer('d')),
    model(call('e')),
    user(answer('e')),
  ];
  const signed = structuredClone(contents);
  signed[6] = model({ ...call('a'), thoughtSignature: skip }, call('b'));
  signed[11] = model({ ...call('e'), thoughtSignature: skip });
  expect(JSON.parse(retargeted({ contents }, 'gemini-3-pro-preview'))).toEqual({ contents: signed });
  expect(JSON.parse(retargeted({ contents }, 'gemini-flash-latest'))).toEqual({ contents: signed });
  expect(JSON.parse(retargeted({ contents }, 'gemini-2.5-pro'))).toEqual({ contents });
});

test('Gemini 2.5 does not get the placeholder', () => {
  const contents = [user({ text: 'Now' }), model(call('a', { thoughtSignature: skip })), user(answer('a'))];
  expect(JSON.parse(retargeted({ contents }, 'gemini-2.5-pro'))).toEqual({ contents: [contents[0], model(call('a')), contents[2]] });
});
