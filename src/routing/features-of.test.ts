import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { JsonFieldError } from '../framing/json.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/index.ts';
import { ClientRequest } from '../protocols/client-request.ts';
import { anthropicCountTokens } from '../protocols/anthropic-count-tokens/index.ts';
import { bedrockConverse } from '../protocols/bedrock-converse/index.ts';
import { geminiGenerate } from '../protocols/gemini-generate/index.ts';
import { openaiChat } from '../protocols/openai-chat/index.ts';
import { openaiEmbeddings } from '../protocols/openai-embeddings/index.ts';
import { openaiResponses } from '../protocols/openai-responses/index.ts';
import type { PathFacts, Protocol } from '../protocols/protocol.ts';
import { clientProtocols } from '../protocols/registry.ts';
import { rerank } from '../protocols/rerank/index.ts';
import { featuresOf } from './features-of.ts';
import type { RequestFeatures } from './features.ts';
import { maxTaskChars } from './task.ts';
import { loadTokenizer } from './tokens/vocabulary.ts';

beforeAll(loadTokenizer);

const request = (protocol: Protocol, body: unknown, path?: PathFacts): ClientRequest =>
  new ClientRequest(protocol, Buffer.from(JSON.stringify(body)), path);
const features = (protocol: Protocol, body: unknown, headers: Record<string, string> = {}, path?: PathFacts): RequestFeatures =>
  featuresOf(request(protocol, body, path), { headers: new Map(Object.entries(headers)) });
const chat = (fields: Record<string, unknown> = {}, headers?: Record<string, string>): RequestFeatures =>
  features(openaiChat, { model: 'fast', messages: [{ role: 'user', content: 'hello world' }], ...fields }, headers);
const says = (...contents: string[]) => ({ messages: contents.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content })) });

const png = 'iVBORw0KGgo=';
const schema = { type: 'object', properties: {} };

test('a plain chat request has next to nothing', () => {
  const { inputTokens, maxTokens, stream, messages, task, metadata, user, dimensions } = chat();
  expect({ inputTokens, maxTokens, stream, messages, task, metadata, user, dimensions }).toEqual({
    inputTokens: 8,
    maxTokens: undefined,
    stream: false,
    messages: 1,
    task: 'hello world',
    metadata: {},
    user: undefined,
    dimensions: undefined,
  });
  const { hasImages, hasDocuments, hasAudio, hasTools, hasJsonSchema, hasReasoning } = chat();
  expect([hasImages, hasDocuments, hasAudio, hasTools, hasJsonSchema, hasReasoning]).toEqual(Array(6).fill(false));
});

test('nothing is decoded for what the request line and the facts say', () => {
  const client = request(openaiChat, { model: 'fast', messages: [{ role: 'user', content: 'a' }], stream: true, max_completion_tokens: 10 });
  const decoded = vi.spyOn(client, 'decoded');
  const { stream, maxTokens } = featuresOf(client, { headers: new Map() });
  expect([stream, maxTokens]).toEqual([true, 10]);
  expect(decoded).not.toHaveBeenCalled();
});

test('a request is decoded once, for all its features', () => {
  const client = request(openaiChat, { model: 'fast', messages: [{ role: 'user', content: 'a' }] });
  const decoded = vi.spyOn(client, 'decoded');
  const all = featuresOf(client, { headers: new Map() });
  for (let count = 0; count < 2; count++) void [all.hasImages, all.hasTools, all.inputTokens, all.task, all.language, all.conversation, all.user];
  expect(decoded).toHaveBeenCalledTimes(1);
});

describe.each<[string, () => RequestFeatures]>([
  [
    'openai-chat',
    () =>
      chat({
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } },
              { type: 'text', text: 'What is this?' },
            ],
          },
        ],
        tools: [{ type: 'function', function: { name: 'look', parameters: schema } }],
        response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
        reasoning_effort: 'high',
        max_completion_tokens: 100,
      }),
  ],
  [
    'openai-responses',
    () =>
      features(openaiResponses, {
        model: 'fast',
        instructions: 'Be brief.',
        input: [
          {
            role: 'user',
            content: [
              { type: 'input_image', image_url: `data:image/png;base64,${png}` },
              { type: 'input_text', text: 'What is this?' },
            ],
          },
        ],
        tools: [{ type: 'function', name: 'look', parameters: schema, strict: false }],
        text: { format: { type: 'json_schema', name: 'a', schema } },
        reasoning: { effort: 'high' },
        max_output_tokens: 100,
      }),
  ],
  [
    'anthropic-messages',
    () =>
      features(anthropicMessages, {
        model: 'fast',
        system: 'Be brief.',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
              { type: 'text', text: 'What is this?' },
            ],
          },
        ],
        tools: [{ name: 'look', input_schema: schema }],
        output_config: { format: { type: 'json_schema', schema } },
        thinking: { type: 'enabled', budget_tokens: 50 },
        max_tokens: 100,
      }),
  ],
  [
    'gemini-generate',
    () =>
      features(
        geminiGenerate,
        {
          systemInstruction: { parts: [{ text: 'Be brief.' }] },
          contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: png } }, { text: 'What is this?' }] }],
          tools: [{ functionDeclarations: [{ name: 'look', parametersJsonSchema: schema }] }],
          generationConfig: {
            responseMimeType: 'application/json',
            responseJsonSchema: schema,
            thinkingConfig: { thinkingBudget: 50 },
            maxOutputTokens: 100,
          },
        },
        {},
        { model: 'fast', stream: false },
      ),
  ],
])('of a request in %s', (_name, of) => {
  test('all that it holds is seen', () => {
    const { hasImages, hasDocuments, hasAudio, hasTools, hasJsonSchema, hasReasoning, messages, maxTokens, task } = of();
    expect({ hasImages, hasDocuments, hasAudio, hasTools, hasJsonSchema, hasReasoning, messages, maxTokens, task }).toEqual({
      hasImages: true,
      hasDocuments: false,
      hasAudio: false,
      hasTools: true,
      hasJsonSchema: true,
      hasReasoning: true,
      messages: 1,
      maxTokens: 100,
      task: 'What is this?',
    });
  });

  test('an image counts as an image', () => {
    expect(of().inputTokens).toBeGreaterThan(1000);
    expect(of().inputTokens).toBeLessThan(1100);
  });
});

test('documents and recordings are seen', () => {
  const document = { type: 'document', source: { bytes: 'JVBERi0=' }, name: 'a', format: 'pdf' };
  const converse = { messages: [{ role: 'user', content: [{ document: { ...document, type: undefined } }, { text: 'Sum it up.' }] }] };
  expect(features(bedrockConverse, converse, {}, { model: 'fast', stream: false }).hasDocuments).toBe(true);
  expect(chat({ messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } }] }] }).hasAudio).toBe(
    true,
  );
});

test('the most output tokens are those of one answer', () => {
  expect(chat({ n: 3, max_completion_tokens: 50 }).maxTokens).toBe(50);
});

test('a request that asks for no reasoning does not reason', () => {
  expect(chat({ reasoning_effort: 'none' }).hasReasoning).toBe(false);
});

test('other operations have the features that they can have', () => {
  const embed = features(openaiEmbeddings, { model: 'fast', input: ['hello world', 'hello'], dimensions: 256, user: 'ada' });
  expect([embed.inputTokens, embed.dimensions, embed.user, embed.task, embed.messages, embed.maxTokens]).toEqual([
    3,
    256,
    'ada',
    'hello world',
    0,
    undefined,
  ]);
  const ranking = features(rerank, { model: 'fast', query: 'hello world', documents: ['hello', 'world'] });
  expect([ranking.inputTokens, ranking.task, ranking.dimensions]).toEqual([6, 'hello world', undefined]);
  const counting = features(anthropicCountTokens, { model: 'fast', messages: [{ role: 'user', content: 'hello world' }] });
  expect([counting.inputTokens, counting.task, counting.maxTokens]).toEqual([8, 'hello world', undefined]);
});

describe('the task', () => {
  test('is what the user said last, not what a tool answered', () => {
    const messages = [
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'well' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'second' },
          { type: 'text', text: 'and third' },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'a', content: 'result' },
    ];
    expect(chat({ messages }).task).toBe('second\nand third');
  });

  test('has beginning and end of a long text, and never half a character', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.constantFrom('😀', 'é', 'a'), (shift, unit) => {
        const { task } = chat({ messages: [{ role: 'user', content: `${'x'.repeat(shift)}${unit.repeat(5000)} the question` }] });
        expect(task.length).toBeLessThanOrEqual(maxTaskChars);
        expect(task.length).toBeGreaterThan(maxTaskChars - 3);
        expect(task.isWellFormed()).toBe(true);
        expect(task.startsWith('x')).toBe(true);
        expect(task.endsWith('the question')).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test('tells the language', () => {
    expect(chat(says('Wie kann ich das bitte ändern?')).language).toBe('de');
    expect(chat().language).toBe('und');
  });
});

describe('the conversation', () => {
  test('is the same for every request of one', () => {
    const first = { role: 'system', content: 'Be brief.' };
    const grown = (...contents: string[]) => chat({ messages: [first, ...says(...contents).messages] }).conversation;
    expect(grown('hello', 'hi', 'how are you?')).toBe(grown('hello'));
    expect(grown('hello')).not.toBe(grown('good day'));
    expect(grown('hello')).not.toBe(chat(says('hello')).conversation);
  });

  test.each<[string, () => RequestFeatures]>([
    ['a header', () => chat({ metadata: { conversation_id: 'b' }, prompt_cache_key: 'c' }, { 'x-remora-conversation': 'a' })],
    ['a label', () => chat({ metadata: { conversation_id: 'a' }, prompt_cache_key: 'c' })],
    ['a key for prompt caches', () => chat({ prompt_cache_key: 'a' })],
    ['the conversation that Responses are in', () => features(openaiResponses, { model: 'fast', input: 'hello', conversation: 'a' })],
    ['the same, as an object', () => features(openaiResponses, { model: 'fast', input: 'hello', conversation: { id: 'a' } })],
  ])('is what the client calls it: %s', (_name, of) => {
    expect(of().conversation).toBe('a');
  });

  test('is never long, whatever the client calls it', () => {
    const named = (id: string) => chat({}, { 'x-remora-conversation': id }).conversation;
    expect(named('a'.repeat(64))).toBe('a'.repeat(64));
    expect(named('a'.repeat(100_000))).toMatch(/^[0-9a-f]{32}$/);
    expect(named('a'.repeat(100_000))).toBe(named('a'.repeat(100_000)));
    expect(named('a'.repeat(100_000))).not.toBe(named('a'.repeat(99_999)));
    expect(named('')).toBe(chat().conversation);
  });

  test('of requests that continue different responses is not the same', () => {
    const after = (previous_response_id: string) => features(openaiResponses, { model: 'fast', input: 'go on', previous_response_id }).conversation;
    expect(after('resp_1')).not.toBe(after('resp_2'));
    expect(after('resp_1')).toBe(after('resp_1'));
  });
});

describe('of a request that cannot be carried to another protocol', () => {
  test('all is seen but what stands in the way', () => {
    const { task, hasTools, metadata, user, inputTokens } = features(openaiResponses, {
      model: 'fast',
      input: 'hello world',
      previous_response_id: 'resp_1',
      background: true,
      tools: [{ type: 'function', name: 'look', parameters: schema, strict: false }],
      metadata: { team: 'a' },
      user: 'ada',
    });
    expect([task, hasTools, metadata, user]).toEqual(['hello world', true, { team: 'a' }, 'ada']);
    expect(inputTokens).toBeGreaterThan(8);
  });

  test('nothing is held against it where nothing can be read', () => {
    const broken = chat({
      messages: [
        { role: 'user', content: 'hello world' },
        { role: 'nobody', content: 'what' },
      ],
    });
    const { hasImages, hasTools, hasJsonSchema, hasReasoning, dimensions, messages, task, language, metadata, user } = broken;
    expect([hasImages, hasTools, hasJsonSchema, hasReasoning, dimensions, messages, task, language, metadata, user]).toEqual([
      ...[false, false, false, false, undefined],
      ...[0, '', 'und', {}, undefined],
    ]);
    expect(broken.inputTokens).toBeGreaterThan(2);
    expect(broken.inputTokens).toBeLessThan(20);
    expect(broken.conversation).toMatch(/^[0-9a-f]{32}$/);
  });

  test('what is in it as a file does not count as text', () => {
    const broken = chat({
      messages: [
        { role: 'user', content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${Buffer.alloc(50_000).toString('base64')}` } }] },
        { role: 'nobody', content: 'what' },
      ],
    });
    expect(broken.inputTokens).toBeLessThan(100);
  });
});

describe('whatever a client sends', () => {
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom<unknown[]>('a', 0, -1, null, [], {}, [null], [{}], { type: 'text' }, [{ role: 'user', content: [{ type: 'image_url' }] }], {
      id: 1,
    }),
  );
  const fields = [
    'model',
    'messages',
    'input',
    'contents',
    'system',
    'instructions',
    'tools',
    'metadata',
    'user',
    'conversation',
    'previous_response_id',
  ];
  const more = [
    'response_format',
    'reasoning',
    'thinking',
    'generationConfig',
    'requests',
    'query',
    'documents',
    'dimensions',
    'text',
    'prompt',
    'background',
  ];
  const bodies = fc.dictionary(fc.constantFrom(...fields, ...more), anything, { maxKeys: 8 });

  test.each(clientProtocols.map((protocol) => [protocol.name, protocol] as const))('%s has features', (_name, protocol) => {
    const plain = {
      model: 'fast',
      messages: [{ role: 'user', content: 'a' }],
      input: 'a',
      contents: [{ parts: [{ text: 'a' }] }],
      query: 'a',
      documents: ['a'],
      prompt: 'a',
    };
    fc.assert(
      fc.property(bodies, (body) => {
        const client = made(protocol, { ...plain, ...body });
        if (client === undefined) return;
        const all = featuresOf(client, { headers: new Map() });
        void [
          all.maxTokens,
          all.stream,
          all.hasImages,
          all.hasDocuments,
          all.hasAudio,
          all.hasTools,
          all.hasJsonSchema,
          all.hasReasoning,
          all.dimensions,
        ];
        void [all.messages, all.language, all.metadata, all.user];
        expect(all.inputTokens).toBeGreaterThanOrEqual(0);
        expect(all.task.length).toBeLessThanOrEqual(maxTaskChars);
        expect(all.conversation.length).toBeLessThanOrEqual(64);
      }),
    );
  });

  /** A request; undefined where the protocol refuses it before anybody asks for features. */
  function made(protocol: Protocol, body: unknown): ClientRequest | undefined {
    try {
      return request(protocol, body, { model: 'fast' });
    } catch (error) {
      expect(error).toBeInstanceOf(JsonFieldError);
      return undefined;
    }
  }
});

test('a large request is not read again and again for fields that cannot be', () => {
  const wrong = { temperature: 'x', top_p: 'x', seed: 'x', presence_penalty: 'x' };
  const messages = (count: number) => Array.from({ length: count }, () => ({ role: 'user', content: 'Hi' }));
  const decodes = (count: number): number => {
    const spied = vi.spyOn(openaiChat, 'decodeRequest');
    void chat({ ...wrong, messages: messages(count) }).messages;
    const { length } = spied.mock.calls;
    spied.mockRestore();
    return length;
  };
  expect([decodes(1), decodes(5000)]).toEqual([5, 2]);
});
