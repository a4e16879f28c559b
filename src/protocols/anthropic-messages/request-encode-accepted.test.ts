import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signatureOf } from '../../demo/anthropic/signature.ts';
import { anthropicModels } from '../../demo/anthropic/models.ts';
import { anthropicRules } from '../../demo/anthropic/rules.ts';
import { anthropicRequestShape, type AnthropicRequest } from '../../demo/anthropic/shape.ts';
import { firstRefusal } from '../../demo/vendor.ts';
import type { AssistantContent, ChatRequest, Message, ReasoningContent, TextContent, UserContent } from '../../llm/request.ts';
import type { CacheMarker, OpaqueState } from '../../llm/state.ts';
import { json } from '../../../test/recordings/anthropic-messages/encoding.ts';
import { encodeRequest } from './request-encode.ts';

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
/** An object without the fields that are undefined, as ours have them. */
const defined = (value: object): object => Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));

const cache = maybe(fc.constantFrom<CacheMarker>({}, { ttl: '5m' }, { ttl: '1h' }));
const words = fc.constantFrom('Hi', 'Go on. ', ' ', '');
const textContent = fc.record({ type: fc.constant('text' as const), text: words, cache });
const inline = (...types: string[]) =>
  fc.record({ kind: fc.constant('base64' as const), mediaType: fc.constantFrom(...types), data: fc.constant('AAAA') });
const url = fc.record({ kind: fc.constant('url' as const), url: fc.constantFrom('https://a.example/x', 'data:image/png;base64,AAAA', 'data:,x') });

const userContent = fc
  .oneof(
    textContent,
    fc.record({
      type: fc.constant('image' as const),
      source: fc.oneof(inline('image/png', 'image/bmp'), url),
      detail: maybe(fc.constant('low')),
      cache,
    }),
    fc.record({
      type: fc.constant('document' as const),
      source: fc.oneof(inline('application/pdf', 'text/csv', 'x/y'), url),
      name: maybe(fc.constant('CV')),
      cache,
    }),
    fc.record({ type: fc.constant('audio' as const), source: inline('audio/wav') }),
  )
  .map((value) => defined(value) as UserContent);

const state = fc.constantFrom<OpaqueState | undefined>(
  { origin: 'anthropic', kind: 'signature', value: signatureOf('Hm.') },
  { origin: 'openai', kind: 'encrypted', value: 'theirs' },
  undefined,
);
const reasoning: fc.Arbitrary<ReasoningContent> = state.map((each) => ({
  type: 'reasoning',
  text: 'Hm.',
  ...(each !== undefined && { state: each }),
}));
const callId = fc.constantFrom('a', 'b', 'a.b', 'a_b', '');

/** A turn of the assistant, and the results of what it calls. */
const exchange: fc.Arbitrary<Message[]> = fc
  .record({
    said: fc.array(
      fc.oneof(
        reasoning,
        textContent.map((value) => defined(value) as AssistantContent),
      ),
      { maxLength: 3 },
    ),
    ids: fc.array(callId, { maxLength: 2 }),
    isError: fc.boolean(),
    content: fc.array(userContent, { maxLength: 2 }),
    cache,
  })
  .map(({ said, ids, isError, content, cache: mark }): Message[] => [
    { role: 'assistant', content: [...said, ...ids.map((id): AssistantContent => ({ type: 'tool-call', id, name: 'f', arguments: json('{}') }))] },
    ...ids.map((toolCallId): Message => ({ role: 'tool', toolCallId, content, isError, ...(mark !== undefined && { cache: mark }) })),
  ]);
const others: fc.Arbitrary<Message[]> = fc.oneof(
  fc.array(userContent, { minLength: 1, maxLength: 3 }).map((content): Message[] => [{ role: 'user', content }]),
  textContent.map((content): Message[] => [{ role: 'system', content: [defined(content) as TextContent] }]),
);
const messages = fc
  .array(fc.oneof(exchange, others), { maxLength: 5 })
  .map((list): Message[] => [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }, ...list.flat()]);

const effort = fc.constantFrom('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max');
const schema = fc
  .constantFrom('{}', '{"type":"object"}', '{"type":"object","properties":{"n":{"type":"integer","minimum":1}}}', '{"oneOf":[{"type":"string"}]}')
  .map(json);
const request = fc
  .record({
    stream: fc.boolean(),
    messages,
    tools: fc.constantFrom(
      [],
      [{ name: 'f', parameters: json('{"type":"object"}') }],
      [{ name: 'f', parameters: json('{"properties":{"a":{"minLength":1}}}'), strict: true, cache: {} }],
    ),
    toolChoice: maybe(fc.constantFrom({ type: 'auto' }, { type: 'none' }, { type: 'required' }, { type: 'tool', name: 'f' })),
    parallelToolCalls: maybe(fc.boolean()),
    maxTokens: maybe(fc.constantFrom(1, 1024, 1025, 5000, 60_000)),
    temperature: maybe(fc.constantFrom(0, 1, 1.8)),
    topP: maybe(fc.constantFrom(0.5, 0.99, 1)),
    topK: maybe(fc.constant(5)),
    stop: fc.constantFrom([], ['END'], ['', ' ']),
    user: maybe(fc.constantFrom('u', 'x'.repeat(300))),
    reasoning: maybe(
      fc
        .record({ effort: maybe(effort), budgetTokens: maybe(fc.constantFrom(0, 100, 4000, 50_000)), show: maybe(fc.boolean()) })
        .map((value) => defined(value)),
    ),
    responseFormat: maybe(schema.map((each) => ({ type: 'json-schema', schema: each, description: 'd' }))),
    serviceTier: maybe(fc.constantFrom('auto', 'default', 'flex')),
  })
  .map((value) => defined(value) as ChatRequest);

/** What the strict fake, which knows nothing of our translator, has against a request. */
function refusalOf(body: unknown): string | undefined {
  const problem = anthropicRequestShape(body, []);
  return problem === undefined ? firstRefusal(anthropicRules, body as AnthropicRequest)?.message : JSON.stringify(problem);
}

test('whatever the request and the model, what is sent is what the API takes', () => {
  fc.assert(
    fc.property(request, fc.constantFrom(...anthropicModels), (each, model) => {
      const { value } = encodeRequest(each, { model, quirks: {} });
      expect(refusalOf(JSON.parse(value)), value).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
