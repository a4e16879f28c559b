import { describe, expect, test } from 'vitest';
import { everyField } from '../../../test/recordings/bedrock-converse/requests.ts';
import { parseJson } from '../../framing/json.ts';
import { decodeRequest } from './request-decode.ts';

const decode = (body: string | object) =>
  decodeRequest(parseJson(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))), { stream: false });
const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
const contentOf = (...content: object[]) => decode({ messages: [{ role: 'user', content }] });
const text = (value: string) => ({ type: 'text', text: value });
const fault = (field: string) => expect.objectContaining({ name: 'JsonFieldError', field });

test('decodes a plain request without a warning', () => {
  expect(
    decode({
      system: [{ text: 'Be brief.' }],
      messages,
      inferenceConfig: { maxTokens: 100, temperature: 0.5, topP: 0.9, stopSequences: ['END'] },
      requestMetadata: { team: 'blue' },
      serviceTier: { type: 'flex' },
      additionalModelResponseFieldPaths: ['/stop_sequence'],
    }),
  ).toEqual({
    value: {
      stream: false,
      messages: [
        { role: 'system', content: [text('Be brief.')] },
        { role: 'user', content: [text('Hi')] },
      ],
      tools: [],
      stop: ['END'],
      maxTokens: 100,
      temperature: 0.5,
      topP: 0.9,
      metadata: { team: 'blue' },
      serviceTier: 'flex',
    },
    warnings: [],
  });
});

test('names what it cannot carry of a request with every field', () => {
  expect(decode(everyField).warnings.map(({ field }) => field)).toEqual([
    'system[2].guardContent',
    'messages[0].content[1].image.source.s3Location',
    'messages[0].content[2].document.context',
    'messages[0].content[2].document.citations',
    'messages[0].content[6].video',
    'messages[0].content[8].searchResult.source',
    'messages[0].content[8].searchResult.citations',
    'messages[0].content[10].toolAddition',
    'messages[1].content[3].citationsContent.citations',
    'messages[1].content[6].toolUse',
    'toolConfig.tools[3].systemTool',
    'additionalModelRequestFields.anthropic_beta',
    'performanceConfig',
    'promptVariables',
    'guardrailConfig',
    'additionalModelResponseFieldPaths[1]',
  ]);
});

describe('cache points', () => {
  const point = (ttl?: string) => ({ cachePoint: { type: 'default', ttl } });

  test('mark what stands before them', () => {
    const { value, warnings } = decode({
      system: [{ text: 'a' }, point('1h'), { text: 'b' }],
      messages: [
        { role: 'user', content: [{ text: 'c' }, { image: { format: 'png', source: { bytes: 'AAAA' } } }, point()] },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 't', name: 'f', input: {} } }, point('5m')] },
        { role: 'user', content: [{ toolResult: { toolUseId: 't', content: [] } }, point(), { text: 'd' }] },
      ],
      toolConfig: { tools: [{ toolSpec: { name: 'f', inputSchema: { json: {} } } }, point()] },
    });
    expect(warnings).toEqual([]);
    expect(value.tools).toMatchObject([{ name: 'f', cache: {} }]);
    expect(value.messages).toMatchObject([
      { content: [{ text: 'a', cache: { ttl: '1h' } }, { text: 'b' }] },
      { content: [{ text: 'c' }, { type: 'image', cache: {} }] },
      { content: [{ type: 'tool-call', cache: { ttl: '5m' } }] },
      { role: 'tool', cache: {} },
      { content: [{ text: 'd' }] },
    ]);
  });

  test('mark nothing where nothing stands, or what cannot be marked', () => {
    const reasoning = { reasoningContent: { reasoningText: { text: 'Hm.', signature: 's' } } };
    expect(decode({ messages: [{ role: 'assistant', content: [point(), reasoning, point()] }] }).warnings.map(({ field }) => field)).toEqual([
      'messages[0].content[0]',
      'messages[0].content[2]',
    ]);
    expect(() => contentOf({ text: 'a' }, point('2h'))).toThrow(fault('messages[0].content[1].cachePoint.ttl'));
  });
});

test('decodes files by their format', () => {
  const { value, warnings } = contentOf(
    { image: { format: 'jpeg', source: { bytes: 'AAAA' } } },
    { document: { format: 'docx', name: 'CV', source: { bytes: 'BBBB' } } },
    { document: { name: 'Notes', source: { content: [{ text: 'a' }, { text: 'b' }] } } },
    { audio: { format: 'mp3', source: { bytes: 'CCCC' } } },
  );
  expect(warnings).toEqual([]);
  expect(value.messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'image', source: { kind: 'base64', mediaType: 'image/jpeg', data: 'AAAA' } },
        {
          type: 'document',
          source: { kind: 'base64', mediaType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', data: 'BBBB' },
          name: 'CV',
        },
        { type: 'document', source: { kind: 'text', text: 'a\nb' }, name: 'Notes' },
        { type: 'audio', source: { kind: 'base64', mediaType: 'audio/mpeg', data: 'CCCC' } },
      ],
    },
  ]);
});

test('tool results become messages of their own, before the rest of their message', () => {
  const json = '{"a": 9007199254740993}';
  const { value } = decode(
    `{"messages":[{"role":"user","content":[{"text":"And now?"},{"toolResult":{"toolUseId":"a","status":"error","content":[{"json":${json}},{"text":"x"}]}}]}]}`,
  );
  expect(value.messages).toEqual([
    { role: 'tool', toolCallId: 'a', content: [text(json), text('x')], isError: true },
    { role: 'user', content: [text('And now?')] },
  ]);
});

test('reasoning comes with its state, whoever’s it is', () => {
  const content = [
    { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'rmr1_x' } } },
    { reasoningContent: { redactedContent: 'AAEC' } },
    { reasoningContent: { reasoningText: { text: 'So.' } } },
    { reasoningContent: { reasoningText: { text: '' } } },
  ];
  expect(decode({ messages: [{ role: 'assistant', content }] }).value.messages).toEqual([
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Hm.', state: { origin: 'anthropic', kind: 'signature', value: 'rmr1_x' } },
        { type: 'reasoning', text: '', state: { origin: 'anthropic', kind: 'encrypted', value: 'AAEC' } },
        { type: 'reasoning', text: 'So.' },
      ],
    },
  ]);
});

describe('tools', () => {
  const tools = [{ toolSpec: { name: 'f', description: 'does', strict: true, inputSchema: { json: { type: 'object' } } } }];

  test.each([
    [{ auto: {} }, { type: 'auto' }],
    [{ any: {} }, { type: 'required' }],
    [{ tool: { name: 'f' } }, { type: 'tool', name: 'f' }],
  ])('may be chosen by %j', (toolChoice, choice) => {
    const { value, warnings } = decode({ messages, toolConfig: { tools, toolChoice } });
    expect(value).toMatchObject({ toolChoice: choice, tools: [{ name: 'f', description: 'does', strict: true, parameters: '{"type":"object"}' }] });
    expect(warnings).toEqual([]);
  });

  test('that cannot be carried are not chosen', () => {
    const { value, warnings } = decode({ messages, toolConfig: { tools: [{ systemTool: { name: 'g' } }], toolChoice: { any: {} } } });
    expect(value.toolChoice).toBeUndefined();
    expect(warnings.map(({ field }) => field)).toEqual(['toolConfig.tools[0].systemTool', 'toolConfig.toolChoice']);
  });

  test('may be called one at a time, in Claude’s own words', () => {
    const additionalModelRequestFields = { tool_choice: { type: 'any', disable_parallel_tool_use: true } };
    expect(decode({ messages, toolConfig: { tools }, additionalModelRequestFields })).toMatchObject({
      value: { parallelToolCalls: false, toolChoice: { type: 'required' } },
      warnings: [],
    });
  });
});

describe('fields of models', () => {
  const additional = (additionalModelRequestFields: object) => decode({ messages, additionalModelRequestFields });

  test.each([
    [{ thinking: { type: 'enabled', budget_tokens: 2000 } }, { budgetTokens: 2000, show: true }],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }, { effort: 'max' }],
    [{ thinking: { type: 'disabled' } }, { effort: 'none' }],
    [{ reasoning_config: { type: 'enabled', budget_tokens: 1024 } }, { budgetTokens: 1024, show: true }],
    [{ reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } }, { effort: 'high' }],
    [{ reasoningConfig: { type: 'disabled' } }, { effort: 'none' }],
    [{ reasoning_effort: 'low' }, { effort: 'low' }],
  ])('say how much is thought: %j', (fields, reasoning) => {
    expect(additional(fields)).toMatchObject({ value: { reasoning }, warnings: [] });
  });

  test.each([{ top_k: 5 }, { k: 5 }, { inferenceConfig: { topK: 5 } }])('say how many tokens are chosen from: %j', (fields) => {
    expect(additional(fields)).toMatchObject({ value: { topK: 5 }, warnings: [] });
  });

  test('that nobody else has are named', () => {
    const { warnings } = additional({ persona: 'x', reasoning_effort: 'wild', output_config: undefined });
    expect(warnings.map(({ field }) => field)).toEqual(['additionalModelRequestFields.reasoning_effort', 'additionalModelRequestFields.persona']);
  });

  test('effort stands also beside the form of the answer', () => {
    const outputConfig = { effort: 'xhigh' };
    expect(decode({ messages, outputConfig })).toMatchObject({ value: { reasoning: { effort: 'xhigh' } }, warnings: [] });
    const off = decode({ messages, outputConfig, additionalModelRequestFields: { thinking: { type: 'disabled' } } });
    expect(off).toMatchObject({ value: { reasoning: { effort: 'none' } }, warnings: [{ field: 'outputConfig.effort' }] });
  });
});

test('the schema of the answer is JSON in a string', () => {
  const format = (schema: string) =>
    decode({ messages, outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema, name: 'n', description: 'd' } } } } });
  const schema = '{"type":"object","maximum":9007199254740993}';
  expect(format(schema)).toMatchObject({ value: { responseFormat: { type: 'json-schema', name: 'n', description: 'd', schema } }, warnings: [] });
  expect(() => format('[]')).toThrow(fault('outputConfig.textFormat.structure.jsonSchema.schema'));
});

test.each([
  [{ messages: [{ role: 'robot', content: [] }] }, 'messages[0].role'],
  [{ messages: [{ role: 'user', content: [{}] }] }, 'messages[0].content[0]'],
  [{ messages: [{ role: 'user', content: [{ text: 7 }] }] }, 'messages[0].content[0].text'],
  [{ messages, outputConfig: { effort: 'wild' } }, 'outputConfig.effort'],
  [{ messages, toolConfig: { tools: [{ toolSpec: { name: 'f' } }] } }, 'toolConfig.tools[0].toolSpec.inputSchema'],
])('%j is refused at %s', (body, field) => {
  expect(() => decode(body)).toThrow(fault(field));
});
