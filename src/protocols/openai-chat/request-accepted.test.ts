import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions/completions';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Flavour } from '../../demo/compatible/flavour.ts';
import { flavours, type FlavourName } from '../../demo/compatible/flavours.ts';
import { readCompatible } from '../../demo/compatible/request.ts';
import { openAIModels } from '../../demo/openai/models.ts';
import { openAIRules } from '../../demo/openai/rules.ts';
import { openAIRequestShape } from '../../demo/openai/shape.ts';
import { firstRefusal } from '../../demo/vendor.ts';
import type { AssistantContent, ChatRequest, Message, ObjectText, UserContent } from '../../llm/request.ts';
import { compatibleVendors } from '../../providers/compatible-vendors.ts';
import type { Quirks } from '../protocol.ts';
import { openaiChat } from './index.ts';

const words = fc.constantFrom('Hi', 'Grüße aus 東京', '{"a":1}');
const media: UserContent[] = [
  { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBORw0KGgo=' }, detail: 'low' },
  { type: 'image', source: { kind: 'url', url: 'https://images.example/cat.jpg' } },
  { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBERi0xLjQ=' } },
  { type: 'document', source: { kind: 'text', text: 'Note' }, name: 'note.txt' },
  { type: 'document', source: { kind: 'url', url: 'https://files.example/a.pdf' } },
  { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'UklGRg==' } },
];
const asText = words.map((text): UserContent => ({ type: 'text', text, cache: {} }));
const userContent = fc.array(fc.oneof(asText, fc.constantFrom(...media)), { maxLength: 3 });

const step = fc
  .record({ text: words, isThought: fc.boolean(), calls: fc.array(fc.record({ answer: userContent, isError: fc.boolean() }), { maxLength: 3 }) })
  .chain(({ text, isThought, calls }) =>
    fc.tuple(fc.uuid(), userContent).map(([id, next]): Message[] => {
      const thought: AssistantContent = { type: 'reasoning', text: 'Hm', state: { origin: 'anthropic', kind: 'signature', value: 'x' } };
      const content: AssistantContent[] = [
        ...(isThought ? [thought] : []),
        { type: 'text', text },
        ...calls.map((_, at): AssistantContent => ({ type: 'tool-call', id: `toolu_${id}-${at}`, name: 'mail', arguments: '{"n":1}' as ObjectText })),
      ];
      const results = calls.map(({ answer, isError }, at): Message => ({ role: 'tool', toolCallId: `toolu_${id}-${at}`, content: answer, isError }));
      return [{ role: 'assistant', content }, ...results.toReversed(), { role: 'user', content: next }];
    }),
  );
const start: Message[] = [
  { role: 'system', content: [{ type: 'text', text: 'Be kind.' }] },
  { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
];
const end: Message = { role: 'user', content: [{ type: 'text', text: 'Go on.' }] };
const conversation = fc.array(step, { maxLength: 4 }).map((steps): Message[] => [...start, ...steps.flat(), end]);

const schemas = [
  '{}',
  '{"type":"object","properties":{"a":{"oneOf":[{}]}}}',
  '{"type":"object","properties":{},"additionalProperties":false}',
] as ObjectText[];
const settings = {
  stream: fc.boolean(),
  stop: fc.array(words, { maxLength: 4 }),
  toolChoice: fc.constantFrom<ChatRequest['toolChoice']>({ type: 'auto' }, { type: 'none' }, { type: 'required' }, { type: 'tool', name: 'mail' }),
  parallelToolCalls: fc.boolean(),
  maxTokens: fc.integer({ min: 1, max: 200_000 }),
  temperature: fc.constantFrom(0, 0.5, 1),
  topP: fc.constantFrom(0.5, 1),
  topK: fc.integer({ min: 1, max: 99 }),
  frequencyPenalty: fc.constantFrom(0, 0.5),
  presencePenalty: fc.constantFrom(0, 0.5),
  seed: fc.maxSafeInteger(),
  logprobs: fc.record({ top: fc.integer({ min: 0, max: 20 }) }),
  responseFormat: fc.constantFrom<ChatRequest['responseFormat']>(
    { type: 'json-object' },
    ...schemas.map((schema) => ({ type: 'json-schema' as const, name: 'a reply', schema, strict: true })),
  ),
  reasoning: fc.constantFrom<ChatRequest['reasoning']>(
    { effort: 'none' },
    { effort: 'minimal' },
    { effort: 'max', show: true },
    { budgetTokens: 4000 },
  ),
  metadata: fc.constant({ a: 'b' }),
  serviceTier: fc.constantFrom('auto', 'flex', 'standard_only'),
  verbosity: fc.constantFrom('low', 'high'),
  promptCacheKey: words,
  user: words,
} satisfies { [Key in keyof ChatRequest]?: fc.Arbitrary<unknown> };

const request: fc.Arbitrary<ChatRequest> = fc
  .tuple(conversation, fc.constantFrom(...schemas), fc.boolean(), fc.record(settings, { requiredKeys: ['stream', 'stop'] }))
  .map(
    ([messages, parameters, hasTools, said]) =>
      ({ messages, tools: hasTools ? [{ name: 'mail', parameters, strict: true }] : [], ...said }) as ChatRequest,
  );

describe('OpenAI', () => {
  test.each(openAIModels)('%s refuses no request that was translated for it', (model) => {
    fc.assert(
      fc.property(request, (each) => {
        const { value } = openaiChat.encodeRequest(each, { model, quirks: { maxTokensField: 'max_completion_tokens', reasoningField: 'none' } });
        const body: unknown = JSON.parse(value);
        expect(openAIRequestShape(body, []), value).toBeUndefined();
        expect(firstRefusal(openAIRules, body as ChatCompletionCreateParamsBase), value).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });
});

/** What the provider of this name has otherwise than OpenAI. Cohere's compatible API is none of ours, but has what others may have too. */
const quirksOf = (name: FlavourName): Quirks => {
  if (name === 'cohere') return cohereQuirks;
  const kind = compatibleVendors.find((vendor) => vendor.kind === name.replace('.', '-'));
  const chat = kind?.apis.find(({ protocol }) => protocol === openaiChat);
  if (chat === undefined) throw new Error(`no provider ${name} speaks chat`);
  const { cacheMarkers: _, ...quirks } = chat.quirks; // the fake of OpenRouter does not know its `cache_control`
  return quirks;
};

const cohereQuirks: Quirks = {
  refusedFields: [
    'metadata',
    'logit_bias',
    'top_logprobs',
    'n',
    'prediction',
    'service_tier',
    'parallel_tool_calls',
    'verbosity',
    'prompt_cache_key',
  ],
  reasoningEfforts: ['none', 'high'],
  strictTools: false,
};

/** What a server has no words for at all: Perplexity tools, the fake of Mistral files in the results of tools, which its SDK's types allow. */
const cannotBeSaid: { readonly [Name in FlavourName]?: (request: ChatRequest) => boolean } = {
  perplexity: ({ messages, tools }) => tools.length > 0 || messages.some(({ role }) => role === 'tool'),
  mistral: ({ messages }) =>
    messages.some(({ role }) => role === 'tool') &&
    messages.some(({ content }) => content.some(({ type }) => type === 'image' || type === 'document' || type === 'audio')),
};

test.each(Object.keys(flavours) as FlavourName[])('%s refuses no request that was translated for it', (name) => {
  const flavour: Flavour = flavours[name];
  const model = flavour.models.at(-1) ?? '';
  fc.assert(
    fc.property(request, (each) => {
      fc.pre(cannotBeSaid[name]?.(each) !== true);
      const { value } = openaiChat.encodeRequest(each, { model, quirks: quirksOf(name) });
      const read = readCompatible(flavour, JSON.parse(value), new Set(flavour.models));
      expect('refusal' in read ? read.refusal : undefined, value).toBeUndefined();
    }),
    { numRuns: 100 },
  );
});
