import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { requests } from '../../../test/recordings/gemini-generate/requests.ts';
import { readMessage } from '../../demo/gemini/shape.ts';
import { geminiRules } from '../../demo/gemini/rules.ts';
import type { GeminiBody } from '../../demo/gemini/request.ts';
import { firstRefusal } from '../../demo/vendor.ts';
import { parseJson } from '../../framing/json.ts';
import type {
  AssistantContent,
  ChatRequest,
  Message,
  ObjectText,
  ReasoningEffort,
  ResponseFormat,
  Tool,
  ToolChoice,
  UserContent,
} from '../../llm/request.ts';
import { anthropicMessages } from '../anthropic-messages/index.ts';
import { openaiChat } from '../openai-chat/index.ts';
import { geminiGenerate } from './index.ts';

const models = ['gemini-2.5-flash', 'gemini-2.5-pro', 'gemini-3-pro-preview', 'gemini-3-flash-preview', 'gemini-3.6-flash', 'gemini-3.8-flash'];

/** Why a fake with the vendor's own rules refuses a body; undefined where it does not. */
function refusalOf(json: string, dialect: 'Gemini' | 'Vertex', model: string): unknown {
  const message = readMessage('generate', JSON.parse(json), dialect);
  if ('violations' in message) return message.violations;
  return firstRefusal(geminiRules, { dialect, model, stream: false, isEventStream: false, body: message.read as GeminiBody });
}

const words = fc.constantFrom('', ' ', 'Hi', 'Grüße aus 東京', '{"a":1}');
const media: UserContent[] = [
  { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBORw0KGgo=' } },
  { type: 'image', source: { kind: 'url', url: 'https://images.example/cat.jpg' } },
  { type: 'image', source: { kind: 'url', url: 'http://images.example/cat.jpg' } },
  { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBERi0xLjQ=' }, name: 'a.pdf' },
  { type: 'document', source: { kind: 'text', text: 'Note' } },
  { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'UklGRg==' } },
];
const userContent: fc.Arbitrary<UserContent[]> = fc.array(
  fc.oneof(
    words.map((text): UserContent => ({ type: 'text', text })),
    fc.constantFrom(...media),
  ),
  { maxLength: 3 },
);

interface Step {
  text: string;
  isThought: boolean;
  calls: { name: string; answer: UserContent[]; isError: boolean }[];
  areReversed: boolean;
}
const step: fc.Arbitrary<Step> = fc.record({
  text: words,
  isThought: fc.boolean(),
  calls: fc.array(fc.record({ name: fc.constantFrom('mail', 'find'), answer: userContent, isError: fc.boolean() }), { maxLength: 3 }),
  areReversed: fc.boolean(),
});

/** The assistant's message of a step, and the results of its calls. */
function messagesOf({ text, isThought, calls, areReversed }: Step, number: number): Message[] {
  const id = (at: number): string => `call-${number}-${at}`;
  const thought: AssistantContent = { type: 'reasoning', text: 'Hm', state: { origin: 'anthropic', kind: 'signature', value: 'x' } };
  const content: AssistantContent[] = [
    ...(isThought ? [thought] : []),
    { type: 'text', text },
    ...calls.map(({ name }, at): AssistantContent => ({ type: 'tool-call', id: id(at), name, arguments: '{"n":1}' as ObjectText })),
  ];
  const results = calls.map(({ answer, isError }, at): Message => ({ role: 'tool', toolCallId: id(at), content: answer, isError }));
  return [{ role: 'assistant', content }, ...(areReversed ? results.toReversed() : results)];
}

const turn: fc.Arbitrary<Message | Step> = fc.oneof(
  words.map((text): Message => ({ role: 'system', content: [{ type: 'text', text }] })),
  userContent.map((content): Message => ({ role: 'user', content })),
  step,
);
const conversation = fc
  .array(turn, { maxLength: 6 })
  .map((turns): Message[] => [
    ...turns.flatMap((each, number) => ('role' in each ? [each] : messagesOf(each, number))),
    { role: 'user', content: [{ type: 'text', text: 'Go on.' }] },
  ]);

const schemas = [
  '{}',
  '{"type":"object","properties":{}}',
  '{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","definitions":{"a":{"const":"x"}},"properties":{"a":{"$ref":"#/definitions/a","description":"An a"}},"additionalProperties":false}',
] as ObjectText[];
const tools = fc.constantFrom(...schemas).chain((parameters): fc.Arbitrary<Tool[]> =>
  fc.constantFrom<Tool[]>(
    [],
    [
      { name: 'mail', parameters, strict: true },
      { name: 'find', parameters },
    ],
  ),
);

const request: fc.Arbitrary<ChatRequest> = fc.record(
  {
    stream: fc.boolean(),
    messages: conversation,
    tools,
    stop: fc.array(words, { maxLength: 8 }),
    toolChoice: fc.constantFrom<ToolChoice>({ type: 'auto' }, { type: 'none' }, { type: 'required' }, { type: 'tool', name: 'mail' }),
    parallelToolCalls: fc.boolean(),
    maxTokens: fc.integer({ min: 1, max: 60_000 }),
    choices: fc.integer({ min: 1, max: 12 }),
    seed: fc.maxSafeInteger(),
    logprobs: fc.record({ top: fc.integer({ min: 0, max: 20 }) }),
    responseFormat: fc.constantFrom<ResponseFormat>(
      { type: 'json-object' },
      ...schemas.map((schema) => ({ type: 'json-schema' as const, name: 'reply', schema })),
    ),
    reasoning: fc.record(
      {
        effort: fc.constantFrom<ReasoningEffort>('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'),
        budgetTokens: fc.integer({ min: 0, max: 99_999 }),
        show: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    metadata: fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
    serviceTier: fc.constantFrom('auto', 'flex', 'priority', 'scale'),
  },
  { requiredKeys: ['stream', 'messages', 'tools', 'stop'] },
);

test('what is wrong is refused', () => {
  const orphan = '{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f"}}]}]}';
  expect(refusalOf(orphan, 'Gemini', 'gemini-2.5-flash')).toBeDefined();
  expect(refusalOf('{"contents":[],"frequency":1}', 'Gemini', 'gemini-2.5-flash')).toBeDefined();
});

describe.each(['Gemini', 'Vertex'] as const)('as %s has it', (dialect) => {
  test.each(models)('%s refuses no request that was translated for it', (model) => {
    fc.assert(
      fc.property(request, (each) => {
        const { value } = geminiGenerate.encodeRequest(each, { model, quirks: {} });
        expect(refusalOf(value, dialect, model), value).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });
});

test.each(Object.entries(requests))('the request "%s" can be said in every other protocol, and comes back from it', (_, recorded) => {
  const facts = { model: 'fast', stream: false, maxTokens: undefined, choices: 1, wantsUsage: true };
  const { value } = geminiGenerate.decodeRequest(parseJson(Buffer.from(JSON.stringify(recorded))), facts);
  for (const protocol of [openaiChat, anthropicMessages]) {
    const encoded = protocol.encodeRequest(value, { model: 'any', quirks: {} });
    const again = protocol.decodeRequest(parseJson(Buffer.from(encoded.value)), facts).value;
    expect(again.tools.map(({ name }) => name)).toEqual(value.tools.map(({ name }) => name));
    const back = geminiGenerate.encodeRequest(again, { model: 'gemini-2.5-flash', quirks: {} });
    expect(refusalOf(back.value, 'Gemini', 'gemini-2.5-flash')).toBeUndefined();
  }
});
