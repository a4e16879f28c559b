import { expect, test } from 'vitest';
import { requests } from '../../../test/recordings/gemini-generate/requests.ts';
import { parseJson } from '../../framing/json.ts';
import { decodeRequest } from './request-decode.ts';
import { snakeCase } from './wire-fields.ts';

const decode = (body: unknown) => decodeRequest(parseJson(Buffer.from(JSON.stringify(body))), { stream: false });
const messagesOf = (...contents: object[]) => decode({ contents }).value.messages;
const warningsOf = (body: unknown): string[] => decode(body).warnings.map(({ field }) => field);

/** The same body in the names of the .proto file. */
function inSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSnakeCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [snakeCase(key), ['args', 'response', 'labels'].includes(key) ? each : inSnakeCase(each)]),
  );
}

test('settings', () => {
  expect(decode(requests.settings)).toEqual({
    value: {
      stream: false,
      messages: [
        {
          role: 'system',
          content: [
            { type: 'text', text: 'Be brief.' },
            { type: 'text', text: 'Be kind.' },
          ],
        },
        { role: 'user', content: [{ type: 'text', text: 'Write a haiku.' }] },
      ],
      tools: [],
      stop: ['END', 'STOP'],
      temperature: 0.4,
      topP: 0.9,
      topK: 40,
      choices: 2,
      maxTokens: 900,
      seed: 7,
      presencePenalty: 0.5,
      frequencyPenalty: -0.5,
      logprobs: { top: 3 },
      reasoning: { show: true, budgetTokens: 2000 },
      metadata: { team: 'blue' },
    },
    warnings: [],
  });
});

test('images, documents and audio', () => {
  const { value, warnings } = decode(requests.media);
  expect(warnings).toEqual([]);
  expect(value.messages).toMatchObject([
    {
      role: 'user',
      content: [
        { type: 'text' },
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png' } },
        { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBERi0xLjQ=' } },
        { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav' } },
        { type: 'document', source: { kind: 'text', text: 'a,b\n' } },
        { type: 'image', source: { kind: 'url', url: 'https://images.example/cat.jpg' } },
      ],
    },
  ]);
});

test('a tool loop: ids are made, signatures and thoughts kept, results wrapped in output and error are unwrapped', () => {
  const state = { origin: 'google', kind: 'signature', value: 'EqQBCqEBAb4+9vs=' };
  expect(decode(requests['a tool loop'])).toEqual({
    value: {
      stream: false,
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Weather and time in Oslo?' }] },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'Two calls' },
            { type: 'tool-call', id: 'call_1', name: 'get_weather', arguments: '{"city":"Oslo"}', state },
            { type: 'tool-call', id: 'call_2', name: 'get_time', arguments: '{}' },
          ],
        },
        { role: 'tool', toolCallId: 'call_1', content: [{ type: 'text', text: '4 °C' }], isError: false },
        { role: 'tool', toolCallId: 'call_2', content: [{ type: 'text', text: 'no clock' }], isError: true },
        { role: 'user', content: [{ type: 'text', text: 'Go on.' }] },
      ],
      tools: [
        {
          name: 'get_weather',
          description: 'The weather at a place',
          parameters:
            '{"type":"object","properties":{"city":{"type":"string","description":"A city"},"days":{"type":["integer","null"]}},"required":["city"]}',
        },
        { name: 'get_time', parameters: '{"type":"object","properties":{}}' },
      ],
      toolChoice: { type: 'required' },
      stop: [],
    },
    warnings: [],
  });
});

test('structured output', () => {
  expect(decode(requests['structured output']).value).toMatchObject({
    responseFormat: { type: 'json-schema', schema: '{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}' },
    reasoning: { effort: 'low' },
  });
});

test.each(Object.entries(requests))('the request "%s" means the same in the names of the .proto file', (_, request) => {
  expect(decode(inSnakeCase(request)).value).toEqual(decode(request).value);
});

test('what only Google has is named', () => {
  expect(warningsOf(requests['what only Google has'])).toEqual([
    'safetySettings',
    'cachedContent',
    'tools[0].googleSearch',
    'tools[1].codeExecution',
    'tools[2].urlContext',
  ]);
});

test('a stream that a client kept event by event is one turn again', () => {
  const model = (part: object) => ({ role: 'model', parts: [part] });
  expect(
    messagesOf(
      { role: 'user', parts: [{ text: 'Hi' }] },
      model({ text: 'Let ', thought: true }),
      model({ text: 'me see', thought: true }),
      model({ text: '', thought: true, thoughtSignature: 'c2ln' }),
      model({ text: 'On ' }),
      model({ text: 'it.' }),
      model({ functionCall: { id: 'a', name: 'f', args: { n: 1 } } }),
      model({ text: '' }),
    ),
  ).toEqual([
    { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Let me see', state: { origin: 'google', kind: 'signature', value: 'c2ln' } },
        { type: 'text', text: 'On it.' },
        { type: 'tool-call', id: 'a', name: 'f', arguments: '{"n":1}' },
      ],
    },
  ]);
});

test('a signature of text is kept beside it; one that says that there is none is not', () => {
  const state = { origin: 'google', kind: 'signature', value: 'c2ln' };
  expect(
    messagesOf({
      role: 'model',
      parts: [
        { text: 'Yes', thoughtSignature: 'c2ln' },
        { functionCall: { name: 'f' }, thoughtSignature: 'skip_thought_signature_validator' },
      ],
    }),
  ).toEqual([
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'Yes' },
        { type: 'reasoning', text: '', state },
        { type: 'tool-call', id: 'call_1', name: 'f', arguments: '{}' },
      ],
    },
  ]);
});

test.each([
  [{ output: 'x' }, 'x', false],
  [{ result: 'x' }, 'x', false],
  [{ error: 'x' }, 'x', true],
  [{ output: 'x', error: null }, 'x', false],
  [{ error: { code: 5 } }, '{"code":5}', true],
  [{ output: { a: 1 } }, '{"output":{"a":1}}', false],
  [{ temp: 14.5, unit: 'C' }, '{"temp":14.5,"unit":"C"}', false],
  [{ error: 'x', hint: 'y' }, '{"error":"x","hint":"y"}', true],
])('a function answered %j', (response, text, isError) => {
  expect(messagesOf({ role: 'function', parts: [{ functionResponse: { id: 'a', name: 'f', response } }] })).toEqual([
    { role: 'tool', toolCallId: 'a', content: [{ type: 'text', text }], isError },
  ]);
});

test('a function answered nothing, or an image', () => {
  const inlineData = { mimeType: 'image/png', data: 'a-b_' };
  expect(
    messagesOf({
      parts: [{ functionResponse: { id: 'a', name: 'f', response: {} } }, { functionResponse: { id: 'b', name: 'f', parts: [{ inlineData }] } }],
    }),
  ).toEqual([
    { role: 'tool', toolCallId: 'a', content: [], isError: false },
    { role: 'tool', toolCallId: 'b', content: [{ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'a+b/' } }], isError: false },
  ]);
});

test.each([
  ['a video', [{ inlineData: { mimeType: 'video/mp4', data: 'AA==' } }], 'contents[0].parts[0].inlineData'],
  ['a file of Google’s', [{ fileData: { mimeType: 'image/png', fileUri: 'gs://bucket/a.png' } }], 'contents[0].parts[0].fileData'],
  ['an uploaded file', [{ fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/a' } }], 'contents[0].parts[0].fileData'],
  ['a file of unknown type', [{ fileData: { fileUri: 'https://files.example/a' } }], 'contents[0].parts[0].fileData'],
  ['a part of an unknown kind', [{ hologram: {} }], 'contents[0].parts[0]'],
  ['how a video is cut', [{ inlineData: { mimeType: 'image/png', data: 'AA==' }, videoMetadata: { fps: 2 } }], 'contents[0].parts[0].videoMetadata'],
])('%s is left out with a warning', (_, parts, field) => {
  expect(warningsOf({ contents: [{ role: 'user', parts }] })).toEqual([field]);
});

test('code that a model ran is left out with a warning', () => {
  const { value, warnings } = decode({ contents: [{ role: 'model', parts: [{ executableCode: { code: '1' } }, { text: 'One' }] }] });
  expect(value.messages).toEqual([{ role: 'assistant', content: [{ type: 'text', text: 'One' }] }]);
  expect(warnings.map(({ field }) => field)).toEqual(['contents[0].parts[0]']);
});

const tools = [{ functionDeclarations: [{ name: 'a' }, { name: 'b', parametersJsonSchema: { type: 'object', $comment: 9007199254740991 } }] }];
const choice = (config: object, declared: object[] = tools) =>
  decode({ contents: [{ parts: [{ text: 'Hi' }] }], tools: declared, toolConfig: { functionCallingConfig: config } });

test.each([
  [{ mode: 'AUTO' }, { type: 'auto' }, []],
  [{ mode: 'auto' }, { type: 'auto' }, []],
  [{ mode: 'NONE' }, { type: 'none' }, []],
  [{ mode: 'ANY' }, { type: 'required' }, []],
  [{ mode: 'ANY', allowedFunctionNames: ['a'] }, { type: 'tool', name: 'a' }, []],
  [{ mode: 'ANY', allowedFunctionNames: ['a', 'b'] }, { type: 'required' }, []],
  [{ mode: 'VALIDATED' }, { type: 'auto' }, ['toolConfig.functionCallingConfig']],
  [
    { mode: 'VALIDATED', allowedFunctionNames: ['a'] },
    { type: 'auto' },
    ['toolConfig.functionCallingConfig.allowedFunctionNames', 'toolConfig.functionCallingConfig'],
  ],
  [{ mode: 'MODE_UNSPECIFIED' }, undefined, []],
])('the choice %j', (config, toolChoice, fields) => {
  const { value, warnings } = choice(config);
  expect(value.toolChoice).toEqual(toolChoice);
  expect(warnings.map(({ field }) => field)).toEqual(fields);
});

test('a choice of tools that cannot be carried is left out', () => {
  const { value, warnings } = choice({ mode: 'ANY' }, [{ googleSearch: {} }]);
  expect(value.toolChoice).toBeUndefined();
  expect(warnings.map(({ field }) => field)).toEqual(['tools[0].googleSearch', 'toolConfig.functionCallingConfig']);
});

const config = (generationConfig: object) => decode({ contents: [{ parts: [{ text: 'Hi' }] }], generationConfig });

test.each([
  [{ thinkingBudget: 0 }, { effort: 'none' }],
  [{ thinkingBudget: -1 }, undefined],
  [{ thinkingBudget: 512 }, { budgetTokens: 512 }],
  [
    { thinkingLevel: 'HIGH', includeThoughts: false },
    { show: false, effort: 'high' },
  ],
  [{ thinkingLevel: 'THINKING_LEVEL_UNSPECIFIED' }, undefined],
])('thinking as %j', (thinkingConfig, reasoning) => {
  const { value, warnings } = config({ thinkingConfig });
  expect(value.reasoning).toEqual(reasoning);
  expect(warnings).toEqual([]);
});

test.each([
  [{ responseMimeType: 'text/plain' }, undefined, []],
  [{ responseMimeType: 'application/json' }, { type: 'json-object' }, []],
  [{ responseMimeType: 'application/json', responseJsonSchema: { type: 'array' } }, { type: 'json-schema', schema: '{"type":"array"}' }, []],
  [{ responseMimeType: 'text/x.enum', responseSchema: { type: 'STRING' } }, undefined, ['generationConfig.responseMimeType']],
])('an answer as %j', (generationConfig, format, fields) => {
  const { value, warnings } = config(generationConfig);
  expect(value.responseFormat).toEqual(format);
  expect(warnings.map(({ field }) => field)).toEqual(fields);
});

test('numbers may be strings; what no other protocol has is named, but not what changes nothing', () => {
  const { value, warnings } = config({
    temperature: '0.5',
    topK: '3',
    candidateCount: 1,
    responseModalities: ['TEXT'],
    speechConfig: {},
    audioTimestamp: true,
  });
  expect(value).toMatchObject({ temperature: 0.5, topK: 3 });
  expect(value.choices).toBeUndefined();
  expect(warnings.map(({ field }) => field)).toEqual(['generationConfig.speechConfig', 'generationConfig.audioTimestamp']);
});

test.each([
  [{ contents: [{ role: 'system', parts: [{ text: 'Hi' }] }] }, 'contents[0].role'],
  [{ contents: [{ role: 'model', parts: [{ functionCall: { args: {} } }] }] }, 'contents[0].parts[0].functionCall.name'],
  [{ contents: [{ role: 'model', parts: [{ functionCall: { name: 'f', args: [] } }] }] }, 'contents[0].parts[0].functionCall.args'],
  [{ contents: [{ parts: [{ text: 5 }] }] }, 'contents[0].parts[0].text'],
  [{ contents: [{ parts: [{ inlineData: {}, inline_data: {} }] }] }, 'contents[0].parts[0].inline_data'],
  [{ contents: [], tools: [{ functionDeclarations: [{}] }] }, 'tools[0].functionDeclarations[0].name'],
  [{ contents: [], generationConfig: { topP: 'much' } }, 'generationConfig.topP'],
])('a request that the API refuses names its field: %j', (body, field) => {
  expect(() => decode(body)).toThrow(expect.objectContaining({ name: 'JsonFieldError', field }));
});

/** Every value in a body that is no object and no array, with the path that leads to it. */
function leaves(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, Array.isArray(value) ? Number(key) : key]));
}

/** A copy with another value of the same kind there. */
function changedAt(value: unknown, [step, ...rest]: readonly (string | number)[]): unknown {
  if (step === undefined) return typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : `x${String(value)}`;
  if (Array.isArray(value)) return value.map((each: unknown, at) => (at === step ? changedAt(each, rest) : each));
  return Object.fromEntries(
    Object.entries(value as object).map(([key, each]: [string, unknown]) => [key, key === step ? changedAt(each, rest) : each]),
  );
}

/** What says nothing: the role of an instruction, the kind of a text, the place of a property that is the last anyway. */
const idle: ReadonlySet<string> = new Set([
  'systemInstruction.role',
  'contents.0.parts.4.inlineData.mimeType',
  'tools.0.functionDeclarations.0.parameters.propertyOrdering.1',
]);

test.each(Object.entries(requests))('no field of the request "%s" is lost in silence', (_, request) => {
  const before = decode(request);
  for (const path of leaves(request).filter((each) => !idle.has(each.join('.')))) {
    const isNamed = before.warnings.some(({ field }) => path.join('.').startsWith(field.replaceAll(/\[(\d+)\]/g, '.$1')));
    if (isNamed) continue;
    let after: unknown;
    try {
      after = decode(changedAt(request, path));
    } catch {
      continue; // refused, which is not silent
    }
    expect(after, path.join('.')).not.toEqual(before);
  }
});
