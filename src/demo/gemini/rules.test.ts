import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf } from '../fakes.fixture.ts';
import { startFakeGemini } from '../gemini.ts';
import type { FakeProvider } from '../server.ts';
import { signatureOf } from './signature.ts';

let fake: FakeProvider;
beforeAll(async () => void (fake = await startFakeGemini()));
afterAll(() => fake.stop());

const newest = 'gemini-3.8-flash';
const older = 'gemini-2.5-flash';

const user = (...parts: unknown[]) => ({ role: 'user', parts });
const answer = (...parts: unknown[]) => ({ role: 'model', parts });
const text = (words: string) => ({ text: words });
const hi = user(text('Hi'));
const signature = (name = '') => signatureOf('Gemini', 'demo_000001', name);
const call = (name: string, id = name) => ({ functionCall: { id, name, args: {} }, thoughtSignature: signature(name) });
const unsigned = (name: string) => ({ functionCall: { id: name, name } });
const result = (name: string, id = name) => ({ functionResponse: { id, name, response: { output: 'done' } } });
const declare = (more: object = {}) => ({ tools: [{ functionDeclarations: [{ name: 'f', ...more }] }] });
const tools = declare();
const object = (properties: object, more: object = {}) => ({ type: 'OBJECT', properties, ...more });
const parameters = (properties: object, more: object = {}) => declare({ parameters: object(properties, more) });
const config = (generationConfig: object) => ({ generationConfig });
const thinking = (thinkingConfig: object) => config({ thinkingConfig });
const json = (more: object) => config({ responseMimeType: 'application/json', ...more });
const mode = (functionCallingConfig: object) => ({ ...tools, toolConfig: { functionCallingConfig } });
const image = (mimeType: string, data = 'iVBORw0KGgo=') => ({ contents: [user({ inlineData: { mimeType, data } })] });

function ask(fields: Record<string, unknown>, model = newest): Promise<Response> {
  return fetch(`${fake.url}/v1beta/models/${model}:generateContent`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-goog-api-key': fake.apiKey },
    body: JSON.stringify({ contents: [hi], ...fields }),
  });
}

const refused: [name: string, fields: Record<string, unknown>, message: string, model?: string][] = [
  ['an unknown field', { messages: [] }, 'Unknown name "messages": Cannot find field.'],
  ['an unknown field of a part', { contents: [user({ ...text('x'), type: 'text' })] }, `Unknown name "type" at 'contents[0].parts[0]': Cannot`],
  ['OpenAI’s content', { contents: [{ role: 'user', content: 'x' }] }, `Unknown name "content" at 'contents[0]'`],
  ['a field that Vertex alone has', { tools: [{ enterpriseWebSearch: {} }] }, `Unknown name "enterpriseWebSearch" at 'tools[0]'`],
  ['text for a number', config({ temperature: 'warm' }), `Invalid value at 'generation_config.temperature' (TYPE_FLOAT), "warm"`],
  ['half a token', config({ maxOutputTokens: 1.5 }), `(TYPE_INT32), 1.5`],
  ['what is no base64', image('image/png', 'data:image/png;base64,xyz'), `Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES)`],
  ['two kinds of data in a part', { contents: [user({ text: 'x', inlineData: { mimeType: 'image/png', data: 'AAAA' } })] }, "Oneof field 'data'"],
  ['no contents', { contents: undefined }, 'contents is not specified'],
  ['the role assistant', { contents: [{ role: 'assistant', parts: [text('x')] }] }, 'Please use a valid role: user, model.'],
  ['the role system', { contents: [{ role: 'system', parts: [text('x')] }, hi] }, 'Please use a valid role'],
  ['the role function', { contents: [hi, answer(call('f')), { role: 'function', parts: [result('f')] }], ...tools }, 'Please use a valid role'],
  ['content without parts', { contents: [user()] }, 'contents.parts must not be empty.'],
  ['a part without data', { contents: [user({})] }, "contents[0].parts[0].data: required oneof field 'data'"],
  ['empty text of the user', { contents: [user(text(''))] }, 'empty text parameter'],
  ['an answer of empty text', { contents: [hi, answer(text('')), hi] }, 'empty text parameter'],
  ['an empty system instruction', { systemInstruction: { parts: [text('')] } }, 'system_instruction.parts[0].data'],
  ['a call of the user', { contents: [user(call('f'))], ...tools }, 'function calls come from the role model'],
  ['a response of the model', { contents: [hi, answer(call('f')), answer(result('f'))], ...tools }, 'function responses come from the role user'],
  ['a call as the first', { contents: [answer(call('f')), user(result('f'))], ...tools }, 'function call turn comes immediately after a user turn'],
  ['a response without a call', { contents: [user(result('f'))], ...tools }, 'function response turn comes immediately after a function call turn'],
  [
    'a response behind text',
    { contents: [hi, answer(call('f')), user(text('x'), result('f'))], ...tools },
    'function response turn comes immediately',
  ],
  ['a call without a response', { contents: [hi, answer(call('f')), hi], ...tools }, 'number of function response parts'],
  ['a call at the end', { contents: [hi, answer(call('f'))], ...tools }, 'number of function response parts'],
  ['one of two calls without a response', { contents: [hi, answer(call('f'), unsigned('g')), user(result('f'))], ...tools }, 'number of function'],
  ['two responses of one call', { contents: [hi, answer(call('f')), user(result('f'), result('f'))], ...tools }, 'number of function response'],
  ['a response of another function', { contents: [hi, answer(call('f')), user(result('g'))], ...tools }, 'names of the function response parts'],
  ['a response with another id', { contents: [hi, answer(call('f', 'a')), user(result('f', 'b'))], ...tools }, 'functionResponse.id does not match'],
  ['a last turn of the model', { contents: [hi, answer(text('I'))] }, 'the last turn is one of the user'],
  ['a GIF', image('image/gif'), 'Unsupported MIME type: image/gif'],
  ['an archive', image('application/zip'), 'Unsupported MIME type: application/zip'],
  ['a file without a place', { contents: [user({ fileData: { mimeType: 'image/png', fileUri: 'data:image/png,x' } })] }, 'Unsupported file URI'],
  [
    'a call of the current turn without its signature',
    { contents: [hi, answer(unsigned('f')), user(result('f'))], ...tools },
    'missing a thought_signature',
  ],
  [
    'a later step of the current turn without its signature',
    { contents: [hi, answer(call('f')), user(result('f')), answer(unsigned('f')), user(result('f'))], ...tools },
    'missing a thought_signature',
  ],
  [
    'a signature on the second of two calls',
    { contents: [hi, answer(unsigned('f'), call('g')), user(result('f'), result('g'))], ...tools },
    'missing a thought_signature',
  ],
  [
    'a changed signature',
    { contents: [hi, answer({ ...call('f'), thoughtSignature: signature('f').replace(/^ey/, 'eX') }), user(result('f'))], ...tools },
    'Corrupted thought signature.',
  ],
  [
    'the signature of another function',
    { contents: [hi, answer({ ...call('f'), thoughtSignature: signature('g') }), user(result('f'))], ...tools },
    'Corrupted thought signature.',
  ],
  [
    'a signature of Vertex AI’s',
    { contents: [hi, answer({ text: 'x', thoughtSignature: signatureOf('Vertex', 'demo_000001') }), hi] },
    'Corrupted thought signature.',
  ],
  ['a changed signature of an earlier turn', { contents: [hi, answer({ text: 'x', thoughtSignature: 'AAAA' }), hi] }, 'Corrupted', older],
  ['a function name with a blank', declare({ name: 'get weather' }), 'Invalid function name'],
  ['a function name that starts with a digit', declare({ name: '1st' }), 'Invalid function name'],
  [
    'two functions of one name',
    { tools: [{ functionDeclarations: [{ name: 'f' }] }, { functionDeclarations: [{ name: 'f' }] }] },
    'Duplicate function',
  ],
  ['both kinds of parameters', declare({ parameters: object({ a: { type: 'STRING' } }), parametersJsonSchema: { type: 'object' } }), 'only one of'],
  ['parameters that are no object', declare({ parameters: { type: 'STRING' } }), 'should be non-empty for OBJECT type'],
  ['parameters without properties', declare({ parameters: { type: 'object' } }), 'should be non-empty for OBJECT type'],
  [
    'additionalProperties',
    parameters({ a: { type: 'STRING' } }, { additionalProperties: false }),
    `Unknown name "additionalProperties" at 'tools[0].function_declarations[0].parameters': Cannot find field.`,
  ],
  [
    '$ref in a property',
    parameters({ a: { $ref: '#/$defs/a' } }, { $defs: {} }),
    `Unknown name "$ref" at 'tools[0].function_declarations[0].parameters.properties[0].value'`,
  ],
  ['const', parameters({ a: { type: 'STRING', const: 'x' } }), 'Unknown name "const"'],
  ['oneOf', parameters({ a: { oneOf: [{ type: 'STRING' }] } }), 'Unknown name "oneOf"'],
  ['exclusiveMinimum', parameters({ a: { type: 'NUMBER', exclusiveMinimum: 0 } }), 'Unknown name "exclusiveMinimum"'],
  ['a list of types', parameters({ a: { type: ['string', 'null'] } }), 'Proto field is not repeating, cannot start list.'],
  ['an unknown type', parameters({ a: { type: 'date' } }), `(Type), "date"`],
  ['a property without a type', parameters({ a: { description: 'x' } }), "schema didn't specify the schema type field"],
  ['a list without items', parameters({ a: { type: 'ARRAY' } }), 'parameters.properties[a].items: missing field.'],
  ['an enum of numbers', parameters({ a: { type: 'INTEGER', enum: [1] } }), '(TYPE_STRING), 1'],
  ['an enum that is no STRING', parameters({ a: { type: 'INTEGER', enum: ['1'] } }), 'only allowed for STRING type'],
  ['an empty name in an enum', parameters({ a: { type: 'STRING', enum: ['x', ''] } }), 'enum[1]: cannot be empty'],
  ['an unknown format', parameters({ a: { type: 'STRING', format: 'uri' } }), 'only enum and date-time are supported for STRING type'],
  ['a required property that is not there', parameters({ a: { type: 'STRING' } }, { required: ['b'] }), 'required[0]: property is not defined'],
  ['functions and search together', { tools: [...tools.tools, { googleSearch: {} }] }, 'Tool use with function calling is unsupported', older],
  ['a mode without functions', { toolConfig: { functionCallingConfig: { mode: 'AUTO' } } }, 'without function_declarations'],
  ['an unknown mode', mode({ mode: 'REQUIRED' }), '(FunctionCallingConfig.Mode), "REQUIRED"'],
  ['allowed names with AUTO', mode({ mode: 'AUTO', allowedFunctionNames: ['f'] }), 'should be set only when'],
  ['an allowed name that is not there', mode({ mode: 'ANY', allowedFunctionNames: ['g'] }), 'no declared function'],
  ['a temperature above 2', config({ temperature: 2.01 }), 'generation_config.temperature: 2.01'],
  ['topP above 1', config({ topP: 1.1 }), 'generation_config.topP'],
  ['no output at all', config({ maxOutputTokens: 0 }), 'generation_config.maxOutputTokens'],
  ['more output than there is', config({ maxOutputTokens: 65_537 }), 'generation_config.maxOutputTokens'],
  ['six stop sequences', config({ stopSequences: ['1', '2', '3', '4', '5', '6'] }), 'at most 5'],
  ['two candidates of a model that writes one', config({ candidateCount: 2 }), 'Multiple candidates is not enabled'],
  ['logprobs without response_logprobs', config({ logprobs: 2 }), 'logprobs can only be set'],
  ['a schema without its MIME type', config({ responseSchema: { type: 'STRING' } }), 'response_mime_type'],
  ['an unknown MIME type', config({ responseMimeType: 'text/html' }), 'response_mime_type'],
  ['both kinds of response schema', json({ responseSchema: { type: 'STRING' }, responseJsonSchema: {} }), 'only one of response_schema'],
  ['a response schema with additionalProperties', json({ responseSchema: { type: 'OBJECT', additionalProperties: false } }), 'additionalProperties'],
  ['a $ref that is not alone', json({ responseJsonSchema: { properties: { a: { $ref: '#', title: 'x' } } } }), '$ref'],
  ['functions with JSON', { ...tools, ...json({}) }, "Function calling with a response mime type: 'application/json' is unsupported", older],
  ['pictures from a model that writes', config({ responseModalities: ['TEXT', 'IMAGE'] }), 'modality IMAGE'],
  ['a thinking budget and a level', thinking({ thinkingBudget: 1024, thinkingLevel: 'LOW' }), 'Only one of'],
  ['a level for a model that takes budgets', thinking({ thinkingLevel: 'LOW' }), 'Thinking level is not supported for this model.', older],
  ['a level that the model does not have', thinking({ thinkingLevel: 'MINIMAL' }), 'Thinking level MINIMAL is not supported'],
  ['no thinking for a model that must', thinking({ thinkingBudget: 0 }), 'only works in thinking mode', 'gemini-2.5-pro'],
  ['a budget out of range', thinking({ thinkingBudget: 32_769 }), 'thinking budget 32769 is invalid', 'gemini-2.5-pro'],
  ['thoughts without thinking', thinking({ thinkingBudget: 0, includeThoughts: true }), 'include_thoughts', older],
  ['two settings of one harm', { safetySettings: [harm('HATE_SPEECH'), harm('HATE_SPEECH')] }, 'is set twice'],
  ['a harm of Vertex AI’s', { safetySettings: [harm('JAILBREAK')] }, 'no category of this API'],
  ['cached content that is not there', { cachedContent: 'cachedContents/other' }, 'CachedContent not found'],
  [
    'cached content with a system instruction',
    { cachedContent: 'cachedContents/demo', systemInstruction: { parts: [text('x')] } },
    'CachedContent can not',
  ],
  ['a continuation of nothing', { continuationToken: 'x' }, 'continuation_token'],
];

function harm(name: string) {
  return { category: `HARM_CATEGORY_${name}`, threshold: 'BLOCK_NONE' };
}

test.each(refused)('refuses %s', async (_name, fields, message, model = newest) => {
  const error = await errorOf(await ask(fields, model));
  expect(error).toMatchObject({ status: fields['cachedContent'] === 'cachedContents/other' ? 'PERMISSION_DENIED' : 'INVALID_ARGUMENT' });
  expect(error.message).toContain(message);
});

test('names every unknown field, in the message and in its details', async () => {
  const response = await ask({ foo: 1, ...parameters({ a: { type: 'STRING', const: 'x' } }) });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    error: {
      code: 400,
      status: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^Invalid JSON payload received.*"foo".*\nInvalid JSON payload received.*"const".*$/) as unknown,
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.BadRequest',
          fieldViolations: [{ field: '' }, { field: 'tools[0].function_declarations[0].parameters.properties[0].value' }],
        },
      ],
    },
  });
});

const sound = { inlineData: { mimeType: 'audio/wav', data: 'UklGRg' } };
const file = { fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/abc' } };
const pictured = { functionResponse: { id: 'f', name: 'f', response: {}, parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] } };
const loop = [hi, answer(call('f'), unsigned('g')), user(result('g'), result('f'))];

const taken: [name: string, fields: Record<string, unknown>, model?: string][] = [
  ['snake_case names', { system_instruction: { parts: [text('x')] }, generation_config: { max_output_tokens: 5, stop_sequences: ['x'] } }],
  ['a lone content with a lone part', { contents: { parts: text('x') } }],
  ['null for what is not set', { tools: null, contents: [user({ text: 'x', inlineData: null })] }],
  ['numbers as strings', config({ maxOutputTokens: '5', temperature: '0.5' })],
  ['neighbouring turns of one role', { contents: [hi, hi, answer(text('a')), answer(text('b')), hi] }],
  ['a conversation that the model begins', { contents: [answer(text('a')), hi] }],
  ['responses in another order', { contents: loop, ...tools }],
  ['responses that come one content each', { contents: [...loop.slice(0, 2), user(result('f')), user(result('g'))], ...tools }],
  ['a streamed answer of several contents', { contents: [hi, answer(text('a')), answer(call('f')), answer(text('')), user(result('f'))], ...tools }],
  ['text behind responses', { contents: [hi, answer(call('f')), user(result('f'), text('x'))], ...tools }],
  ['calls of an earlier turn without signatures', { contents: [hi, answer(unsigned('f')), user(result('f')), answer(text('a')), hi], ...tools }],
  [
    'the placeholder for a call that another model made',
    { contents: [hi, answer({ ...unsigned('f'), thoughtSignature: 'skip_thought_signature_validator' }), user(result('f'))], ...tools },
  ],
  [
    'calls without signatures and ids from an older model',
    { contents: [hi, answer(unsigned('f')), user({ functionResponse: { name: 'f', response: {} } })], ...tools },
    older,
  ],
  ['a last turn of the model from an older model', { contents: [hi, answer(text('I'))] }, older],
  ['thoughts that come back', { contents: [hi, answer({ text: 'hm', thought: true }, { text: 'a', thoughtSignature: signature() }), hi] }],
  ['types in lower case', parameters({ a: { type: 'string', nullable: true }, b: { anyOf: [{ type: 'string' }, { type: 'number' }] } })],
  ['a whole JSON Schema as parametersJsonSchema', declare({ parametersJsonSchema: { type: 'object', additionalProperties: false, $defs: {} } })],
  ['a PDF, a sound and a file', { contents: [user({ inlineData: { mimeType: 'application/pdf', data: 'JVBERi0' } }, sound, file)] }],
  ['a picture in a response', { contents: [hi, answer(call('f')), user(pictured)], ...tools }],
  ['functions and search together', { tools: [...tools.tools, { googleSearch: {} }] }],
  ['functions with JSON', { ...tools, ...json({}) }],
  ['a thinking level in lower case', thinking({ thinkingLevel: 'low' })],
  ['a dynamic budget', thinking({ thinkingBudget: -1 }), 'gemini-2.5-pro'],
  ['VALIDATED with names', mode({ mode: 'VALIDATED', allowedFunctionNames: ['f'] })],
  ['safety settings', { safetySettings: [harm('HATE_SPEECH'), harm('CIVIC_INTEGRITY')] }],
  ['cached content', { cachedContent: 'cachedContents/demo' }],
];

test.each(taken)('takes %s', async (_name, fields, model = newest) => {
  const response = await ask(fields, model);
  expect([response.status, await response.text()]).toMatchObject([200, expect.any(String) as unknown]);
});
