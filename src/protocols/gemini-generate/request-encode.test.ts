import { describe, expect, test } from 'vitest';
import type { ChatRequest, Message, ObjectText, ToolCallContent, UserContent } from '../../llm/request.ts';
import { encodeRequest } from './request-encode.ts';

const encode = (request: Partial<ChatRequest>, model = 'gemini-2.5-flash') => {
  const { value, warnings } = encodeRequest({ stream: false, messages: [user('Hi')], tools: [], stop: [], ...request }, { model, quirks: {} });
  return { body: JSON.parse(value) as Record<string, unknown>, text: value, fields: warnings.map(({ field }) => field) };
};
const contentsOf = (messages: Message[], model?: string) => encode({ messages }, model).body['contents'];

const text = (each: string) => ({ type: 'text' as const, text: each });
const user = (...content: (string | UserContent)[]): Message => ({
  role: 'user',
  content: content.map((item) => (typeof item === 'string' ? text(item) : item)),
});
const system = (each: string): Message => ({ role: 'system', content: [text(each)] });
const call = (id: string, name: string, args = '{}'): ToolCallContent => ({ type: 'tool-call' as const, id, name, arguments: args as ObjectText });
const result = (toolCallId: string, content: UserContent[], isError = false): Message => ({ role: 'tool', toolCallId, content, isError });
const google = (value: string) => ({ origin: 'google', kind: 'signature', value }) as const;
const skip = 'skip_thought_signature_validator';

describe('the conversation', () => {
  test('leading system messages are the instruction; later ones, and neighbours, are of the user', () => {
    const { body, fields } = encode({ messages: [system('A'), system('B'), user('C'), system('D'), user('', 'E')] });
    expect(body).toEqual({
      systemInstruction: { parts: [{ text: 'A' }, { text: 'B' }] },
      contents: [{ role: 'user', parts: [{ text: 'C' }, { text: 'D' }, { text: 'E' }] }],
    });
    expect(fields).toEqual(['messages[3]']);
  });

  test('system messages alone are sent as the user’s', () => {
    const { body, fields } = encode({ messages: [system('A'), system('B')] });
    expect(body).toEqual({ systemInstruction: { parts: [{ text: 'A' }] }, contents: [{ role: 'user', parts: [{ text: 'B' }] }] });
    expect(fields).toEqual(['messages[1]']);
  });

  test('thoughts without a signature are left out: beside a call that Google signed without a word', () => {
    const thought = { type: 'reasoning', text: 'Hm' } as const;
    const said = (...calls: ReturnType<typeof call>[]): Message[] => [
      user('A'),
      { role: 'assistant', content: [thought, ...calls] },
      result('c', []),
    ];
    expect(encode({ messages: said(call('c', 'f')) })).toMatchObject({ fields: ['messages[1]'], text: expect.not.stringContaining('Hm') });
    expect(encode({ messages: said({ ...call('c', 'f'), state: google('s') }) })).toMatchObject({
      fields: [],
      text: expect.not.stringContaining('Hm'),
    });
  });

  test('one that begins with the assistant is begun by the user', () => {
    const { body, fields } = encode({ messages: [{ role: 'assistant', content: [text('A')] }, user('B')] });
    expect(body['contents']).toMatchObject([{ role: 'user' }, { role: 'model', parts: [{ text: 'A' }] }, { role: 'user' }]);
    expect(fields).toEqual(['messages[0]']);
  });

  test('one that ends with the assistant is ended by the user where the model wants it', () => {
    const messages: Message[] = [user('A'), { role: 'assistant', content: [text('B')] }];
    expect(contentsOf(messages)).toHaveLength(2);
    expect(encode({ messages }, 'gemini-3.6-flash')).toMatchObject({ body: { contents: [{}, {}, { role: 'user' }] }, fields: ['messages[1]'] });
  });

  test('results stand alone, right after their calls and in their order, with names and ids; then what else the user says', () => {
    const messages: Message[] = [
      user('A'),
      { role: 'assistant', content: [text('B'), call('1', 'f', '{"n":9007199254740993}'), call('2', 'g')] },
      user('Early'),
      result('2', [text('two')]),
      result('1', [text('one'), text('more')]),
      user('C'),
    ];
    const { text: json, body, fields } = encode({ messages });
    expect(json).toContain('{"n":9007199254740993}');
    expect(body['contents']).toMatchObject([
      { role: 'user' },
      { role: 'model', parts: [{ text: 'B' }, { functionCall: { id: '1', name: 'f' } }, { functionCall: { id: '2', name: 'g', args: {} } }] },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: '1', name: 'f', response: { output: 'one\nmore' } } },
          { functionResponse: { id: '2', name: 'g', response: { output: 'two' } } },
        ],
      },
      { role: 'user', parts: [{ text: 'Early' }, { text: 'C' }] },
    ]);
    expect(fields).toEqual([]);
  });

  test('an error, and nothing at all, are told apart from output', () => {
    const assistant: Message = { role: 'assistant', content: [call('1', 'f'), call('2', 'g')] };
    expect(contentsOf([user('A'), assistant, result('1', [text('no')], true), result('2', [])])).toMatchObject([
      {},
      {},
      { parts: [{ functionResponse: { response: { error: 'no' } } }, { functionResponse: { response: {} } }] },
    ]);
  });
});

describe('media', () => {
  const png: UserContent = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' } };
  const url = (each: string): UserContent => ({ type: 'image', source: { kind: 'url', url: each } });

  test('bytes are inline, texts are text', () => {
    const pdf: UserContent = { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JQ==' }, name: 'a.pdf' };
    const note: UserContent = { type: 'document', source: { kind: 'text', text: 'Note' }, name: 'n.txt' };
    const wav: UserContent = { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'UA==' } };
    const { body, fields } = encode({ messages: [user(png, pdf, note, wav)] });
    expect(body['contents']).toEqual([
      {
        role: 'user',
        parts: [
          { inlineData: { mimeType: 'image/png', data: 'AA==' } },
          { inlineData: { mimeType: 'application/pdf', data: 'JQ==' } },
          { text: 'n.txt:\nNote' },
          { inlineData: { mimeType: 'audio/wav', data: 'UA==' } },
        ],
      },
    ]);
    expect(fields).toEqual(['messages[0]']); // the PDF's name
  });

  test.each([
    [
      'https://a.example/b/cat.JPG?x=1',
      'gemini-2.5-flash',
      [{ fileData: { mimeType: 'image/jpeg', fileUri: 'https://a.example/b/cat.JPG?x=1' } }],
      0,
    ],
    ['https://a.example/cat', 'gemini-3-pro-preview', [{ fileData: { fileUri: 'https://a.example/cat' } }], 1],
    ['http://a.example/cat.png', 'gemini-2.5-flash', [], 1],
    ['https://a.example/cat.png', 'gemini-2.0-flash', [], 1],
    // With our credential, Google would read what other tenants have there.
    ['gs://bucket/cat.png', 'gemini-3-pro-preview', [], 1],
    ['https://generativelanguage.googleapis.com/v1beta/files/cat.png', 'gemini-3-pro-preview', [], 1],
  ])('an image at %s for %s', (address, model, parts, warnings) => {
    const { body, fields } = encode({ messages: [user('See', url(address))] }, model);
    expect(body['contents']).toEqual([{ role: 'user', parts: [{ text: 'See' }, ...parts] }]);
    expect(fields).toHaveLength(warnings);
  });

  test('of a result are inside of it where the model takes them there, else beside it', () => {
    const messages: Message[] = [user('A'), { role: 'assistant', content: [call('1', 'shoot')] }, result('1', [text('Done'), png])];
    const inlineData = { mimeType: 'image/png', data: 'AA==' };
    expect(encode({ messages }, 'gemini-3-flash-preview')).toMatchObject({
      body: { contents: [{}, {}, { parts: [{ functionResponse: { response: { output: 'Done' }, parts: [{ inlineData }] } }] }] },
      fields: [],
    });
    const older = encode({ messages });
    expect(older.body['contents']).toMatchObject([
      {},
      {},
      { parts: [{ functionResponse: {} }] },
      { parts: [{ text: 'From the result of shoot:' }, { inlineData }] },
    ]);
    expect(older.fields).toEqual(['messages[2]']);
  });
});

describe('state', () => {
  test('Google’s own goes back to where it was', () => {
    const messages: Message[] = [
      user('A'),
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm', state: google('c2ln') },
          text('B'),
          { type: 'reasoning', text: '', state: google('ZW5k') },
          { ...call('1', 'f'), state: google('Y2FsbA==') },
        ],
      },
      result('1', []),
    ];
    expect(contentsOf(messages, 'gemini-3-pro-preview')).toMatchObject([
      {},
      {
        parts: [
          { text: 'Hm', thought: true, thoughtSignature: 'c2ln' },
          { text: 'B' },
          { text: '', thoughtSignature: 'ZW5k' },
          { functionCall: { name: 'f' }, thoughtSignature: 'Y2FsbA==' },
        ],
      },
      {},
    ]);
  });

  test('reasoning of others is left out with a warning', () => {
    const state = { origin: 'anthropic', kind: 'signature', value: 'x' } as const;
    const { body, fields } = encode({
      messages: [
        user('A'),
        {
          role: 'assistant',
          content: [{ type: 'reasoning', text: 'Hm', state }, { type: 'reasoning', text: 'Hm' }, text('B')],
        },
        user('C'),
      ],
    });
    expect(body['contents']).toMatchObject([{}, { parts: [{ text: 'B' }] }, {}]);
    expect(fields).toEqual(['messages[1]', 'messages[1]']);
  });

  const turn = (id: string): Message[] => [
    { role: 'assistant', content: [call(id, 'f'), call(`${id}b`, 'g')] },
    result(id, []),
    result(`${id}b`, []),
  ];

  test.each([
    ['gemini-3-pro-preview', skip],
    ['gemini-pro-latest', skip],
    ['gemini-2.5-pro', undefined],
  ])('of the calls that other models made in the current turn, %s wants the first of each step signed', (model, signature) => {
    const contents = contentsOf(
      [user('A'), ...turn('1'), { role: 'assistant', content: [text('Done')] }, user('B'), ...turn('2'), ...turn('3')],
      model,
    ) as { parts: { thoughtSignature?: string }[] }[];
    const signatures = contents.map(({ parts }) => parts.map(({ thoughtSignature }) => thoughtSignature));
    expect(signatures[1]).toEqual([undefined, undefined]);
    expect(signatures[5]).toEqual([signature, undefined]);
    expect(signatures[7]).toEqual([signature, undefined]);
  });
});

describe('tools', () => {
  const tools = [{ name: 'f', description: 'F', parameters: '{"properties":{"n":{"type":"integer","maximum":9007199254740993}}}' as ObjectText }];

  test('are declared with the whole schema, which says that it is an object’s', () => {
    const { text: json, body } = encode({ tools });
    expect(json).toContain('9007199254740993');
    expect(body['tools']).toMatchObject([
      { functionDeclarations: [{ name: 'f', description: 'F', parametersJsonSchema: { type: 'object', properties: {} } }] },
    ]);
    expect(body['toolConfig']).toBeUndefined();
  });

  test.each([
    [{ type: 'auto' } as const, undefined],
    [{ type: 'none' } as const, { mode: 'NONE' }],
    [{ type: 'required' } as const, { mode: 'ANY' }],
    [{ type: 'tool', name: 'f' } as const, { mode: 'ANY', allowedFunctionNames: ['f'] }],
  ])('are chosen by %j', (toolChoice, functionCallingConfig) => {
    expect(encode({ tools, toolChoice }).body['toolConfig']).toEqual(functionCallingConfig && { functionCallingConfig });
  });

  test('that are strict are validated, where the model can', () => {
    const strict = tools.map((tool) => ({ ...tool, strict: true }));
    expect(encode({ tools: strict }).body['toolConfig']).toEqual({ functionCallingConfig: { mode: 'VALIDATED' } });
    expect(encode({ tools: strict }, 'gemini-2.0-flash').fields).toEqual(['tools[0].strict']);
  });

  test('are not chosen where there are none; one at a time cannot be asked', () => {
    expect(encode({ toolChoice: { type: 'required' } })).toMatchObject({ body: { contents: [{}] }, fields: ['tool_choice'] });
    expect(encode({ tools, parallelToolCalls: false }).fields).toEqual(['parallel_tool_calls']);
  });

  test('with keywords that Gemini does not obey are sent with a warning', () => {
    expect(encode({ tools: [{ name: 'f', parameters: '{"type":"object","minProperties":1}' as ObjectText }] }).fields).toEqual([
      'tools[0].parameters',
    ]);
  });
});

describe('the config', () => {
  const configOf = (request: Partial<ChatRequest>, model?: string) => encode(request, model).body['generationConfig'];

  test('has all that Gemini knows', () => {
    const { body, fields } = encode({
      temperature: 1.5,
      topP: 0.5,
      topK: 4,
      maxTokens: 10,
      presencePenalty: 1,
      frequencyPenalty: 2,
      seed: -3,
      stop: ['a'],
      choices: 2,
      logprobs: { top: 2 },
      serviceTier: 'flex',
      metadata: { team: 'blue' },
    });
    expect(body).toMatchObject({
      generationConfig: {
        temperature: 1.5,
        topP: 0.5,
        topK: 4,
        maxOutputTokens: 10,
        presencePenalty: 1,
        frequencyPenalty: 2,
        seed: -3,
        stopSequences: ['a'],
        candidateCount: 2,
        responseLogprobs: true,
        logprobs: 2,
      },
      serviceTier: 'flex',
      labels: { team: 'blue' },
    });
    expect(fields).toEqual([]);
  });

  test('is left out where there is nothing to say', () => {
    expect(encode({ serviceTier: 'default', choices: 1 })).toMatchObject({
      text: '{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}',
      fields: [],
    });
  });

  test.each([
    [{ seed: 2 ** 40 }, 'seed'],
    [{ stop: ['1', '2', '3', '4', '5', '6'] }, 'stop'],
    [{ stop: ['', 'a'] }, 'stop'],
    [{ choices: 9 }, 'n'],
    [{ user: 'u' }, 'user'],
    [{ prediction: 'p' }, 'prediction'],
    [{ verbosity: 'low' as const }, 'verbosity'],
    [{ promptCacheKey: 'k' }, 'prompt_cache_key'],
    [{ serviceTier: 'scale' }, 'service_tier'],
    [{ metadata: { Team: 'Blue Sky' } }, 'metadata'],
    [{ messages: [{ role: 'user' as const, content: [{ ...text('A'), cache: {} }] }] }, 'cache_control'],
    [{ messages: [user({ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' }, detail: 'low' })] }, 'messages[0]'],
  ])('%j is not carried as it is', (request, field) => {
    expect(encode(request).fields).toEqual([field]);
  });

  test('five stop sequences, none of them empty', () => {
    expect(configOf({ stop: ['', '1', '2', '3', '4', '5', '6'] })).toEqual({ stopSequences: ['1', '2', '3', '4', '5'] });
  });

  test('one candidate from models that write no more', () => {
    expect(encode({ choices: 2 }, 'gemini-3-pro-preview')).toMatchObject({ body: {}, fields: ['n'] });
  });

  const schema = '{"type":"object","properties":{}}' as ObjectText;

  test('a format: JSON, or a schema with its name', () => {
    expect(configOf({ responseFormat: { type: 'json-object' } })).toEqual({ responseMimeType: 'application/json' });
    expect(configOf({ responseFormat: { type: 'json-schema', schema, name: 'person', description: 'A person', strict: true } })).toEqual({
      responseMimeType: 'application/json',
      responseJsonSchema: { title: 'person', description: 'A person', type: 'object', properties: {} },
    });
  });

  test('no format beside functions, for models that cannot', () => {
    const request = { responseFormat: { type: 'json-object' } as const, tools: [{ name: 'f', parameters: schema }] };
    expect(encode(request).fields).toEqual(['response_format']);
    expect(encode(request, 'gemini-3-pro-preview')).toMatchObject({
      body: { generationConfig: { responseMimeType: 'application/json' } },
      fields: [],
    });
  });

  test.each([
    ['gemini-2.5-flash', { effort: 'low' }, { thinkingBudget: 2048 }, 0],
    ['gemini-2.5-flash', { effort: 'none', show: true }, { thinkingBudget: 0 }, 0],
    ['gemini-2.5-flash', { effort: 'max' }, { thinkingBudget: 24_576 }, 0],
    ['gemini-2.5-flash', { budgetTokens: 99_999, show: true }, { thinkingBudget: 24_576, includeThoughts: true }, 1],
    ['gemini-2.5-flash-lite', { budgetTokens: 5 }, { thinkingBudget: 512 }, 1],
    ['gemini-2.5-pro', { effort: 'none' }, { thinkingBudget: 128 }, 1],
    ['gemini-2.5-pro', { show: true }, { includeThoughts: true }, 0],
    ['gemini-2.0-flash', { effort: 'high' }, undefined, 1],
    ['gemini-2.0-flash', { effort: 'none' }, undefined, 0],
    ['gemini-3-pro-preview', { effort: 'high' }, { thinkingLevel: 'HIGH' }, 0],
    ['gemini-3-pro-preview', { effort: 'medium' }, { thinkingLevel: 'LOW' }, 1],
    ['gemini-3-pro-preview', { effort: 'none' }, { thinkingLevel: 'LOW' }, 1],
    ['gemini-3-flash-preview', { effort: 'minimal' }, { thinkingLevel: 'MINIMAL' }, 0],
    ['gemini-3-flash-preview', { budgetTokens: 8000 }, { thinkingLevel: 'MEDIUM' }, 0],
    ['gemini-3.1-pro-preview', { effort: 'medium' }, { thinkingLevel: 'MEDIUM' }, 0],
    ['gemini-flash-latest', { effort: 'xhigh' }, { thinkingLevel: 'HIGH' }, 1],
  ] as const)('%s thinks for %j', (model, reasoning, thinkingConfig, warnings) => {
    const { body, fields } = encode({ reasoning }, model);
    expect(body['generationConfig']).toEqual(thinkingConfig && { thinkingConfig });
    expect(fields).toEqual(Array.from({ length: warnings }, () => 'reasoning'));
  });
});
